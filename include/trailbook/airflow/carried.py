"""What the tasks of a run leave for each other in Airflow's XCom: references and digests, never rows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from airflow.sdk import Context

from trailbook.airflow.failures import FAILURE, lost
from trailbook.airflow.runs import run_of
from trailbook.errors import InvalidRequest
from trailbook.outcome import Product
from trailbook.plan import Plan
from trailbook.report import Products
from trailbook.steps import Failure

EXECUTIONS = "executions"
"""The XCom key of the query task's execution ids by name, kept as soon as they are known."""

ORDER = ("plan", "query", "compare", "report")
"""The tasks before `record`, in their order."""


def left_by(context: Context, task: str) -> Mapping[str, Any]:
    """Return what a task left. Raises InvalidRequest where it left nothing, which is so when a person marked it."""
    value = context["ti"].xcom_pull(task_ids=task)
    if value is None:
        raise InvalidRequest(f"{lost(task, 'success')}: clear it, with what comes after it")
    return cast("Mapping[str, Any]", value)


def planned(context: Context) -> Plan:
    """Return the frozen plan, as the attempt that runs now."""
    plan = Plan.from_json(left_by(context, "plan"))
    return replace(plan, run=replace(plan.run, attempt=run_of(context).attempt))


def products_of(value: Mapping[str, Any]) -> Products:
    """Return the report's files of the JSON that the report task left."""
    return Products(
        manifest=Product(**value["manifest"]),
        files=tuple(Product(**file) for file in value["files"]),
        report_uri=value["report_uri"],
        manifest_uri=value["manifest_uri"],
    )


def failure_of(context: Context, found: Mapping[str, Any]) -> Failure | None:
    """Return the first task before `record` that did not do its work, with its sentence; None where all did.

    `found` maps each task to what it left.
    """
    ti = context["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(ORDER), run_ids=[ti.run_id]).get(ti.run_id, {})
    for task in ORDER:
        state = states.get(task)
        state = None if state is None else str(getattr(state, "value", state))
        if state == "success" and found[task] is not None:
            continue
        said = ti.xcom_pull(task_ids=task, key=FAILURE) if state == "failed" else None
        return Failure(task, str(said) if said else lost(task, state))
    return None
