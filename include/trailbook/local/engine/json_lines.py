"""Files of one JSON object a line, as Hive's and OpenX's JSON SerDes read them, for DuckDB.

Each line is read in Python, with the SerDe's own rules, and written again with the columns' names and types. Slow
beside DuckDB's own reader, and right: these SerDes match keys in any case, convert, and refuse what they refuse.
"""

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from trailbook.local.engine.formats import Format, Kind
from trailbook.local.engine.json_values import Deserialiser, Number, OpenX, row_type
from trailbook.local.engine.reader import json_key
from trailbook.local.engine.types import Type

_PER_PIECE = 4000


def write_lines(
    file: Path, form: Format, columns: Sequence[tuple[str, Type]], directory: Path, number: int = 0
) -> list[Path]:
    """Write a file's rows as `Records` files in `directory` and return these. Raises ValueError naming a bad line."""
    pieces: list[Path] = []
    held: list[str] = []
    for row in _rows(file, form, columns):
        held.append(json.dumps(row, separators=(",", ":")))
        if len(held) == _PER_PIECE:
            pieces.append(_write(held, directory / f"{number}-{len(pieces)}.json"))
            held = []
    if held:
        pieces.append(_write(held, directory / f"{number}-{len(pieces)}.json"))
    return pieces


def _write(rows: list[str], piece: Path) -> Path:
    piece.write_text('{"Records":[' + ",".join(rows) + "]}", encoding="ascii")
    return piece


def _rows(file: Path, form: Format, columns: Sequence[tuple[str, Type]]) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rb") if file.name.endswith(".gz") else file.open("rb") as packed:
        body = io.TextIOWrapper(cast("BinaryIO", packed), encoding="utf-8-sig", errors="replace", newline="\n")
        read = _OpenXLines(form, columns) if form.kind is Kind.OPENX else _HiveLines(form, columns)
        for number, line in enumerate(body, 1):
            try:
                yield read(line)
            except (ValueError, ArithmeticError) as error:
                raise ValueError(f"Row is not a valid JSON Object: line {number}: {error}") from None


class _Object(dict[str, Any]):
    """A JSON object, which knows whether a key came twice."""

    repeated = False


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    found.repeated = len(found) < len(pairs)
    return found


class _HiveLines:
    """One line to a row, as Hive's JsonSerDe: the line must be an object, and a key must not come twice."""

    def __init__(self, form: Format, columns: Sequence[tuple[str, Type]]) -> None:
        self._form = form
        self._columns = columns
        self._kind = row_type(dict(columns))
        self._values: Deserialiser = Deserialiser()
        self._decode = json.JSONDecoder(
            parse_float=Number, parse_int=Number, parse_constant=_constant, object_pairs_hook=_object
        ).raw_decode

    def __call__(self, line: str) -> dict[str, Any]:
        found = self._decode(line, len(line) - len(line.lstrip()))[0]
        if not isinstance(found, _Object):
            raise ValueError(f"expected an object, found {line[:60]!r}")
        if found.repeated or len({k.lower() for k in found}) < len(found):
            raise ValueError("a key comes twice")
        return _spelled(self._values.row(found, self._kind), self._columns)


class _OpenXLines(_HiveLines):
    """One line to a row, as OpenX's SerDe: with mappings, and a row of NULLs for what is no object."""

    def __init__(self, form: Format, columns: Sequence[tuple[str, Type]]) -> None:
        super().__init__(form, columns)
        self._values = OpenX()
        mapped = dict(form.keys)
        self._names = {mapped.get(n, n) if form.exact_case else mapped.get(n, n).lower(): n for n, _ in columns}
        self._decode = json.JSONDecoder(
            strict=False, parse_float=Number, parse_int=Number, parse_constant=_constant
        ).raw_decode

    def __call__(self, line: str) -> dict[str, Any]:
        text = line.strip()
        if not text.startswith(("{", "[")):
            return {}
        try:
            found = self._decode(text)[0]
        except ValueError:
            if self._form.skip_malformed:
                return {}
            raise
        if isinstance(found, list):
            return _spelled(self._values.row(found, self._kind), self._columns)
        out: dict[str, Any] = {}
        for key, value in found.items():
            spelled = key.replace(".", "_") if self._form.dots_in_keys else key
            name = self._names.get(spelled if self._form.exact_case else spelled.lower())
            if name is not None:
                out[name] = value
        return _spelled(self._values.row(out, self._kind), self._columns)


def _spelled(row: dict[str, Any], columns: Sequence[tuple[str, Type]]) -> dict[str, Any]:
    """Return a row under the keys that the reader looks for: CloudTrail's spelling where a name is one of its own."""
    return {json_key(n): _inner(row[n], k, (n,)) for n, k in columns if n in row}


def _inner(value: Any, kind: Type, path: tuple[str, ...]) -> Any:
    if value is None:
        return None
    if kind.base == "row":
        fields = zip(kind.names, kind.args, strict=True)
        return {json_key(n, path): _inner(value[n], k, (*path, n)) for n, k in fields if n in value}
    if kind.base == "array":
        return [_inner(v, kind.args[0], path) for v in value]
    return value


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
