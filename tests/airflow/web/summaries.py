"""Runs as the index knows them, in a few words."""

from datetime import UTC, datetime, timedelta
from typing import Any

from trailbook.diff import Counts
from trailbook.ledger.index_rows import RunSummary
from trailbook.verdict import Verdict
from trailbook.window import Window, text

NOW = datetime(2026, 11, 29, 19, 0, tzinfo=UTC)


def run(verdict: str = "pass", *, days: int = 0, runbook: str = "a", **changes: Any) -> RunSummary:
    """Return a run that ended at two in the night, some days ago; `new` and `open` are its findings."""
    ended = NOW.replace(hour=2) - timedelta(days=days)
    new, there = changes.pop("new", 0), changes.pop("open", 0)
    counts = None if verdict == "error" else Counts(new=new, unchanged=there - new, open_new=new, open_present=there)
    whole: dict[str, Any] = {
        "runbook": runbook,
        "sequence": 100 - days,
        "run_id": f"scheduled__{text(ended)}",
        "attempt": 1,
        "fingerprint": "f" * 64,
        "verdict": Verdict(verdict),
        "severity": "high",
        "window": Window(ended - timedelta(days=1, hours=2), ended - timedelta(hours=2)),
        "started": text(ended),
        "finished": text(ended),
        "trigger": "scheduled",
        "triggered_by": None,
        "reason": None,
        "counts": counts,
        "events": 10,
        "gaps": (),
        "truncated": False,
        "bytes_scanned": 1,
        "error": "query: refused" if verdict == "error" else None,
        "has_report": True,
    }
    return RunSummary(**whole | changes)
