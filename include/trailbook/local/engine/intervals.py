"""Intervals: those of days to seconds are held as milliseconds, those of years to months as months."""

import re
from collections.abc import Mapping

from sqlglot import exp

from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.faults import Function
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import INTERVAL_DAY, INTERVAL_YEAR

_MILLIS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}
_UNITS = ("DAY", "HOUR", "MINUTE", "SECOND")
_DIGITS = {"DAY": r"(\d{1,9})", "HOUR": r"(\d{1,9})", "MINUTE": r"(\d{1,9})", "SECOND": r"(\d{1,9}(?:\.\d{1,3})?)"}


def interval(node: exp.Interval) -> Sql:
    """Return an interval literal. Raises SqlError (INVALID_LITERAL, TYPE_NOT_FOUND, NOT_SUPPORTED)."""
    unit = node.args.get("unit")
    if not isinstance(node.this, exp.Literal) or not node.this.is_string or unit is None:
        raise not_supported("this form of INTERVAL", node)
    if isinstance(unit, exp.IntervalSpan):
        first, last = unit.this.name.upper(), unit.expression.name.upper()
    else:
        first = last = unit.name.upper()
    text = node.this.name.strip()
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if first in ("YEAR", "MONTH") and last in ("YEAR", "MONTH"):
        return Sql(f"CAST({sign * _months(text, first, last, node)} AS INTEGER)", INTERVAL_YEAR)
    if first not in _UNITS or last not in _UNITS:
        raise SqlError("TYPE_NOT_FOUND", "Unknown type: interval", place="")
    return Sql(f"CAST({sign * _millis(text, first, last, node)} AS BIGINT)", INTERVAL_DAY)


def _bad(node: exp.Interval) -> SqlError:
    return SqlError("INVALID_LITERAL", f"'{node.this.name:.100}' is not a valid INTERVAL literal", node)


def _months(text: str, first: str, last: str, node: exp.Interval) -> int:
    found = re.fullmatch(r"(\d{1,6})-(\d{1,6})" if first != last else r"(\d{1,9})", text, re.ASCII)
    if found is None or (first, last) == ("MONTH", "YEAR"):
        raise _bad(node)
    if first != last:
        return int(found[1]) * 12 + int(found[2])
    return int(found[1]) * (12 if first == "YEAR" else 1)


def _millis(text: str, first: str, last: str, node: exp.Interval) -> int:
    units = _UNITS[_UNITS.index(first) : _UNITS.index(last) + 1]
    pattern = "".join(
        ("" if i == 0 else " " if units[i - 1] == "DAY" else ":") + _DIGITS[u] for i, u in enumerate(units)
    )
    found = re.fullmatch(pattern, text, re.ASCII) if units else None
    if found is None:
        raise _bad(node)
    return sum(round(float(part) * _MILLIS[u]) for part, u in zip(found.groups(), units, strict=True))


def duckdb_interval(value: Sql) -> str:
    """Return an interval as DuckDB's own."""
    return f"to_milliseconds({value.text})" if value.type == INTERVAL_DAY else f"to_months({value.text})"


def day_text(millis: int) -> str:
    """Return milliseconds as Trino shows an interval: `1 02:03:04.005`."""
    rest = abs(millis)
    days, rest = divmod(rest, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{'-' if millis < 0 else ''}{days} {hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def month_text(months: int) -> str:
    """Return months as Trino shows an interval: `1-2`."""
    years, rest = divmod(abs(months), 12)
    return f"{'-' if months < 0 else ''}{years}-{rest}"


FUNCTIONS: Mapping[str, Function] = {
    "tb_interval_day": (day_text, ["BIGINT"], "VARCHAR"),
    "tb_interval_year": (month_text, ["INTEGER"], "VARCHAR"),
}
