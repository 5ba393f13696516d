"""What changed between any two recorded runs of one runbook, whatever lay between them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from trailbook.canonical import sha256
from trailbook.diff import Counts, DiffSpec, Finding, changes, findings
from trailbook.errors import EvidenceError, InvalidRequest
from trailbook.ledger import Entry, Ledger
from trailbook.objects import ObjectStore
from trailbook.report import json as report_json
from trailbook.steps.compare import diff_spec


@dataclass(frozen=True, slots=True)
class Between:
    """Two entries, and what is new, updated or absent in the later result with the earlier one as baseline."""

    before: Entry
    after: Entry
    counts: Counts
    findings: tuple[Finding, ...]
    key: tuple[str, ...]
    """The columns that name a finding."""


def named(ledger: Ledger, run: str) -> Entry:
    """Return the entry of `run id` or `runbook:run id`. Raises InvalidRequest where it is none, or not just one."""
    runbook, colon, run_id = run.partition(":")
    if colon and runbook in ledger.runbooks():
        found = [ledger.find(runbook, run_id)]
    else:
        found = [ledger.find(name, run) for name in ledger.runbooks()]
    entries = [entry for entry in found if entry is not None]
    if not entries:
        raise InvalidRequest(f"the ledger has no run {run!r}: `trailbook history ID` lists the runs of a runbook")
    if len(entries) > 1:
        owners = ", ".join(f"{entry.record.runbook}:{run}" for entry in entries)
        raise InvalidRequest(f"several runbooks have a run of that name: say which, {owners}")
    return entries[0]


def between(before: Entry, after: Entry, reports: ObjectStore) -> Between:
    """Return the diff. Raises InvalidRequest for runs that cannot be compared, EvidenceError for changed files."""
    if before.record.runbook != after.record.runbook:
        raise InvalidRequest(f"the runs are of two runbooks, {before.record.runbook} and {after.record.runbook}")
    with tempfile.TemporaryDirectory(prefix="trailbook-between-") as name:
        folder = Path(name)
        earlier, later = folder / "before.parquet", folder / "after.parquet"
        earlier.write_bytes(_snapshot(before, reports))
        later.write_bytes(_snapshot(after, reports))
        spec = _spec(after, reports)
        diff = changes(later, earlier, spec=spec, to=folder / "diff.parquet")
        found = findings(diff.snapshot, spec.allow, limit=None)
    return Between(before, after, diff.counts, tuple(found), spec.key)


def _snapshot(entry: Entry, reports: ObjectStore) -> bytes:
    product = entry.record.snapshot
    if product is None:
        raise InvalidRequest(f"run {entry.record.run.run_id} ended without a result: {entry.record.error}")
    body = reports.get(product.key)
    if sha256(body) != product.sha256:
        raise EvidenceError(f"{reports.uri(product.key)}: is not the file that entry {entry.key} recorded")
    return body


def _spec(entry: Entry, reports: ObjectStore) -> DiffSpec:
    """Return how the later run compared, from its own frozen plan: the runbook may be another one today."""
    product = entry.record.snapshot
    if product is None or entry.record.products is None:
        raise InvalidRequest(f"run {entry.record.run.run_id} has no report: {entry.record.error}")
    plan = report_json.loads(reports.get(product.key.rpartition("/")[0] + "/report.json")).plan
    return diff_spec(plan)
