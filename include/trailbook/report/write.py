"""Writing a report: each file new, none overwritten, the manifest last.

Invariant: a step that was killed and runs again finds its own files, byte for byte, and goes on; other bytes under the
same key are an error, never a silent second version.
"""

import re
from dataclasses import dataclass

from trailbook.canonical import safe_name, sha256
from trailbook.errors import EvidenceError, ObjectExists
from trailbook.objects import ObjectStore
from trailbook.outcome import Product
from trailbook.plan import Plan, Run
from trailbook.report import csv, html, json, manifest, ocsf
from trailbook.report.model import Report
from trailbook.window import Window

_LIKE_AN_ATTEMPT = re.compile(r"\.\d+$")


@dataclass(frozen=True, slots=True)
class Products:
    """What a written report is: its manifest, each file that the manifest names, and the addresses for people."""

    manifest: Product
    files: tuple[Product, ...]
    report_uri: str
    manifest_uri: str


def prefix(plan: Plan) -> str:
    """Return the folder of a run's report."""
    return folder_of(plan.runbook, plan.run, plan.window)


def folder_of(chain: str, run: Run, window: Window) -> str:
    """Return `<chain>/<window start>/<run id>`, with `.2` and on for later attempts."""
    name = safe_name(run.run_id)
    if _LIKE_AN_ATTEMPT.search(name):  # `x.2` must not fall together with the second attempt of `x`
        name = f"{name}-{sha256(run.run_id.encode('utf-8', 'surrogatepass'))[:12]}"
    attempt = f".{run.attempt}" if run.attempt > 1 else ""
    return f"{safe_name(chain)}/{window.start:%Y-%m-%dT%H%M%SZ}/{name}{attempt}"


def write(store: ObjectStore, report: Report, *, snapshot: Product) -> Products:
    """Write the report's files under `outcome.prefix` and return them; `snapshot` is in the store already.

    Raises EvidenceError where a file of this run is there with other bytes.
    """
    folder = report.outcome.prefix
    if snapshot.key != f"{folder}/result.parquet":
        raise EvidenceError(f"expected the snapshot at {folder}/result.parquet, found it at {snapshot.key}")
    bodies = {
        "report.html": html.render(report),
        "report.json": json.dumps(report),
        "findings.csv": csv.dumps(report),
        "findings.ocsf.jsonl": ocsf.dumps(report),
    }
    files = (snapshot, *(put(store, f"{folder}/{name}", body) for name, body in bodies.items()))
    last = put(store, f"{folder}/manifest.json", manifest.dumps(report, files))
    return Products(last, files, store.uri(f"{folder}/report.html"), store.uri(last.key))


def put(store: ObjectStore, key: str, body: bytes) -> Product:
    """Write one file of a report. Raises EvidenceError where it is there with other bytes."""
    product = Product(key, sha256(body), len(body))
    try:
        store.put_new(key, body, manifest.MEDIA_TYPES[key.rpartition("/")[2]])
    except ObjectExists:
        found = sha256(store.get(key))
        if found != product.sha256:
            raise EvidenceError(
                f"{store.uri(key)}: another report of this run is there already (expected SHA-256 {product.sha256}, "
                f"found {found}) and is never overwritten: clear the whole run, so that it becomes a new attempt"
            ) from None
    return product
