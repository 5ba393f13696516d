"""Result sets: Athena's result CSV into a typed Parquet file, and rows of it as plain Python values.

Invariants: NULL (nothing between the commas) is never the empty string (`""`); a value that its column's type cannot
hold is an error that names column and row, never NULL and never rounded; equal input gives equal file bytes.
"""

import csv as csv_format
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from trailbook.athena.execution import Column
from trailbook.athena.types import Typed, shown, typed
from trailbook.errors import DeploymentError, EvidenceError, QueryFailed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RESERVED = "tb_"
"""Columns whose names begin so are the snapshot's own."""

_FILE = f"{RESERVED}file"
_LONGEST_LINE = 64 * 1024 * 1024  # Athena stops at 32 MB a row; quotes double at the most
_ROW_GROUP = 122_880

_UNNAMED = re.compile(r"_col[0-9]+")


@dataclass(frozen=True, slots=True)
class ResultSet:
    """A result as a typed Parquet file of `rows` rows; `truncated` where the CSV holds more than the limit."""

    columns: tuple[Column, ...]
    path: Path
    rows: int
    truncated: bool = False


def read_csv(csv: Path, columns: Sequence[Column], to: Path, *, limit: int | None = None) -> ResultSet:
    """Write Athena's result CSV as Parquet with the columns' types; arrays, maps, rows and JSON stay Athena's text.

    Of more than `limit` rows the first ones are kept, and `truncated` says so.

    Raises QueryFailed for columns that no snapshot can hold (unnamed, named twice, reserved), EvidenceError for a file
    that is cut, whose header is another, or that holds a value which is not of its column's type.
    """
    types, casts = _typed(columns)
    _check_file(csv, columns)
    with connect(threads=1) as duck:
        source = _source(literal(str(csv)), columns)
        try:
            write_parquet(duck, f"SELECT {casts} FROM {source} LIMIT ?", to, [limit])  # noqa: S608 - quoted
        except EvidenceError as error:
            _blame(duck, source, csv, list(zip(columns, types, strict=True)))
            raise EvidenceError(f"{csv.name}: expected Athena's result CSV: {error}") from None
        kept = _count(duck, f"read_parquet({literal(str(to))})")
        return ResultSet(tuple(columns), to, kept, kept == limit and _count(duck, source) > kept)


