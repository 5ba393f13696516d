"""Trino's JSON functions, for the texts that DuckDB reads in another way.

Trino's paths are its own: `$`, `.name`, `[name]`, `[index]`, `["any text"]`; a name that is a number is also an index.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from trailbook.local.engine.faults import Failure, Function, invalid, refusal
from trailbook.local.engine.json_reader import Malformed, Reader

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


def encodable(value: str | None) -> Any:
    """Return text, which DuckDB cannot hold where it has half of a surrogate pair."""
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
            return encodable(reader.string())
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
        return encodable(reader.string())
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
}
