"""The windows that a schedule owes for a period: those that end in it, and whether their time to run has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from croniter import croniter

from trailbook.compliance.mapped import Cadence
from trailbook.window import Window

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Due:
    """The windows that end in a period and were to be run by a moment; `later` is how many were not due yet then."""

    windows: tuple[Window, ...] = ()
    later: int = 0


def due(cadence: Cadence, period: Window, by: datetime) -> Due:
    """Return the windows of a schedule that end after the period's start and not after its end."""
    windows, later = [], 0
    first = _first(cadence.cron, cadence.start) if cadence.start is not None else None
    for moment in _times(cadence.cron, period.start + cadence.settle, period.end + cadence.settle):
        if first is not None and moment <= first:  # the first time begins Airflow's first interval, and ends none
            continue
        if moment > by:
            later += 1
        else:
            end = moment - cadence.settle
            windows.append(Window(end - cadence.length, end))
    return Due(tuple(windows), later)


@lru_cache(maxsize=512)  # a collection's runbooks share few schedules
def _times(cron: str, after: datetime, until: datetime) -> tuple[datetime, ...]:
    times, found = croniter(cron, after), []
    while (moment := times.get_next(datetime)) <= until:
        found.append(moment)
    return tuple(found)


@lru_cache(maxsize=512)
def _first(cron: str, start: datetime) -> datetime:
    moment: datetime = croniter(cron, start - _TICK).get_next(datetime)
    return moment
