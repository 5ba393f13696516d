"""The index says what the ledger says, however it came to know it; and it says what of the ledger it cannot show."""

import os
import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trailbook.canonical import dumps, loads
from trailbook.diff import Counts
from trailbook.errors import DeploymentError
from trailbook.ledger import Entry, Ledger
from trailbook.ledger.entry import fingerprint
from trailbook.ledger.index import LedgerIndex, RunSummary
from trailbook.ledger.index_rows import row_of, summary_of, summary_of_entry
from trailbook.verdict import Verdict

NAME = "auth-failed-logins"
OTHER = "iam-policy-changes"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LedgerIndex]:
    with LedgerIndex.open(tmp_path / "cache" / "index.sqlite") as opened:
        yield opened


def whole(index: LedgerIndex, runbook: str) -> list[RunSummary]:
    """All that the index has of a chain, page by page, the oldest first."""
    found: list[RunSummary] = []
    before: int | None = None
    while True:
        page, before = index.page(runbook, before=before, limit=7)
        found += page
        if before is None:
            return found[::-1]


def path(ledger: Ledger, sequence: int, runbook: str = NAME) -> Path:
    return Path(ledger.store.uri(f"{runbook}/{sequence:012d}.json"))


def forge(ledger: Ledger, sequence: int, **changes: Any) -> None:
    """Write an entry anew with other values and the fingerprint that they have."""
    value: Any = loads(path(ledger, sequence).read_bytes())
    value |= changes
    value["fingerprint"] = fingerprint(value)
    path(ledger, sequence).write_bytes(dumps(value))


