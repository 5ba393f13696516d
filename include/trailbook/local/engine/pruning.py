"""Which partitions can a query's WHERE let through: an over-approximation that is exact on partition columns alone.

AND and OR are followed; a part that reads anything but the table's partition columns counts as possibly true. So a
partition is dropped only where no row of it could pass, and an unsure case scans more, never less.
"""

from collections.abc import Sequence

import duckdb
from sqlglot import exp

from trailbook.local.engine.casts import coerce
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.expressions import compile_expression
from trailbook.local.engine.scope import Context, Field, Scan, Scope
from trailbook.local.engine.types import BOOLEAN, common, duckdb_type, identifier, text


def note_predicates(where: exp.Expr, scans: Sequence[tuple[Scan, str]], context: Context) -> None:
    """Add to each scan what the condition says of its partition columns."""
    for scan, alias in scans:
        fields = [Field(c.name, c.type, identifier(c.name), alias) for c in scan.columns if c.partition]
        predicate = _possible(where, Scope(fields), context) if fields else None
        if predicate is not None:
            scan.predicates.append(predicate)


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
    if node.find(exp.Query) is not None or node.find(exp.Window) is not None or node.find(exp.Column) is None:
        return None
    kept, context.uses = context.uses, set()
    try:
        value = compile_expression(node, context, scope)
    except SqlError:
        return None
    finally:
        context.uses = kept
    return coerce(value, BOOLEAN).text if common(value.type, BOOLEAN) == BOOLEAN else None


def surviving(connection: duckdb.DuckDBPyConnection, scan: Scan, partitions: Sequence[Sequence[str]]) -> frozenset[int]:
    """Return the indexes of the partitions (values in the order of the scan's partition columns) that may hold rows."""
    columns = [c for c in scan.columns if c.partition]
    if not scan.predicates or not columns or not partitions:
        return frozenset(range(len(partitions)))
    rows = ", ".join(f"({i}, {', '.join(map(text, values))})" for i, values in enumerate(partitions))
    names = ", ".join(identifier(c.name) for c in columns)
    typed = ", ".join(f"CAST({identifier(c.name)} AS {duckdb_type(c.type)}) AS {identifier(c.name)}" for c in columns)
    where = " AND ".join(scan.predicates)
    query = f"SELECT i FROM (SELECT i, {typed} FROM (VALUES {rows}) AS v(i, {names})) AS p WHERE {where}"  # noqa: S608  # every text is a compiled expression or a quoted literal
    try:
        return frozenset(i for (i,) in connection.execute(query).fetchall())
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return frozenset(range(len(partitions)))
