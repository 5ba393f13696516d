"""Windows are half-open, in UTC, and refuse what is none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from trailbook.errors import InvalidRequest
from trailbook.window import Window, parse_duration, parse_time, text

_DAY = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("end", [_DAY, _DAY - timedelta(seconds=1)])
def test_an_end_that_is_not_after_the_start_is_refused(end: datetime) -> None:
    with pytest.raises(InvalidRequest, match="is not before end"):
        Window(_DAY, end)


def test_a_window_in_another_zone_is_refused() -> None:
    berlin = timezone(timedelta(hours=1))
    with pytest.raises(InvalidRequest, match="expected a time in UTC"):
        Window(_DAY.astimezone(berlin), _DAY.astimezone(berlin) + timedelta(days=1))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T06:00:00Z", "2026-11-01T06:00:00Z"),
        ("2026-11-01T06:00:00", "2026-11-01T06:00:00Z"),
        ("2026-11-01T06:00:00+02:00", "2026-11-01T04:00:00Z"),
        ("2026-11-01T06:00:00.250Z", "2026-11-01T06:00:00.250000Z"),
    ],
)
def test_times_are_read_as_utc(given: str, expected: str) -> None:
    assert text(parse_time(given, "start")) == expected


@pytest.mark.parametrize("given", ["", "yesterday", "2026-13-01", "2026-11-01T25:00:00Z"])
def test_what_is_no_time_is_refused_by_name(given: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^start: expected an ISO 8601 time"):
        parse_time(given, "start")


@pytest.mark.parametrize(("given", "seconds"), [("90m", 5400), ("2h", 7200), ("1d", 86400), ("1w", 604800), ("0h", 0)])
def test_durations(given: str, seconds: int) -> None:
    assert parse_duration(given).total_seconds() == seconds


@pytest.mark.parametrize("given", ["", "h", "1", "-1h", "1.5h", "1y", "١h"])
def test_what_is_no_duration_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as"):
        parse_duration(given)
