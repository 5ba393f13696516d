"""One SELECT: its list, its aggregation and its windows, as DuckDB text whose columns are c0, c1 and so on."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from trailbook.local.engine.aggregates import AGGREGATES
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.expressions import boolean, compile_expression, dotted
from trailbook.local.engine.grouping import Keys, aggregated, star_allowed
from trailbook.local.engine.ordering import Tail, finished, ordinal, tail
from trailbook.local.engine.relations import Source, sources
from trailbook.local.engine.scope import Context, Field, QueryScope, Relation, Scope, Use
from trailbook.local.engine.windows import inline_windows

_ARGS = frozenset(
    (
        *("with_", "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset"),
        *("distinct", "windows"),
    )
)
_GROUP_WORDS: Mapping[type[exp.Expr], str] = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}


def all_uses(fields: Sequence[Field]) -> frozenset[Use]:
    """Return every table column that any of the fields reads."""
    return frozenset().union(*(f.uses for f in fields))


def select(node: exp.Select, context: Context, outer: Scope | None) -> Relation:
    """Return a SELECT as DuckDB text. Raises SqlError."""
    unknown = [k for k, v in node.args.items() if v and k not in _ARGS]
    if unknown:
        raise not_supported(f"SELECT with {unknown[0].rstrip('_').upper()}", node)
    if not node.expressions:
        raise SqlError("SYNTAX_ERROR", "SELECT list is empty", node)
    inline_windows(node)
    source = sources(node, context, outer)
    scope = QueryScope(source.fields, outer)
    context.uses |= source.always
    text = f" FROM {source.text}" if source.text else ""
    if (where := node.args.get("where")) is not None:
        text += f" WHERE {boolean(where.this, context, scope.inside(clause='WHERE'), compile_expression, 'WHERE')}"
    keys, grouped = _keys(node, source, context, scope)
    seen = scope.inside(grouping=keys)
    items = _items(node, source, context, seen, keys)
    text += grouped
    if having := node.args.get("having"):
        text += f" HAVING {_having(having.this, context, seen)}"
    distinct = _distinct(node, context, items)
    end = tail(node, context, seen, items)
    _correlation(node, scope, end)
    return Relation(finished(distinct, items, text, end), tuple(items), frozenset(context.uses))


def _having(node: exp.Expr, context: Context, scope: QueryScope) -> str:
    try:
        return boolean(node, context, scope, compile_expression, "HAVING")
    except SqlError as error:
        raise _at(error, node) from None


def _distinct(node: exp.Select, context: Context, items: Sequence[Field]) -> str:
    clause = node.args.get("distinct")
    if not clause:
        return ""
    if clause.args.get("on"):
        raise not_supported("DISTINCT ON", node)
    for item in items:
        if item.type.base in ("json", "map") and item.type.base == "json":
            raise not_supported("DISTINCT of JSON values", node)
    context.uses |= all_uses(items)
    return "DISTINCT "


def _keys(node: exp.Select, source: Source, context: Context, scope: QueryScope) -> tuple[Keys | None, str]:
    """Return the aggregation's keys (None where the query is not aggregated) and the GROUP BY text."""
    group = node.args.get("group")
    order = node.args.get("order")
    parts = [*node.expressions, *(order.expressions if order else ()), *filter(None, [node.args.get("having")])]
    if group is None:
        if node.args.get("having") is None and not aggregated(parts, AGGREGATES):
            return None, ""
        return Keys(scope.inside(), compile_expression, present=False), "" if aggregated(
            parts, AGGREGATES
        ) else " GROUP BY ()"
    if group.args.get("totals"):
        raise not_supported("GROUP BY with TOTALS", group)
    keys = Keys(scope.inside(), compile_expression)
    inside = scope.inside(clause="GROUP BY")
    found = [*group.expressions]
    for name in ("grouping_sets", "rollup", "cube"):
        found += group.args.get(name) or []
    texts = [_element(item, node, source, context, inside, keys) for item in found]
    return keys, f" GROUP BY {', '.join(texts)}"


def _element(item: exp.Expr, node: exp.Select, source: Source, context: Context, scope: QueryScope, keys: Keys) -> str:
    word = _GROUP_WORDS.get(type(item))
    if word is None:
        if isinstance(item, exp.Tuple):
            return f"({', '.join(_key(e, node, source, context, scope, keys) for e in item.expressions)})"
        return _key(item, node, source, context, scope, keys)
    sets = []
    for member in item.expressions:
        listed = member.expressions if isinstance(member, exp.Tuple) else [member.unnest()]
        for part in listed:
            if dotted(part) is None:
                raise SqlError("INVALID_COLUMN_REFERENCE", "GROUP BY expression must be a column reference", part)
        sets.append(f"({', '.join(_key(e, node, source, context, scope, keys) for e in listed)})")
    return f"{word} ({', '.join(sets)})"


