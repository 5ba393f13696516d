"""Trino's JSON functions, for the texts that DuckDB reads in another way, and casts from JSON.

Trino's paths are its own: `$`, `.name`, `[name]`, `[index]`, `["any text"]`; a name that is a number is also an index.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from trailbook.local.engine.doubles import cast_double
from trailbook.local.engine.faults import Failure, Function, invalid, refusal
from trailbook.local.engine.json_reader import Malformed, Reader, quoted, scalar_json

_PATH_STEP = re.compile(r'\.([^.\[\]"]+)|\[([^\]"]+)\]|\["((?:[^"\\]|\\["\\])*)"\]')


@functools.lru_cache(maxsize=1024)
def steps_of(path: str) -> tuple[str, ...]:
    """Return the names and indexes of a path. Raises Failure (INVALID_FUNCTION_ARGUMENT)."""
    at, steps = 1, []
    while path.startswith("$") and at < len(path):
        found = _PATH_STEP.match(path, at)
        if found is None:
            break
        plain = found[1] or found[2]
        if plain is not None and not all(_in_name(c) or (c == ":" and found[1]) for c in plain):
            break
        steps.append(plain if plain is not None else re.sub(r'\\(["\\])', r"\1", found[3]))
        at = found.end()
    if not path.startswith("$") or at < len(path):
        raise invalid(f"Invalid JSON path: '{path}'")
    return tuple(steps)


def _in_name(char: str) -> bool:
    return char == "_" or unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd")


_HALF = re.compile(r"\\uD[89AB]..(?!\\uD[C-F])|(?<!\\uD[89AB]..)\\uD[C-F]")


def _storable(found: str | None) -> Any:
    """Return JSON text, which DuckDB cannot hold where it has half of a surrogate pair."""
    if found is not None and "\\uD" in found and _HALF.search(found):
        return refusal("JSON with half of a surrogate pair")
    return found


def _encodable(value: str | None) -> Any:
    if value is not None and any("\ud800" <= c <= "\udfff" for c in value):
        return refusal("JSON with half of a surrogate pair")
    return value


def extract_scalar(source: str, path: str) -> Any:
    """Return json_extract_scalar's answer; Malformed is NULL."""
    steps = steps_of(path)
    try:
        reader = Reader(source)
        if not reader.find(steps):
            return None
        opened = reader.next()
        if opened == '"':
            return _encodable(reader.string())
        if opened in ("{", "["):
            return None
        raw = reader.raw()
        return None if raw == "null" else raw
    except Malformed:
        return None


def extract(source: str, path: str) -> Any:
    """Return json_extract's answer: the value as Trino writes it, keys as they came."""
    steps = steps_of(path)
    try:
        reader = Reader(source)
        return _storable(reader.write(ordered=False)) if reader.find(steps) else None
    except Malformed:
        return None


def size(source: str, path: str) -> int | None:
    """Return json_size's answer."""
    steps = steps_of(path)
    try:
        reader = Reader(source)
        return reader.size() if reader.find(steps) else None
    except Malformed:
        return None


def parse(source: str) -> Any:
    """Return json_parse's answer: no white space, object keys in order."""
    found = canonical(source)
    if found is None:
        raise invalid(f"Cannot convert value to JSON: '{source:.200}'")
    return _storable(found)


def canonical(source: str, *, ordered: bool = True) -> str | None:
    """Return JSON text in Trino's canonical form, or None where it is none."""
    try:
        reader = Reader(source)
        found = reader.write(ordered=ordered)
        reader.finish()
    except Malformed:
        return None
    return found


def parse_to_cast(source: str, ordered: bool) -> Any:
    """Return JSON text for a cast: of a column Trino casts the text itself, keys neither sorted nor made unique."""
    found = canonical(source, ordered=ordered)
    if found is None:
        raise Failure("INVALID_CAST_ARGUMENT", f"Cannot cast {source:.200}")
    return _storable(found)


def is_scalar(source: str) -> bool:
    """Return is_json_scalar's answer."""
    found = canonical(source)
    if found is None:
        raise invalid(f"Invalid JSON value: {source:.200}")
    return found[0] not in "[{"


def array_length(source: str) -> int | None:
    """Return json_array_length's answer, NULL for what is no array."""
    try:
        reader = Reader(source)
        return reader.size() if reader.next() == "[" else None
    except Malformed:
        return None


def array_get(source: str, index: int) -> Any:
    """Return json_array_get's answer, which gives text without its quotes; a negative index counts from the end."""
    found: list[Any] = []
    try:
        reader = Reader(source)
        if reader.next() != "[" or index == -(2**63):
            return None
        for at, _ in enumerate(reader.items("]")):
            if index < 0 or at == index:
                found.append(_element(reader))
                if index >= 0:
                    return found[0]
            else:
                reader.skip()
    except Malformed:
        return None
    return found[index] if index < 0 and -index <= len(found) else None


def _element(reader: Reader) -> Any:
    opened = reader.next()
    if opened == '"':
        return _encodable(reader.string())
    if opened in ("{", "["):
        return reader.write(ordered=False)
    raw = reader.raw()
    return None if raw == "null" else raw


def array_contains(source: str, kind: str, wanted: str) -> bool | None:
    """Say whether an array holds a scalar; `kind` is text, integer, double or boolean, `wanted` its text."""
    try:
        reader = Reader(source)
        if reader.next() != "[":
            return None
        for _ in reader.items("]"):
            if reader.next() in ("{", "["):
                reader.skip()
            elif _equals(reader, kind, wanted):
                return True
    except Malformed:
        return None
    return False


def _equals(reader: Reader, kind: str, wanted: str) -> bool:
    if reader.next() == '"':
        found = reader.string()
        return kind == "text" and found == wanted
    raw = reader.raw()
    if raw in ("true", "false", "null"):
        return kind == "boolean" and raw == wanted
    fraction = any(c in raw for c in ".eE")
    if kind == "integer":
        return not fraction and int(raw) == int(wanted)
    return kind == "double" and fraction and float(raw) == float(wanted)


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
        return _encodable(found)
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
    "tb_json_scalar_any": (extract_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_json_extract_any": (extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_json_size": (size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_json_parse": (parse, ["VARCHAR"], "VARCHAR"),
    "tb_json_to_cast": (parse_to_cast, ["VARCHAR", "BOOLEAN"], "VARCHAR"),
    "tb_json_is_scalar": (is_scalar, ["VARCHAR"], "BOOLEAN"),
    "tb_json_array_length": (array_length, ["VARCHAR"], "BIGINT"),
    "tb_json_array_get": (array_get, ["VARCHAR", "BIGINT"], "VARCHAR"),
    "tb_json_contains": (array_contains, ["VARCHAR", "VARCHAR", "VARCHAR"], "BOOLEAN"),
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
