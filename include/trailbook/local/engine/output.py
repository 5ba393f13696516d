"""Writing a query's rows to files of a private folder: Parquet by DuckDB, JSON and delimited text line by line.

The folder is the only place that the connection may write to. Files are numbered; who asked for them names and moves
them. Nothing of a failed statement is left: the folder goes with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.row_texts import Lines, delimited_line, json_line
from trailbook.local.engine.types import INTEGERS, Type, duckdb_type, field_name, identifier, text

_MOST_WRITERS = 100
"""Athena's limit on the partitions and buckets that one statement writes."""
_AT_ONCE = 10_000
_MILLISECONDS = 3
_CODECS = {
    "GZIP": "gzip",
    "SNAPPY": "snappy",
    "ZSTD": "zstd",
    "LZ4": "lz4_raw",
    "NONE": "uncompressed",
    "UNCOMPRESSED": "uncompressed",
}
_UNWRITABLE = ("timestamptz", "json", "ipaddress", "interval day to second", "interval year to month")


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are written: the last `partitioned` of the columns make folders, `buckets` spreads rows over files."""

    columns: tuple[tuple[str, Type], ...]
    partitioned: int = 0
    format: str = "PARQUET"
    compression: str = "GZIP"
    delimiter: str = "\x01"
    bucketed_by: tuple[str, ...] = ()
    buckets: int = 0

    @property
    def kept(self) -> tuple[tuple[str, Type], ...]:
        """The columns that are in the files."""
        return self.columns[: len(self.columns) - self.partitioned]

    @property
    def keys(self) -> tuple[tuple[str, Type], ...]:
        """The columns that are in the folders' names."""
        return self.columns[len(self.columns) - self.partitioned :]

    @property
    def suffix(self) -> str:
        """What a file's name ends in."""
        return ".gz" if self.format != "PARQUET" and self.compression == "GZIP" else ""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, and its partition's values (None is NULL)."""

    path: Path
    values: tuple[str | None, ...]


def check_layout(layout: Layout) -> None:
    """Raise SqlError for a column's type, a format or a compression that cannot be written."""
    for name, kind in layout.columns:
        _check_type(name, kind)
    allowed = _CODECS if layout.format == "PARQUET" else ("GZIP", "NONE", "UNCOMPRESSED")
    if layout.compression not in allowed:
        raise not_supported(f"compression {layout.compression} of {layout.format}")
    for name, kind in layout.keys:
        if kind.base not in (*INTEGERS, "varchar", "boolean", "date"):
            raise not_supported(f"a partition column of type {kind} ({name})")


def _check_type(name: str, kind: Type) -> None:
    if kind.base == "unknown":
        raise SqlError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {name}", place="line 1:1")
    if kind.base in _UNWRITABLE:
        raise SqlError("NOT_SUPPORTED", f"Unsupported Hive type: {kind}")
    if kind.base == "timestamp" and kind.precision != _MILLISECONDS:
        message = f"Incorrect timestamp precision for {kind}; the configured precision is MILLISECONDS"
        raise SqlError("NOT_SUPPORTED", f"{message}; column name: {name}")
    if kind.base == "row" and not all(kind.names):
        message = f"Anonymous row type is not supported in Hive. Please give each field a name: {kind}"
        raise SqlError("NOT_SUPPORTED", message)
    for inner in kind.args:
        _check_type(name, inner)


def write(
    connection: duckdb.DuckDBPyConnection, values: Sequence[str], source: str, layout: Layout, folder: Path
) -> tuple[list[Written], int]:
    """Write the rows of `source`, aliased w, as the values (DuckDB texts over w); return the files and the row count.

    Raises SqlError, and what DuckDB raises.
    """
    shown = ", ".join(f"{v} AS {identifier(n)}" for v, (n, _) in zip(values, layout.columns, strict=True))
    query = f"SELECT {shown} FROM ({source}) AS w"  # noqa: S608  # compiled text only
    if layout.format != "PARQUET":
        return _write_lines(connection, query, layout, folder)
    whole = folder / "0"
    count = _copy(connection, query, whole, layout)
    if not count:
        return [], 0
    if not layout.partitioned and not layout.buckets:
        return [Written(whole, ())], count
    staged = f"read_parquet({text(str(whole))})"
    found = _split(connection, staged, layout, folder)
    whole.unlink()
    return found, count


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path, layout: Layout) -> int:
    codec = _CODECS[layout.compression]
    done = connection.execute(f"COPY ({query}) TO {text(str(path))} (FORMAT parquet, COMPRESSION {codec})").fetchone()
    return int(done[0]) if done else 0