def _key(item: exp.Expr, node: exp.Select, source: Source, context: Context, scope: QueryScope, keys: Keys) -> str:
    if isinstance(item, exp.Literal) and not item.is_string and item.name.isdigit():
        if any(isinstance(e, exp.Star) or e.is_star for e in node.expressions):
            fields = _expanded(node, source)
            picked = fields[ordinal(item, len(fields), "GROUP BY") - 1]
            if isinstance(picked, Field):
                context.uses |= picked.uses
                keys.add(item, scope.resolve([picked.name], item, context))
                return picked.sql
            item = picked
        else:
            item = node.expressions[ordinal(item, len(node.expressions), "GROUP BY") - 1]
    item = item.unalias().unnest()
    value = compile_expression(item, context, scope)
    if value.type.base == "json":
        raise not_supported("GROUP BY of JSON values", item)
    keys.add(item, value)
    return f"CAST({value.text} AS INTEGER)" if value.text.isdigit() else value.text


def _expanded(node: exp.Select, source: Source) -> list[Field | exp.Expr]:
    found: list[Field | exp.Expr] = []
    for item in node.expressions:
        if item.is_star:
            found += _star(item, source)
        else:
            found.append(item)
    return found


def _items(node: exp.Select, source: Source, context: Context, scope: QueryScope, keys: Keys | None) -> list[Field]:
    """Return the SELECT list: each item's text is in `sql`; the columns that only it reads are in its `uses`."""
    items: list[Field] = []
    for item in node.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            star = _star(item, source)
            star_allowed(star, keys, item)
            items += star
            continue
        kept, context.uses = context.uses, set()
        inner = item.this if isinstance(item, exp.Alias) else item
        try:
            value = compile_expression(inner, context, scope)
        except SqlError as error:
            raise _at(error, inner) from None
        name = item.alias if isinstance(item, exp.Alias) else _implied_name(inner)
        items.append(Field(name.lower(), value.type, value.text, "", frozenset(context.uses), name))
        context.uses = kept
    return items


def _at(error: SqlError, item: exp.Expr) -> SqlError:
    """Return the error at the place of the whole item, where Trino reports a column that is not a key."""
    if error.code != "EXPRESSION_NOT_AGGREGATE" or error.node is None:
        return error
    parent: exp.Expr | None = error.node
    while parent is not None and parent is not item:
        if isinstance(parent, exp.Query | exp.Window):
            return error
        parent = parent.parent
    return SqlError(
        error.code, f"'{item.sql()}' must be an aggregate expression or appear in GROUP BY clause", item.unnest()
    )


def _implied_name(node: exp.Expr) -> str:
    parts = dotted(node.unnest())
    return parts[-1] if parts else ""


def _star(item: exp.Expr, source: Source) -> list[Field]:
    if item.args.get("except_") or item.args.get("replace"):
        raise not_supported("SELECT * EXCEPT", item)
    if item.args.get("db"):
        raise not_supported("the fields of a row as columns", item)
    table = item.args["table"].name.lower() if item.args.get("table") else ""
    found = [f for f in source.star if not table or f.relation == table]
    if not found and table and any(f.name == table for f in source.fields):
        raise not_supported("the fields of a row as columns", item)
    if not found:
        if table:
            raise SqlError("TABLE_NOT_FOUND", f"Unable to resolve reference {table}", item)
        raise SqlError("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", item)
    return [Field(f.name, f.type, f.sql, "", f.uses, f.label) for f in found]


def _correlation(node: exp.Select, scope: QueryScope, end: Tail) -> None:
    """Refuse the correlated subqueries that Trino's planner refuses. Raises SqlError (NOT_SUPPORTED)."""
    if not scope.correlated:
        return
    if scope.nested and node.args.get("from_") is not None:
        raise SqlError("NOT_SUPPORTED", "Given correlated subquery is not supported", node)
    if end.limit is not None and not _equalities(node, scope.correlated):
        raise SqlError("NOT_SUPPORTED", "Given correlated subquery is not supported", node)
    if node.find(exp.Window) is not None:
        raise SqlError("NOT_SUPPORTED", "Given correlated subquery is not supported", node)


def _equalities(node: exp.Select, names: Sequence[exp.Expr]) -> bool:
    """Say whether each outer name stands alone on one side of an equality of WHERE's conjunction."""
    where = node.args.get("where")
    parts = list(where.this.flatten()) if where is not None and isinstance(where.this, exp.And) else []
    if where is not None and not parts:
        parts = [where.this]
    sides = [
        s.unnest() for p in parts if isinstance(p.unnest(), exp.EQ) for s in (p.unnest().this, p.unnest().expression)
    ]
    return all(any(n is s for s in sides) for n in names)
