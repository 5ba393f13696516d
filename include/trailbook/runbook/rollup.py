"""What a roll-up is asked for: the period, by its bounds or by the moment at which it runs, and the frameworks.

Invariants: every wrong thing is said at once, by its name; the period of a scheduled run is a pure function of that
run's own date, so that running it again asks the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from croniter import croniter

from trailbook.errors import InvalidRequest
from trailbook.runbook.common import COMMON_SCHEMAS
from trailbook.runbook.faults import faults, shown
from trailbook.runbook.nearest import did_you_mean
from trailbook.window import Window, parse_time

CHAIN = "compliance_rollup"
"""The chain of the roll-ups in the ledger, and their DAG; no runbook's id has an underscore."""

WEEKLY = "0 4 * * 1"
MONTHLY = "30 4 1 * *"
"""When roll-ups run, in UTC: late enough for the last windows of the week or the month, and never both at once."""

_MOST_NAMES = 50

SCHEMAS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "from": {
            "title": "From",
            "description": (
                "First moment of the period, UTC. Empty with an empty To: the last complete week before the run's date."
            ),
            "type": ["string", "null"],
            "format": "date-time",
            "default": None,
        },
        "to": {
            "title": "To",
            "description": "The moment the period ends, UTC. A run belongs to it where its window ends in it.",
            "type": ["string", "null"],
            "format": "date-time",
            "default": None,
        },
        "frameworks": {
            "title": "Frameworks",
            "description": "Only these, one per line, such as nist-800-53@rev5 or nist-800-53. Empty: all in use.",
            "type": ["array", "null"],
            "items": {"type": "string", "minLength": 1, "maxLength": 200},
            "maxItems": _MOST_NAMES,
            "default": [],
        },
        "reason": COMMON_SCHEMAS["reason"],
    }
)
"""The roll-up's parameters: name to JSON Schema, each with a `default`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The period and the frameworks of a roll-up; none named means all in use."""

    period: Window
    frameworks: tuple[str, ...] = ()


def resolve(given: Mapping[str, Any], moment: datetime) -> Asked:
    """Return what `given` asks for, of a run at `moment`. Raises InvalidRequest with every reason at once."""
    reasons = [
        f"{shown(name)}: unknown parameter{did_you_mean(name, SCHEMAS)}" for name in given if name not in SCHEMAS
    ]
    values = {name: given.get(name) or None for name in SCHEMAS}
    for name, value in values.items():
        if value is not None:
            reasons += faults(name, value, SCHEMAS[name])
    start, end = values["from"], values["to"]
    if (start is None) != (end is None):
        reasons.append("give both `from` and `to`, or none of them")
    if reasons:
        raise InvalidRequest(*reasons)
    if start is None or end is None:
        period = period_before(moment)
    else:
        period = Window(parse_time(start, "from"), parse_time(end, "to"))
    return Asked(period, tuple(dict.fromkeys(values["frameworks"] or ())))


def period_before(moment: datetime) -> Window:
    """Return the month before a moment of the monthly schedule, else the last week from Monday that was over."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if croniter.match(MONTHLY, moment.astimezone(UTC)):
        return Window((day - timedelta(days=1)).replace(day=1), day)
    monday = day - timedelta(days=day.weekday())
    return Window(monday - timedelta(days=7), monday)
