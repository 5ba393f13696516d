"""All steps of one run in one process, for the command line: the same functions that the DAG's tasks call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from trailbook.athena.execution import Athena
from trailbook.errors import TrailbookError
from trailbook.ledger import Ledger
from trailbook.objects import ObjectStore
from trailbook.outcome import Outcome
from trailbook.plan import Plan, Run
from trailbook.report import Products
from trailbook.runbook.model import Runbook
from trailbook.steps.compare import compare
from trailbook.steps.record import Failure, record
from trailbook.steps.report import report


@dataclass(frozen=True, slots=True)
class WholeRun:
    """What came of a run: without an outcome, `failure` says which step ended it and why."""

    runbook: Runbook
    run: Run
    plan: Plan | None
    outcome: Outcome | None
    products: Products | None
    failure: Failure | None


def whole(
    runbook: Runbook,
    run: Run,
    make_plan: Callable[[], Plan],
    *,
    athena: Athena,
    reports: ObjectStore,
    ledger: Ledger | None,
    clock: Callable[[], datetime],
    coverage_token: str | None = None,
) -> WholeRun:
    """Run every step in order; without a ledger nothing is recorded. An expected failure is returned, not raised.

    Runs over logs that do not change between them may share a `coverage_token`: the events of one scope are then
    counted once for all of them.
    """
    plan: Plan | None = None
    outcome: Outcome | None = None
    products: Products | None = None
    failure: Failure | None = None
    step = "plan"
    try:
        plan = make_plan()
        step = "query"
        query = athena.execute(plan.sql, token=plan.token)
        coverage = athena.execute(plan.coverage_sql, token=coverage_token or f"{plan.token}-coverage")
        step = "compare"
        outcome = compare(plan, query=query, coverage=coverage, athena=athena, reports=reports)
        step = "report"
        products = report(plan, outcome, reports=reports)
    except TrailbookError as error:
        failure = Failure(step, str(error))
    if ledger is not None:
        record(
            runbook.id,
            run if plan is None else plan.run,
            plan=plan,
            outcome=outcome,
            products=products,
            failure=failure,
            ledger=ledger,
            finished=clock(),
        )
    return WholeRun(runbook, run, plan, outcome, products, failure)
