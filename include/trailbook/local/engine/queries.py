"""Queries: SELECT, set operations, WITH and VALUES become DuckDB text whose columns are c0, c1, … in order."""

from collections.abc import Sequence

from sqlglot import exp

from trailbook.local.engine.aggregates import direction
from trailbook.local.engine.casts import coerce
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.expressions import boolean, compile_expression, dotted
from trailbook.local.engine.pruning import note_predicates
from trailbook.local.engine.relations import Source, sources
from trailbook.local.engine.scope import Context, Field, Relation, Scope, Sql, Use, renamed
from trailbook.local.engine.types import UNKNOWN, Type, common

_SELECT_ARGS = frozenset(
    ("with_", "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct")
)


def compile_query(node: exp.Expr, context: Context, outer: Scope | None = None) -> Relation:
    """Return a query as DuckDB text. Raises SqlError."""
    kept_ctes, kept_uses = dict(context.ctes), context.uses
    context.uses = set()
    try:
        prefix = _with(node, context, outer)
        if isinstance(node, exp.Subquery):
            relation = _parenthesised(node, context, outer)
        elif isinstance(node, exp.Select):
            relation = _select(node, context, outer)
        elif isinstance(node, exp.SetOperation):
            relation = _set_operation(node, context, outer)
        elif isinstance(node, exp.Values):
            relation = values(node, context, outer)
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
    for cte in clause.expressions:
        relation = compile_query(cte.this, context, outer)
        columns = cte.args["alias"].columns
        if columns:
            relation = Relation(
                relation.text, renamed(relation.fields, [c.name for c in columns], cte), relation.always
            )
        name = context.fresh("q")
        bodies.append(f"{name} AS ({relation.text})")
        context.ctes[cte.alias.lower()] = (name, relation)
    return f"WITH {', '.join(bodies)} "


def _parenthesised(node: exp.Subquery, context: Context, outer: Scope | None) -> Relation:
    inner = compile_query(node.this, context, outer)
    tail = _tail(node, context, Scope(_visible(inner.fields, "r"), outer), None)
    if not tail:
        return inner
    return Relation(f"SELECT r.* FROM ({inner.text}) AS r{tail}", inner.fields, inner.always | _all_uses(inner.fields))  # noqa: S608  # compiled text only


def _visible(fields: Sequence[Field], alias: str) -> list[Field]:
    return [Field(f.name, f.type, f"{alias}.c{i}", "", f.uses) for i, f in enumerate(fields)]


def _all_uses(fields: Sequence[Field]) -> frozenset[Use]:
    return frozenset().union(*(f.uses for f in fields))


def _select(node: exp.Select, context: Context, outer: Scope | None) -> Relation:
    unknown = [k for k, v in node.args.items() if v and k not in _SELECT_ARGS]
    if unknown:
        raise not_supported(f"SELECT with {unknown[0].rstrip('_').upper()}", node)
    source = sources(node, context, outer)
    scope = Scope(source.fields, outer)
    context.uses |= source.always
    where = node.args.get("where")
    text = f" FROM {source.text}" if source.text else ""
    if where is not None:
        text += f" WHERE {boolean(where.this, context, scope, compile_expression, 'WHERE')}"
        note_predicates(where.this, source.scans, context)
    items = _items(node, source, context, scope)
    if group := node.args.get("group"):
        text += _group(group, items, context, scope)
    if having := node.args.get("having"):
        text += f" HAVING {boolean(having.this, context, scope, compile_expression, 'HAVING')}"
    distinct = ""
    if clause := node.args.get("distinct"):
        if clause.args.get("on"):
            raise not_supported("DISTINCT ON", node)
        distinct = "DISTINCT "
        context.uses |= _all_uses(items)
    text += _tail(node, context, scope, items)
    columns = ", ".join(f"{item.sql} AS c{i}" for i, item in enumerate(items))
    return Relation(f"SELECT {distinct}{columns}{text}", tuple(items), frozenset(context.uses))


def _items(node: exp.Select, source: Source, context: Context, scope: Scope) -> list[Field]:
    """Return the SELECT list: each item's text is in `sql`; the columns that only it reads are in its `uses`."""
    items: list[Field] = []
    for item in node.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            items += _star(item, source)
            continue
        kept, context.uses = context.uses, set()
        inner = item.this if isinstance(item, exp.Alias) else item
        value = compile_expression(inner, context, scope)
        name = item.alias if isinstance(item, exp.Alias) else _implied_name(inner)
        items.append(Field(name.lower(), value.type, value.text, "", frozenset(context.uses)))
        context.uses = kept
    if not items:
        raise SqlError("SYNTAX_ERROR", "SELECT list is empty", node)
    return items


def _implied_name(node: exp.Expr) -> str:
    parts = dotted(node)
    if parts:
        return parts[-1]
    return node.expression.name if isinstance(node, exp.Dot) else ""


def _star(item: exp.Expr, source: Source) -> list[Field]:
    if item.args.get("except_") or item.args.get("replace"):
        raise not_supported("SELECT * EXCEPT", item)
    table = item.args["table"].name.lower() if item.args.get("table") else ""
    found = [f for f in source.star if not table or f.relation == table]
    if not found:
        raise SqlError("COLUMN_NOT_FOUND" if table else "SYNTAX_ERROR", "SELECT * has no relation to read", item)
    return [Field(f.name, f.type, f.sql, "", f.uses) for f in found]


