"""Rows as lines of text: JSON as Hive's JsonSerDe reads it, and delimited text as LazySimpleSerDe reads it."""

import base64
import gzip
import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from trailbook.local.engine.doubles import java_double
from trailbook.local.engine.types import INTEGERS, Type

_NULL = "\\N"
_FIRST_SEPARATOR = 1
Columns = Sequence[tuple[str, Type]]


def json_line(row: Sequence[Any], columns: Columns) -> str:
    """Return a row as one JSON object."""
    pairs = (f"{json.dumps(n, ensure_ascii=False)}:{_json(v, k)}" for v, (n, k) in zip(row, columns, strict=True))
    return "{" + ",".join(pairs) + "}"


def _json(value: Any, kind: Type) -> str:
    if value is None:
        return "null"
    if kind.base == "array":
        return "[" + ",".join(_json(v, kind.args[0]) for v in value) + "]"
    if kind.base == "map":
        pairs = (f"{_quoted(_plain(k, kind.args[0]))}:{_json(v, kind.args[1])}" for k, v in _pairs(value))
        return "{" + ",".join(pairs) + "}"
    if kind.base == "row":
        return json_line(list(value.values()), list(zip(kind.names, kind.args, strict=True)))
    text = _plain(value, kind)
    number = kind.base in INTEGERS or kind.base in ("boolean", "decimal", "double", "real")
    finite = kind.base not in ("double", "real") or math.isfinite(value)
    return text if number and finite else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def delimited_line(row: Sequence[Any], columns: Columns, delimiter: str) -> str:
    r"""Return a row as its fields with the delimiter between them; NULL is `\N`."""
    return delimiter.join(_delimited(v, k, _FIRST_SEPARATOR + 1) for v, (_, k) in zip(row, columns, strict=True))


def _delimited(value: Any, kind: Type, level: int) -> str:
    """Return a value; the parts of nested ones are separated by the control characters of their level."""
    if value is None:
        return _NULL
    if kind.base == "array":
        return chr(level).join(_delimited(v, kind.args[0], level + 1) for v in value)
    if kind.base == "row":
        parts = zip(value.values(), kind.args, strict=True)
        return chr(level).join(_delimited(v, k, level + 1) for v, k in parts)
    if kind.base == "map":
        entries = (
            _delimited(k, kind.args[0], level + 2) + chr(level + 1) + _delimited(v, kind.args[1], level + 2)
            for k, v in _pairs(value)
        )
        return chr(level).join(entries)
    return _plain(value, kind)


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    """Return a map's entries; DuckDB gives a map whose keys are not hashable as two lists."""
    if set(value) == {"key", "value"} and isinstance(value["key"], list) and isinstance(value["value"], list):
        return list(zip(value["key"], value["value"], strict=True))
    return list(value.items())


def _plain(value: Any, kind: Type) -> str:
    if kind.base == "boolean":
        return "true" if value else "false"
    if kind.base in ("double", "real"):
        return java_double(float(value))
    if kind.base == "varbinary":
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    return str(value)


class Lines:
    """A file of lines; a compressed one bears no time, so that equal rows make equal bytes."""

    def __init__(self, path: Path, *, compressed: bool) -> None:
        """Open a new file."""
        self._raw = path.open("wb")
        self._to = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", mtime=0) if compressed else self._raw

    def write(self, line: str) -> None:
        """Write a line, which has no line break of its own."""
        self._to.write(f"{line}\n".encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        """Close the file."""
        self._to.close()
        self._raw.close()
