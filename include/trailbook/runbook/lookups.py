"""Lookups: the CSV lists that a runbook's SQL reads as relations, checked on load.

Invariant: a table has exactly the declared columns, in declared order, of the declared types; extra columns of the file
are dropped. Every problem of a file is told with its line. The digest is that of the file's bytes.
"""

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from trailbook.canonical import sha256
from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook.complaints import shown
from trailbook.runbook.model import Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.params import Lookup
from trailbook.runbook.scalars import INTEGER, NUMBER

Value: TypeAlias = str | int | float | bool | None

MOST_ROWS = 100_000
_MOST_BYTES = 64_000_000
_MOST_PROBLEMS = 100
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A lookup as read: column names, typed rows in file order (an empty cell of another type than string is None)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    sha256: str


def path_of(lookup_dir: Path, name: str) -> Path:
    """Return where a lookup's file is."""
    return lookup_dir / f"{name}.csv"


def read(lookup_dir: Path, name: str, lookup: Lookup) -> LookupTable:
    """Return the rows of `<lookup_dir>/<name>.csv`. Raises InvalidRunbook with every problem, by line."""
    path = path_of(lookup_dir, name)
    body = _bytes(path, name)
    rows: list[tuple[Value, ...]] = []
    problems: list[Problem] = []
    try:
        records = _records(path, body.decode("utf-8-sig"))
        _, header = next(records, (1, []))
        problems += _header_problems(path, header, lookup)
        if problems:
            raise InvalidRunbook(problems)
        indexes = [header.index(column) for column in lookup.columns]
        for line, record in records:
            if len(rows) == MOST_ROWS:
                problems.append(_problem(path, line, name, f"expected at most {MOST_ROWS:,} rows, found more"))
                break
            row, wrong = _row(path, line, record, header, indexes, lookup)
            rows.append(row)
            problems += wrong
            if len(problems) >= _MOST_PROBLEMS:
                break
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{body[error.start]:02x}"
        raise _invalid(path, line, name, f"expected UTF-8 text, found {found}: save the file as UTF-8") from error
    if problems:
        raise InvalidRunbook(problems)
    return LookupTable(tuple(lookup.columns), tuple(rows), sha256(body))


def read_all(lookup_dir: Path, runbook: Runbook) -> dict[str, LookupTable]:
    """Return every lookup that a runbook declares, by name; see `read`."""
    return {name: read(lookup_dir, name, lookup) for name, lookup in runbook.lookups.items()}


def _bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _invalid(path, 1, name, f"the lookup's file cannot be read: {error.strerror}") from error
    if len(body) > _MOST_BYTES:
        raise _invalid(path, 1, name, f"expected at most {_MOST_BYTES:,} bytes, found a longer file")
    if b"\0" in body:
        line = body.count(b"\n", 0, body.index(b"\0")) + 1
        raise _invalid(path, line, name, "expected text, found a NUL character: remove it")
    return body


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (first line, cells) of each record that is not blank. Raises InvalidRunbook where a quote is not closed."""
    reader = csv.reader(_lines(text), strict=True)
    line = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise _invalid(path, line, path.stem, f"expected CSV, found something else: {error}") from error


def _lines(text: str) -> Iterator[str]:
    """Yield lines as editors count them (`str.splitlines` would also split at characters that CSV does not)."""
    yield from (line + "\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _header_problems(path: Path, header: list[str], lookup: Lookup) -> Iterator[Problem]:
    if not header:
        yield _problem(path, 1, "header", f"expected a header with {', '.join(lookup.columns)}, found an empty file")
        return
    for index, column in enumerate(header):
        if not column.strip():
            yield _problem(path, 1, "header", f"expected a name for column {index + 1}, found none")
        elif column in header[:index]:
            yield _problem(path, 1, "header", f"expected each column once, found {shown(column)} twice")
    for column in lookup.columns:
        if column not in header:
            named = [name for name in header if name.strip()]
            yield _problem(
                path, 1, "header", f"expected the column `{column}`, found none{did_you_mean(column, named)}"
            )


def _row(
    path: Path, line: int, record: list[str], header: list[str], indexes: list[int], lookup: Lookup
) -> tuple[tuple[Value, ...], list[Problem]]:
    if len(record) != len(header):
        return (), [_problem(path, line, "row", f"expected {len(header)} cells as in the header, found {len(record)}")]
    values: list[Value] = []
    problems = []
    for (column, kind), index in zip(lookup.columns.items(), indexes, strict=True):
        cell = record[index]
        try:
            values.append(_PARSERS[kind](cell) if cell or kind == "string" else None)
        except ValueError as error:
            problems.append(_problem(path, line, column, f"expected {error}, found {shown(cell)}"))
    return tuple(values), problems


def _integer(cell: str) -> int:
    if not INTEGER.fullmatch(cell) or len(cell) > 20 or not -(2**63) <= int(cell) < 2**63:
        raise ValueError("an integer of 64 bits")
    return int(cell)


def _number(cell: str) -> float:
    if not NUMBER.fullmatch(cell) or not math.isfinite(float(cell)):
        raise ValueError("a number")
    return float(cell)


def _boolean(cell: str) -> bool:
    if cell not in _TRUTH:
        raise ValueError("true or false")
    return _TRUTH[cell]


_PARSERS: Mapping[str, Callable[[str], Value]] = {
    "string": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


def _problem(path: Path, line: int, key: str, message: str) -> Problem:
    return Problem(str(path), line, 1, key, message)


def _invalid(path: Path, line: int, key: str, message: str) -> InvalidRunbook:
    return InvalidRunbook([_problem(path, line, key, message)])
