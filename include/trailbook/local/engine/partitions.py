"""Showing what the cache holds of a table as a view: the columns that a query reads, and each record's partition."""

from collections.abc import Sequence

import duckdb

from trailbook.local.engine.cache import Part
from trailbook.local.engine.reader import FILE
from trailbook.local.engine.scope import Scan
from trailbook.local.engine.types import duckdb_type, identifier, text
from trailbook.local.engine.writing import StoredObject, partition_value

_ROWS_AT_ONCE = 2000


def create_scan(
    connection: duckdb.DuckDBPyConnection,
    scan: Scan,
    objects: Sequence[StoredObject],
    parts: Sequence[Part],
    used: frozenset[str],
) -> None:
    """Create the view `scan.name` with all the scan's columns; those that are not used are NULL and never read.

    `parts` say where the records of `objects` are; of an entry only the objects asked for are shown.
    """
    if not parts:
        empty_scan(connection, scan)
        return
    paths = ", ".join(text(str(p.entry.path)) for p in parts)
    by_name = len({p.entry.columns for p in parts}) > 1
    source = f"read_parquet([{paths}], union_by_name={str(by_name).lower()})"
    keys = [c.name for c in scan.columns if c.partition]
    shown = {c.name: f"f.{identifier(c.name)}" for c in scan.columns if c.name in used and not c.partition}
    if not used.intersection(keys) and all(p.whole for p in parts):
        connection.execute(f"CREATE VIEW {scan.name} AS SELECT {select_list(scan, shown)} FROM {source} AS f")  # noqa: S608  # compiled text only
        return
    names = {key: f"k{i}" for i, key in enumerate(keys)}
    kinds = {c.name: c.type for c in scan.columns}
    declared = "".join(f", {names[k]} {duckdb_type(kinds[k])}" for k in keys)
    connection.execute(f"CREATE TABLE {scan.name}_files (e BIGINT, n BIGINT{declared})")
    rows = [(e, n, objects[i].values) for e, part in enumerate(parts) for n, i in part.asked]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        listed = ", ".join(
            f"({', '.join([str(e), str(n), *map(partition_value, values)])})"
            for e, n, values in rows[start : start + _ROWS_AT_ONCE]
        )
        connection.execute(f"INSERT INTO {scan.name}_files VALUES {listed}")  # noqa: S608  # compiled text only
    shown |= {key: f"p.{name}" for key, name in names.items()}
    connection.execute(
        f"CREATE VIEW {scan.name} AS SELECT {select_list(scan, shown)} FROM {source} AS f "  # noqa: S608  # identifiers are quoted
        f"JOIN {scan.name}_files AS p ON f.file_index = p.e AND f.{FILE} = p.n"
    )


def empty_scan(connection: duckdb.DuckDBPyConnection, scan: Scan) -> None:
    """Create the view of a table without a record."""
    connection.execute(f"CREATE VIEW {scan.name} AS SELECT {select_list(scan, {})} WHERE false")


def select_list(scan: Scan, shown: dict[str, str]) -> str:
    """Return the SELECT list of all the scan's columns; those that are not `shown` are NULL."""
    return ", ".join(
        f"{shown[c.name] if c.name in shown else f'CAST(NULL AS {duckdb_type(c.type)})'} AS {identifier(c.name)}"
        for c in scan.columns
    )
