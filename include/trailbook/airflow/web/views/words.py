"""Words that several pages share: what a run found, how long ago, how far ahead."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trailbook.diff import Counts
from trailbook.errors import TrailbookError
from trailbook.report.statements import STARTS
from trailbook.report.view import STATE_MARKS
from trailbook.window import parse_time
from trailbook.words import amount

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


@dataclass(frozen=True, slots=True)
class Part:
    """How many findings are in a state, with the state's mark."""

    state: str
    mark: str
    count: int


def found(counts: Counts | None) -> tuple[Part, ...]:
    """Return what a run found by state, without the states that nothing is in; `new` are those that break something."""
    if counts is None:
        return ()
    numbers = {
        "new": counts.open_new,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "absent": counts.absent,
        "suppressed": counts.suppressed,
    }
    return tuple(Part(state, mark, numbers[state]) for state, mark in STATE_MARKS.items() if numbers[state])


def started(trigger: str, by: str | None) -> str:
    """Return how a run came to be, and by whom."""
    how = STARTS.get(trigger, trigger)
    return f"{how} by {by}" if by else how


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was, in its largest unit."""
    if timedelta(0) <= now - moment < timedelta(minutes=1):
        return "just now"
    return f"{_length(now - moment)} ago" if moment <= now else f"in {_length(moment - now)}"


def clock(value: str) -> str:
    """Return a time as the ledger writes it as people read it; what is no time stays as it is."""
    try:
        return f"{parse_time(value, 'time'):%Y-%m-%d %H:%M:%S} UTC"
    except TrailbookError:
        return value


def short(value: str, most: int = 120) -> str:
    """Return a text on one line of at most so many characters, for a list that leads to the whole."""
    line = " ".join(value.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _length(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, size in _UNITS:
        if seconds >= size:
            return amount(seconds // size, unit)
    return "less than a minute"
