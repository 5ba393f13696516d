"""Objects to Parquet: what the cache keeps and what queries read.

Each record carries, in FILE, the number of the object that it came from. A batch is written whole or not at all: an
object that cannot be read fails it, and is named.
"""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.formats import Format, Kind
from trailbook.local.engine.json_lines import write_lines
from trailbook.local.engine.reader import FILE, MOST_AT_ONCE, Shape, select_records, shape_of, unpacked_size
from trailbook.local.engine.spelling import ALWAYS, respelled
from trailbook.local.engine.splitting import split
from trailbook.local.engine.types import Type, duckdb_type, identifier, text

_ROW_GROUP = 20480
"""Rows: small, for each of DuckDB's threads holds one row group of every column in memory."""

Columns = Sequence[tuple[str, Type]]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a table: its file, size in bytes as stored, partition values in column order, and S3 URI.

    `identity` is of this version of the object alone: equal identities are equal bytes.
    """

    path: Path
    size: int
    values: tuple[str, ...]
    uri: str
    identity: str


def partition_value(value: str) -> str:
    """Return a partition's value as a DuckDB literal; Hive's name for the partition of NULL is NULL."""
    return "NULL" if value == "__HIVE_DEFAULT_PARTITION__" else text(value)


@dataclass(slots=True)
class _Piece:
    """A file that DuckDB reads, and the index of the object that it is or is a part of."""

    path: Path
    of: int
    size: int = 0


def write_objects(
    connection: duckdb.DuckDBPyConnection,
    objects: Sequence[StoredObject],
    form: Format,
    columns: Columns,
    target: Path,
    scratch: Path,
) -> list[int]:
    """Write the columns of all records of the objects to `target`; return, by FILE's number, the object's index.

    `scratch` is an empty folder for files in between. Raises SqlError (HIVE_CURSOR_ERROR, HIVE_BAD_DATA, …).
    """
    if form.kind is not Kind.CLOUDTRAIL:
        pieces = [p for i, o in enumerate(objects) for p in _lines(o, i, form, columns, scratch)]
        copy(connection, _query(columns, pieces, Shape.RECORDS), target)
        return [p.of for p in pieces]
    for measured in (False, True):
        pieces = [p for i, o in enumerate(objects) for p in _opened(o, i, columns, scratch, measured=measured)]
        try:
            copy(connection, _query(columns, pieces, Shape.RECORDS), target)
            break
        except duckdb.Error as error:
            if measured or "maximum_object_size" not in str(error):
                raise culprit(objects, pieces, error) from None
    if any(n in ALWAYS for n, _ in columns) and _mend(connection, objects, pieces, columns, target, scratch):
        copy(connection, _query(columns, pieces, Shape.RECORDS), target)
    return [p.of for p in pieces]


def copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write a query's rows as a Parquet file."""
    connection.execute(
        f"COPY ({query}) TO {text(str(target))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
    )