def _group(group: exp.Expr, items: Sequence[Field], context: Context, scope: Scope) -> str:
    parts = []
    if group.args.get("all") is not None or group.args.get("totals"):
        raise not_supported("GROUP BY ALL", group)
    found = [*group.expressions]
    for key in ("grouping_sets", "rollup", "cube"):
        found += group.args.get(key) or []
    for item in found:
        word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}.get(type(item), "")
        if word:
            inner = ", ".join(_grouping_set(e, items, context, scope) for e in item.expressions)
            parts.append(f"{word} ({inner})")
        else:
            parts.append(_key(item, items, context, scope))
    return f" GROUP BY {', '.join(parts)}"


def _grouping_set(node: exp.Expr, items: Sequence[Field], context: Context, scope: Scope) -> str:
    members = node.expressions if isinstance(node, exp.Tuple) else [node.this if isinstance(node, exp.Paren) else node]
    return f"({', '.join(_key(m, items, context, scope) for m in members)})"


def _key(node: exp.Expr, items: Sequence[Field], context: Context, scope: Scope) -> str:
    if isinstance(node, exp.Literal) and not node.is_string:
        item = _ordinal(node, items)
        context.uses |= item.uses
        text = item.sql
    else:
        text = compile_expression(node, context, scope).text
    return f"CAST({text} AS INTEGER)" if text.isdigit() else text


def _ordinal(node: exp.Literal, items: Sequence[Field]) -> Field:
    index = int(node.name) if node.name.isdigit() else 0
    if not 1 <= index <= len(items):
        raise SqlError("INVALID_COLUMN_REFERENCE", f"position {node.name} is not in select list", node)
    return items[index - 1]


def _tail(node: exp.Expr, context: Context, scope: Scope, items: Sequence[Field] | None) -> str:
    """Return ORDER BY, LIMIT and OFFSET. Without `items` (a set operation) the scope is the output itself."""
    text = ""
    if order := node.args.get("order"):
        keys = [_order_key(o, context, scope, items) + direction(o) for o in order.expressions]
        text += f" ORDER BY {', '.join(keys)}"
    limit = node.args.get("limit")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
            raise not_supported("FETCH FIRST with PERCENT or WITH TIES", node)
        text += f" LIMIT {_count(limit.args.get('count') or exp.Literal.number(1), node)}"
    elif limit is not None and limit.expression.name.upper() != "ALL":
        text += f" LIMIT {_count(limit.expression, node)}"
    if offset := node.args.get("offset"):
        text += f" OFFSET {_count(offset.expression, node)}"
    return text


def _count(value: exp.Expr, node: exp.Expr) -> int:
    if not isinstance(value, exp.Literal) or not value.name.isdigit():
        raise SqlError("SYNTAX_ERROR", "LIMIT and OFFSET need a whole number", node)
    return int(value.name)


def _order_key(item: exp.Expr, context: Context, scope: Scope, items: Sequence[Field] | None) -> str:
    inner = item.this
    output = list(items) if items is not None else list(scope.fields)
    if isinstance(inner, exp.Literal) and not inner.is_string:
        found = _ordinal(inner, output)
        context.uses |= found.uses
        return f"c{output.index(found)}" if items is not None else found.sql
    parts = dotted(inner)
    if items is None or parts is None or len(parts) > 1:
        unique = {f.name: f for f in reversed(items or ()) if f.name}
        return compile_expression(inner, context, Scope(unique.values(), scope) if items else scope).text
    matches = [i for i, f in enumerate(items) if f.name == parts[0].lower()]
    if not matches:
        return compile_expression(inner, context, scope).text
    if len({items[i].sql for i in matches}) > 1:
        raise SqlError("AMBIGUOUS_NAME", f"Column '{parts[0]}' is ambiguous", inner)
    context.uses |= items[matches[0]].uses
    return f"c{matches[0]}"


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
        Field(a.name, k, f"c{i}", "", a.uses | b.uses)
        for i, (a, b, k) in enumerate(zip(left.fields, right.fields, kinds, strict=True))
    )
    always = left.always | right.always
    if not (every and isinstance(node, exp.Union)):
        always |= _all_uses(fields)
    tail = _tail(node, context, Scope(_visible(fields, "r"), outer), None)
    if tail:
        body, always = f"SELECT r.* FROM ({body}) AS r{tail}", always | context.uses  # noqa: S608  # compiled text only
    return Relation(body, fields, always)


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
    scope = Scope((), outer)
    rows = [
        [compile_expression(e, context, scope) for e in (r.expressions if isinstance(r, exp.Tuple) else [r])]
        for r in node.expressions
    ]
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


def column_of(node: exp.Expr, wanted: Type, context: Context, scope: Scope, place: exp.Expr) -> tuple[str, Type]:
    """Return a one-column subquery in the common type with `wanted`. Raises SqlError (TYPE_MISMATCH)."""
    relation = compile_query(node, context, scope)
    if len(relation.fields) != 1:
        raise SqlError("SYNTAX_ERROR", f"Subquery must return one column, found {len(relation.fields)}", place)
    kind = common(wanted, relation.fields[0].type)
    if kind is None:
        raise SqlError("TYPE_MISMATCH", f"Cannot apply operator: {wanted} = {relation.fields[0].type}", place)
    context.uses |= relation.always | relation.fields[0].uses
    return _as(relation, [kind]), kind
