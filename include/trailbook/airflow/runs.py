"""What a DAG run says about itself: who started it, with which conf, over which interval, for the which-th time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Context
from croniter import croniter

from trailbook.plan import Run, Trigger
from trailbook.runbook.model import Runbook
from trailbook.window import text

_TRIGGERS = {"scheduled": Trigger.SCHEDULED, "backfill": Trigger.BACKFILL}


def given(context: Context) -> dict[str, Any]:
    """Return the conf's values; null is how the form sends a field that was left or made empty, so it is none."""
    return {name: value for name, value in _conf(context).items() if value is not None}


def run_of(context: Context) -> Run:
    """Return the run. Each clearing of it in Airflow is a new attempt; a task's own retries are not."""
    dag_run = context["dag_run"]
    reason = _conf(context).get("reason")
    return Run(
        run_id=dag_run.run_id,
        attempt=(dag_run.clear_number or 0) + 1,
        trigger=_TRIGGERS.get(str(getattr(dag_run.run_type, "value", dag_run.run_type)), Trigger.MANUAL),
        triggered_by=dag_run.triggering_user_name,
        reason=reason if isinstance(reason, str) else None,
        logical_date=None if dag_run.logical_date is None else text(dag_run.logical_date),
    )


def data_interval_end(runbook: Runbook, dag_run: Any) -> datetime | None:
    """Return the end of the run's data interval; where it has none (no logical date), the last cron time before it."""
    if dag_run.data_interval_end is not None:
        return _plain(dag_run.data_interval_end)
    if runbook.schedule is None:
        return None
    # A run exactly at a cron time has that time, as in Airflow's own timetable.
    after = _plain(dag_run.run_after) + timedelta(microseconds=1)
    return _plain(croniter(runbook.schedule.cron, after).get_prev(datetime))


def _conf(context: Context) -> Mapping[str, Any]:
    return context["dag_run"].conf or {}


def _plain(moment: datetime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp(), UTC)