@pytest.mark.parametrize("seed", range(5))
def test_it_equals_the_ledger_after_any_appends_and_syncs(
    index: LedgerIndex, ledger: Ledger, make: Any, full: Any, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    for number in range(40):
        runbook = chance.choice((NAME, OTHER))
        record = replace(
            chance.choice((full, make())),
            runbook=runbook,
            run=replace(make().run, run_id=f"run-{chance.randrange(20)}", attempt=number, reason="why \0 ‮ not"),
            verdict=chance.choice(list(Verdict)),
            window=chance.choice((None, make(day=number).window)),
            counts=chance.choice((None, Counts(new=number, open_new=1))),
        )
        ledger.append(record)
        if chance.random() < 0.3:
            assert index.sync(ledger, chance.choice((None, (NAME,), (OTHER, NAME)))) == ()
    assert index.sync(ledger) == ()
    assert index.chains() == ledger.runbooks()
    for runbook in ledger.runbooks():
        expected = [summary_of_entry(entry) for entry in ledger.entries(runbook)]
        assert whole(index, runbook) == expected
        assert index.count(runbook) == len(expected)
        assert index.latest([runbook]) == {runbook: expected[-1]}
        for run in expected:
            same = [other for other in expected if other.run_id == run.run_id]
            assert list(index.attempts(runbook, run.run_id)) == same
            assert index.find(runbook, run.run_id) == same[-1]
            assert index.find(runbook, run.run_id, run.attempt) == run
            assert summary_of(row_of(run)) == run


def test_pages_go_through_a_chain_once_whatever_the_filter(index: LedgerIndex, ledger: Ledger, make: Any) -> None:
    verdicts = [list(Verdict)[number % 4] for number in range(30)]
    for number, verdict in enumerate(verdicts):
        ledger.append(make(f"run-{number}", day=number, verdict=verdict))
    index.sync(ledger)
    for wanted in ((), (Verdict.FAIL,), (Verdict.PASS, Verdict.ERROR), tuple(Verdict)):
        found, before = [], None
        while True:
            page, before = index.page(NAME, before=before, limit=4, verdicts=wanted)
            found += [run.sequence for run in page]
            if before is None:
                break
        expected = [n + 1 for n, verdict in enumerate(verdicts) if not wanted or verdict in wanted]
        assert found == expected[::-1]
    assert index.page("no-such-runbook") == ((), None)
    assert index.find(NAME, "no-such-run") is None


def test_a_sync_reads_only_what_is_new(index: LedgerIndex, watched: Ledger, asked: list[str], make: Any) -> None:
    for number in range(5):
        watched.append(make(f"run-{number}"))
    index.sync(watched)
    watched.append(make("run-5"))
    asked.clear()
    index.sync(watched)
    assert sorted(asked) == [f"{NAME}/000000000005.json", f"{NAME}/000000000006.json"]


def test_newest_good_and_trend_are_per_runbook(index: LedgerIndex, ledger: Ledger, make: Any) -> None:
    gap = replace(make().completeness, gaps=("no logs of the expected accounts 1",))
    for number, (verdict, looked) in enumerate(
        [("pass", None), ("fail", None), ("fail", gap), ("incomplete", gap), ("error", None)]
    ):
        ledger.append(make(f"run-{number}", verdict=Verdict(verdict), completeness=looked))
    ledger.append(make("alone", runbook=OTHER, verdict=Verdict.ERROR))
    index.sync(ledger)
    asked = [NAME, OTHER, "no-such-runbook"]
    assert {name: run.sequence for name, run in index.latest(asked).items()} == {NAME: 5, OTHER: 1}
    assert {name: run.sequence for name, run in index.latest_good(asked).items()} == {NAME: 2}
    end = make().window.end
    assert index.latest_good(asked, until=end)[NAME].sequence == 2
    assert index.latest_good(asked, until=end - timedelta(seconds=1)) == {}
    trends = index.trends(asked, runs=3)
    assert {name: [run.sequence for run in runs] for name, runs in trends.items()} == {NAME: [3, 4, 5], OTHER: [1]}
    assert [run.sequence for run in index.trends([NAME])[NAME]] == [1, 2, 3, 4, 5]


def test_runs_of_a_period_are_those_whose_window_ends_in_it(index: LedgerIndex, ledger: Ledger, make: Any) -> None:
    for day in (3, 1, 2, 0):
        ledger.append(make(f"day-{day}", day=day))
    ledger.append(make("unplanned", window=None, started="2026-11-03T12:00:00Z", verdict=Verdict.ERROR))
    index.sync(ledger)
    start = datetime(2026, 11, 2, tzinfo=UTC)
    found = [run.run_id for run in index.between(start, start + timedelta(days=2), [NAME, OTHER])]
    assert found == ["day-1", "unplanned", "day-2"]
    assert list(index.between(start, start + timedelta(days=2), [OTHER])) == []


def test_a_changed_entry_is_told_each_time_and_those_behind_it_are_there(
    index: LedgerIndex, ledger: Ledger, make: Any
) -> None:
    for number in range(4):
        ledger.append(make(f"run-{number}"))
    before = path(ledger, 2).read_bytes()
    path(ledger, 2).write_bytes(before.replace(b'"pass"', b'"fail"'))
    for _ in range(2):
        (fault,) = index.sync(ledger)
        assert fault.startswith(f"{NAME}: ")
        assert "000000000002.json: not an entry as it was recorded" in fault
        assert [run.sequence for run in whole(index, NAME)] == [1, 3, 4]
    path(ledger, 2).write_bytes(before)
    assert index.sync(ledger) == ()
    assert [run.sequence for run in whole(index, NAME)] == [1, 2, 3, 4]


def test_a_hole_is_told_and_filled(index: LedgerIndex, ledger: Ledger, make: Any) -> None:
    for number in range(5):
        ledger.append(make(f"run-{number}"))
    bodies = {number: path(ledger, number).read_bytes() for number in (2, 3)}
    for number in bodies:
        path(ledger, number).unlink()
    assert index.sync(ledger) == (f"{NAME}: the entries 2 to 3 are not there",)
    assert [run.sequence for run in whole(index, NAME)] == [1, 4, 5]
    for number, body in bodies.items():
        path(ledger, number).write_bytes(body)
    assert index.sync(ledger) == ()
    assert index.count(NAME) == 5


def test_an_entry_that_does_not_follow_the_one_before_is_told(index: LedgerIndex, ledger: Ledger, make: Any) -> None:
    for number in range(3):
        ledger.append(make(f"run-{number}"))
    forge(ledger, 2, reasons=["forged"])
    assert index.sync(ledger) == (f"{NAME}: entry 3 does not name the entry before it: run `trailbook verify {NAME}`",)


@pytest.mark.parametrize("how", ["forged", "removed", "broken"])
def test_a_known_end_that_is_another_makes_the_chain_be_read_anew_and_is_told_for_good(
    index: LedgerIndex, ledger: Ledger, make: Any, how: str
) -> None:
    for number in range(3):
        ledger.append(make(f"run-{number}"))
    assert index.sync(ledger) == ()
    if how == "forged":
        forge(ledger, 3, run_id="forged")
    elif how == "removed":
        path(ledger, 3).unlink()
    else:
        path(ledger, 3).write_bytes(b"{}")
    told = index.sync(ledger)
    assert any("entry 3 was read before and" in fault for fault in told)
    expected = {"forged": ["run-0", "run-1", "forged"], "removed": ["run-0", "run-1"], "broken": ["run-0", "run-1"]}
    assert [run.run_id for run in whole(index, NAME)] == expected[how]
    assert set(told) <= {*index.sync(ledger)}
    assert index.faults([OTHER]) == ()


def test_a_chain_that_vanished_is_told(index: LedgerIndex, ledger: Ledger, make: Any) -> None:
    ledger.append(make("run-0"))
    index.sync(ledger)
    path(ledger, 1).unlink()
    (told,) = index.sync(ledger)
    assert told.startswith(f"{NAME}: entry 1 was read before and is not there now")
    assert index.latest([NAME]) == {}
    assert index.sync(ledger) == (told,)


def test_a_key_that_is_no_entrys_and_an_entry_of_another_chain_are_told(
    index: LedgerIndex, ledger: Ledger, make: Any
) -> None:
    entry = ledger.append(make("run-0"))
    ledger.store.put_new(f"{NAME}/zzz.json", b"{}", "application/json")
    ledger.store.put_new(f"{OTHER}/000000000001.json", entry.to_bytes(), "application/json")
    assert index.sync(ledger) == (
        f"{OTHER}: entry 1 says that it is {NAME}/000000000001.json",
        f"{NAME}: {NAME}/zzz.json is no entry's key",
    )
    assert index.count(OTHER) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"attempt": ["1"]},
        {"run_id": {"a": 1}},
        {"error": {"a": 1}},
        {"counts": {**dict.fromkeys(Counts.__slots__, 0), "new": "<script>"}},
        {"started": "yesterday", "window": None},
        {"reasons": [1]},
    ],
)
def test_values_of_other_types_are_told_and_not_taken(
    index: LedgerIndex, ledger: Ledger, make: Any, changes: dict[str, Any]
) -> None:
    ledger.append(make("run-0"))
    forge(ledger, 1, **changes)
    assert Entry.from_bytes(path(ledger, 1).read_bytes(), "here").sequence == 1
    (told,) = index.sync(ledger)
    assert told.startswith(f"{NAME}: entry 1")
    assert index.count(NAME) == 0


