"""Records in a few words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trailbook.athena.execution import Column
from trailbook.canonical import dumps, sha256
from trailbook.diff import Counts
from trailbook.ledger import Looked, Materials, Record, Written
from trailbook.objects import FolderStore
from trailbook.outcome import Product, QueryStatistics
from trailbook.plan import Baseline, LookupUse, Run, Trigger
from trailbook.verdict import Verdict
from trailbook.window import Window, text

BUCKET = "evidence"

COLUMNS = (Column("account_id", "varchar"), Column("failures", "bigint"))


def window(day: int, days: int = 1) -> Window:
    start = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day)
    return Window(start, start + timedelta(days=days))


def record(run_id: str = "run-0", *, day: int = 0, **changes: Any) -> Record:
    """A run of day `day` that passed and has a snapshot, as `changes` would have it."""
    digest = sha256(run_id.encode())
    started = datetime(2026, 11, 20, 10, tzinfo=UTC) + timedelta(minutes=day)
    whole = Record(
        runbook="auth-failed-logins",
        run=Run(run_id, 1, Trigger.SCHEDULED, "scheduler", None, "2026-11-02T02:00:00Z"),
        verdict=Verdict.PASS,
        reasons=("no findings in a complete window",),
        started=text(started),
        finished=text(started + timedelta(seconds=30)),
        version="0.1.0",
        window=window(day),
        params={"threshold": 5, "users": []},
        materials=Materials("a" * 64, "b" * 64, "c" * 64, (LookupUse("people", "file", 3, "d" * 64, True),)),
        queries=(QueryStatistics("query", f"q-{run_id}", 1024, 900, "Athena engine version 3"),),
        snapshot=Product(f"auth-failed-logins/{run_id}/result.parquet", digest, 100),
        counts=Counts(new=1, open_new=1, open_present=1),
        completeness=Looked(100, 1024, "2026-11-01T00:00:01Z", "2026-11-01T23:59:59Z", 2, 3),
        columns=COLUMNS,
        comparison_key="e" * 64,
    )
    return replace(whole, **changes)


def with_report(store: FolderStore, run_id: str, **changes: Any) -> Record:
    """A record whose report and snapshot are in the store."""
    folder = f"auth-failed-logins/{run_id}"
    bodies = {name: f"{name} of {run_id}".encode() for name in ("report.html", "result.parquet")}
    for name, body in bodies.items():
        store.put_new(f"{folder}/{name}", body, "text/plain")
    files = [{"name": n, "sha256": sha256(b), "size": len(b), "media_type": "x"} for n, b in sorted(bodies.items())]
    manifest = dumps({"format": "trailbook.manifest/1", "files": files})  # type: ignore[dict-item]
    store.put_new(f"{folder}/manifest.json", manifest, "application/json")
    written = Written(
        Product(f"{folder}/manifest.json", sha256(manifest), len(manifest)),
        store.uri(f"{folder}/manifest.json"),
        store.uri(f"{folder}/report.html"),
    )
    snapshot = Product(f"{folder}/result.parquet", sha256(bodies["result.parquet"]), len(bodies["result.parquet"]))
    return record(run_id, products=written, snapshot=snapshot, **changes)


def a_baseline() -> Baseline:
    return Baseline(None, "run-0", 1, window(0), "k/result.parquet", "f" * 64, COLUMNS, "a note")
