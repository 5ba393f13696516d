"""The DAG's tasks: each pulls what the ones before it left, calls its step, and returns JSON for the ones after it.

Invariants: the plan is frozen by the first task and only its attempt follows Airflow's clear number, so that a cleared
task writes beside, never over, what an attempt before it wrote. `record` reads whatever there is.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from trailbook import steps
from trailbook.airflow import connections, notifications
from trailbook.airflow.carried import EXECUTIONS, ended_as, left_by, notified, planned, reference
from trailbook.airflow.runs import data_interval_end, given, run_of
from trailbook.errors import InvalidRunbook, TrailbookError
from trailbook.ledger import Entry
from trailbook.outcome import Outcome
from trailbook.plan import Plan
from trailbook.report import Products
from trailbook.runbook.collection import find, lint_problems
from trailbook.runbook.lookups import read_all
from trailbook.runbook.model import Runbook
from trailbook.runbook.values import resolve
from trailbook.settings import Settings
from trailbook.steps import Failure
from trailbook.verdict import Verdict
from trailbook.window import text

_log = logging.getLogger(__name__)

Step: TypeAlias = Callable[[Settings, str, Context], Any]


def plan(settings: Settings, runbook_id: str, context: Context) -> dict[str, Any]:
    """Read the runbook anew, check the request, and return the frozen plan."""
    loaded = find(settings.runbooks, runbook_id)
    problems = lint_problems(loaded)
    if problems:
        raise InvalidRunbook(problems)
    runbook = loaded.runbook
    request = resolve(runbook, given(context))
    dag_run = context["dag_run"]
    window = steps.window_of(runbook, request, interval_end=data_interval_end(runbook, dag_run), now=datetime.now(UTC))
    made = steps.plan(
        runbook,
        source_sha256=loaded.source.sha256,
        request=request,
        run=run_of(context),
        window=window,
        settings=settings,
        lookups=read_all(settings.lookups, runbook),
        ledger=connections.ledger(settings),
        started=context["ti"].start_date,
    )
    return made.to_json()


def compare(settings: Settings, runbook_id: str, context: Context) -> dict[str, Any]:
    """Compare the query's result with the baseline and return the outcome, with the attempt that it belongs to."""
    made = planned(context)
    refs = left_by(context, "query")
    athena = connections.athena(settings)
    outcome = steps.compare(
        made,
        query=athena.describe(refs["query"]),
        coverage=athena.describe(refs["coverage"]),
        athena=athena,
        reports=connections.reports(settings),
    )
    return {"attempt": made.run.attempt, "outcome": outcome.to_json()}


def report(settings: Settings, runbook_id: str, context: Context) -> dict[str, Any]:
    """Write the report and return its files and the verdict; the asset's event carries the counts and the digests."""
    left = left_by(context, "compare")
    made = planned(context)
    # The attempt that compared, not the one that runs now: a report half written is then finished with the same bytes.
    made = replace(made, run=replace(made.run, attempt=left["attempt"]))
    outcome = Outcome.from_json(left["outcome"])
    products = steps.report(made, outcome, reports=connections.reports(settings))
    for asset in context["task"].outlets:
        context["outlet_events"][asset].extra = _event(made, outcome, products)
    return asdict(products) | {"verdict": outcome.judgement.verdict.value}


def record(settings: Settings, runbook_id: str, context: Context) -> dict[str, Any]:
    """Append the attempt to the ledger. Raises AirflowFailException afterwards where the run failed.

    The run's state is this task's: without that, a green `record` would make a run green whose query failed.
    """
    ended = ended_as(context)
    made, outcome, failure = ended.plan, ended.outcome, ended.failure
    if failure is not None and failure.task == "query":
        stop_queries(settings, context)
    entry = steps.record(
        runbook_id,
        ended.run,
        plan=made,
        outcome=outcome,
        products=ended.products,
        failure=failure,
        notifications=notified(context),
        ledger=connections.ledger(settings),
        finished=context["ti"].start_date,
        begun=context["dag_run"].start_date,
    )
    counts = entry.record.counts
    left = reference(entry) | {"counts": None if counts is None else asdict(counts)}
    context["ti"].xcom_push(key="entry", value=left)
    conclude(entry, failure)
    if made is not None and outcome is not None:
        _fail_on_findings(made, outcome, entry)
    return left


def conclude(entry: Entry, failure: Failure | None) -> None:
    """Log what was recorded of a run. Raises AirflowFailException where a task of it failed: `record` then does too."""
    _log.info("Verdict %s: %s", entry.record.verdict.upper(), "; ".join(entry.record.reasons))
    if failure is not None:
        raise AirflowFailException(f"task {failure.task}: {failure.error} (ledger entry {entry.sequence} says so)")


def stop_queries(settings: Settings, context: Context) -> None:
    """Stop what a query task that was killed outright left running; it had no chance to do so itself."""
    for execution_id in (context["ti"].xcom_pull(task_ids="query", key=EXECUTIONS) or {}).values():
        try:
            connections.athena(settings).stop(execution_id)
        except TrailbookError:
            # The entry matters more; Athena's own limit ends the query.
            _log.exception("Query %s could not be stopped", execution_id)


STEPS: Mapping[str, Step] = {
    "plan": plan,
    "compare": compare,
    "report": report,
    "notify": notifications.notify,
    "record": record,
}
"""Task id to its callable; the query is an operator of its own."""


def _fail_on_findings(made: Plan, outcome: Outcome, entry: Entry) -> None:
    runbook = Runbook.from_spec(made.spec)
    if runbook.on_findings == "fail" and outcome.judgement.verdict is Verdict.FAIL:
        reasons = "; ".join(outcome.judgement.reasons)
        raise AirflowFailException(
            f"{reasons} (`on_findings: fail`; all tasks did their work, ledger entry {entry.sequence})"
        )


def _event(made: Plan, outcome: Outcome, products: Products) -> dict[str, Any]:
    """Return what the asset's event says: enough to act on, and to prove which report it was."""
    return {
        "run_id": made.run.run_id,
        "attempt": made.run.attempt,
        "window": {"start": text(made.window.start), "end": text(made.window.end)},
        "verdict": outcome.judgement.verdict.value,
        "counts": asdict(outcome.counts),
        "report": products.report_uri,
        "manifest": products.manifest_uri,
        "manifest_sha256": products.manifest.sha256,
        "snapshot_sha256": outcome.snapshot.sha256,
    }