def _split(connection: duckdb.DuckDBPyConnection, staged: str, layout: Layout, folder: Path) -> list[Written]:
    """Write one file for each partition or bucket of what was staged."""
    kept = ", ".join(identifier(n) for n, _ in layout.kept)
    if layout.buckets:
        names = ", ".join(identifier(n) for n in layout.bucketed_by)
        wanted: list[tuple[str, tuple[str | None, ...]]] = [
            (f"hash({names}) % {layout.buckets} = {b}", ()) for b in range(layout.buckets)
        ]
    else:
        keys = ", ".join(identifier(n) for n, _ in layout.keys)
        limit = _MOST_WRITERS + 1
        found = connection.execute(f"SELECT DISTINCT {keys} FROM {staged} ORDER BY ALL LIMIT {limit}").fetchall()  # noqa: S608  # identifiers are quoted
        _check_writers(len(found))
        wanted = [(_is(layout, row), _texts(layout, row)) for row in found]
    written = []
    for number, (condition, values) in enumerate(wanted, 1):
        path = folder / str(number)
        if _copy(connection, f"SELECT {kept} FROM {staged} WHERE {condition}", path, layout):  # noqa: S608  # see above
            written.append(Written(path, values))
        else:
            path.unlink()
    return written


def _check_writers(count: int) -> None:
    if count > _MOST_WRITERS:
        message = f"Exceeded limit of {_MOST_WRITERS} open writers for partitions/buckets"
        raise SqlError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)


def _is(layout: Layout, row: Sequence[Any]) -> str:
    """Return the condition that a row is of this partition."""
    parts = []
    for value, (name, kind) in zip(row, layout.keys, strict=True):
        literal = "NULL" if value is None else f"CAST({text(str(value))} AS {duckdb_type(kind)})"
        parts.append(f"{identifier(name)} IS NOT DISTINCT FROM {literal}")
    return " AND ".join(parts)


def _texts(layout: Layout, row: Sequence[Any]) -> tuple[str | None, ...]:
    return tuple(
        None if v is None else (str(v).lower() if k.base == "boolean" else str(v))
        for v, (_, k) in zip(row, layout.keys, strict=True)
    )


def _write_lines(
    connection: duckdb.DuckDBPyConnection, query: str, layout: Layout, folder: Path
) -> tuple[list[Written], int]:
    if layout.buckets:
        raise not_supported(f"bucketed_by of {layout.format}")
    files: dict[tuple[str | None, ...], tuple[Path, Lines]] = {}
    count, width = 0, len(layout.kept)
    try:
        result = connection.execute(query)
        while rows := result.fetchmany(_AT_ONCE):
            for row in rows:
                values = _texts(layout, row[width:])
                if values not in files:
                    _check_writers(len(files) + 1)
                    path = folder / str(len(files))
                    files[values] = (path, Lines(path, compressed=layout.compression == "GZIP"))
                files[values][1].write(_line(row[:width], layout))
            count += len(rows)
    finally:
        for _, file in files.values():
            file.close()
    return [Written(path, values) for values, (path, _) in files.items()], count


def _line(row: Sequence[Any], layout: Layout) -> str:
    if layout.format == "JSON":
        return json_line(row, layout.kept)
    return delimited_line(row, layout.kept, layout.delimiter)


def stored(value: str, kind: Type, depth: int = 0) -> str:
    """Return DuckDB text of a value as files hold it: of its own type, a row's fields under their names."""
    if not _has_row(kind):
        return f"CAST({value} AS {duckdb_type(kind)})"
    if kind.base == "row":
        parts = (
            f"{identifier(field_name(kind, i))} := "
            f"{stored(f'struct_extract({value}, {text(field_name(kind, i))})', inner, depth)}"
            for i, inner in enumerate(kind.args)
        )
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({', '.join(parts)}) END"
    name = f"s{depth}"
    if kind.base == "array":
        return f"list_transform({value}, lambda {name}: {stored(name, kind.args[0], depth + 1)})"
    key, inside = (stored(f"{name}.{part}", k, depth + 1) for part, k in zip(("key", "value"), kind.args, strict=True))
    entries = f"list_transform(map_entries({value}), lambda {name}: struct_pack(k := {key}, v := {inside}))"
    return f"map_from_entries({entries})"


def _has_row(kind: Type) -> bool:
    return kind.base == "row" or any(map(_has_row, kind.args))
