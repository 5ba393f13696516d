"""What a run that has ended, in whatever way, has to tell: read before it is recorded, so the record can say who knows.

Invariant: a run that failed tells of its failure; what cannot be read for the message is said in it and stops nothing.
"""

import logging
import tempfile
from pathlib import Path

from trailbook.canonical import sha256
from trailbook.diff import Finding, State, findings
from trailbook.errors import EvidenceError, TrailbookError
from trailbook.ledger import Ledger
from trailbook.notify import Links, News, events, prior
from trailbook.notify.message import MOST_ROWS
from trailbook.objects import ObjectStore
from trailbook.outcome import Outcome
from trailbook.plan import Plan, Run
from trailbook.report import Products
from trailbook.runbook.model import Runbook
from trailbook.steps.record import Failure, judged
from trailbook.verdict import Verdict

_MOST_READ = 1000
"""Findings that are looked through for ones that nothing suppresses."""

_log = logging.getLogger(__name__)


def news(
    runbook: str,
    title: str,
    run: Run,
    *,
    plan: Plan | None,
    outcome: Outcome | None,
    products: Products | None,
    failure: Failure | None,
    ledger: Ledger | None,
    reports: ObjectStore | None,
    links: Links,
) -> News:
    """Return what there is to tell of a run. `title` is used where there is no plan to take it from.

    A run without a plan needs no ledger, and one without a report no store of them.
    """
    says = judged(None if outcome is None else outcome.judgement, products, failure)
    before = _before(ledger, plan) if says.verdict is Verdict.PASS and plan and ledger else None
    whole = None if says.verdict is Verdict.ERROR else outcome
    listed, unread = _findings(plan, whole, reports) if plan and whole and reports else ((), None)
    return News(
        runbook=runbook,
        title=title if plan is None else str(plan.spec.get("title", title)),
        severity=None if plan is None else plan.spec.get("severity"),
        run=run,
        verdict=says.verdict,
        reasons=says.reasons,
        events=events(says.verdict, None if whole is None else whole.counts, before),
        window=None if plan is None else plan.window,
        counts=None if whole is None else whole.counts,
        completeness=None if whole is None else whole.completeness,
        findings=listed,
        unread=unread,
        links=links,
    )


def _before(ledger: Ledger, plan: Plan) -> Verdict | None:
    try:
        return prior(ledger.backwards(plan.runbook), plan.run, plan.comparison_key, plan.window)
    except TrailbookError:
        # Whether it is a recovery is then unknown; all else is still worth telling, and `record` fails on the same.
        _log.exception("The run before could not be read, so no recovery is told")
        return None


def _findings(plan: Plan, outcome: Outcome, reports: ObjectStore) -> tuple[tuple[Finding, ...], str | None]:
    """Return the first open findings, and why there are none where the snapshot cannot be read."""
    try:
        body = reports.get(outcome.snapshot.key)
        if sha256(body) != outcome.snapshot.sha256:
            raise EvidenceError(f"{reports.uri(outcome.snapshot.key)}: the snapshot has changed since the comparison")
    except TrailbookError as error:
        _log.exception("The message is sent without its findings")
        return (), str(error)
    with tempfile.TemporaryDirectory(prefix="trailbook-notify-") as name:
        path = Path(name) / "result.parquet"
        path.write_bytes(body)
        present = [state for state in State if state is not State.ABSENT]
        allow = tuple(Runbook.from_spec(plan.spec).allow)
        listed = findings(path, allow, limit=_MOST_READ, states=present)
    return tuple(finding for finding in listed if finding.suppression is None)[:MOST_ROWS], None
