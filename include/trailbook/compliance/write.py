"""Writing a compliance report: each file new, none overwritten, the manifest last, as `trailbook.report.write` does."""

from dataclasses import asdict

from trailbook import canonical
from trailbook.canonical import Json
from trailbook.compliance import data, page, table
from trailbook.compliance.report import ComplianceReport
from trailbook.objects import ObjectStore
from trailbook.outcome import Product
from trailbook.report import Products, manifest
from trailbook.report.values import to_json
from trailbook.report.write import folder_of, put
from trailbook.runbook.rollup import CHAIN
from trailbook.window import text


def write(store: ObjectStore, report: ComplianceReport, *, beside: bool = True) -> Products:
    """Write the report's files and return them; with `beside`, the runs' reports lie in the same store.

    Raises EvidenceError where a file of this run is there with other bytes.
    """
    folder = folder_of(CHAIN, report.run, report.view.period)
    bodies = {
        "report.html": page.render(report, beside=beside),
        "report.json": data.dumps(report),
        "controls.csv": table.dumps(report.view),
    }
    files = tuple(put(store, f"{folder}/{name}", body) for name, body in bodies.items())
    last = put(store, f"{folder}/manifest.json", _manifest(report, files))
    return Products(last, files, store.uri(f"{folder}/report.html"), store.uri(last.key))


def _manifest(report: ComplianceReport, files: tuple[Product, ...]) -> bytes:
    listed: list[Json] = [
        {"name": name, "sha256": file.sha256, "size": file.size, "media_type": manifest.MEDIA_TYPES[name]}
        for name, file in sorted((file.key.rpartition("/")[2], file) for file in files)
    ]
    view = report.view
    return canonical.dumps(
        {
            "format": manifest.FORMAT,
            "runbook": CHAIN,
            "run_id": to_json(report.run.run_id),
            "attempt": report.run.attempt,
            "window": {"start": text(view.period.start), "end": text(view.period.end)},
            "verdict": view.verdict.value,
            "runbook_sha256": report.runbooks_sha256,
            "sql_sha256": None,
            "files": listed,
        }
        | ({"ledger_head": asdict(report.head)} if report.head is not None else {})
    )
