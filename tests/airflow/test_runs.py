from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from runbook_files import spec

from trailbook.airflow.runs import data_interval_end, given, run_of
from trailbook.plan import Run, Trigger
from trailbook.runbook.model import Runbook


def dag_run(**changes: Any) -> SimpleNamespace:
    """The fields of Airflow's dag_run that we read; the real one needs a server to make it."""
    known = {
        "run_id": "manual__1",
        "clear_number": 0,
        "run_type": "manual",
        "triggering_user_name": "alice",
        "logical_date": datetime(2026, 11, 5, 17, 23, tzinfo=UTC),
        "data_interval_end": None,
        "run_after": datetime(2026, 11, 5, 17, 23, tzinfo=UTC),
        "conf": None,
    }
    return SimpleNamespace(**known | changes)


def context(**changes: Any) -> Any:
    return {"dag_run": dag_run(**changes)}


def test_a_run_says_who_started_it_and_why() -> None:
    assert run_of(context(conf={"reason": "audit"})) == Run(
        "manual__1", 1, Trigger.MANUAL, "alice", "audit", "2026-11-05T17:23:00Z"
    )


@pytest.mark.parametrize(
    ("run_type", "trigger"),
    [
        ("scheduled", Trigger.SCHEDULED),
        ("backfill", Trigger.BACKFILL),
        ("manual", Trigger.MANUAL),
        ("asset_triggered", Trigger.MANUAL),
    ],
)
def test_the_trigger_follows_the_run_type(run_type: str, trigger: Trigger) -> None:
    assert run_of(context(run_type=run_type)).trigger is trigger


def test_clearing_a_run_makes_a_new_attempt() -> None:
    assert run_of(context(clear_number=2)).attempt == 3


def test_a_reason_that_is_no_text_is_left_for_the_plan_to_refuse() -> None:
    assert run_of(context(conf={"reason": 5})).reason is None
    assert given(context(conf={"reason": 5})) == {"reason": 5}


def test_an_emptied_field_is_not_given() -> None:
    assert given(context(conf={"start": None, "threshold": 0})) == {"threshold": 0}


@pytest.mark.parametrize(
    ("run_after", "expected"),
    [
        (datetime(2026, 11, 5, 17, 23, tzinfo=UTC), datetime(2026, 11, 5, 2, tzinfo=UTC)),
        (datetime(2026, 11, 5, 2, tzinfo=UTC), datetime(2026, 11, 5, 2, tzinfo=UTC)),
        (datetime(2026, 11, 5, 1, 59, tzinfo=UTC), datetime(2026, 11, 4, 2, tzinfo=UTC)),
    ],
)
def test_a_run_without_an_interval_takes_the_last_cron_time(run_after: datetime, expected: datetime) -> None:
    assert data_interval_end(Runbook.from_spec(spec("a")), dag_run(run_after=run_after)) == expected


def test_on_demand_there_is_no_interval_to_take() -> None:
    assert data_interval_end(Runbook.from_spec(spec("a", schedule=None)), dag_run()) is None
