"""The pure verification: what is wrong with a chain, named."""

from dataclasses import replace
from typing import Any

import pytest

from trailbook.canonical import dumps, loads
from trailbook.ledger import Entry, FaultKind, Head
from trailbook.ledger.chain import verify
from trailbook.ledger.entry import FIRST, fingerprint, key_of

Chain = list[tuple[str, bytes]]
NAME = "auth-failed-logins"


@pytest.fixture
def chain(make: Any) -> Chain:
    return grown([make(f"run-{n}", day=n) for n in range(8)])


def grown(records: list[Any]) -> Chain:
    entries: list[Entry] = []
    for number, record in enumerate(records):
        entries.append(Entry.after(record, number, entries[-1].fingerprint if entries else FIRST, None))
    return [(entry.key, entry.to_bytes()) for entry in entries]


def head_of(chain: Chain) -> Head:
    return Entry.from_bytes(chain[-1][1], "head").head


def kinds(chain: Chain, head: Head | None = None) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for fault in verify(chain, head):
        found.setdefault(fault.key.rpartition("/")[2].removesuffix(".json").lstrip("0"), set()).add(fault.kind.value)
    return found


def edited(body: bytes, **changes: Any) -> bytes:
    value = loads(body)
    assert isinstance(value, dict)
    value |= changes
    value["fingerprint"] = fingerprint(value)
    return dumps(value)


def test_a_clean_chain_has_no_fault(chain: Chain) -> None:
    assert verify(chain) == ()
    assert verify(chain, head_of(chain)) == ()
    assert verify(chain, head_of(chain[:3])) == ()
    assert verify([]) == ()


def test_every_flipped_byte_is_a_fault_that_names_its_entry(chain: Chain) -> None:
    key, body = chain[3]
    for place in range(0, len(body), 11):
        flipped = bytearray(body)
        flipped[place] ^= 0x10
        faults = verify([*chain[:3], (key, bytes(flipped)), *chain[4:]])
        assert key in {fault.key for fault in faults}
        assert FaultKind.CHANGED in {fault.kind for fault in faults}


@pytest.mark.parametrize("place", range(7))
def test_a_dropped_entry_is_missing(chain: Chain, place: int) -> None:
    del chain[place]
    assert kinds(chain) == {str(place + 1): {"missing"}}


def test_a_run_of_dropped_entries_is_one_fault(chain: Chain) -> None:
    del chain[2:5]
    (fault,) = verify(chain)
    assert fault.key == key_of(NAME, 3)
    assert key_of(NAME, 5) in fault.message


def test_swapped_contents_are_both_named(chain: Chain) -> None:
    chain[2], chain[5] = (chain[2][0], chain[5][1]), (chain[5][0], chain[2][1])
    found = kinds(chain)
    assert "reordered" in found["3"]
    assert "reordered" in found["6"]


def test_keys_listed_out_of_order_are_named(chain: Chain) -> None:
    chain[2], chain[3] = chain[3], chain[2]
    found = kinds(chain)
    assert "missing" in found["3"]
    assert "reordered" in found["3"]


def test_an_inserted_entry_is_named_whatever_its_key(chain: Chain, make: Any) -> None:
    forged = Entry.after(make("forged"), 3, loads(chain[2][1])["fingerprint"], None)  # type: ignore[index, call-overload, arg-type]
    assert kinds([*chain[:3], (forged.key, forged.to_bytes()), *chain[4:]]) == {"5": {"unlinked"}}
    stray = (f"{NAME}/000000000003b.json", forged.to_bytes())
    assert {fault.kind for fault in verify([*chain[:3], stray, *chain[3:]])} == {FaultKind.WRONG_NAME}


def test_a_key_listed_twice_and_a_copied_entry_are_duplicates(chain: Chain) -> None:
    assert "duplicated" in kinds([*chain[:3], chain[2], *chain[3:]])["3"]
    copied = (key_of(NAME, 9), chain[4][1])
    assert {"duplicated", "reordered"} <= kinds([*chain, copied])["9"]


def test_the_same_attempt_twice_is_a_fork_of_its_run(make: Any) -> None:
    assert kinds(grown([make("a"), make("b"), make("a")])) == {"3": {"duplicated"}}
    again = replace(make("a"), run=replace(make("a").run, attempt=2))
    assert kinds(grown([make("a"), make("b"), again])) == {}


def test_another_form_of_the_same_content_is_not_canonical(chain: Chain) -> None:
    chain[1] = (chain[1][0], chain[1][1].replace(b'{"', b'{ "', 1))
    assert kinds(chain) == {"2": {"not canonical"}}


def test_an_entry_under_another_runbook_is_named(chain: Chain) -> None:
    moved = [(key.replace(NAME, "iam-changes"), body) for key, body in chain]
    assert all(found == {"wrong name"} for found in kinds(moved).values())
    assert len(kinds(moved)) == len(chain)


def test_an_entry_changed_with_its_fingerprint_unlinks_the_next(chain: Chain) -> None:
    chain[4] = (chain[4][0], edited(chain[4][1], verdict="pass", reasons=["all is well"]))
    assert kinds(chain) == {"6": {"unlinked"}}


def test_an_entry_with_a_surplus_field_is_named(chain: Chain) -> None:
    chain[7] = (chain[7][0], edited(chain[7][1], surplus=1))
    assert kinds(chain) == {"8": {"changed"}}


def test_a_cut_tail_shows_against_a_head_kept_elsewhere_only(chain: Chain) -> None:
    head = head_of(chain)
    assert kinds(chain[:5]) == {}
    assert kinds(chain[:5], head) == {"8": {"cut tail"}}
    assert kinds([], head) == {"8": {"cut tail"}}


def test_a_suffix_rewritten_with_consistent_digests_shows_against_a_head_only(chain: Chain, make: Any) -> None:
    head = head_of(chain)
    rewritten = grown([*(make(f"run-{n}", day=n) for n in range(5)), *(make(f"other-{n}", day=n) for n in range(5, 9))])
    assert kinds(rewritten) == {}
    assert kinds(rewritten, head) == {"8": {"rewritten"}}


def test_faults_in_many_places_are_all_named(chain: Chain) -> None:
    broken = [chain[0], (chain[1][0], b"{"), *chain[3:5], (chain[5][0], b"[]"), chain[6], (chain[7][0], chain[0][1])]
    assert set(kinds(broken)) == {"2", "3", "6", "8"}


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"\xff", b'{"a":NaN}', b'"\\ud800"', b'{"\\ud800":1,"\\udfff":2}', b"[" * 100_000]
)
def test_no_bytes_stop_a_verification(chain: Chain, body: bytes) -> None:
    chain[3] = (chain[3][0], body)
    assert set(kinds(chain)) == {"4"}
