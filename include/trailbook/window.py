"""The window of a run: half-open `[start, end)`, UTC, whole seconds, and a pure function of the run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trailbook.errors import InvalidRequest

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """`start` is in it, `end` is not; both are aware datetimes in UTC. Raises InvalidRequest where end <= start."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse what is no window."""
        for name, value in (("start", self.start), ("end", self.end)):
            if value.utcoffset() != timedelta(0):
                raise InvalidRequest(f"{name}: expected a time in UTC, found {value.isoformat()}")
        if self.end <= self.start:
            raise InvalidRequest(
                f"start {text(self.start)} is not before end {text(self.end)}: give an end after start"
            )

    @property
    def duration(self) -> timedelta:
        """The window's length."""
        return self.end - self.start


def text(moment: datetime) -> str:
    """Return a time as `2026-11-01T00:00:00Z`; microseconds appear only where they are not zero."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(value: str, name: str) -> datetime:
    """Return an ISO 8601 date or time as UTC; without an offset it is UTC. Raises InvalidRequest naming `name`."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidRequest(
            f"{name}: expected an ISO 8601 time such as 2026-11-01T00:00:00Z, found {value!r}"
        ) from None
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)


def parse_duration(value: str) -> timedelta:
    """Return `90m`, `2h`, `1d` or `1w` as a timedelta. Raises ValueError saying what was expected."""
    number, unit = value[:-1], value[-1:]
    if not (number.isascii() and number.isdigit()) or unit not in _UNITS:
        raise ValueError(f"expected a duration such as 90m, 2h, 1d or 1w, found {value!r}")
    return timedelta(**{_UNITS[unit]: int(number)})