def test_names_that_no_run_can_have_find_nothing(index: LedgerIndex, ledger: Ledger, make: Any) -> None:
    ledger.append(replace(make(), run=replace(make().run, run_id="a\ud800b")))
    index.sync(ledger)
    found = index.find(NAME, "a\ud800b")
    assert found is not None
    assert found.run_id == "a\\ud800b"
    assert index.find("\ud800", "\udfff") is None
    assert index.latest(["\ud800"]) == {}
    assert index.page("' OR 1=1 --") == ((), None)


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + b"\xff" * 5000, None])
def test_a_file_that_is_damaged_or_not_ours_is_made_anew(
    tmp_path: Path, ledger: Ledger, make: Any, content: bytes | None
) -> None:
    ledger.append(make("run-0"))
    place = tmp_path / "cache" / "index.sqlite"
    place.parent.mkdir(mode=0o700)
    if content is None:
        with sqlite3.connect(place) as other:
            other.execute("CREATE TABLE runs (something TEXT)")
        other.close()
    else:
        place.write_bytes(content)
    with LedgerIndex.open(place) as index:
        assert index.sync(ledger) == ()
        assert index.count(NAME) == 1


def test_a_file_that_is_damaged_while_it_is_open_is_made_anew_by_the_next_sync(
    tmp_path: Path, ledger: Ledger, make: Any
) -> None:
    for number in range(200):
        ledger.append(make(f"run-{number}"))
    place = tmp_path / "cache" / "index.sqlite"
    with LedgerIndex.open(place) as index:
        index.sync(ledger)
    with LedgerIndex.open(place) as index:
        with place.open("r+b") as file:
            file.write(os.urandom(place.stat().st_size))
        assert index.sync(ledger) == ()
        assert index.count(NAME) == 200


def test_a_file_that_is_deleted_is_read_anew(tmp_path: Path, ledger: Ledger, make: Any) -> None:
    ledger.append(make("run-0"))
    place = tmp_path / "cache" / "index.sqlite"
    with LedgerIndex.open(place) as index:
        index.sync(ledger)
        place.unlink()
        assert index.count(NAME) == 1
    with LedgerIndex.open(place) as index:
        assert index.count(NAME) == 0
        index.sync(ledger)
        assert index.count(NAME) == 1


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    place = tmp_path / "a" / "cache" / "index.sqlite"
    old = os.umask(0)
    try:
        with LedgerIndex.open(place):
            assert place.parent.stat().st_mode & 0o777 == 0o700
            files = list(place.parent.iterdir())
            assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    finally:
        os.umask(old)


@pytest.mark.parametrize("how", ["others may write", "a link", "a file"])
def test_a_folder_that_is_not_this_users_own_is_refused(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "cache"
    if how == "others may write":
        folder.mkdir()
        folder.chmod(0o777)
    elif how == "a link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.write_text("")
    with pytest.raises(DeploymentError, match="expected a folder of this user's own"):
        LedgerIndex.open(folder / "index.sqlite")


def test_threads_and_other_processes_may_sync_at_once(tmp_path: Path, ledger: Ledger, make: Any) -> None:
    place = tmp_path / "cache" / "index.sqlite"
    with LedgerIndex.open(place) as one, LedgerIndex.open(place) as two, ThreadPoolExecutor(8) as pool:
        for turn in range(4):
            for number in range(5):
                ledger.append(make(f"run-{turn}-{number}"))
            told = list(pool.map(lambda n: (one, two)[n % 2].sync(ledger), range(8)))
            assert told == [()] * 8
            expected = [summary_of_entry(entry) for entry in ledger.entries(NAME)]
            assert whole(one, NAME) == whole(two, NAME) == expected
