"""News of runs in a few words."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from trailbook.diff import Counts, Finding, Seen, State
from trailbook.notify import Links, News
from trailbook.plan import Run, Trigger
from trailbook.verdict import Completeness, Coverage, Verdict
from trailbook.window import Window

DAY = Window(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
SEEN = Seen("run-1", "2026-11-03T00:00:00Z")


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """Make a finding of a row."""

    def made(state: State = State.NEW, changes: Any = None, **row: Any) -> Finding:
        return Finding("f" * 64, state, row, reopened=False, first_seen=SEEN, last_seen=SEEN, changes=changes or {})

    return made


@pytest.fixture
def news() -> Callable[..., News]:
    """Make the news of a run that found one new thing, as changes would have it."""

    def made(**changes: Any) -> News:
        coverage = Coverage("111122223333", "us-east-1", 10, "2026-11-02T12:00:00Z", "2026-11-02T12:05:00Z")
        whole: dict[str, Any] = {
            "runbook": "auth-failed-logins",
            "title": "Failed sign-ins",
            "severity": "high",
            "run": Run("scheduled__1", trigger=Trigger.SCHEDULED),
            "verdict": Verdict.FAIL,
            "reasons": ("there is 1 new finding, expected no new ones",),
            "events": ("new_findings", "fail"),
            "window": DAY,
            "counts": Counts(new=1, unchanged=2, suppressed=1, open_new=1, open_present=2),
            "completeness": Completeness((coverage,), data_scanned_in_bytes=1024),
            "links": Links("https://reports.example/r.html", "https://airflow.example/trailbook/runbooks/a/runs/b"),
        }
        return News(**whole | changes)

    return made
