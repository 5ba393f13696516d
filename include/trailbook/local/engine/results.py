"""Results as Athena writes them: text of each value, the CSV object, and the types of ResultSetMetadata."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from trailbook.athena.execution import Column
from trailbook.local.engine.doubles import java_double, shortest_real
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.intervals import day_text, month_text
from trailbook.local.engine.native import FUNCTIONS
from trailbook.local.engine.types import Type

Row = list[str | None]

_SHOWN = {"timestamptz": "timestamp with time zone", "real": "float"}
_IP_TEXT = FUNCTIONS["tb_ip_text"][0]


def column(name: str, kind: Type) -> Column:
    """Return a result column under the type name that ResultSetMetadata shows, a decimal with its digits."""
    return Column(name, str(kind) if kind.base == "decimal" else _SHOWN.get(kind.base, kind.base))


def render(value: Any, kind: Type) -> str | None:
    """Return the text of a value fetched from DuckDB; None is NULL."""
    if value is None:
        return None
    if kind.args:
        return _nested(value, kind)
    shown = _TEXTS.get(kind.base)
    if shown is not None:
        return shown(value)
    if kind.base in ("timestamp", "timestamptz"):
        return _moment(value, kind)
    return str(value)


def _nested(value: Any, kind: Type) -> str:
    if kind.base == "array":
        return "[" + ", ".join(_inner(v, kind.args[0]) for v in value) + "]"
    if kind.base == "map":
        return "{" + ", ".join(f"{_inner(k, kind.args[0])}={_inner(v, kind.args[1])}" for k, v in value.items()) + "}"
    parts = value.values() if isinstance(value, dict) else value
    names = [name or f"field{i}" for i, name in enumerate(kind.names)]
    pairs = zip(names, parts, kind.args, strict=True)
    return "{" + ", ".join(f"{name}={_inner(v, k)}" for name, v, k in pairs) + "}"


def _day(value: Any) -> str:
    if not isinstance(value, date):
        raise SqlError("NOT_SUPPORTED", "a date outside of the years 1 to 9999 is not supported by the local Athena")
    return value.isoformat()


_TEXTS: dict[str, Callable[[Any], str]] = {
    "double": lambda value: java_double(float(value)),
    "real": lambda value: java_double(shortest_real(float(value))),
    "interval day to second": day_text,
    "interval year to month": month_text,
    "boolean": lambda value: "true" if value else "false",
    "decimal": lambda value: f"{value:f}" if isinstance(value, Decimal) else str(value),
    "varbinary": lambda value: " ".join(f"{b:02x}" for b in bytes(value)),
    "ipaddress": lambda value: str(_IP_TEXT(value)),
    "date": _day,
}
"""How a value of a plain type is written, where that is not as Python writes it."""


def _inner(value: Any, kind: Type) -> str:
    text = render(value, kind)
    return "null" if text is None else text


def _moment(value: datetime, kind: Type) -> str:
    if kind.base == "timestamptz" and kind.zone not in ("UTC", "?"):
        value = value.replace(tzinfo=UTC).astimezone(ZoneInfo(kind.zone))
    if not isinstance(value, datetime):
        raise SqlError("NOT_SUPPORTED", "a time outside of the years 1 to 9999 is not supported by the local Athena")
    value += timedelta(microseconds=500 if value.year < 9999 else 0)
    text = value.replace(tzinfo=None).isoformat(" ", "milliseconds")
    return f"{text} {kind.zone}" if kind.base == "timestamptz" else text


def csv_line(row: Sequence[str | None]) -> str:
    """Return one CSV line: every value quoted, a quote doubled, NULL is nothing at all."""
    return ",".join("" if v is None else '"' + v.replace('"', '""') + '"' for v in row) + "\n"


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """Return the result object's bytes."""
    return "".join([csv_line(header), *map(csv_line, rows)]).encode("utf-8", "surrogatepass")


def read_csv(body: bytes) -> list[Row]:
    """Return the rows of a result object, header first; an empty unquoted value is NULL."""
    return list(_rows(body.decode("utf-8", "surrogatepass")))


def _rows(text: str) -> Iterator[Row]:
    row: Row = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while True:
                end = text.index('"', end)
                if text[end + 1 : end + 2] != '"':
                    break
                end += 2
            row.append(text[at + 1 : end].replace('""', '"'))
            at = end + 1
        else:
            row.append(None)
        if text[at : at + 1] == ",":
            at += 1
            if at == len(text) or text[at] == "\n":
                row.append(None)
        if at >= len(text) or text[at] == "\n":
            yield row
            row, at = [], at + 1