def csv_rows(csv: Path, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the rows of a small result CSV as plain Python values, as `rows` gives them after `read_csv`.

    Raises QueryFailed and EvidenceError as `read_csv` does.
    """
    with connect(threads=1) as duck:
        return csv_rows_of_each([csv], columns, duck)[0]


def csv_rows_of_each(
    csvs: Sequence[Path], columns: Sequence[Column], duck: "DuckDBPyConnection"
) -> list[list[dict[str, Any]]]:
    """Return the rows of each of some small result CSVs of the same columns, as `csv_rows` does.

    `duck` is a connection of `connect`: opening one, and planning, take longer than reading small files, which must
    each have a path that was not read before.
    """
    import duckdb

    types, casts = _typed(columns)
    for csv in csvs:
        _check_file(csv, columns)
    files = [literal(str(csv)) for csv in csvs]
    found: dict[str, list[dict[str, Any]]] = {str(csv): [] for csv in csvs}
    with _told(duck):
        source = _source(f"[{', '.join(files)}]", columns, f"filename={literal(_FILE)}")
        try:
            for row in fetch(duck, f"SELECT {_FILE}, {casts} FROM {source}"):  # noqa: S608 - quoted
                found[row.pop(_FILE)].append(row)
        except duckdb.Error as error:
            for csv, file in zip(csvs, files, strict=True):
                _blame(duck, _source(file, columns), csv, list(zip(columns, types, strict=True)))
            raise EvidenceError(f"{csvs[0].name}: expected Athena's result CSV: {shown(str(error), 300)}") from None
    return list(found.values())


def _typed(columns: Sequence[Column]) -> tuple[list[Typed], str]:
    """Return the columns' types and the SELECT list that reads them."""
    check_names(columns)
    types = [typed(column) for column in columns]
    return types, ", ".join(f"{_cast(c.name, t)} AS {quoted(c.name)}" for c, t in zip(columns, types, strict=True))


def rows(path: Path, limit: int | None) -> list[dict[str, Any]]:
    """Return the first `limit` rows (None: all) of a Parquet file as plain Python values."""
    with connect(threads=1) as duck:
        return fetch(duck, "SELECT * FROM read_parquet(?) LIMIT ?", [str(path), limit])


@contextmanager
def connect(*, memory: str = "2GB", threads: int = 2) -> "Iterator[DuckDBPyConnection]":
    """Open a private DuckDB in memory, in UTC, that spills to a folder of its own and leaves nothing behind.

    Any DuckDB error inside leaves as EvidenceError, a full disk or refused file as DeploymentError.
    """
    import duckdb  # here, since DAG parsing imports this module's neighbours and never opens one

    with TemporaryDirectory(prefix="trailbook-duckdb-", ignore_cleanup_errors=True) as spill:
        settings = {"memory_limit": memory, "threads": str(threads), "temp_directory": spill}
        with duckdb.connect(":memory:", config={**settings, "autoinstall_known_extensions": "false"}) as duck:
            duck.execute("SET TimeZone = 'UTC'")
            with _told(duck):
                yield duck


@contextmanager
def _told(duck: "DuckDBPyConnection") -> "Iterator[DuckDBPyConnection]":
    """Give the connection; its errors leave the block as Trailbook's own."""
    import duckdb

    try:
        yield duck
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise DeploymentError(f"the local database cannot read, write or spill: {shown(str(error), 300)}") from error
    except duckdb.Error as error:
        raise EvidenceError(shown(str(error), 300)) from error


def fetch(duck: "DuckDBPyConnection", sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
    """Return a query's rows as dictionaries of plain Python values."""
    found = duck.execute(sql, dict(values) if isinstance(values, Mapping) else list(values))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def write_parquet(
    duck: "DuckDBPyConnection",
    select: str,
    to: Path,
    values: Sequence[Any] | dict[str, Any] = (),
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a query's rows to a Parquet file, in their order, in row groups of a fixed size.

    `metadata` are texts that the file holds about itself. Raises EvidenceError with DuckDB's words where a value does
    not convert.
    """
    import duckdb

    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}"
    if metadata:
        named = ", ".join(f"{quoted(name)}: {literal(text)}" for name, text in metadata.items())
        options += f", KV_METADATA {{{named}}}"
    try:
        duck.execute(
            f"COPY ({select}) TO {literal(str(to))} ({options})", values if isinstance(values, dict) else list(values)
        )
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        to.unlink(missing_ok=True)
        raise EvidenceError(shown(str(error).partition("\n")[0], 300)) from error


def check_names(columns: Sequence[Column]) -> None:
    """Raise QueryFailed, naming all of them, for columns unnamed, named twice, reserved or with control characters."""
    names = [column.name.casefold() for column in columns]
    faults = [] if names else ["the result has no columns"]
    for place, (column, name) in enumerate(zip(columns, names, strict=True), start=1):
        where = f"column {place} ({shown(column.name)!r})"
        if not name or _UNNAMED.fullmatch(name):
            faults.append(f"{where} has no name: give it one with AS")
        elif name in names[: place - 1]:
            faults.append(f"{where} has the name of a column before it: give it another with AS")
        elif name.startswith(RESERVED):
            faults.append(f"{where}: names that begin with {RESERVED} are Trailbook's own: give it another with AS")
        elif shown(name) != name:
            faults.append(f"{where}: a name must not hold control characters")
    if faults:
        raise QueryFailed("; ".join(faults))


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text without NUL as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _cast(name: str, typed: Typed) -> str:
    text = quoted(name)
    if typed.pattern is None:
        return text
    checked = f"regexp_full_match({text}, {literal(typed.pattern)})"
    return f"CASE WHEN {text} IS NULL OR {checked} THEN {typed.value(text)} ELSE error('of another type') END"


def _source(csvs: str, columns: Sequence[Column], more: str = "") -> str:
    """Return the relation of the texts of CSVs, a literal or a list of such, without their headers."""
    named = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in columns)
    options = (
        "auto_detect=false, header=true, delim=',', quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, "
        "null_padding=false, strict_mode=true, new_line='\\n', parallel=false"
    ) + (f", {more}" if more else "")
    return f"read_csv({csvs}, {options}, max_line_size={_LONGEST_LINE}, columns={{{named}}})"


def _blame(duck: "DuckDBPyConnection", source: str, csv: Path, columns: list[tuple[Column, Typed]]) -> None:
    """Raise EvidenceError for the first value that is not of its column's type; return where there is none."""
    for column, kind in columns:
        if kind.pattern is None:
            continue
        name = quoted(column.name)
        good = f"regexp_full_match(tb_text, {literal(kind.pattern)}) AND TRY({kind.value('tb_text')}) IS NOT NULL"
        numbered = f"SELECT row_number() OVER () AS tb_row, {name} AS tb_text FROM {source}"  # noqa: S608 - quoted
        found = duck.execute(
            f"WITH numbered AS ({numbered}), judged AS (SELECT *, {good} AS tb_good FROM numbered) "  # noqa: S608 - quoted
            "SELECT tb_row, tb_text FROM judged WHERE tb_text IS NOT NULL AND NOT tb_good ORDER BY tb_row LIMIT 1"
        )
        bad = found.fetchone()
        if bad:
            raise EvidenceError(
                f"{csv.name}: row {bad[0]}, column {shown(column.name)!r}: expected a value of type {column.type}, "
                f"found {shown(bad[1])!r}"
            )


def _count(duck: "DuckDBPyConnection", relation: str) -> int:
    found = duck.execute(f"SELECT count(*) FROM {relation}").fetchone()  # noqa: S608 - the path is quoted
    return int(found[0]) if found else 0


def _check_file(csv: Path, columns: Sequence[Column]) -> None:
    """Raise EvidenceError for a file that is cut, or whose columns are others."""
    _check_whole(csv)
    _check_header(csv, columns)


def _check_whole(csv: Path) -> None:
    """Raise EvidenceError for a cut file: an open quote or line at its end would silently lose the last rows."""
    quotes, last = 0, b""
    try:
        with csv.open("rb") as file:
            while piece := file.read(1 << 20):
                quotes += piece.count(b'"')
                last = piece[-1:]
    except OSError as error:
        raise DeploymentError(f"{csv}: the result cannot be read: {error.strerror}") from error
    if last != b"\n" or quotes % 2:
        raise EvidenceError(f"{csv.name}: the result CSV is {'cut' if last else 'empty'}: fetch it again")


def _check_header(csv: Path, columns: Sequence[Column]) -> None:
    with csv.open(encoding="utf-8", errors="replace", newline="") as file:
        line = file.readline(_LONGEST_LINE)
    header = next(csv_format.reader([line]), [])
    expected = [column.name for column in columns]
    if header != expected:
        raise EvidenceError(
            f"{csv.name}: expected the columns {shown(str(expected), 200)}, found {shown(str(header), 200)}"
        )
