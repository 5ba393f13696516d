"""ORDER BY, OFFSET, LIMIT and FETCH at the end of a query."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from trailbook.local.engine.aggregates import direction
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.expressions import compile_expression, dotted
from trailbook.local.engine.scope import Context, Field, OutputScope, Scope

_MOST_ROWS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Tail:
    """What ends a query: sort keys (DuckDB text and direction), rows to leave out, rows to give, with ties or not."""

    keys: tuple[tuple[str, str], ...] = ()
    offset: int = 0
    limit: int | None = None
    ties: bool = False

    @property
    def text(self) -> str:
        """Return the clauses as DuckDB text."""
        return self.order + self._rows()

    @property
    def order(self) -> str:
        """Return the ORDER BY clause alone."""
        return f" ORDER BY {', '.join(k + d for k, d in self.keys)}" if self.keys else ""

    def _rows(self) -> str:
        limit = f" LIMIT {self.limit}" if self.limit is not None and not self.ties else ""
        return limit + (f" OFFSET {self.offset}" if self.offset else "")


def finished(distinct: str, items: Sequence[Field], body: str, end: Tail) -> str:
    """Return `SELECT items body end`; rows that tie with the last one are found by their rank."""
    columns = ", ".join(f"{item.sql} AS c{i}" for i, item in enumerate(items))
    if not end.ties:
        return f"SELECT {distinct}{columns}{body}{end.text}"
    sort = [(items[int(k[1:])].sql if k[1:].isdigit() and k[0] == "c" else k, d) for k, d in end.keys]
    extra = ", ".join(f"{k} AS s{i}" for i, (k, _) in enumerate(sort))
    names = ", ".join(f"r.c{i}" for i in range(len(items)))
    order = ", ".join(f"r.s{i}{d}" for i, (_, d) in enumerate(sort))
    return (
        f"SELECT {names} FROM (SELECT r.*, rank() OVER (ORDER BY {order}) AS place FROM "  # noqa: S608  # compiled text only
        f"(SELECT {distinct}{columns}, {extra}{body}{end.text}) AS r) AS r "
        f"WHERE r.place <= {end.limit} ORDER BY {order}"
    )


def ordinal(node: exp.Expr, width: int, clause: str) -> int:
    """Return a position in the SELECT list, from 1. Raises SqlError (INVALID_COLUMN_REFERENCE)."""
    index = int(node.name) if node.name.isdigit() else 0
    if not 1 <= index <= width:
        raise SqlError("INVALID_COLUMN_REFERENCE", f"{clause} position {node.name} is not in select list", node)
    return index


def tail(node: exp.Expr, context: Context, scope: Scope, items: Sequence[Field] | None) -> Tail:
    """Return the end of a query. Without `items` (a set operation) the scope is the output itself. Raises SqlError."""
    keys: list[tuple[str, str]] = []
    if order := node.args.get("order"):
        keys = [(_order_key(o, node, context, scope, items), direction(o)) for o in order.expressions]
    limit, ties = _limit(node)
    if ties and not keys:
        raise SqlError("MISSING_ORDER_BY", "FETCH FIRST WITH TIES clause requires ORDER BY", node.args["limit"])
    offset = node.args.get("offset")
    return Tail(tuple(keys), _count(offset.expression) if offset else 0, limit, ties)


def _limit(node: exp.Expr) -> tuple[int | None, bool]:
    limit = node.args.get("limit")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and options.args.get("percent"):
            raise SqlError("SYNTAX_ERROR", "FETCH FIRST has no PERCENT", limit)
        count = _count(limit.args.get("count") or exp.Literal.number(1))
        if not count:
            raise SqlError("NUMERIC_VALUE_OUT_OF_RANGE", "FETCH FIRST row count must be positive", limit)
        return count, bool(options is not None and options.args.get("with_ties"))
    if limit is None or limit.expression.name.upper() == "ALL":
        return None, False
    return _count(limit.expression), False


def _count(value: exp.Expr) -> int:
    if not isinstance(value, exp.Literal) or value.is_string or not value.name.isdigit():
        raise SqlError("SYNTAX_ERROR", "LIMIT and OFFSET need a whole number", value)
    if int(value.name) > _MOST_ROWS:
        raise SqlError("INVALID_LIMIT_CLAUSE", f"Invalid row count: {value.name}", value)
    return int(value.name)


def _order_key(item: exp.Expr, node: exp.Expr, context: Context, scope: Scope, items: Sequence[Field] | None) -> str:
    inner = item.this
    if isinstance(inner, exp.Neg) and isinstance(inner.this, exp.Literal) and inner.this.name.isdigit():
        raise SqlError("INVALID_COLUMN_REFERENCE", f"ORDER BY position -{inner.this.name} is not in select list", inner)
    output = list(items) if items is not None else list(scope.fields)
    if isinstance(inner, exp.Literal) and not inner.is_string and inner.name.isdigit():
        found = output[ordinal(inner, len(output), "ORDER BY") - 1]
        context.uses |= found.uses
        _orderable(found, inner)
        return f"c{ordinal(inner, len(output), 'ORDER BY') - 1}" if items is not None else found.sql
    parts = dotted(inner)
    if items is not None and parts is not None and len(parts) == 1:
        matches = [i for i, f in enumerate(items) if f.name == parts[0].lower()]
        if matches and len({items[i].sql for i in matches}) > 1:
            raise SqlError("AMBIGUOUS_NAME", f"Column '{parts[0]}' is ambiguous", inner)
        if matches:
            context.uses |= items[matches[0]].uses
            _orderable(items[matches[0]], inner)
            return f"c{matches[0]}"
    return _expression(inner, node, context, scope, items)


def _expression(inner: exp.Expr, node: exp.Expr, context: Context, scope: Scope, items: Sequence[Field] | None) -> str:
    unique = {f.name: f for f in reversed(items or ()) if f.name}
    value = compile_expression(inner, context, OutputScope(unique.values(), scope) if unique else scope)
    _orderable(Field("", value.type, ""), inner)
    if node.args.get("distinct") and items is not None and value.text not in {i.sql for i in items}:
        raise SqlError(
            "EXPRESSION_NOT_IN_DISTINCT", "For SELECT DISTINCT, ORDER BY expressions must appear in select list", node
        )
    return value.text if not value.text.isdigit() else f"CAST({value.text} AS INTEGER)"


def _orderable(found: Field, node: exp.Expr) -> None:
    kinds = [found.type]
    while kinds:
        kind = kinds.pop()
        if kind.base in ("json", "map"):
            raise SqlError("TYPE_MISMATCH", f"Type {found.type} is not orderable and cannot be used here", node)
        kinds += kind.args


def nothing(end: Tail) -> bool:
    """Say whether a query has no end at all."""
    return not end.keys and not end.offset and end.limit is None


def limited(end: Tail, body: str, width: int) -> str:
    """Return a finished query's text with an end of its own; its columns are c0, c1 and so on."""
    if nothing(end):
        return body
    if end.ties:
        raise not_supported("FETCH FIRST WITH TIES of a set operation")
    names = ", ".join(f"r.c{i}" for i in range(width))
    return f"SELECT {names} FROM ({body}) AS r{end.text}"  # noqa: S608  # compiled text only
