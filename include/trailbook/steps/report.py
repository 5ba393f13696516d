"""The fourth step: the outcome and the snapshot → the report's files and their manifest."""

import tempfile
from pathlib import Path

from trailbook.canonical import sha256
from trailbook.diff import expired, findings
from trailbook.errors import EvidenceError
from trailbook.objects import ObjectStore
from trailbook.outcome import Outcome
from trailbook.plan import Plan
from trailbook.report import Products, build, write
from trailbook.runbook.model import Runbook


def report(plan: Plan, outcome: Outcome, *, reports: ObjectStore) -> Products:
    """Write the report of a compared run and return its files. Raises EvidenceError where the snapshot has changed."""
    allow = tuple(Runbook.from_spec(plan.spec).allow)
    body = reports.get(outcome.snapshot.key)
    if sha256(body) != outcome.snapshot.sha256:
        raise EvidenceError(
            f"{reports.uri(outcome.snapshot.key)}: the snapshot is not the one that this run's comparison wrote"
        )
    with tempfile.TemporaryDirectory(prefix="trailbook-report-") as name:
        path = Path(name) / "result.parquet"
        path.write_bytes(body)
        found = findings(path, allow, limit=None)
    model = build(plan, outcome, found, expired_allow=expired(allow, plan.window))
    return write(reports, model, snapshot=outcome.snapshot)