def merge(files: Sequence[Path], counts: Sequence[int], connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write Parquet files of the same columns as one; FILE goes on counting over them, `counts` objects for each."""
    before = [sum(counts[:n]) for n in range(len(counts))]
    listed = ", ".join(text(str(f)) for f in files)
    query = (
        f"SELECT * EXCLUDE ({FILE}), {FILE} + {before}[CAST(file_index AS BIGINT) + 1] AS {FILE} "  # noqa: S608  # paths are quoted
        f"FROM read_parquet([{listed}])"
    )
    copy(connection, query, target)


def _query(columns: Columns, pieces: Sequence[_Piece], shape: Shape) -> str:
    if not pieces:
        empty = "".join(f"CAST(NULL AS {duckdb_type(k)}) AS {identifier(n)}, " for n, k in columns)
        return f"SELECT {empty}CAST(0 AS BIGINT) AS {FILE} WHERE false"
    largest = max(p.size for p in pieces)
    return select_records(columns, [p.path for p in pieces], shape, largest)


def _opened(found: StoredObject, index: int, columns: Columns, scratch: Path, *, measured: bool) -> list[_Piece]:
    """Return the files to read for a log object: itself, its parts where it is large, none for a digest."""
    try:
        shape = shape_of(found.path)
        if shape is None:
            return []
        size = unpacked_size(found.path, measured=measured)
        if shape is Shape.RECORDS and size < MOST_AT_ONCE:
            return [_Piece(found.path, index)]
        if shape is Shape.RECORDS:
            paths: Sequence[Path] | None = split(found.path, shape, scratch)
        else:
            paths = respelled(found.path, columns, scratch)
    except FileNotFoundError:
        raise SqlError("HIVE_CANNOT_OPEN_SPLIT", f"Error opening object {found.uri}: it does not exist") from None
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise unreadable(found.uri, error) from None
    if paths is None:
        return [_Piece(found.path, index, size + 1024)]
    return [_Piece(p, index, p.stat().st_size + 1024) for p in paths]


def _lines(found: StoredObject, index: int, form: Format, columns: Columns, scratch: Path) -> list[_Piece]:
    try:
        return [_Piece(p, index, p.stat().st_size) for p in write_lines(found.path, form, columns, scratch, index)]
    except FileNotFoundError:
        raise SqlError("HIVE_CANNOT_OPEN_SPLIT", f"Error opening object {found.uri}: it does not exist") from None
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise unreadable(found.uri, error) from None


def _mend(
    connection: duckdb.DuckDBPyConnection,
    objects: Sequence[StoredObject],
    pieces: list[_Piece],
    columns: Columns,
    target: Path,
    scratch: Path,
) -> bool:
    """Replace the pieces whose records lack what every record has, where their keys are spelled in another way."""
    lacking = " OR ".join(f"{identifier(n)} IS NULL" for n, _ in columns if n in ALWAYS)
    odd = connection.execute(
        f"SELECT DISTINCT {FILE} FROM read_parquet({text(str(target))}) WHERE {lacking}"  # noqa: S608  # identifiers and the path are quoted
    ).fetchall()
    changed = False
    for (number,) in sorted(odd, reverse=True):
        piece = pieces[number]
        try:
            again = respelled(piece.path, columns, scratch)
        except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
            raise unreadable(objects[piece.of].uri, error) from None
        if again is not None:
            pieces[number : number + 1] = [_Piece(p, piece.of, p.stat().st_size + 1024) for p in again]
            changed = True
    return changed


def culprit(objects: Sequence[StoredObject], pieces: Sequence[_Piece], error: duckdb.Error) -> Exception:
    """Return the failure of the object that DuckDB could not read; DuckDB itself may not name it."""
    if isinstance(error, duckdb.InterruptException):
        return error
    message = str(error)
    named = [objects[p.of] for p in pieces if str(p.path) in message]
    for found in named or objects:
        try:
            with gzip.open(found.path) if found.path.name.endswith(".gz") else found.path.open("rb") as body:
                if named:
                    json.loads(body.read())
                while body.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error, ValueError, RecursionError) as wrong:
            return unreadable(found.uri, wrong)
    if isinstance(error, duckdb.OutOfMemoryException):
        return SqlError("EXCEEDED_LOCAL_MEMORY_LIMIT", "the objects need more memory than the local Athena has")
    first = message.split("\n", 1)[0]
    return SqlError("HIVE_CURSOR_ERROR", f"Error reading object {named[0].uri if named else objects[0].uri}: {first}")


def unreadable(uri: str, error: Exception) -> SqlError:
    """Return the failure of an object that cannot be read, in Athena's words."""
    if isinstance(error, EOFError):
        return SqlError("HIVE_CURSOR_ERROR", f"Error reading object {uri}: Unexpected end of input stream")
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return SqlError("HIVE_CURSOR_ERROR", f"Error reading object {uri}: it is not valid JSON ({error})")
    if isinstance(error, ValueError):
        return SqlError("HIVE_BAD_DATA", f"Error reading object {uri}: {error}")
    return SqlError("HIVE_CURSOR_ERROR", f"Error reading object {uri}: {error}")
