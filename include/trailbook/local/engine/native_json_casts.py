"""Casts from JSON, and what a cast to JSON writes."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from trailbook.local.engine.doubles import cast_double
from trailbook.local.engine.faults import Failure, Function
from trailbook.local.engine.json_reader import Reader, quoted, scalar_json
from trailbook.local.engine.native_json import encodable


def elements(source: str, target: str) -> list[str] | None:
    """Return a JSON array's elements as JSON, for a cast to `target`."""
    reader = _opened(source, "[", target)
    return [reader.write(ordered=False) for _ in reader.items("]")] if reader else None


def pairs(source: str, target: str) -> dict[str, list[str]] | None:
    """Return a JSON object's members as JSON, for a cast to a map."""
    reader = _opened(source, "{", target)
    if reader is None:
        return None
    found = [(name, reader.write(ordered=False)) for name in reader.items("}")]
    if len(dict(found)) < len(found):
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast to {target}. Duplicate map keys are not allowed")
    return {"key": [k for k, _ in found], "value": [v for _, v in found]}


def fields(source: str, names: list[str], target: str) -> list[str | None] | None:
    """Return the members of these names, in any case, or an array's elements by place, for a cast to a row."""
    if source.startswith("["):
        found: list[str] = elements(source, target) or []
        if len(found) != len(names):
            raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast to {target}. Unexpected number of elements")
        return [*found]
    reader = _opened(source, "{", target)
    if reader is None:
        return None
    held: dict[str, str] = {}
    for name in reader.items("}"):
        value = reader.write(ordered=False)
        if name.lower() in held and name.lower() in names:
            raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast to {target}. Duplicate field: {name}")
        held[name.lower()] = value
    return [held.get(name) for name in names]


def _opened(source: str, opening: str, target: str) -> Reader | None:
    """Return a reader in front of an array or object, None for JSON's null."""
    reader = Reader(source)
    if reader.next() != opening:
        if source == "null":
            return None
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast to {target}. Unexpected token")
    return reader


def _scalar(source: str, target: str) -> str | int | float | bool | None:
    if source[:1] in ("{", "["):
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast JSON object or array to {target}")
    return Reader(source).scalar()


def cast_text(source: str) -> Any:
    """Return a JSON scalar as CAST(… AS varchar) writes it."""
    found = _scalar(source, "varchar")
    if found is None or isinstance(found, str):
        return encodable(found)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return "-0E0" if found == 0 and source.startswith("-") else cast_double(found)
    return str(found)


_LIMITS = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def integer_limit(kind: str) -> int:
    """Return one more than the greatest value of an integer type."""
    return _LIMITS[kind]


def cast_integer(source: str, target: str) -> int | None:
    """Return a JSON scalar as an integer type."""
    found = _scalar(source, target)
    if found is None or isinstance(found, bool):
        return None if found is None else int(found)
    if isinstance(found, str):
        if not re.fullmatch(r"[+-]?[0-9]+", found.strip(" ")):
            raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast '{found:.100}' to {target.upper()}")
        value = int(found)
    elif isinstance(found, float):
        if not abs(found) < 2**63:
            raise Failure("INVALID_CAST_ARGUMENT", f"Unable to cast {cast_double(found)} to {target}")
        value = int(Decimal(found).to_integral_value(ROUND_HALF_UP))
    else:
        value = found
    limit = _LIMITS[target]
    if not -limit <= value < limit:
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast '{value}' to {target}")
    return value


def cast_number(source: str) -> str | None:
    """Return a JSON scalar as the text of a double: DuckDB takes a NaN from Python for NULL."""
    found = _scalar(source, "double")
    if isinstance(found, str):
        if not re.fullmatch(
            r"[\x00-\x20]*[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?)[\x00-\x20]*", found
        ):
            raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast '{found:.100}' to DOUBLE")
        return found.strip().rstrip("dDfF") if found.strip()[-1:] in "dDfF" else found.strip()
    return None if found is None else repr(float(found))


def cast_boolean(source: str) -> bool | None:
    """Return a JSON scalar as a boolean."""
    found = _scalar(source, "boolean")
    if isinstance(found, str):
        if found.lower() in ("true", "t", "1"):
            return True
        if found.lower() in ("false", "f", "0"):
            return False
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast '{found:.100}' to BOOLEAN")
    if isinstance(found, int) and not -(2**63) <= found < 2**63:
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast '{found}' to boolean")
    return None if found is None else bool(found)


def cast_decimal(source: str, precision: int, scale: int) -> str | None:
    """Return a JSON scalar as the text of a decimal."""
    found = _scalar(source, "decimal")
    if found is None:
        return None
    try:
        value = (
            Decimal(int(found))
            if isinstance(found, bool)
            else Decimal(found if isinstance(found, str) else repr(found))
        )
        rounded = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        if isinstance(found, str) and found != found.strip():
            raise InvalidOperation
    except InvalidOperation:
        rounded = None
    if rounded is None or not rounded.is_finite() or len(rounded.as_tuple().digits) > precision:
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast input json to DECIMAL({precision},{scale})")
    return f"{rounded:f}"


def double_json(value: float) -> str:
    """Return a double as Trino writes it into JSON."""
    return scalar_json(value)


def object_text(names: list[str | None], values: list[str | None]) -> str:
    """Return a map as JSON: keys as text, in order."""
    pairs = {n: "null" if v is None else v for n, v in zip(names, values, strict=True) if n is not None}
    ordered = sorted(pairs.items(), key=lambda pair: pair[0].encode("utf-16-be"))
    return "{" + ",".join(f"{quoted(n)}:{v}" for n, v in ordered) + "}"


FUNCTIONS: Mapping[str, Function] = {
    "tb_json_elements": (elements, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
    "tb_json_pairs": (pairs, ["VARCHAR", "VARCHAR"], "MAP(VARCHAR, VARCHAR)"),
    "tb_json_fields": (fields, ["VARCHAR", "VARCHAR[]", "VARCHAR"], "VARCHAR[]"),
    "tb_json_text": (cast_text, ["VARCHAR"], "VARCHAR"),
    "tb_json_integer": (cast_integer, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_json_number": (cast_number, ["VARCHAR"], "VARCHAR"),
    "tb_json_boolean": (cast_boolean, ["VARCHAR"], "BOOLEAN"),
    "tb_json_quoted": (quoted, ["VARCHAR"], "VARCHAR"),
    "tb_json_object": (object_text, ["VARCHAR[]", "VARCHAR[]"], "VARCHAR"),
    "tb_json_decimal": (cast_decimal, ["VARCHAR", "INTEGER", "INTEGER"], "VARCHAR"),
}
