"""A period, runbooks and runs in few words."""

from datetime import UTC, datetime, timedelta
from typing import Any

from trailbook.compliance.mapped import Cadence, Mapped
from trailbook.compliance.view import ComplianceView, view
from trailbook.diff import Counts
from trailbook.ledger.index_rows import RunSummary
from trailbook.outcome import Product
from trailbook.verdict import Verdict
from trailbook.window import Window, text

START = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 10
PERIOD = Window(START, START + timedelta(days=DAYS))
AFTER = PERIOD.end + timedelta(hours=12)
"""When the ledger was looked at: after all runs of the period were due."""

DAILY = Cadence("0 2 * * *", timedelta(days=1), timedelta(hours=2))
KEY = "k" * 64


def day(number: int, days: int = 1) -> Window:
    """The window of a day of the period."""
    return Window(START + timedelta(days=number), START + timedelta(days=number + days))


def book(name: str = "failed-logins", **changes: Any) -> Mapped:
    """A daily runbook that supports one control."""
    whole: dict[str, Any] = {
        "title": name.replace("-", " ").capitalize(),
        "severity": "high",
        "status": "stable",
        "sha256": "5" * 64,
        "controls": {"cis-aws-foundations@7.0.0": ("5.6",)},
        "cadence": DAILY,
        "comparison_key": KEY,
    }
    return Mapped(name, **whole | changes)


def run(number: int = 0, verdict: str = "pass", **changes: Any) -> RunSummary:
    """The scheduled run of a day."""
    name = changes.get("runbook", "failed-logins")
    window = changes.get("window", day(number))
    whole: dict[str, Any] = {
        "runbook": name,
        "sequence": number + 1,
        "run_id": f"scheduled__{number}",
        "attempt": 1,
        "fingerprint": f"{number:064x}",
        "verdict": Verdict(verdict),
        "severity": "high",
        "window": window,
        "started": text((window.end if window else START) + timedelta(hours=2)),
        "finished": text((window.end if window else START) + timedelta(hours=2, minutes=1)),
        "trigger": "scheduled",
        "triggered_by": None,
        "reason": None,
        "counts": None if verdict == "error" else Counts(new=2, open_new=2, open_present=3),
        "events": None if verdict == "error" else 100,
        "gaps": ("no logs of the expected regions eu-west-1",) if verdict == "incomplete" else (),
        "truncated": False,
        "bytes_scanned": 1000,
        "error": "query: it broke" if verdict == "error" else None,
        "has_report": verdict != "error",
        "report_uri": None if verdict == "error" else f"s3://reports/{name}/w/r-{number}/report.html",
        "manifest": None if verdict == "error" else Product(f"{name}/w/r-{number}/manifest.json", "6" * 64, 10),
        "comparison_key": KEY,
    }
    return RunSummary(**whole | changes)


def every_day(*but: int, runbook: str = "failed-logins") -> list[RunSummary]:
    """A good run of each day but some."""
    return [run(number, runbook=runbook) for number in range(DAYS) if number not in but]


def seen(
    runs: list[RunSummary], *books: Mapped, frameworks: tuple[str, ...] = ("nist-800-53",), **changes: Any
) -> ComplianceView:
    """The view of these runs; the runbooks support AU-6 where none is given."""
    chosen = books or (book(controls={"nist-800-53@rev5": ("AU-6",)}),)
    return view(PERIOD, frameworks, chosen, runs, **{"by": AFTER, "last_good": {}} | changes)
