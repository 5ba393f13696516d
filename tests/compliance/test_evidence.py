"""What is evidence and what is none."""

from datetime import timedelta
from typing import Any

import pytest
from month import AFTER, DAYS, PERIOD, START, book, day, every_day, run

from trailbook.compliance import Cadence, Evidence, Lacking, Mapped, Standing
from trailbook.compliance.evidence import evidence
from trailbook.ledger.index_rows import RunSummary
from trailbook.verdict import Verdict

ON_DEMAND = book(cadence=None)


def of(runs: list[RunSummary], runbook: Mapped | None = None, last_good: RunSummary | None = None) -> Evidence:
    return evidence(runbook or book(), runs, last_good, period=PERIOD, by=AFTER)


def test_a_good_run_of_each_owed_window_is_whole_evidence() -> None:
    found = of([*reversed(every_day())])
    assert (found.standing, found.expected, found.found, found.lacks) == (Standing.WHOLE, DAYS, DAYS, ())
    assert found.last == found.last_good == run(DAYS - 1)
    assert found.age(PERIOD.end) == timedelta(0)


def test_a_failing_run_is_evidence_as_well() -> None:
    found = of([*every_day(3), run(3, "fail")])
    assert found.standing is Standing.WHOLE
    assert [failing.sequence for failing in found.of(Verdict.FAIL)] == [4]


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ([], Lacking.NO_RUN),
        ([run(3, "error")], Lacking.ERROR),
        ([run(3, "incomplete")], Lacking.INCOMPLETE),
        ([run(3, "fail", gaps=("no logs of the expected accounts 1",))], Lacking.INCOMPLETE),
        ([run(3, trigger="manual", comparison_key="x" * 64)], Lacking.NARROWED),
        ([run(3, "error"), run(3, "incomplete", run_id="again")], Lacking.INCOMPLETE),
    ],
)
def test_an_owed_window_without_a_whole_result_is_lacking(runs: list[RunSummary], why: Lacking) -> None:
    found = of([*every_day(3), *runs])
    assert [(lack.window, lack.why) for lack in found.lacks] == [(day(3), why)]
    assert found.lacks[0].run == (runs[-1] if runs else None)
    assert found.standing is Standing.PARTIAL


def test_windows_that_touch_and_lack_the_same_are_one_stretch_with_the_last_run_that_came_near() -> None:
    failed = [run(5, "error"), run(6, "error")]
    runs = [one for one in every_day() if one.sequence not in {2, 3, 6, 7, 10}]
    found = of([*runs, *failed])
    assert [(each.window.start, each.windows, each.why, each.run) for each in found.stretches] == [
        (day(1).start, 2, Lacking.NO_RUN, None),
        (day(5).start, 2, Lacking.ERROR, failed[1]),
        (day(9).start, 1, Lacking.NO_RUN, None),
    ]
    assert found.stretches[0].window.end == day(2).end
    assert sum(each.windows for each in found.stretches) == len(found.lacks) == 5


def test_a_run_stands_by_its_last_attempt() -> None:
    failed, mended = run(3, "fail"), run(3, "pass", attempt=2, sequence=40)
    found = of([*every_day(3), mended, failed])
    assert (len(found.runs), found.of(Verdict.FAIL), found.standing) == (DAYS, (), Standing.WHOLE)
    worse = of([*every_day(3), run(3), run(3, "error", attempt=2, sequence=40)])
    assert [lack.why for lack in worse.lacks] == [Lacking.ERROR]


def test_a_manual_run_of_the_very_question_fills_a_window() -> None:
    again = run(3, run_id="manual__1", trigger="manual", triggered_by="eve")
    assert of([*every_day(3), again]).standing is Standing.WHOLE


@pytest.mark.parametrize("windows", [[day(2, 4)], [day(2), day(3)], [day(1, 2), day(3, 5)], [day(2, 2)]])
def test_longer_or_several_windows_fill_one_where_they_leave_nothing_out(windows: list[Any]) -> None:
    once = book(cadence=Cadence("0 2 5 * *", timedelta(days=2), timedelta(hours=2)))
    runs = [run(n, run_id=f"r{n}", window=window) for n, window in enumerate(windows)]
    found = of(runs, once)
    assert (found.expected, found.lacks, found.standing) == (1, (), Standing.WHOLE)


def test_a_window_that_is_covered_in_part_is_lacking() -> None:
    long = book(cadence=Cadence("0 2 5 * *", timedelta(days=3), timedelta(hours=2)))
    assert [lack.window for lack in of([run(1), run(3)], long).lacks] == [day(1, 3)]
    assert of([run(1), run(2), run(3)], long).lacks == ()


def test_what_was_asked_on_the_schedule_counts_also_where_the_defaults_have_changed_since() -> None:
    before = [run(number, comparison_key="o" * 64) for number in range(5)]
    found = of([*before, *every_day(*range(5))])
    assert (found.standing, found.narrowed) == (Standing.WHOLE, ())


def test_without_any_result_there_is_no_evidence() -> None:
    assert of([]).standing is Standing.NONE
    assert of([run(number, "error") for number in range(DAYS)]).standing is Standing.NONE
    assert of([run(0, trigger="manual", comparison_key="x" * 64)]).standing is Standing.NONE


def test_a_run_that_ended_before_it_had_a_window_is_counted() -> None:
    found = of([*every_day(3), run(3, "error", window=None, comparison_key=None)])
    assert len(found.of(Verdict.ERROR)) == 1
    assert [lack.why for lack in found.lacks] == [Lacking.NO_RUN]


def test_on_demand_nothing_is_owed_and_the_last_run_decides() -> None:
    assert of([], ON_DEMAND).standing is Standing.IDLE
    assert of([run(1, comparison_key="x" * 64, trigger="manual")], ON_DEMAND).standing is Standing.WHOLE
    assert of([run(1), run(2, "incomplete")], ON_DEMAND).standing is Standing.PARTIAL
    assert of([run(1, "error")], ON_DEMAND).standing is Standing.NONE


def test_a_runbook_that_was_not_due_in_the_period_is_idle() -> None:
    monthly = book(cadence=Cadence("0 2 1 * *", timedelta(days=31), timedelta(hours=2)))
    assert evidence(monthly, [], None, period=day(4, 3), by=AFTER).standing is Standing.IDLE


def test_the_last_good_run_may_be_older_than_the_period() -> None:
    old = run(-20)
    found = of([], last_good=old)
    assert found.last_good == old
    assert found.age(PERIOD.end) == timedelta(days=29)
    assert of([run(4)], last_good=old).last_good == run(4)
    narrowed = run(-20, trigger="manual", comparison_key="x" * 64)
    assert of([], last_good=narrowed).last_good is None
    assert of([], ON_DEMAND, last_good=narrowed).last_good == narrowed


def test_it_survives_its_json() -> None:
    for runbook in (book(), ON_DEMAND, book(cadence=Cadence("0 2 * * *", timedelta(days=1), timedelta(), START))):
        assert Mapped.from_json(runbook.to_json()) == runbook
