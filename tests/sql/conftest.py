"""Runbooks and windows for the binding's tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import bind
from trailbook.window import Window

DAY = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))

PARAMS: dict[str, Any] = {
    "name": {"type": "string", "default": None, "title": "A text"},
    "names": {"type": "array", "items": {"type": "string"}, "default": [], "title": "Texts"},
    "count": {"type": "integer", "default": None, "title": "A whole number"},
    "ratio": {"type": "number", "default": None, "title": "A number"},
    "flag": {"type": "boolean", "default": None, "title": "A truth"},
    "day": {"type": "string", "format": "date", "default": None, "title": "A day"},
    "since": {"type": "string", "format": "date-time", "default": None, "title": "A time"},
    "days": {"type": "array", "items": {"type": "string", "format": "date"}, "default": [], "title": "Days"},
    "buckets": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "title": "Buckets",
        "replaces": "critical_buckets.bucket",
    },
}
LOOKUP = {"description": "Buckets that matter", "columns": {"bucket": "string", "weight": "number", "rank": "integer"}}


@pytest.fixture
def make() -> Callable[..., Runbook]:
    """Return a function that makes a runbook of a query."""

    def runbook(query: str, key: tuple[str, ...] = ("account_id",)) -> Runbook:
        return Runbook.model_validate(
            {
                "id": "a-runbook",
                "title": "A runbook",
                "description": "For tests.",
                "severity": "low",
                "owner": "tests",
                "schedule": None,
                "params": PARAMS,
                "lookups": {"critical_buckets": LOOKUP},
                "query": query,
                "result": {"kind": "aggregate", "key": list(key)},
            }
        )

    return runbook


@pytest.fixture
def bound(make: Callable[..., Runbook]) -> Callable[..., str]:
    """Return a function that binds a query: `bound(query, name="x")` gives its SQL in one line of single spaces."""

    def one_line(query: str, *, key: tuple[str, ...] = ("account_id",), lookups: Any = None, **params: Any) -> str:
        sql = bind(make(query, key), window=DAY, table=PhysicalTable(), params=params, lookups=lookups)
        return " ".join(sql.split()).replace("( ", "(").replace(" )", ")")

    return one_line
