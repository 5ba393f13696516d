"""What a schedule owes for a period."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from month import AFTER, DAILY, DAYS, PERIOD, START, day

from trailbook.compliance.expected import due
from trailbook.compliance.mapped import Cadence
from trailbook.window import Window


def test_a_daily_runbook_owes_each_day() -> None:
    assert due(DAILY, PERIOD, AFTER).windows == tuple(day(number) for number in range(DAYS))


def test_the_periods_start_belongs_to_the_period_before_and_its_end_to_it() -> None:
    first, second = Window(START, START + timedelta(days=3)), Window(START + timedelta(days=3), PERIOD.end)
    found = due(DAILY, first, AFTER).windows + due(DAILY, second, AFTER).windows
    assert found == due(DAILY, PERIOD, AFTER).windows


def test_a_window_whose_run_is_not_due_yet_is_owed_later() -> None:
    found = due(DAILY, PERIOD, PERIOD.end + timedelta(hours=1))
    assert (len(found.windows), found.later) == (DAYS - 1, 1)
    found = due(DAILY, PERIOD, PERIOD.end + timedelta(hours=2))
    assert (len(found.windows), found.later) == (DAYS, 0)


@pytest.mark.parametrize("settle", [0, 2, 30])
def test_windows_end_the_settle_time_before_the_run(settle: int) -> None:
    cadence = Cadence("30 6 * * 1", timedelta(days=7), timedelta(hours=settle))
    (window, *_) = due(cadence, PERIOD, AFTER + timedelta(days=9)).windows
    run = window.end + timedelta(hours=settle)
    assert (run.weekday(), run.hour, run.minute) == (0, 6, 30)
    assert window.duration == timedelta(days=7)


def test_a_runbook_owes_nothing_before_airflow_began_to_schedule_it() -> None:
    """Airflow's first data interval begins at the first cron time from the start date on, and runs at its end."""
    begun = replace(DAILY, start=datetime(2026, 11, 5, tzinfo=UTC))
    assert due(begun, PERIOD, AFTER).windows[0].end == datetime(2026, 11, 6, tzinfo=UTC)
