"""Literals with a type before them: DATE, TIMESTAMP, IPADDRESS; computed when the query is analysed."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlglot import exp

from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.native_url import ip
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import DATE, Type

_MOMENT = re.compile(
    r"(\d{1,6}-\d{1,2}-\d{1,2})(?:[ ](\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,9})?)?))?"
    r"(?:(?<=\d)[ ]?((?!T\d)[A-Za-z+-][\w/+:-]*))?"
)


def time_zone(name: str, node: exp.Expr) -> str:
    """Return a time zone's name after checking it. Raises SqlError (INVALID_FUNCTION_ARGUMENT)."""
    if name.upper() in ("UTC", "Z", "+00:00"):
        return "UTC"
    if re.fullmatch(r"[+-]\d{2}(:?\d{2})?", name):
        raise not_supported("a time zone that is an offset", node)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SqlError("INVALID_FUNCTION_ARGUMENT", f"'{name}' is not a valid time zone", node) from None
    return name


def typed_literal(literal: str, target: Type, node: exp.Expr) -> Sql | None:
    """Return a DATE or TIMESTAMP literal, computed now so that a wrong one is refused before anything runs."""
    if target.base == "ipaddress" and ip(literal) is None:
        raise SqlError("INVALID_LITERAL", f"'{literal:.100}' is not a valid IPADDRESS literal", node)
    if target.base not in ("date", "timestamp", "timestamptz"):
        return None
    found = _MOMENT.fullmatch(literal.strip())
    try:
        if not found:
            raise ValueError(literal)
        day, clock, zone = found.groups()
        moment = datetime.fromisoformat(_padded(day, clock))
    except ValueError:
        raise SqlError("INVALID_LITERAL", f"'{literal}' is not a valid {target} literal", node) from None
    if target.base == "date" and clock:
        raise SqlError("INVALID_LITERAL", f"'{literal}' is not a valid DATE literal", node)
    if target.base == "date":
        return Sql(f"DATE '{moment:%Y-%m-%d}'", DATE)
    name = _literal_zone(literal, zone, node) if zone else "UTC"
    if target.base == "timestamptz" and name != "UTC":
        moment = moment.replace(tzinfo=ZoneInfo(name)).astimezone(UTC).replace(tzinfo=None)
    digits = len(clock.partition(".")[2]) if clock else 0
    if zone or target.base == "timestamptz":
        kind = Type("timestamptz", zone=name, precision=digits)
    else:
        kind = Type("timestamp", precision=digits)
    return Sql(f"TIMESTAMP '{moment.isoformat(' ')}'", kind)


def _literal_zone(literal: str, zone: str, node: exp.Expr) -> str:
    try:
        return time_zone(zone, node)
    except SqlError as error:
        if error.code == "NOT_SUPPORTED":
            raise
        raise SqlError("INVALID_LITERAL", f"'{literal}' is not a valid TIMESTAMP literal", node) from None


def _padded(day: str, clock: str | None) -> str:
    year, month, date = day.split("-")
    parts = [*(clock or "0").split(":"), "0", "0"][:3]
    seconds, _, fraction = parts[2].partition(".")
    return f"{year:0>4}-{month:0>2}-{date:0>2}T{parts[0]:0>2}:{parts[1]:0>2}:{seconds:0>2}.{(fraction or '0')[:6]:0<6}"
