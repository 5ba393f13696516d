"""Which partitions a query's conditions let through: an over-approximation, exact on partition columns alone.

AND and OR are followed; a part that reads anything but the table's partition columns counts as possibly true. So a
partition is dropped only where no row of it could pass, and an unsure case scans more, never less.
"""

from collections.abc import Sequence

import duckdb
from sqlglot import exp

from trailbook.local.engine.casts import coerce
from trailbook.local.engine.conditions import Condition
from trailbook.local.engine.demand import readings
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.expressions import compile_expression
from trailbook.local.engine.scope import Context, Field, Scan, ScanReading, Scope, TableColumn
from trailbook.local.engine.types import BOOLEAN, common, duckdb_type, identifier
from trailbook.local.engine.writing import partition_value


def note_readings(tree: exp.Expr, context: Context) -> None:
    """Give each scan of an analysed query its readings, with what they let through of its partition columns."""
    found = readings(tree, context.catalog, context.database)
    if found is None:
        return
    known = {id(node) for node in tree.find_all(exp.Table)}
    for scan in context.scans:
        if id(scan.node) in known:
            mine = [r for r in found if r.table is scan.node]
            scan.readings.extend(_compiled(scan, r.conditions, context) for r in mine)
            if not mine:
                scan.readings.append(ScanReading(("false",), (), frozenset()))


def _compiled(scan: Scan, conditions: Sequence[Condition], context: Context) -> ScanReading:
    scope = Scope([Field(c.name, c.type, identifier(c.name)) for c in scan.columns if c.partition])
    plain: list[str] = []
    guarded: list[str] = []
    fixed: set[str] = set()
    for condition in conditions:
        predicate = _possible(condition.node, scope, context)
        if predicate is not None:
            (guarded if condition.guarded else plain).append(predicate)
            fixed |= _fixed(condition.node)
    return ScanReading(tuple(plain), tuple(guarded), frozenset(fixed))


def _fixed(node: exp.Expr) -> set[str]:
    """Return the column that a condition fixes to one or some constants."""
    node = node.unnest()
    if isinstance(node, exp.EQ):
        sides = (node.this.unnest(), node.expression.unnest())
        columns = [s for s in sides if isinstance(s, exp.Column)]
        constant = [s for s in sides if s.find(exp.Column) is None]
        return {columns[0].name} if len(columns) == 1 and len(constant) == 1 else set()
    if isinstance(node, exp.In) and isinstance(node.this.unnest(), exp.Column) and node.expressions:
        return set() if any(e.find(exp.Column) for e in node.expressions) else {node.this.unnest().name}
    return set()


def _possible(node: exp.Expr, scope: Scope, context: Context) -> str | None:
    """Return a condition that holds wherever `node` could; None where nothing is known."""
    if isinstance(node, exp.Paren):
        return _possible(node.this, scope, context)
    if isinstance(node, exp.And):
        sides = [s for n in node.flatten() if (s := _possible(n, scope, context)) is not None]
        return f"({' AND '.join(sides)})" if sides else None
    if isinstance(node, exp.Or):
        branches = [_possible(n, scope, context) for n in node.flatten()]
        return None if None in branches else f"({' OR '.join(b for b in branches if b)})"
    kept, context.uses = context.uses, set()
    try:
        value = compile_expression(node, context, scope)
    except SqlError:
        return None
    finally:
        context.uses = kept
    return coerce(value, BOOLEAN).text if common(value.type, BOOLEAN) == BOOLEAN else None


def surviving(
    connection: duckdb.DuckDBPyConnection, scan: Scan, partitions: Sequence[Sequence[str]]
) -> list[frozenset[int]]:
    """Return, for each reading of the scan, the indexes of the partitions that may hold rows of it.

    A partition is its values in the order of the scan's partition columns.
    """
    every = frozenset(range(len(partitions)))
    if not scan.readings:
        return [every]
    columns = [c for c in scan.columns if c.partition]
    if not partitions:
        return [every for _ in scan.readings]
    kinds = ", ".join(f"{identifier(c.name)} {duckdb_type(c.type)}" for c in columns)
    name = f"{scan.name}_partitions"
    connection.execute(f"CREATE TEMP TABLE {name} (i BIGINT{', ' + kinds if kinds else ''})")
    rows = [f"({', '.join([str(i), *map(partition_value, values)])})" for i, values in enumerate(partitions)]
    for start in range(0, len(rows), 2000):
        connection.execute(f"INSERT INTO {name} VALUES {', '.join(rows[start : start + 2000])}")  # noqa: S608  # quoted literals
    found = [_let_through(connection, name, reading, columns, every) for reading in scan.readings]
    connection.execute(f"DROP TABLE {name}")
    return found


def _let_through(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    reading: ScanReading,
    columns: Sequence[TableColumn],
    every: frozenset[int],
) -> frozenset[int]:
    nothing = ", ".join(f"CAST(NULL AS {duckdb_type(c.type)}) AS {identifier(c.name)}" for c in columns) or "1"
    left = every
    guarded = [
        g
        for g in reading.guarded
        if _rows(connection, f"SELECT 1 FROM (SELECT {nothing}) AS p WHERE {g}") == []  # noqa: S608  # compiled text only
    ]
    for condition in (*reading.conditions, *guarded):
        rows = _rows(connection, f"SELECT i FROM {name} AS p WHERE {condition}")  # noqa: S608  # compiled text only
        if rows is not None:
            left &= frozenset(rows)
    return left


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[int] | None:
    """Return a query's first column; None where it fails, for then nothing is known."""
    try:
        return [row[0] for row in connection.execute(query).fetchall()]
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None
