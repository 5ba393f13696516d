"""Which events a run has, and which run is the one before it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from trailbook.diff import Counts
from trailbook.ledger import Entry, Record
from trailbook.notify import events, prior
from trailbook.plan import Run, Trigger
from trailbook.runbook.notify import Event
from trailbook.verdict import Verdict
from trailbook.window import Window, parse_time

KEY = "e" * 64
START = parse_time("2026-11-02", "start")
NOW = Run("scheduled__9", 1, Trigger.SCHEDULED)
OPEN_NEW = Counts(new=1, open_new=1, open_present=1)


def day(number: int) -> Window:
    return Window(START + timedelta(days=number), START + timedelta(days=number + 1))


def entry(verdict: Verdict, number: int = 0, **changes: Any) -> Entry:
    record = Record(
        runbook="a",
        run=Run(f"scheduled__{number}", trigger=Trigger.SCHEDULED),
        verdict=verdict,
        reasons=(),
        started="2026-11-20T10:00:00Z",
        finished="2026-11-20T10:00:30Z",
        version="0.1.0",
        window=day(number),
        comparison_key=KEY,
    )
    return Entry(replace(record, **changes), number + 1, "0" * 64, "f" * 64, None)


@pytest.mark.parametrize(
    ("verdict", "counts", "before", "told"),
    [
        (Verdict.PASS, Counts(), None, ()),
        (Verdict.PASS, Counts(), Verdict.PASS, ()),
        (Verdict.PASS, Counts(), Verdict.FAIL, ("recovery",)),
        (Verdict.PASS, Counts(), Verdict.INCOMPLETE, ("recovery",)),
        (Verdict.PASS, Counts(), Verdict.ERROR, ("recovery",)),
        (Verdict.PASS, OPEN_NEW, Verdict.FAIL, ("new_findings", "recovery")),
        (Verdict.FAIL, OPEN_NEW, Verdict.PASS, ("new_findings", "fail")),
        (Verdict.FAIL, Counts(unchanged=1, open_present=1), Verdict.FAIL, ("fail",)),
        (Verdict.INCOMPLETE, OPEN_NEW, None, ("new_findings", "incomplete")),
        (Verdict.INCOMPLETE, Counts(), Verdict.FAIL, ("incomplete",)),
        (Verdict.PASS, Counts(new=1, suppressed=1), None, ()),
        (Verdict.ERROR, None, Verdict.PASS, ("error",)),
        (Verdict.ERROR, OPEN_NEW, Verdict.PASS, ("error",)),
    ],
)
def test_a_run_s_events(verdict: Verdict, counts: Counts, before: Verdict | None, told: tuple[Event, ...]) -> None:
    assert events(verdict, counts, before) == told


@pytest.mark.parametrize(
    ("newest_first", "verdict"),
    [
        ([], None),
        ([entry(Verdict.FAIL, 7), entry(Verdict.PASS, 6)], Verdict.FAIL),
        ([entry(Verdict.PASS, 7), entry(Verdict.FAIL, 6)], Verdict.PASS),
        ([entry(Verdict.FAIL, 7, comparison_key="d" * 64), entry(Verdict.PASS, 6)], Verdict.PASS),
        ([entry(Verdict.FAIL, 9)], None),
        ([entry(Verdict.ERROR, 7, comparison_key=None, window=None), entry(Verdict.PASS, 6)], Verdict.ERROR),
        (
            [
                entry(Verdict.ERROR, 7, comparison_key=None, window=None, run=Run("m", trigger=Trigger.MANUAL)),
                entry(Verdict.PASS, 6),
            ],
            Verdict.PASS,
        ),
        ([entry(Verdict.PASS, 8, run=NOW), entry(Verdict.FAIL, 7)], Verdict.FAIL),
        ([entry(Verdict.ERROR, 8, run=replace(NOW, attempt=2)), entry(Verdict.PASS, 7)], Verdict.ERROR),
    ],
    ids=[
        "no earlier run",
        "the newest decides",
        "what was mended before is not mended again",
        "other parameters are another question",
        "a later window than this one's: this run mends nothing",
        "a scheduled run that failed before its plan",
        "a mistyped request of an operator is no scheduled run's",
        "this attempt itself does not count",
        "another attempt of the same run does",
    ],
)
def test_the_run_before(newest_first: list[Entry], verdict: Verdict | None) -> None:
    assert prior(newest_first, NOW, KEY, day(8)) is verdict


def test_the_run_before_is_looked_for_in_the_newest_hundred_entries_only() -> None:
    others = [entry(Verdict.PASS, 7, comparison_key="d" * 64)] * 100
    assert prior([*others[1:], entry(Verdict.FAIL, 6)], NOW, KEY, day(8)) is Verdict.FAIL
    assert prior([*others, entry(Verdict.FAIL, 6)], NOW, KEY, day(8)) is None
