"""`manifest.json`: the digest and size of each file of a report; canonical, and written after all of them.

Invariant: where the manifest is, the report is whole; the ledger names the manifest's digest and so each file's.
"""

from collections.abc import Sequence
from dataclasses import asdict

from trailbook import canonical
from trailbook.canonical import Json
from trailbook.outcome import Product
from trailbook.report.model import Report
from trailbook.report.values import to_json
from trailbook.window import text

FORMAT = "trailbook.manifest/1"

MEDIA_TYPES = {
    "report.html": "text/html; charset=utf-8",
    "report.json": "application/json",
    "controls.csv": "text/csv; charset=utf-8; header=present",
    "findings.csv": "text/csv; charset=utf-8; header=present",
    "findings.ocsf.jsonl": "application/x-ndjson",
    "result.parquet": "application/vnd.apache.parquet",
    "manifest.json": "application/json",
}


def dumps(report: Report, files: Sequence[Product]) -> bytes:
    """Return the manifest of a report: its files in the order of their names, and the chain's end at its plan."""
    plan = report.plan
    listed: list[Json] = [
        {"name": name, "sha256": file.sha256, "size": file.size, "media_type": MEDIA_TYPES[name]}
        for name, file in sorted((file.key.rpartition("/")[2], file) for file in files)
    ]
    return canonical.dumps(
        {
            "format": FORMAT,
            "runbook": plan.runbook,
            "run_id": to_json(plan.run.run_id),
            "attempt": plan.run.attempt,
            "window": {"start": text(plan.window.start), "end": text(plan.window.end)},
            "verdict": report.outcome.judgement.verdict.value,
            "runbook_sha256": plan.runbook_sha256,
            "sql_sha256": plan.sql_sha256,
            "files": listed,
        }
        | ({"ledger_head": asdict(plan.head)} if plan.head is not None else {})
    )
