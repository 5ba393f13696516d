"""The second place: what is written there, and what it shows that the ledger alone cannot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trailbook.canonical import loads
from trailbook.errors import EvidenceError
from trailbook.ledger import Ledger, verify
from trailbook.objects import FolderStore

NAME = "auth-failed-logins"


@pytest.fixture
def kept(tmp_path: Path) -> Ledger:
    return Ledger(FolderStore(tmp_path / "ledger"), FolderStore(tmp_path / "elsewhere"))


def path(store: Any, number: int) -> Path:
    return Path(store.uri(f"{NAME}/{number:012d}.json"))


def named(ledger: Ledger) -> list[tuple[str, str]]:
    found = verify(ledger.store, None, second=ledger.heads)
    return [(fault.key.removeprefix(f"{NAME}/").lstrip("0"), fault.kind.value) for fault in found.faults]


def test_each_append_writes_its_head_too_and_the_same_attempt_again_writes_none(kept: Ledger, make: Any) -> None:
    entries = [kept.append(make(f"run-{n}")) for n in (0, 1, 1)]
    assert kept.heads is not None
    assert list(kept.heads.keys("")) == [f"{NAME}/000000000001.json", f"{NAME}/000000000002.json"]
    assert loads(kept.heads.get(entries[0].key)) == {
        "format": "trailbook.head/1",
        "chain_uid": f"trailbook/{NAME}",
        "sequence": 1,
        "fingerprint": entries[0].fingerprint,
    }
    found = verify(kept.store, None, second=kept.heads)
    assert (found.faults, found.compared) == ([], 2)


def test_a_head_that_a_killed_writer_left_unwritten_is_written_when_the_attempt_is_recorded_again(
    kept: Ledger, make: Any
) -> None:
    kept.append(make("a"))
    Ledger(kept.store).append(make("b"))  # killed before the head
    assert named(kept) == [("2.json", "unwitnessed")]
    kept.append(make("b"))
    assert named(kept) == []


def test_a_chain_begun_before_there_was_a_second_place_has_no_fault(kept: Ledger, make: Any) -> None:
    for run in "ab":
        Ledger(kept.store).append(make(run))
    assert named(kept) == []
    kept.append(make("c"))
    assert named(kept) == []


def test_a_cut_tail_and_a_chain_that_is_gone_show(kept: Ledger, make: Any) -> None:
    for run in "abcd":
        kept.append(make(run))
    for number in (3, 4):
        path(kept.store, number).unlink()
    assert named(kept) == [("3.json", "cut tail")]
    for number in (1, 2):
        path(kept.store, number).unlink()
    assert named(kept) == [("1.json", "cut tail")]


def test_an_entry_appended_by_who_has_no_access_to_the_second_place_shows_for_good(kept: Ledger, make: Any) -> None:
    kept.append(make("a"))
    Ledger(kept.store).append(make("forged"))
    Ledger(kept.store).append(make("forged again"))
    kept.append(make("b"))
    found = verify(kept.store, None, second=kept.heads)
    assert [(fault.key[-6:], fault.kind.value) for fault in found.faults] == [("2.json", "unwitnessed")]
    assert "it and all to auth-failed-logins/000000000003.json has none" in found.faults[0].message


def test_a_run_on_a_cut_chain_is_recorded_and_says_that_the_chain_was_cut(kept: Ledger, make: Any) -> None:
    for run in "abc":
        kept.append(make(run))
    path(kept.store, 3).unlink()
    with pytest.raises(EvidenceError, match=r"is not that of entry 3, which was recorded just now.*trailbook verify"):
        kept.append(make("d"))
    assert kept.find(NAME, "d") is not None
    assert named(kept) == [("3.json", "rewritten")]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"sequence":1}', b"\xff"])
def test_a_head_that_is_none_is_named_as_one(kept: Ledger, make: Any, body: bytes) -> None:
    kept.append(make("a"))
    assert kept.heads is not None
    path(kept.heads, 1).write_bytes(body)
    kept.heads.put_new(f"{NAME}/stray.txt", b"", "text/plain")
    faults = verify(kept.store, None, second=kept.heads).faults
    assert {(fault.key, fault.kind.value) for fault in faults} == {
        (f"heads/{NAME}/000000000001.json", "unreadable"),
        (f"heads/{NAME}/stray.txt", "wrong name"),
    }


@dataclass(frozen=True)
class Growing(FolderStore):
    """A second place beside which another writer appends when it has just been listed."""

    ledger: Any = None
    make: Any = None

    def keys(self, prefix: str, after: str = "") -> Any:
        found = list(super().keys(prefix, after))
        if not after:
            Ledger(self.ledger.store, FolderStore(self.root)).append(self.make("meanwhile"))
        return iter(found)


def test_an_append_during_a_verification_is_no_fault(kept: Ledger, make: Any, tmp_path: Path) -> None:
    kept.append(make("a"))
    growing = Growing(tmp_path / "elsewhere", kept, make)  # type: ignore[call-arg]  # slots of a frozen base
    found = verify(kept.store, None, second=growing)
    assert (found.entries, found.compared, found.faults) == (2, 2, [])
