"""What the tasks of a run leave for each other in Airflow's XCom: references and digests, never rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Context

from trailbook.airflow.failures import FAILURE, lost
from trailbook.airflow.runs import run_of
from trailbook.errors import InvalidRequest
from trailbook.ledger import Entry, Notification
from trailbook.notify import destinations
from trailbook.outcome import Outcome, Product
from trailbook.plan import Plan, Run
from trailbook.report import Products
from trailbook.steps import Failure

if TYPE_CHECKING:
    from trailbook.airflow.operators import NotifyOperator

EXECUTIONS = "executions"
"""The XCom key of the query task's execution ids by name, kept as soon as they are known."""

ORDER = ("plan", "query", "compare", "report")
"""The tasks that make a run, in their order; `notify` and `record`, which come after them, tell of it."""

NOTIFICATIONS = "notifications"
"""The XCom key of what has become of each message, kept before and after each is sent."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run has ended: what its tasks left, and the first of them that did not do its work."""

    run: Run
    plan: Plan | None
    outcome: Outcome | None
    products: Products | None
    failure: Failure | None


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


def ended_as(context: Context) -> Ended:
    """Return how the run has ended, for the tasks that come after all that make it."""
    found = {task: context["ti"].xcom_pull(task_ids=task) for task in ORDER}
    plan = planned(context) if found["plan"] else None
    return Ended(
        run=run_of(context) if plan is None else plan.run,
        plan=plan,
        outcome=Outcome.from_json(found["compare"]["outcome"]) if found["compare"] else None,
        products=products_of(found["report"]) if found["report"] else None,
        failure=failure_of(context, found),
    )


def notified(context: Context) -> tuple[Notification, ...]:
    """Return what became of the run's messages; where `notify` left nothing, that no destination was told, and why."""
    if "notify" not in context["dag"].task_dict:
        return ()
    left = context["ti"].xcom_pull(task_ids="notify", key=NOTIFICATIONS)
    if left is not None:
        return tuple(Notification.from_json(told) for told in left)
    asked = cast("NotifyOperator", context["dag"].task_dict["notify"]).asked
    state = _states(context, ["notify"]).get("notify")
    said = context["ti"].xcom_pull(task_ids="notify", key=FAILURE) if state == "failed" else None
    why = str(said) if said else lost("notify", state)
    return tuple(Notification(to.kind, to.name, (), sent=False, error=why) for to in destinations(asked))


def reference(entry: Entry) -> dict[str, Any]:
    """Return which entry it is and, for those who look at the task's XCom, what it says."""
    record = entry.record
    return {
        "key": entry.key,
        "sequence": entry.sequence,
        "fingerprint": entry.fingerprint,
        "verdict": record.verdict.value,
        "reasons": list(record.reasons),
        "report": None if record.products is None else record.products.report_uri,
    }


def failure_of(context: Context, found: Mapping[str, Any], order: Sequence[str] = ORDER) -> Failure | None:
    """Return the first of the tasks that did not do its work, with its sentence; None where all did.

    `found` maps each task to what it left.
    """
    states = _states(context, order)
    for task in order:
        state = states.get(task)
        if state == "success" and found[task] is not None:
            continue
        said = context["ti"].xcom_pull(task_ids=task, key=FAILURE) if state == "failed" else None
        return Failure(task, str(said) if said else lost(task, state))
    return None


def _states(context: Context, tasks: Sequence[str]) -> Mapping[str, str | None]:
    ti = context["ti"]
    found = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(tasks), run_ids=[ti.run_id]).get(ti.run_id, {})
    return {task: None if state is None else str(getattr(state, "value", state)) for task, state in found.items()}
