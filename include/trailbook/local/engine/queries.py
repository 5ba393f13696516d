"""Queries: SELECT, set operations, WITH and VALUES become DuckDB text whose columns are c0, c1, … in order."""

from collections.abc import Sequence

from sqlglot import exp

from trailbook.local.engine.casts import coerce
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.expressions import compile_expression
from trailbook.local.engine.ordering import limited, nothing, tail
from trailbook.local.engine.scope import Context, Field, QueryScope, Relation, Scope, Sql, renamed
from trailbook.local.engine.selects import all_uses, select
from trailbook.local.engine.types import UNKNOWN, Type, common, field_name, identifier, row, text


def compile_query(node: exp.Expr, context: Context, outer: Scope | None = None) -> Relation:
    """Return a query as DuckDB text. Raises SqlError."""
    kept_ctes, kept_uses = dict(context.ctes), context.uses
    context.uses = set()
    try:
        prefix = _with(node, context, outer)
        if isinstance(node, exp.Subquery):
            relation = _parenthesised(node, context, outer)
        elif isinstance(node, exp.Select):
            relation = select(node, context, outer)
        elif isinstance(node, exp.SetOperation):
            relation = _set_operation(node, context, outer)
        elif isinstance(node, exp.Values):
            relation = _ended(node, values(node, context, outer), context, outer)
        else:
            raise not_supported(f"the query {type(node).__name__}", node)
    finally:
        context.ctes, context.uses = kept_ctes, kept_uses
    return Relation(prefix + relation.text, relation.fields, relation.always)


def _with(node: exp.Expr, context: Context, outer: Scope | None) -> str:
    clause = node.args.get("with_")
    if clause is None:
        return ""
    if clause.args.get("recursive"):
        raise not_supported("WITH RECURSIVE", node)
    bodies = []
    seen: set[str] = set()
    for cte in clause.expressions:
        if cte.alias.lower() in seen:
            message = f"WITH query name '{cte.alias}' specified more than once"
            raise SqlError("DUPLICATE_NAMED_QUERY", message, cte.args["alias"])
        seen.add(cte.alias.lower())
        relation = common_table(cte, context, outer)
        name = context.fresh("q")
        bodies.append(f"{name} AS ({relation.text})")
        context.ctes[cte.alias.lower()] = (name, relation)
    return f"WITH {', '.join(bodies)} "


def common_table(cte: exp.CTE, context: Context, outer: Scope | None) -> Relation:
    """Return what a common table expression stands for, its columns under the names of its list. Raises SqlError."""
    relation = compile_query(cte.this, context, outer)
    columns = cte.args["alias"].columns
    if len({c.name.lower() for c in columns}) < len(columns):
        raise SqlError("DUPLICATE_COLUMN_NAME", "a column name is specified more than once", cte.args["alias"])
    if not columns:
        return relation
    return Relation(relation.text, renamed(relation.fields, [c.name for c in columns], cte), relation.always)


def _parenthesised(node: exp.Subquery, context: Context, outer: Scope | None) -> Relation:
    inner = compile_query(node.this, context, outer)
    return _ended(node, inner, context, outer)


def _ended(node: exp.Expr, inner: Relation, context: Context, outer: Scope | None) -> Relation:
    """Return a query with the ORDER BY, OFFSET and LIMIT that stand after it."""
    end = tail(node, context, QueryScope(_visible(inner.fields, "r"), outer), None)
    if nothing(end):
        return inner
    always = inner.always | all_uses(inner.fields)
    return Relation(limited(end, inner.text, len(inner.fields)), inner.fields, always)


def _visible(fields: Sequence[Field], alias: str) -> list[Field]:
    return [Field(f.name, f.type, f"{alias}.c{i}", "", f.uses, f.label) for i, f in enumerate(fields)]


