r"""Values of a result on their way into JSON and back, by one documented rule.

JSON cannot hold all that SQL can. The rule of `report.json`, where a column's `type` says how to read its values:

- NULL is `null`; text, booleans and lists are themselves.
- An integer is a number up to 2**53 - 1 in size and decimal text beyond, since readers of JSON round it there.
- A double or real is a number; `NaN`, `Infinity` and `-Infinity` are those texts.
- A decimal is text with all its digits. A date, time or timestamp is ISO 8601 text, in UTC
  and with a `Z` where it has a zone.
- Binary is base64 text. A lone surrogate, which UTF-8 cannot hold, is written as its escape: the text `\udc80`.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from trailbook.canonical import Json

MOST_EXACT = 2**53 - 1

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(value: Any) -> Json:
    """Return any value of a result, a parameter or a runbook as JSON, by the rule above."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    if isinstance(value, int):
        return int(value) if abs(value) <= MOST_EXACT else str(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _not_finite(value)
    if isinstance(value, Mapping):
        return {str(to_json(str(key))): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return _as_text(value)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    return str(value)


def _double(value: Any) -> float:
    return float(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint"), int),
    **dict.fromkeys(("double", "float", "real"), _double),
    "decimal": Decimal,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamp with time zone": datetime.fromisoformat,
}


def from_json(value: Any, type_: str) -> Any:
    """Return the value of a column of an Athena type from its JSON. Raises ValueError where it is no such value."""
    reader = _READERS.get(re.sub(r"\(.*\)", "", type_).strip().lower())
    if value is None or reader is None:
        return value
    try:
        return reader(value)
    except ArithmeticError as error:  # Decimal's own
        raise ValueError(f"expected a value of type {type_}, found {value!r}") from error


def shown(value: Any) -> str:
    """Return a value as people read it: NULL for none, text as it is, the rest as in JSON without its quotes."""
    if value is None:
        return "NULL"
    plain = to_json(value)
    if isinstance(plain, bool):
        return str(plain).lower()
    if isinstance(plain, list):
        return ", ".join(shown(item) for item in plain)
    if isinstance(plain, dict):
        return ", ".join(f"{key}: {shown(item)}" for key, item in plain.items())
    return str(plain)


def items(value: Any) -> tuple[str, ...]:
    """Return the elements of a list, or of an array as Athena writes it into its CSV: `[a, b]`."""
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(shown(item) for item in value)
    text = shown(value)
    if text.startswith("[") and text.endswith("]"):
        return tuple(part for part in text[1:-1].split(", ") if part)
    return (text,)


def is_number(value: Any) -> bool:
    """Whether a value is a number, which no spreadsheet can read as a formula."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
