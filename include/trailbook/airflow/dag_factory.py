"""One runbook → one DAG: plan → query → compare → report → record, and beside `record` the row of the verdict.

Where the runbook says whom to tell, `notify` stands between `report` and `record`.

Invariants: building a DAG reads nothing but the runbook and the settings (no AWS, no network, no ledger, no clock), so
equal files give equal DAGs; no text of a runbook is ever a template; a process that runs one task builds that DAG only.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, get_parsing_context

from trailbook.airflow.documentation import markdown
from trailbook.airflow.form import fields
from trailbook.airflow.marks import ReportOperator
from trailbook.airflow.marks import add as add_marks
from trailbook.airflow.operators import NotifyOperator, QueryOperator, StepOperator
from trailbook.runbook.collection import Collection, find
from trailbook.runbook.model import Runbook
from trailbook.settings import Settings

DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)
"""When scheduling begins where a runbook does not say; a fixed date, so that parsing twice gives the same DAG."""

RETRIES = 3
_LONGEST_RETRY_DELAY = timedelta(minutes=2)
_GRACE = timedelta(minutes=2)


def load(settings: Settings) -> dict[str, DAG]:
    """Return the DAG of every valid runbook by id, or in a task's process only the DAG that it runs.

    Problems are not raised here: `dags/runbook_problems.py` shows them, so that a broken file removes no other DAG.
    """
    wanted = get_parsing_context().dag_id
    if wanted is None:
        collection = Collection.load(settings.runbooks, lint=False)
        return {id_: build(loaded.runbook, settings) for id_, loaded in collection.runbooks.items()}
    return {wanted: build(find(settings.runbooks, wanted).runbook, settings, form=False)}


def build(runbook: Runbook, settings: Settings, *, form: bool = True) -> DAG:
    """Return a runbook's DAG.

    Without `form` it has no Params: in a task's process they would only make Airflow refuse a bad conf before any
    task, `record` too, could say so; the plan step checks conf itself and names every reason at once.
    """
    schedule = runbook.schedule
    dag = DAG(
        runbook.id,
        description=runbook.title,
        doc_md=markdown(runbook),
        schedule=None if schedule is None else CronDataIntervalTimetable(schedule.cron, timezone="UTC"),
        start_date=_start(runbook),
        catchup=schedule is not None and schedule.catchup,
        max_active_runs=1 if schedule is None else schedule.max_active_runs,
        tags=tags(runbook),
        default_args=_default_args(runbook, settings),
    )
    _add_tasks(dag, runbook, settings)
    if form:
        # After the tasks: each would copy all Params, and serialising would validate every copy. And by update: an
        # assignment validates the defaults anew, three quarters of the time of a parse, and the model has done that.
        dag.params.update(fields(runbook))
    return dag


def tags(runbook: Runbook) -> list[str]:
    """Return the DAG's tags: severity, status, frameworks and ATT&CK techniques."""
    techniques = runbook.attack.techniques if runbook.attack is not None else []
    found = [f"severity:{runbook.severity}", f"status:{runbook.status}", *runbook.controls, *techniques]
    # Airflow's column holds 100 characters.
    return sorted({tag[:100] for tag in found})


def report_asset(runbook_id: str) -> Asset:
    """Return the asset that a runbook's report updates; its address is a name, not a bucket, so it never changes."""
    return Asset(name=f"trailbook_report_{runbook_id}", uri=f"trailbook://reports/{runbook_id}")


def _start(runbook: Runbook) -> datetime:
    if runbook.schedule is None or runbook.schedule.start_date is None:
        return DEFAULT_START
    return datetime.combine(runbook.schedule.start_date, time(), tzinfo=UTC)


def _default_args(runbook: Runbook, settings: Settings) -> dict[str, Any]:
    return {
        "owner": runbook.owner,
        "retries": RETRIES,
        "retry_delay": timedelta(seconds=settings.retry_seconds),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": _LONGEST_RETRY_DELAY,
        "execution_timeout": timedelta(seconds=settings.query_timeout_seconds) + _GRACE,
    }


def _add_tasks(dag: DAG, runbook: Runbook, settings: Settings) -> None:
    def step(name: str, **kwargs: Any) -> StepOperator:
        return StepOperator(dag=dag, task_id=name, runbook=runbook.id, settings=settings, **kwargs)

    plan = step("plan")
    query = QueryOperator(dag=dag, task_id="query", runbook=runbook.id, settings=settings)
    compare = step("compare")
    report = ReportOperator(
        dag=dag, task_id="report", runbook=runbook.id, settings=settings, outlets=[report_asset(runbook.id)]
    )
    # A teardown runs when all before it are done, however they ended, and also when a person marks the run failed
    # (Airflow then skips every other task). It fails the run itself: see tasks.record.
    record = step("record").as_teardown(on_failure_fail_dagrun=True)
    plan >> query >> compare >> report >> [record, *add_marks(dag)]
    if runbook.notify:
        report >> _notify(dag, runbook, settings) >> record


def _notify(dag: DAG, runbook: Runbook, settings: Settings) -> NotifyOperator:
    return NotifyOperator(
        dag=dag,
        task_id="notify",
        runbook=runbook.id,
        settings=settings,
        asked=runbook.notify,
        title=runbook.title,
    )
