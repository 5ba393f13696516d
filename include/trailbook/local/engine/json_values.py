"""What a JSON value becomes in a column of a declared type, as Trino's Hive and OpenX deserialisers do it.

Each rule was asked of a Trino 476 (see tests/local/test_json_values.py). Numbers come as `Number`, the text that stood
in the file. A value that the deserialiser refuses raises ValueError; OpenX gives NULL for most of these instead.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from trailbook.local.engine.types import Type

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?( ?(?:Z|[+-]\d\d:?\d\d))?", re.ASCII)
_MOST_SECONDS = 10**11
"""Epoch numbers from here on are milliseconds."""


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Deserialiser:
    """Hive's JsonSerDe: a value must be of its column's kind."""

    lenient = False

    def value(self, found: Any, kind: Type) -> Any:
        """Return a value that DuckDB's JSON takes for the type; None is NULL. Raises ValueError."""
        if found is None:
            return None
        base = kind.base
        if base == "row":
            return self.row(found, kind)
        if base == "array":
            return [self.value(v, kind.args[0]) for v in self._elements(found)]
        if base == "map":
            if not isinstance(found, dict):
                raise ValueError(f"expected an object, found {_shown(found)}")
            return {str(k): self.value(v, kind.args[1]) for k, v in found.items()}
        return self._scalar(found, kind)

    def row(self, found: Any, kind: Type) -> dict[str, Any]:
        """Return a row's fields by their lower-case names; the last of equal keys counts."""
        if not isinstance(found, dict):
            raise ValueError(f"expected an object, found {_shown(found)}")
        kinds = dict(zip(kind.names, kind.args, strict=True))
        out: dict[str, Any] = {}
        for key, inner in found.items():
            if (name := key.lower()) in kinds:
                out[name] = self.value(inner, kinds[name])
        return out

    def _elements(self, found: Any) -> list[Any]:
        if not isinstance(found, list):
            raise ValueError(f"expected a list, found {_shown(found)}")
        return found

    def _scalar(self, found: Any, kind: Type) -> Any:
        if isinstance(found, dict | list):
            raise ValueError(f"expected a {kind}, found {_shown(found)}")
        base = kind.base
        if base == "varchar":
            return _plain(found)
        if base == "boolean":
            return found is True or (type(found) is str and found.lower() == "true")
        if base in _BITS:
            return _integer(self._number(found), _BITS[base])
        if base in ("double", "real"):
            return str(float(self._number(found)))
        if base == "decimal":
            return _decimal(found, kind)
        if base == "timestamp":
            return self._moment(found)
        if base == "date":
            return self._date(found)
        raise ValueError(f"a column of type {kind} is not supported by the local Athena")

    def _number(self, found: Any) -> str:
        if not isinstance(found, Number):
            raise ValueError(f"expected a number, found {_shown(found)}")
        return found

    def _moment(self, found: Any) -> str:
        match = _MOMENT.fullmatch(found) if type(found) is str else None
        if match is None or match[4]:
            raise ValueError(f"expected a timestamp, found {_shown(found)}")
        return _millis(match)

    def _date(self, found: Any) -> str:
        if type(found) is not str or not re.match(r"\d{4}-\d\d-\d\d(?:[ T]|$)", found, re.ASCII):
            raise ValueError(f"expected a date, found {_shown(found)}")
        return found[:10]


class OpenX(Deserialiser):
    """OpenX's JsonSerDe: numbers may be text, a scalar may stand for a list, and what does not convert is NULL."""

    lenient = True

    def row(self, found: Any, kind: Type) -> dict[str, Any]:
        """Return a row's fields; a list gives them by position."""
        if isinstance(found, list):
            pairs = zip(kind.names, kind.args, found, strict=False)
            return {name: self.value(inner, of) for name, of, inner in pairs}
        return super().row(found, kind)

    def _elements(self, found: Any) -> list[Any]:
        if isinstance(found, dict) or found == "":
            raise ValueError(f"expected a list, found {_shown(found)}")
        return found if isinstance(found, list) else [found]

    def _scalar(self, found: Any, kind: Type) -> Any:
        if kind.base == "varchar":
            return _compact(found) if isinstance(found, dict | list | Number) else _plain(found)
        if isinstance(found, dict | list):
            raise ValueError(f"expected a {kind}, found {_shown(found)}")
        try:
            return super()._scalar(found, kind)
        except (ValueError, ArithmeticError):
            return None

    def _number(self, found: Any) -> str:
        if isinstance(found, bool):
            raise ValueError(f"expected a number, found {found}")
        if re.fullmatch(r"0x[0-9a-fA-F]+", found):
            return str(int(found, 16))
        if found != "NaN" and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", found, re.ASCII):
            raise ValueError(f"expected a number, found {_shown(found)}")
        return str(found)

    def _moment(self, found: Any) -> str:
        if re.fullmatch(r"\d+(\.\d+)?", found, re.ASCII):
            amount = Decimal(found)
            seconds = amount / 1000 if amount >= _MOST_SECONDS else amount
            moment = datetime(1970, 1, 1) + timedelta(microseconds=int(seconds * 1_000_000))
            return moment.isoformat(" ", "milliseconds")
        match = _MOMENT.fullmatch(found)
        if match is None:
            raise ValueError(f"expected a timestamp, found {_shown(found)}")
        return _millis(match)

    def _date(self, found: Any) -> str:
        if isinstance(found, Number) and found.isdigit():
            return (datetime(1970, 1, 1) + timedelta(days=int(found))).date().isoformat()
        return super()._date(found)


def _plain(found: Any) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found)


def _integer(number: str, bits: int) -> int:
    value = int(Decimal(number))
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise ValueError(f"{number} does not fit into {bits} bits")
    return value


def _decimal(found: Any, kind: Type) -> str | None:
    precision, scale = kind.digits
    if isinstance(found, bool):
        raise ValueError(f"expected a {kind}, found {found}")
    try:
        value = Decimal(found).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    if len(value.as_tuple().digits) > precision:
        raise ValueError(f"{found} does not fit into {kind}")
    return str(value)


def _millis(match: re.Match[str]) -> str:
    """Return a timestamp in UTC with three digits of fraction, rounded."""
    moment = datetime.fromisoformat(f"{match[1]}T{match[2]}")
    fraction = Decimal(match[3] or "0").quantize(Decimal("0.001"), ROUND_HALF_UP)
    moment += timedelta(milliseconds=int(fraction * 1000))
    zone = (match[4] or "").strip()
    if zone not in ("", "Z"):
        sign = -1 if zone[0] == "-" else 1
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * sign
        moment = moment.replace(tzinfo=timezone(shift)).astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(" ", "milliseconds")


def _compact(found: Any) -> str:
    """Return JSON text as OpenX writes it: no spaces, numbers as Java's BigDecimal, letters as they are."""
    if isinstance(found, Number):
        return str(Decimal(found)) if re.search(r"[.eE]", found) else str(found)
    if isinstance(found, dict):
        return "{" + ",".join(f"{_quoted(k)}:{_compact(v)}" for k, v in found.items()) + "}"
    if isinstance(found, list):
        return "[" + ",".join(map(_compact, found)) + "]"
    return _quoted(found) if isinstance(found, str) else json.dumps(found)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shown(found: Any) -> str:
    return f"{_compact(found)!s:.60}"


def row_type(columns: Mapping[str, Type]) -> Type:
    """Return a table's row type."""
    return Type("row", tuple(columns.values()), tuple(columns))
