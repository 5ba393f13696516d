"""Reading times as Joda does (date_parse, parse_datetime, from_iso8601_timestamp), and durations as text.

A parsed time is returned in microseconds since 1970. What lies outside the years 1 to 9999, or has another zone than
UTC, is refused: neither can be held here.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from trailbook.local.engine.faults import Function, invalid, refusal
from trailbook.local.engine.time_patterns import Piece, joda_pieces, mysql_pieces

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_RANGES = {
    "month": (1, 12), "day": (1, 31), "hour": (0, 23), "clockhour": (1, 24), "halfhour": (0, 11),
    "clockhalf": (1, 12), "minute": (0, 59), "second": (0, 59), "dayofyear": (1, 366),
}  # fmt: skip
_NAMES = {
    "month": "monthOfYear", "day": "dayOfMonth", "hour": "hourOfDay", "clockhour": "clockhourOfDay",
    "halfhour": "hourOfHalfday", "clockhalf": "clockhourOfHalfday", "minute": "minuteOfHour",
    "second": "secondOfMinute", "dayofyear": "dayOfYear",
}  # fmt: skip


class _Misread(ValueError):
    pass


def read(value: str, pieces: tuple[Piece, ...]) -> dict[str, int]:
    """Return the fields of a time. Raises _Misread with the place that does not fit."""
    found: dict[str, int] = {}
    at = 0
    for piece in pieces:
        if not piece.field:
            if value[at : at + len(piece.text)].lower() != piece.text.lower():
                raise _Misread(at)
            at += len(piece.text)
        else:
            at = _READERS.get(piece.field, _number)(value, at, piece, found)
    if at < len(value):
        raise _Misread(at)
    return found


def _number(value: str, at: int, piece: Piece, found: dict[str, int]) -> int:
    matched = re.compile(rf"[0-9]{{1,{piece.most}}}").match(value, at)
    if matched is None:
        raise _Misread(at)
    found[piece.field] = int(matched[0])
    return matched.end()


def _year(value: str, at: int, piece: Piece, found: dict[str, int]) -> int:
    matched = re.compile(rf"[+-]?[0-9]{{1,{piece.most}}}").match(value, at)
    if matched is None:
        raise _Misread(at)
    found["year"] = int(matched[0])
    return matched.end()


def _short_year(value: str, at: int, piece: Piece, found: dict[str, int]) -> int:
    matched = re.compile(r"[0-9]{2}").match(value, at)
    if matched is None:
        raise _Misread(at)
    found["year"] = int(matched[0]) + (2000 if int(matched[0]) < 70 else 1900)
    return matched.end()


def _fraction(value: str, at: int, piece: Piece, found: dict[str, int]) -> int:
    matched = re.compile(rf"[0-9]{{1,{piece.most}}}").match(value, at)
    if matched is None:
        raise _Misread(at)
    found["millisecond"] = int(matched[0][:3].ljust(3, "0"))
    return matched.end()


def _month(value: str, at: int, piece: Piece, found: dict[str, int]) -> int:
    for number, name in enumerate(_MONTHS, 1):
        for known in (name, name[:3]):
            if value[at : at + len(known)].lower() == known:
                found["month"] = number
                return at + len(known)
    raise _Misread(at)


def _half(value: str, at: int, piece: Piece, found: dict[str, int]) -> int:
    word = value[at : at + 2].upper()
    if word not in ("AM", "PM"):
        raise _Misread(at)
    found["half"] = int(word == "PM")
    return at + 2


def _offset(value: str, at: int, piece: Piece, found: dict[str, int]) -> int:
    matched = re.compile(r"Z|[+-][0-9]{2}(?::?[0-9]{2})?", re.IGNORECASE).match(value, at)
    if matched is None:
        raise _Misread(at)
    found["offset"] = int(bool(matched[0].strip("zZ+-0:")))
    return matched.end()


_READERS: Mapping[str, Callable[[str, int, Piece, dict[str, int]], int]] = {
    "year": _year, "shortyear": _short_year, "fraction": _fraction, "monthtext": _month, "half": _half,
    "offset": _offset,
}  # fmt: skip


def instant(value: str, found: Mapping[str, int]) -> Any:
    """Return the microseconds since 1970 of the fields. Raises Failure where one is out of its range."""
    for name, (least, most) in _RANGES.items():
        if name in found and not least <= found[name] <= most:
            within = f"must be in the range [{least},{most}]"
            raise invalid(f'Cannot parse "{value:.100}": Value {found[name]} for {_NAMES[name]} {within}')
    if found.get("offset"):
        return refusal("a time with an offset other than Z")
    year = found.get("year", 1970)
    if not 1 <= year <= 9999:
        return refusal("a year before 1 or after 9999")
    hour = found.get("hour", found.get("clockhour", 0) % 24)
    if "halfhour" in found or "clockhalf" in found:
        hour = found.get("halfhour", found.get("clockhalf", 0)) % 12 + 12 * found.get("half", 0)
    elif "half" in found:
        hour = hour % 12 + 12 * found["half"]
    try:
        day = date(year, found.get("month", 1), found.get("day", 1))
        if "dayofyear" in found:
            day = date(year, 1, 1) + timedelta(found["dayofyear"] - 1)
    except (ValueError, OverflowError):
        raise invalid(f'Cannot parse "{value:.100}": Value {found.get("day")} for dayOfMonth is out of range') from None
    moment = datetime(
        day.year, day.month, day.day, hour, found.get("minute", 0), found.get("second", 0),
        found.get("millisecond", 0) * 1000, UTC,
    )  # fmt: skip
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _parse(value: str, pieces: tuple[Piece, ...]) -> Any:
    try:
        found = read(value, pieces)
    except _Misread as misread:
        at = misread.args[0]
        where = "is too short" if at >= len(value) else f'is malformed at "{value[at:][:50]}"'
        raise invalid(f'Invalid format: "{value:.100}"' + (f" {where}" if at else "")) from None
    return instant(value, found)


def _reader(pieces_of: Callable[[str], tuple[Piece, ...] | str]) -> Callable[[str, str], Any]:
    def parse(value: str, pattern: str) -> Any:
        pieces = pieces_of(pattern)
        return refusal(pieces) if isinstance(pieces, str) else _parse(value, pieces)

    return parse


_ISO = re.compile(
    r"([+-]?\d{1,9})(?:-(\d{1,2})(?:-(\d{1,2}))?|-W(\d{1,2})(?:-(\d))?|-(\d{3}))?"
    r"(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)


def iso_timestamp(value: str) -> Any:
    """Return an ISO 8601 time."""
    found = _ISO.fullmatch(value)
    if found is None or (found[4] and not found[5]):
        raise invalid(f'Invalid format: "{value:.100}"')
    year, month, day, week, weekday, ordinal, hour, minute, second, fraction, offset = found.groups()
    fields = {"year": int(year)}
    named = {"month": month, "day": day, "dayofyear": ordinal, "hour": hour, "minute": minute, "second": second}
    fields |= {name: int(text) for name, text in named.items() if text is not None}
    if week is not None:
        try:
            monday = date.fromisocalendar(int(year), int(week), int(weekday))
        except ValueError:
            raise invalid(f'Cannot parse "{value:.100}"') from None
        fields |= {"year": monday.year, "month": monday.month, "day": monday.day}
    fields["millisecond"] = int((fraction or "0")[:3].ljust(3, "0"))
    if offset and offset.upper() != "Z":
        hours = int(offset[1:3])
        if hours > 23 or int(offset[-2:]) > 59:
            raise invalid(f'Invalid format: "{value:.100}" is malformed at "{offset}"')
        fields["offset"] = int(bool(offset.strip("+-0:")))
    return instant(value, fields)


def iso_date(value: str) -> Any:
    """Return an ISO 8601 date as its text."""
    if "T" in value.upper():
        raise invalid(f'Invalid format: "{value:.100}"')
    micros = iso_timestamp(value)
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%d") if isinstance(micros, int) else micros


_DURATION_UNITS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}


def duration(value: str) -> int:
    """Return a duration such as `2.5h` in milliseconds."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", value, re.ASCII)
    if found is None:
        raise invalid(f"duration is not a valid data duration string: {value:.100}")
    if found[2] not in _DURATION_UNITS:
        raise invalid(f"Unknown time unit: {found[2]}")
    millis = Decimal(found[1]) * _DURATION_UNITS[found[2]] / 10**6
    return int(millis.to_integral_value(ROUND_HALF_UP))


def human_seconds(text: str) -> str:
    """Return seconds in words."""
    if text in ("NaN", "Infinity", "-Infinity"):
        raise invalid(f"Invalid argument found: {text}")
    rest = abs(int(Decimal(text).to_integral_value(ROUND_HALF_UP)))
    words: list[str] = []
    for name, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count or (name == "second" and not words):
            words.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(words)


FUNCTIONS: Mapping[str, Function] = {
    "tb_date_parse": (_reader(mysql_pieces), ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_parse_datetime": (_reader(joda_pieces), ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_iso": (iso_timestamp, ["VARCHAR"], "BIGINT"),
    "tb_iso_date": (iso_date, ["VARCHAR"], "VARCHAR"),
    "tb_duration": (duration, ["VARCHAR"], "BIGINT"),
    "tb_human_seconds": (human_seconds, ["VARCHAR"], "VARCHAR"),
}
