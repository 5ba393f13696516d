"""Showing a table's files as a view: the columns that a query reads, and its partition values by file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from trailbook.local.engine.reader import Shape, select_records
from trailbook.local.engine.scope import Scan
from trailbook.local.engine.types import duckdb_type, identifier, text

_ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class PartitionedFile:
    """A file of a table: where it is, its size in bytes as stored, and its partition's values in column order."""

    path: Path
    size: int
    values: tuple[str, ...]


def create_scan(
    connection: duckdb.DuckDBPyConnection,
    scan: Scan,
    files: Sequence[PartitionedFile],
    shape: Shape,
    used: frozenset[str],
) -> None:
    """Create the view `scan.name` with all the scan's columns; those that are not used are NULL and never parsed."""
    columns = [c for c in scan.columns if not c.partition]
    keys = [c for c in scan.columns if c.partition]
    if not files:
        empty = ", ".join(f"CAST(NULL AS {duckdb_type(c.type)}) AS {identifier(c.name)}" for c in scan.columns)
        connection.execute(f"CREATE VIEW {scan.name} AS SELECT {empty} WHERE false")
        return
    wanted = [(c.name, c.type) for c in columns if c.name in used]
    shown = [
        f"f.{identifier(c.name)}" if c.name in used else f"CAST(NULL AS {duckdb_type(c.type)}) AS {identifier(c.name)}"
        for c in columns
    ]
    records = select_records(wanted, [f.path for f in files], shape)
    if not keys:
        connection.execute(f"CREATE VIEW {scan.name} AS SELECT {', '.join(shown)} FROM ({records}) AS f")  # noqa: S608  # compiled text only
        return
    names = [f"k{i}" for i in range(len(keys))]
    declared = ", ".join(f"{n} {duckdb_type(c.type)}" for n, c in zip(names, keys, strict=True))
    connection.execute(f"CREATE TABLE {scan.name}_files (path VARCHAR, {declared})")
    for start in range(0, len(files), _ROWS_AT_ONCE):
        rows = ", ".join(
            f"({', '.join(map(text, (str(f.path), *f.values)))})" for f in files[start : start + _ROWS_AT_ONCE]
        )
        connection.execute(f"INSERT INTO {scan.name}_files VALUES {rows}")  # noqa: S608  # compiled text only
    shown += [f"p.{n} AS {identifier(c.name)}" for n, c in zip(names, keys, strict=True)]
    connection.execute(
        f"CREATE VIEW {scan.name} AS SELECT {', '.join(shown)} FROM ({records}) AS f "  # noqa: S608  # identifiers are quoted
        f"JOIN {scan.name}_files AS p ON f.filename = p.path"
    )