def _set_operation(node: exp.SetOperation, context: Context, outer: Scope | None) -> Relation:
    if node.args.get("by_name") or node.args.get("side") or node.args.get("kind") or node.args.get("on"):
        raise not_supported("this form of set operation", node)
    left, right = compile_query(node.this, context, outer), compile_query(node.expression, context, outer)
    if len(left.fields) != len(right.fields):
        raise SqlError(
            "TYPE_MISMATCH",
            f"{node.key.upper()} query has different number of fields: {len(left.fields)}, {len(right.fields)}",
            node,
        )
    kinds = [_same(a.type, b.type, i, node) for i, (a, b) in enumerate(zip(left.fields, right.fields, strict=True), 1)]
    every = bool(node.args.get("distinct") is False)
    word = f"{node.key.upper()}{' ALL' if every else ''}"
    body = f"{_as(left, kinds)} {word} {_as(right, kinds)}"
    fields = tuple(
        Field(a.name, k, f"c{i}", "", a.uses | b.uses, a.label)
        for i, (a, b, k) in enumerate(zip(left.fields, right.fields, kinds, strict=True))
    )
    always = left.always | right.always
    if not (every and isinstance(node, exp.Union)):
        always |= all_uses(fields)
    return _ended(node, Relation(body, fields, always), context, outer)


def _same(a: Type, b: Type, index: int, node: exp.Expr) -> Type:
    kind = common(a, b)
    if kind is None:
        raise SqlError("TYPE_MISMATCH", f"column {index} in query has incompatible types: {a}, {b}", node)
    return kind


def _as(relation: Relation, kinds: Sequence[Type]) -> str:
    columns = (
        f"{coerce(Sql(f's.c{i}', f.type), k).text} AS c{i}"
        for i, (f, k) in enumerate(zip(relation.fields, kinds, strict=True))
    )
    return f"SELECT {', '.join(columns)} FROM ({relation.text}) AS s"  # noqa: S608  # compiled text only


def values(node: exp.Values, context: Context, outer: Scope | None) -> Relation:
    """Return VALUES as a query; each column takes the rows' common type. Raises SqlError (TYPE_MISMATCH)."""
    scope = QueryScope((), outer, clause="VALUES")
    rows = [_row(r, context, scope) for r in node.expressions]
    width = len(rows[0])
    kinds = [UNKNOWN] * width
    for line in rows:
        if len(line) != width:
            raise SqlError("TYPE_MISMATCH", f"Values rows have mismatched sizes: {width} vs {len(line)}", node)
        kinds = [_same(k, v.type, i, node) for i, (k, v) in enumerate(zip(kinds, line, strict=True), 1)]
    body = ", ".join(f"({', '.join(coerce(v, k).text for v, k in zip(r, kinds, strict=True))})" for r in rows)
    names = ", ".join(f"c{i}" for i in range(width))
    fields = tuple(Field("", k, f"c{i}") for i, k in enumerate(kinds))
    return Relation(f"SELECT * FROM (VALUES {body}) AS v({names})", fields, frozenset(context.uses))  # noqa: S608  # compiled text only


def _row(node: exp.Expr, context: Context, scope: Scope) -> list[Sql]:
    """Return one row of VALUES: a list in parentheses, a row (its fields), or one value."""
    if isinstance(node, exp.Tuple) and len(node.expressions) == 1:
        node = node.expressions[0]
    if isinstance(node, exp.Tuple):
        return [compile_expression(e, context, scope) for e in node.expressions]
    value = compile_expression(node, context, scope)
    if value.type.base != "row":
        return [value]
    names = [text(field_name(value.type, i)) for i in range(len(value.type.args))]
    return [Sql(f"struct_extract({value.text}, {n})", k) for n, k in zip(names, value.type.args, strict=True)]


def column_of(node: exp.Expr, wanted: Type, context: Context, scope: Scope, place: exp.Expr) -> tuple[str, Type]:
    """Return a one-column subquery in the common type with `wanted`. Raises SqlError (TYPE_MISMATCH)."""
    relation = compile_query(node, context, scope)
    if len(relation.fields) != 1:
        relation = packed(relation)
    kind = common(wanted, relation.fields[0].type)
    if kind is None:
        raise SqlError("TYPE_MISMATCH", f"Cannot apply operator: {wanted} = {relation.fields[0].type}", place)
    context.uses |= relation.always | relation.fields[0].uses
    return _as(relation, [kind]), kind


def packed(relation: Relation) -> Relation:
    """Return a query of several columns as one of a row, which is how Trino reads it as a value."""
    kind = row([("", f.type) for f in relation.fields])
    parts = ", ".join(f"{identifier(field_name(kind, i))} := s.c{i}" for i in range(len(relation.fields)))
    body = f"SELECT struct_pack({parts}) AS c0 FROM ({relation.text}) AS s"  # noqa: S608  # compiled text only
    return Relation(body, (Field("", kind, "c0", "", all_uses(relation.fields)),), relation.always)
