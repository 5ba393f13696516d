"""Tables over Parquet objects: columns by name in any case, and the bytes of the column chunks that a query reads."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.partitions import empty_scan, select_list
from trailbook.local.engine.scope import Scan
from trailbook.local.engine.types import Type, duckdb_type, identifier, text
from trailbook.local.engine.writing import StoredObject, partition_value

_ROWS_AT_ONCE = 2000
_INTEGERS = ("tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger")
_READ_FROM: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), _INTEGERS),
    "varchar": ("varchar", *_INTEGERS),
    "double": ("float", "double"),
    "real": ("float",),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"),
    "varbinary": ("blob",),
}
"""From which DuckDB types (as it shows Parquet's) a scalar column is read, as asked of a Trino 476."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a Parquet object says of itself: its columns' names and DuckDB types, and the bytes of each one's chunks."""

    columns: Mapping[str, tuple[str, Any]]
    """By lower-case name."""
    sizes: Mapping[str, int]

    def scanned(self, used: frozenset[str]) -> int:
        """Return the compressed size in bytes of the used columns' chunks."""
        return sum(size for name, size in self.sizes.items() if name in used)


def footers(connection: duckdb.DuckDBPyConnection, objects: Sequence[StoredObject]) -> dict[str, Footer]:
    """Return each file's footer. Raises SqlError (HIVE_BAD_DATA) naming an object that is not Parquet."""
    found = {}
    for one in objects:
        path = text(str(one.path))
        sizes: Counter[str] = Counter()
        try:
            for column, size in connection.execute(
                f"SELECT path_in_schema, total_compressed_size FROM parquet_metadata({path})"  # noqa: S608  # the path is quoted
            ).fetchall():
                sizes[column.split(", ")[0].lower()] += size
            columns = f"SELECT * FROM read_parquet({path}, hive_partitioning=false) LIMIT 0"  # noqa: S608  # the path is quoted
            told = connection.execute(columns).description
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise not_parquet(one.uri, error) from None
        found[str(one.path)] = Footer({c[0].lower(): (c[0], c[1]) for c in told or ()}, sizes)
    return found


def not_parquet(uri: str, error: Exception) -> SqlError:
    """Return the failure of an object that is not Parquet."""
    first = str(error).split("\n", 1)[0]
    return SqlError("HIVE_BAD_DATA", f"Not valid Parquet file: {uri}: {first:.200}")


def create_parquet_scan(
    connection: duckdb.DuckDBPyConnection,
    scan: Scan,
    objects: Sequence[StoredObject],
    found: Mapping[str, Footer],
    used: frozenset[str],
) -> None:
    """Create the view `scan.name` over Parquet objects; a column that a file does not have is NULL there."""
    if not objects:
        empty_scan(connection, scan)
        return
    keys = [c.name for c in scan.columns if c.partition]
    groups: dict[str, list[StoredObject]] = {}
    for one in objects:
        groups.setdefault(repr(found[str(one.path)].columns), []).append(one)
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
    for members in groups.values():
        held = found[str(members[0].path)].columns
        shown = {key: f"p.k{i}" for i, key in enumerate(keys)}
        for c in scan.columns:
            if c.name in used and c.name in held and not c.partition:
                shown[c.name] = _value(c.name, *held[c.name], c.type, members[0].uri)
        paths = ", ".join(text(p) for p in dict.fromkeys(str(one.path) for one in members))
        branches.append(
            f"SELECT {select_list(scan, shown)} FROM read_parquet([{paths}], filename=true, union_by_name=true, "  # noqa: S608  # identifiers and paths are quoted
            f"hive_partitioning=false) AS f JOIN {scan.name}_files AS p ON f.filename = p.path"
        )
    connection.execute(f"CREATE VIEW {scan.name} AS {' UNION ALL '.join(branches)}")


def _value(column: str, spelled: str, held: Any, kind: Type, uri: str) -> str:
    """Return a Parquet column's value in its declared type. Raises SqlError where Athena would not read it so."""
    if not _readable(held, kind):
        raise SqlError(
            "NOT_SUPPORTED", f"Unsupported column type ({kind}) for Parquet column {column} ({held}) of {uri}"
        )
    value = f"f.{identifier(spelled)}"
    if kind.base == "timestamp":  # Parquet's finer times are rounded, as Trino's Hive connector does
        return f"date_trunc('millisecond', CAST({value} AS TIMESTAMP) + INTERVAL 500 MICROSECONDS)"
    return f"CAST({value} AS {duckdb_type(kind)})"


def _readable(held: Any, kind: Type) -> bool:
    """Say whether a Parquet column of a DuckDB type is read as the declared type."""
    base = kind.base
    if base == "row":
        if held.id != "struct":
            return False
        inner = {name.lower(): of for name, of in held.children}
        common = [(inner[n], k) for n, k in zip(kind.names, kind.args, strict=True) if n in inner]
        return bool(common) and all(_readable(h, k) for h, k in common)
    if base == "array":
        return held.id == "list" and _readable(held.children[0][1], kind.args[0])
    if base == "map":
        pairs = zip(held.children, kind.args, strict=True) if held.id == "map" else ()
        return held.id == "map" and all(_readable(h, k) for (_, h), k in pairs)
    if base == "decimal":
        scale = dict(held.children)["scale"] if held.id == "decimal" else None
        return scale is not None and scale <= kind.digits[1]
    return held.id in _READ_FROM.get(base, ())
