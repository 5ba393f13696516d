"""The roll-up DAG's tasks, in the manner of `trailbook.airflow.tasks`: references between them, `record` always."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from airflow.sdk import Context

from trailbook.airflow import connections
from trailbook.airflow.carried import failure_of, left_by, products_of, reference
from trailbook.airflow.runs import given, run_of
from trailbook.airflow.tasks import Step, conclude
from trailbook.runbook.collection import Collection
from trailbook.runbook.rollup import resolve
from trailbook.settings import Settings
from trailbook.steps import rollup
from trailbook.verdict import Judgement, Verdict

ORDER = ("plan", "report")
"""The tasks before `record`, in their order."""


def plan(settings: Settings, chain: str, context: Context) -> dict[str, Any]:
    """Check the request, read the runbooks and the chains' ends, and return the frozen plan."""
    dag_run = context["dag_run"]
    moment = dag_run.logical_date or dag_run.run_after
    asked = resolve(given(context), datetime.fromtimestamp(moment.timestamp(), UTC))
    made = rollup.plan(
        run_of(context),
        asked.period,
        asked.frameworks,
        Collection.load(settings.runbooks, lint=False),
        connections.ledger(settings),
        started=context["ti"].start_date,
    )
    return made.to_json()


def report(settings: Settings, chain: str, context: Context) -> dict[str, Any]:
    """Read the ledger by the plan, write the report, and return its files and the verdict."""
    made = _planned(context)
    products, judgement = rollup.report(
        made, ledger=connections.ledger(settings), reports=connections.reports(settings)
    )
    verdict = judgement.verdict.value  # by itself for the rows of the grid, which take it away
    return asdict(products) | {"verdict": verdict, "judgement": [verdict, list(judgement.reasons)]}


def record(settings: Settings, chain: str, context: Context) -> dict[str, Any]:
    """Append the roll-up to its chain. Raises AirflowFailException afterwards where the run failed."""
    found = {task: context["ti"].xcom_pull(task_ids=task) for task in ORDER}
    made, left = _planned(context) if found["plan"] else None, found["report"]
    failure = failure_of(context, found, ORDER)
    entry = rollup.record(
        run_of(context) if made is None else made.run,
        made=made,
        products=products_of(left) if left else None,
        judgement=_judgement(*left["judgement"]) if left else None,
        failure=failure,
        ledger=connections.ledger(settings),
        finished=context["ti"].start_date,
        begun=context["dag_run"].start_date,
    )
    conclude(entry, failure)
    return reference(entry)


STEPS: Mapping[str, Step] = MappingProxyType({"plan": plan, "report": report, "record": record})
"""Task id to its callable."""


def _planned(context: Context) -> rollup.RollupPlan:
    return rollup.RollupPlan.from_json(left_by(context, "plan")).attempt(run_of(context).attempt)


def _judgement(verdict: str, reasons: list[str]) -> Judgement:
    return Judgement(Verdict(verdict), tuple(reasons))
