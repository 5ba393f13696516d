"""Finding the end of a long chain: few requests, and the right end whatever holes there are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from trailbook.errors import EvidenceError
from trailbook.ledger import Ledger
from trailbook.ledger.end import downwards, end_of
from trailbook.ledger.entry import key_of
from trailbook.objects import FolderStore

NAME = "auth-failed-logins"


@dataclass
class Keys:
    """A store of many keys that counts what it is asked; a list is answered in pages of 1,000, as S3's."""

    sequences: list[int]
    asked: int = 0
    there: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.there = set(self.sequences)

    def exists(self, key: str) -> bool:
        self.asked += 1
        return int(key[-17:-5]) in self.there

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        first = next((n for n, s in enumerate(self.sequences) if key_of(NAME, s) > after), len(self.sequences))
        self.asked += 1
        for number, sequence in enumerate(islice(self.sequences, first, None), start=1):
            if number % 1000 == 0:
                self.asked += 1
            yield key_of(NAME, sequence)

    def get(self, key: str) -> bytes:
        return Path(key).read_bytes()

    def uri(self, key: str) -> str:
        return key


@pytest.mark.parametrize("length", [0, 1, 2, 999, 1000, 1001, 1999, 2000, 2001, 3000, 4096, 50_000, 100_000])
def test_the_end_is_found_in_few_requests(length: int) -> None:
    store = Keys(list(range(1, length + 1)))
    assert end_of(store, NAME) == length  # type: ignore[arg-type]  # as much of a store as is asked
    assert store.asked <= 25


@pytest.mark.parametrize("known", [0, 1, 1500, 4999, 5000])
def test_a_known_entry_is_where_the_search_begins(known: int) -> None:
    store = Keys(list(range(1, 5001)))
    assert end_of(store, NAME, known) == 5000  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    "hole", [[1], [1000], [1001, 1002], [2000], [2999], list(range(900, 2900)), list(range(1, 2999))]
)
def test_holes_that_someone_made_never_lead_to_a_lower_end(hole: list[int]) -> None:
    store = Keys([number for number in range(1, 3001) if number not in hole])
    assert end_of(store, NAME) == 3000  # type: ignore[arg-type]  # as above


def test_a_chain_that_ends_in_something_else_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_new(f"{NAME}/zzz.json", b"{}", "application/json")
    with pytest.raises(EvidenceError, match="does not end in an entry"):
        end_of(store, NAME)


def test_the_way_back_passes_over_holes_of_any_size(ledger: Ledger, make: Any) -> None:
    for run in "abcde":
        ledger.append(make(run))
    store = ledger.store
    for number in (2, 4):
        Path(store.uri(key_of(NAME, number))).unlink()
    store.put_new(key_of(NAME, 999_999_999_999), b"far away", "application/json")
    found = [int(key[-17:-5]) for key, _ in downwards(store, NAME, 999_999_999_999)]
    assert found == [999_999_999_999, 5, 3, 1]
    assert [int(key[-17:-5]) for key, _ in downwards(store, NAME, 5, known=1)] == [5, 3]


def test_an_attempt_is_found_beyond_a_hole_and_appending_goes_on_at_the_end(ledger: Ledger, make: Any) -> None:
    first = ledger.append(make("a"))
    for run in "bc":
        ledger.append(make(run))
    Path(ledger.store.uri(key_of(NAME, 2))).unlink()
    assert ledger.append(make("a")) == first
    assert ledger.append(make("d")).sequence == 4


def test_the_search_for_an_attempt_ends_where_the_caller_says_it_began(ledger: Ledger, make: Any) -> None:
    for run in "ab":
        ledger.append(make(run))
    again = make("a", started="2026-11-25T00:00:00Z", finished="2026-11-25T00:00:00Z")
    assert ledger.append(again, begun="2026-11-20T10:00:00Z").sequence == 1
    assert ledger.append(again, begun="2026-11-25T00:00:00Z").sequence == 3  # it began long after b ended
