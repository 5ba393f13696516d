"""Tables over Parquet objects: columns by name in any case, and the bytes of the column chunks that a query reads."""

from collections.abc import Mapping, Sequence

import duckdb

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.partitions import empty_scan, select_list
from trailbook.local.engine.scope import Scan
from trailbook.local.engine.types import Type, duckdb_type, identifier, text
from trailbook.local.engine.writing import StoredObject, partition_value

_ROWS_AT_ONCE = 2000


def scanned_bytes(
    connection: duckdb.DuckDBPyConnection, objects: Sequence[StoredObject], used: frozenset[str]
) -> tuple[list[int], dict[str, frozenset[str]]]:
    """Return the size of each object's chunks of the used columns, and each file's column names as it spells them.

    Raises SqlError (HIVE_BAD_DATA) naming an object that is not Parquet.
    """
    sizes = []
    names: dict[str, frozenset[str]] = {}
    for found in objects:
        path = text(str(found.path))
        try:
            chunks = connection.execute(
                f"SELECT path_in_schema, sum(total_compressed_size) FROM parquet_metadata({path}) GROUP BY 1"  # noqa: S608  # the path is quoted
            ).fetchall()
            told = connection.execute(
                f"DESCRIBE SELECT * FROM read_parquet({path}, hive_partitioning=false)"  # noqa: S608  # the path is quoted
            ).fetchall()
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise not_parquet(found.uri, error) from None
        names[str(found.path)] = frozenset(row[0] for row in told)
        sizes.append(sum(size for column, size in chunks if column.split(", ")[0].lower() in used))
    return sizes, names


def not_parquet(uri: str, error: Exception) -> SqlError:
    """Return the failure of an object that is not Parquet."""
    first = str(error).split("\n", 1)[0]
    return SqlError("HIVE_BAD_DATA", f"Not valid Parquet file: {uri}: {first:.200}")


def create_parquet_scan(
    connection: duckdb.DuckDBPyConnection,
    scan: Scan,
    objects: Sequence[StoredObject],
    names: Mapping[str, frozenset[str]],
    used: frozenset[str],
) -> None:
    """Create the view `scan.name` over Parquet objects; a column that a file does not have is NULL there."""
    if not objects:
        empty_scan(connection, scan)
        return
    keys = [c.name for c in scan.columns if c.partition]
    groups: dict[frozenset[str], list[int]] = {}
    for index, found in enumerate(objects):
        groups.setdefault(names[str(found.path)], []).append(index)
    kinds = {c.name: c.type for c in scan.columns}
    declared = "".join(f", k{i} {duckdb_type(kinds[k])}" for i, k in enumerate(keys))
    connection.execute(f"CREATE TABLE {scan.name}_files (path VARCHAR{declared})")
    for start in range(0, len(objects), _ROWS_AT_ONCE):
        rows = ", ".join(
            f"({', '.join([text(str(o.path)), *map(partition_value, o.values)])})"
            for o in objects[start : start + _ROWS_AT_ONCE]
        )
        connection.execute(f"INSERT INTO {scan.name}_files VALUES {rows}")  # noqa: S608  # compiled text only
    branches = []
    for held, members in groups.items():
        spelled = {name.lower(): name for name in held}
        shown = {key: f"p.k{i}" for i, key in enumerate(keys)}
        shown |= {
            c.name: _value(spelled[c.name], c.type)
            for c in scan.columns
            if c.name in used and c.name in spelled and not c.partition
        }
        paths = ", ".join(text(p) for p in dict.fromkeys(str(objects[i].path) for i in members))
        branches.append(
            f"SELECT {select_list(scan, shown)} FROM read_parquet([{paths}], filename=true, union_by_name=true, "  # noqa: S608  # identifiers and paths are quoted
            f"hive_partitioning=false) AS f JOIN {scan.name}_files AS p ON f.filename = p.path"
        )
    connection.execute(f"CREATE VIEW {scan.name} AS {' UNION ALL '.join(branches)}")


def _value(name: str, kind: Type) -> str:
    return f"CAST(f.{identifier(name)} AS {duckdb_type(kind)})"
