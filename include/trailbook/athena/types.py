"""Athena's types: which type holds a result column, and what a text of it looks like in a result CSV.

Invariant: a type decides both, so a value that a column cannot hold is found before anything converts or rounds it.
"""

import re
from dataclasses import dataclass

from trailbook.athena.execution import Column
from trailbook.errors import QueryFailed

_SHOWN = 60
_MOST_DIGITS = 38
_TEXTS = frozenset(
    ("varchar", "char", "string", "array", "map", "row", "struct", "json", "varbinary", "uuid", "ipaddress", "unknown")
)
_DECIMAL = re.compile(r"decimal\((\d{1,2}),(\d{1,2})\)")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?"
_ZONE = "[A-Za-z0-9_/+:-]+"
_INTEGER = "-?[0-9]+"
_FLOAT = "-?([0-9]+([.][0-9]*)?([eE][-+]?[0-9]+)?|Infinity)|NaN"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Typed:
    """A DuckDB type and what a text of it must look like (RE2); no pattern where every text will do."""

    name: str
    pattern: str | None = None

    def value(self, text: str) -> str:
        """Return the SQL expression that turns the expression `text` into this type."""
        if self.name == "TIMESTAMPTZ":  # DuckDB wants an offset to follow the time at once
            text = f"replace(replace({text}, ' +', '+'), ' -', '-')"
        return text if self.pattern is None else f"CAST({text} AS {self.name})"


_PLAIN = {
    "boolean": Typed("BOOLEAN", "true|false"),
    "tinyint": Typed("TINYINT", _INTEGER),
    "smallint": Typed("SMALLINT", _INTEGER),
    "int": Typed("INTEGER", _INTEGER),
    "integer": Typed("INTEGER", _INTEGER),
    "bigint": Typed("BIGINT", _INTEGER),
    "double": Typed("DOUBLE", _FLOAT),
    "float": Typed("FLOAT", _FLOAT),
    "real": Typed("FLOAT", _FLOAT),
    "date": Typed("DATE", _DATE),
    "time": Typed("TIME", _CLOCK),
}


def typed(column: Column) -> Typed:
    """Return what holds a column. Raises QueryFailed for a type that is not known here."""
    name = column.type.lower().replace(" ", "")
    base = name.partition("(")[0].partition("<")[0].removesuffix("withtimezone")
    zoned = name.endswith("withtimezone")
    if base in _TEXTS or (base == "time" and zoned):
        return Typed("VARCHAR")
    if base in _PLAIN and not zoned:
        return _PLAIN[base]
    if base == "timestamp":
        return Typed("TIMESTAMPTZ", f"{_DATE} {_CLOCK} {_ZONE}") if zoned else Typed("TIMESTAMP", f"{_DATE} {_CLOCK}")
    # Without precision in the metadata, a type that every run shares: 20 digits before the point, 18 after it.
    decimal = _DECIMAL.fullmatch("decimal(38,18)" if name in ("decimal", "decimal(0,0)") else name)
    if decimal is None or not int(decimal[2]) <= int(decimal[1]) <= _MOST_DIGITS or not int(decimal[1]):
        raise QueryFailed(
            f"column {shown(column.name)!r}: expected a type of Athena's, found {shown(column.type)!r}: "
            "CAST the column to varchar"
        )
    precision, scale = int(decimal[1]), int(decimal[2])
    return Typed(f"DECIMAL({precision},{scale})", f"-?[0-9]*([.][0-9]{{0,{scale}}})?")


def shown(text: str, most: int = _SHOWN) -> str:
    """Return a hostile text for a message: without control or direction characters, cut after `most` characters."""
    clean = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text[: most + 1])
    return clean if len(text) <= most else clean[:most] + "…"
