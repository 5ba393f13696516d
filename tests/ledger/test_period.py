"""The runs of a period are found without reading the whole chain, and without believing what was changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trailbook.ledger import Ledger
from trailbook.ledger.index_rows import summary_of_entry
from trailbook.ledger.period import Gathered, end, gather
from trailbook.plan import Head
from trailbook.verdict import Verdict
from trailbook.window import Window, text

NAME = "auth-failed-logins"
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def days(start: int, stop: int) -> Window:
    return Window(FIRST + timedelta(days=start), FIRST + timedelta(days=stop))


def daily(make: Any, day: int, **changes: Any) -> Any:
    """A run that was made two hours after its window."""
    begun = FIRST + timedelta(days=day + 1, hours=2)
    times = {"started": text(begun), "finished": text(begun + timedelta(minutes=1))}
    return make(f"day-{day}", day=day, **(times | changes))


def of(ledger: Ledger, period: Window) -> Gathered:
    head = end(ledger.store, NAME)
    assert head is not None
    return gather(ledger.store, NAME, head, period)


def test_it_has_the_runs_whose_windows_end_in_it_and_the_last_good_one(ledger: Ledger, make: Any) -> None:
    entries = [ledger.append(daily(make, day)) for day in range(20)]
    found = of(ledger, days(5, 8))
    assert found.runs == [summary_of_entry(entry) for entry in entries[5:8]][::-1]
    assert found.good == found.runs[0]
    assert found.faults == []


def test_a_backfill_belongs_to_the_period_of_its_window(ledger: Ledger, make: Any) -> None:
    for day in (0, 1, 2, 8, 9, 4):
        ledger.append(daily(make, day, started="2026-11-20T00:00:00Z", finished="2026-11-20T00:01:00Z"))
    assert [run.run_id for run in of(ledger, days(3, 6)).runs] == ["day-4"]


def test_a_run_without_a_window_belongs_to_the_period_in_which_it_began(ledger: Ledger, make: Any) -> None:
    ledger.append(daily(make, 0))
    ledger.append(daily(make, 10, window=None, verdict=Verdict.ERROR))
    found = of(ledger, days(9, 12))
    assert [run.run_id for run in found.runs] == ["day-10"]
    assert found.good is not None
    assert found.good.run_id == "day-0"


def test_what_is_not_good_is_no_last_good_run(ledger: Ledger, make: Any) -> None:
    gaps = replace(make().completeness, gaps=("no logs of the expected accounts 1",))
    for day, changes in enumerate(
        ({}, {"verdict": Verdict.FAIL}, {"verdict": Verdict.FAIL, "completeness": gaps}, {"verdict": Verdict.ERROR})
    ):
        ledger.append(daily(make, day, **changes))
    found = of(ledger, days(2, 9))
    assert [run.run_id for run in found.runs] == ["day-3", "day-2"]
    assert found.good is not None
    assert found.good.run_id == "day-1"


def test_only_the_end_of_a_long_chain_is_read(watched: Ledger, asked: list[str], make: Any) -> None:
    for day in range(60):
        watched.append(daily(make, day))
    asked.clear()
    assert len(of(watched, days(50, 60)).runs) == 10
    assert len(asked) <= 13


def test_what_is_appended_later_changes_nothing(ledger: Ledger, make: Any) -> None:
    ledger.append(daily(make, 0))
    head = end(ledger.store, NAME)
    assert head is not None
    before = gather(ledger.store, NAME, head, days(0, 9))
    ledger.append(daily(make, 1))
    assert gather(ledger.store, NAME, head, days(0, 9)) == before


@pytest.mark.parametrize("changed", [1, 3])
def test_a_changed_entry_is_a_fault_and_those_before_it_are_read(ledger: Ledger, make: Any, changed: int) -> None:
    for day in range(3):
        ledger.append(daily(make, day))
    path = Path(ledger.store.uri(f"{NAME}/{changed:012d}.json"))
    path.write_bytes(path.read_bytes().replace(b'"pass"', b'"fail"'))
    found = of(ledger, days(0, 9))
    assert [run.sequence for run in found.runs] == [n for n in (3, 2, 1) if n != changed]
    (fault,) = found.faults
    assert f"{changed:012d}.json: not an entry as it was recorded" in fault


@pytest.mark.parametrize(("gone", "left"), [((2, 3), [4, 1]), ((1, 2, 3), [4])])
def test_a_hole_is_a_fault_and_those_before_it_are_read(
    ledger: Ledger, make: Any, gone: tuple[int, ...], left: list[int]
) -> None:
    for day in range(4):
        ledger.append(daily(make, day))
    for number in gone:
        Path(ledger.store.uri(f"{NAME}/{number:012d}.json")).unlink()
    found = of(ledger, days(0, 9))
    assert [run.sequence for run in found.runs] == left
    assert found.faults == [f"{NAME}: entries before 4 are not there: run `trailbook verify {NAME}`"]


def test_another_end_than_the_one_that_was_seen_is_a_fault(ledger: Ledger, make: Any) -> None:
    ledger.append(daily(make, 0))
    (fault,) = gather(ledger.store, NAME, Head(1, "0" * 64), days(0, 9)).faults
    assert "entry 1 is not the one that was there" in fault


def test_a_chain_without_entries_has_no_end(ledger: Ledger) -> None:
    assert end(ledger.store, NAME) is None
