"""Appending and reading, alone and in company."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from trailbook.errors import EvidenceError, InvalidRequest, ObjectExists
from trailbook.ledger import Ledger, verify
from trailbook.ledger.entry import FIRST
from trailbook.objects import FolderStore

NAME = "auth-failed-logins"


def tamper(ledger: Ledger, sequence: int, old: bytes, new: bytes) -> None:
    path = Path(ledger.store.uri(f"{NAME}/{sequence:012d}.json"))
    body = path.read_bytes()
    assert old in body
    path.write_bytes(body.replace(old, new, 1))


def test_entries_follow_each_other(ledger: Ledger, make: Any) -> None:
    first, second = ledger.append(make("a")), ledger.append(make("b"))
    assert (first.sequence, first.prev_event) == (1, FIRST)
    assert (second.sequence, second.prev_event) == (2, first.fingerprint)
    assert list(ledger.entries(NAME)) == [first, second]
    assert list(ledger.backwards(NAME)) == [second, first]
    assert ledger.head(NAME) == second
    assert list(ledger.store.keys("")) == [f"{NAME}/000000000001.json", f"{NAME}/000000000002.json"]


def test_an_empty_ledger_has_no_heads(ledger: Ledger) -> None:
    assert (ledger.head(NAME), ledger.runbooks(), list(ledger.entries(NAME))) == (None, (), [])
    assert ledger.find(NAME, "a") is None


def test_each_runbook_has_its_own_chain(ledger: Ledger, make: Any) -> None:
    ledger.append(make("a"))
    assert ledger.append(make("a", runbook="auth-failed")).sequence == 1
    assert ledger.runbooks() == ("auth-failed", NAME)
    assert len(list(ledger.entries("auth-failed"))) == 1


def test_the_same_attempt_again_is_the_entry_that_is_there(ledger: Ledger, make: Any) -> None:
    first = ledger.append(make("a"))
    ledger.append(make("b"))
    assert ledger.append(make("a")) == first
    assert ledger.append(make("a", error="told otherwise", finished="2026-11-25T00:00:00Z")) == first
    again = replace(make("a"), run=replace(make("a").run, attempt=2))
    assert ledger.append(again).sequence == 3
    assert [entry.record.run.attempt for entry in ledger.entries(NAME)] == [1, 1, 2]


def test_the_search_for_an_attempt_ends_at_entries_from_long_before_it(ledger: Ledger, make: Any) -> None:
    ledger.append(make("a", started="2026-11-01T00:00:00Z", finished="2026-11-01T00:01:00Z"))
    tamper(ledger, 1, b'"run_id":"a"', b'"run_id":"b"')  # it would be found by name, were it looked at
    ledger.append(make("old", started="2026-11-02T00:00:00Z", finished="2026-11-02T00:01:00Z"))
    assert ledger.append(make("b", started="2026-11-20T00:00:00Z")).sequence == 3


@pytest.mark.parametrize("started", ["", "2026-11-01T00:00:00Z"])
def test_an_attempt_is_found_however_much_later_it_is_recorded_again(ledger: Ledger, make: Any, started: str) -> None:
    first = ledger.append(make("a", started=started, finished="2026-11-01T00:01:00Z"))
    for n in range(3):
        ledger.append(make(f"later-{n}", started="2026-11-20T00:00:00Z", finished="2026-11-20T00:01:00Z"))
    assert ledger.append(make("a", started=started, finished="2026-11-30T00:00:00Z")) == first


def test_a_run_is_found_by_its_newest_attempt(ledger: Ledger, make: Any) -> None:
    ledger.append(make("a"))
    second = ledger.append(replace(make("a"), run=replace(make("a").run, attempt=2)))
    ledger.append(make("b"))
    assert ledger.find(NAME, "a") == second


def test_many_writers_lose_nothing_and_fork_nothing(ledger: Ledger, make: Any) -> None:
    writers = 32
    barrier = Barrier(writers)

    def write(number: int) -> None:
        barrier.wait()
        ledger.append(make(f"run-{number}", day=number))

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    entries = list(ledger.entries(NAME))
    assert [entry.sequence for entry in entries] == list(range(1, writers + 1))
    assert {entry.record.run.run_id for entry in entries} == {f"run-{n}" for n in range(writers)}
    assert verify(ledger.store, None).faults == []


def test_an_attempt_recorded_by_many_at_once_is_one_entry(ledger: Ledger, make: Any) -> None:
    barrier = Barrier(8)

    def write(_: int) -> Any:
        barrier.wait()
        return ledger.append(make("a"))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write, range(8)))
    assert len(set(map(repr, found))) == 1
    assert len(list(ledger.entries(NAME))) == 1


def test_a_runbook_that_cannot_name_a_chain_is_refused(ledger: Ledger, make: Any) -> None:
    for name in ("../outside", "a/b", "", "a b", "a\n"):
        with pytest.raises(InvalidRequest, match="cannot name a chain"):
            ledger.append(make("a", runbook=name))


def test_a_changed_entry_is_not_read_but_the_next_run_is_recorded(ledger: Ledger, make: Any) -> None:
    ledger.append(make("a"))
    tamper(ledger, 1, b'"pass"', b'"fail"')
    with pytest.raises(EvidenceError, match=r"000000000001\.json: not an entry as it was recorded.*trailbook verify"):
        list(ledger.entries(NAME))
    assert ledger.append(make("b")).sequence == 2
    (fault,) = verify(ledger.store, None).faults
    assert (fault.key, fault.kind.value) == (f"{NAME}/000000000001.json", "changed")


def test_nothing_is_appended_to_what_is_no_chain(ledger: Ledger, make: Any) -> None:
    ledger.store.put_new(f"{NAME}/zzz.json", b"{}", "application/json")
    with pytest.raises(EvidenceError, match="does not end in an entry"):
        ledger.append(make("a"))


def test_an_entry_is_never_overwritten(ledger: Ledger, make: Any) -> None:
    entry = ledger.append(make("a"))
    with pytest.raises(ObjectExists):
        ledger.store.put_new(entry.key, b"{}", "application/json")
    assert ledger.head(NAME) == entry


def test_a_ledger_in_a_relative_folder_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = Ledger(FolderStore(Path("ledger")))
    ledger.append(make("a"))
    assert ledger.append(make("b")).sequence == 2
