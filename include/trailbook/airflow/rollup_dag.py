"""The DAG of the compliance roll-up: weekly and monthly, and on demand for any period and framework.

Invariant: building it reads nothing but the settings; the period of a scheduled run comes from the run's own date.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, MultipleCronTriggerTimetable, get_parsing_context
from airflow.sdk import Param as Field

from trailbook.airflow.dag_factory import RETRIES
from trailbook.airflow.marks import ReportOperator
from trailbook.airflow.marks import add as add_marks
from trailbook.airflow.operators import StepOperator
from trailbook.runbook.rollup import CHAIN, MONTHLY, SCHEMAS, WEEKLY
from trailbook.settings import Settings

if TYPE_CHECKING:
    from trailbook.airflow.tasks import Step

_START = datetime(2020, 1, 1, tzinfo=UTC)
"""Airflow runs no task of a run dated before it; nothing is caught up, so that an early date costs nothing."""

_DOCUMENTATION = """\
Which evidence there is for each framework's controls, over a week, a month, or any period.

What has no evidence is said first. The report (HTML, JSON, CSV and a manifest of their digests) is written beside the
runs' own reports and recorded in the ledger's chain `compliance_rollup`: **fail** where a run of the period fails at
its last word, **incomplete** where evidence is missing, else **pass**.

The run of Monday, 04:00 UTC, is of the week before; that of the month's first day, 04:30 UTC, of the month before.
Give `from` and `to` for another period.
"""


class _OfRollup(StepOperator):
    """A step of the roll-up instead of a runbook's."""

    def step(self) -> "Step":
        """Return the function that the task id names."""
        from trailbook.airflow import rollup_tasks

        return rollup_tasks.STEPS[self.task_id]


class RollupOperator(_OfRollup):
    """One step of a roll-up."""


class RollupReportOperator(_OfRollup, ReportOperator):
    """The step that writes the report; then the rows of the verdicts that are not this run's are skipped."""


def load(settings: Settings) -> dict[str, DAG]:
    """Return the DAG under its id; in the process of another DAG's task, nothing."""
    wanted = get_parsing_context().dag_id
    return {CHAIN: build(settings, form=wanted is None)} if wanted in (None, CHAIN) else {}


def build(settings: Settings, *, form: bool = True) -> DAG:
    """Return the DAG; without `form`, the plan step alone judges the parameters, and `record` tells of wrong ones."""
    dag = DAG(
        CHAIN,
        dag_display_name="Compliance roll-up",
        description="Which evidence there is for each framework's controls, and what is missing",
        doc_md=_DOCUMENTATION,
        schedule=MultipleCronTriggerTimetable(WEEKLY, MONTHLY, timezone="UTC"),
        start_date=_START,
        catchup=False,
        max_active_runs=1,
        tags=["compliance"],
        default_args={
            "owner": "trailbook",
            "retries": RETRIES,
            "retry_delay": timedelta(seconds=settings.retry_seconds),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=2),
            "execution_timeout": timedelta(hours=1),
        },
    )
    shared: dict[str, Any] = {"dag": dag, "runbook": CHAIN, "settings": settings}
    plan = RollupOperator(task_id="plan", **shared)
    report = RollupReportOperator(task_id="report", **shared)
    record = RollupOperator(task_id="record", **shared).as_teardown(on_failure_fail_dagrun=True)
    plan >> report >> [record, *add_marks(dag)]
    if form:
        dag.params.update({name: _field(dict(schema)) for name, schema in SCHEMAS.items()})
    return dag


def _field(schema: dict[str, Any]) -> Field:
    return Field(default=schema.pop("default"), description=schema.pop("description"), **schema)
