"""The last step: one ledger entry for the attempt, whatever came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trailbook import __version__
from trailbook.ledger import Entry, Ledger, Looked, Materials, Notification, Record, Written
from trailbook.outcome import Outcome
from trailbook.plan import Plan, Run
from trailbook.report import Products
from trailbook.verdict import Judgement, Verdict
from trailbook.window import text


@dataclass(frozen=True, slots=True)
class Failure:
    """The task that ended a run, and the sentence it ended with."""

    task: str
    error: str


def judged(judgement: Judgement | None, products: Products | None, failure: Failure | None) -> Judgement:
    """Return what is recorded of a run: its judgement where all steps did their work, else `error` and why."""
    if judgement is not None and products is not None and failure is None:
        return judgement
    why = "the run did not finish" if failure is None else f"the task {failure.task} failed: {failure.error}"
    return Judgement(Verdict.ERROR, (why,))


def record(
    runbook: str,
    run: Run,
    *,
    plan: Plan | None,
    outcome: Outcome | None,
    products: Products | None,
    failure: Failure | None,
    ledger: Ledger,
    finished: datetime,
    begun: datetime | None = None,
    notifications: Sequence[Notification] = (),
) -> Entry:
    """Append the attempt's entry and return it; the same attempt recorded again returns the entry that is there.

    `begun` is when the attempt began, or before: the ledger is searched no further back (default: the plan's start).

    What is not there yet is left out: a run whose query failed has a plan and no outcome. A run whose report failed
    has a result and no evidence for people, so its verdict is `error` as well and it serves no later run as baseline.
    """
    bare = attempted(
        runbook,
        run,
        judged(None if outcome is None else outcome.judgement, products, failure),
        started=None if plan is None else plan.started,
        products=products,
        failure=failure,
        finished=finished,
    )
    whole = replace(bare, notifications=tuple(notifications), **_planned(plan, outcome), **_compared(outcome))
    return ledger.append(whole, begun=None if begun is None else text(begun))


def attempted(
    chain: str,
    run: Run,
    judgement: Judgement,
    *,
    started: str | None,
    products: Products | None,
    failure: Failure | None,
    finished: datetime,
) -> Record:
    """Return what every record says of an attempt, whatever it was of; one that never began took no time."""
    ended = text(finished.replace(microsecond=0))
    return Record(
        runbook=chain,
        run=run,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        started=ended if started is None else started,
        finished=ended,
        version=__version__,
        products=None if products is None else Written(products.manifest, products.manifest_uri, products.report_uri),
        error=None if failure is None else f"{failure.task}: {failure.error}",
    )


def _planned(plan: Plan | None, outcome: Outcome | None) -> dict[str, Any]:
    if plan is None:
        return {}
    return {
        "severity": plan.spec.get("severity"),
        "window": plan.window,
        "params": plan.request_params(),
        "comparison_key": plan.comparison_key,
        "rerun_of": plan.rerun_of,
        "materials": Materials(
            runbook_sha256=plan.runbook_sha256,
            template_sha256=plan.template_sha256,
            sql_sha256=plan.sql_sha256,
            lookups=plan.lookups,
            # Which baseline really served is known after the query; until then it is the plan's.
            baseline=plan.baseline if outcome is None else outcome.baseline,
        ),
    }


def _compared(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {}
    return {
        "queries": outcome.queries,
        "snapshot": outcome.snapshot,
        "counts": outcome.counts,
        "completeness": Looked.of(outcome.completeness),
        "columns": outcome.columns,
        "truncated": outcome.completeness.truncated_at is not None,
    }
