"""FROM: tables, queries, UNNEST and joins become one DuckDB FROM text and the fields it offers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from trailbook.local.engine.aggregates import AGGREGATES
from trailbook.local.engine.casts import coerce
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.expressions import boolean, compile_expression
from trailbook.local.engine.grouping import aggregated
from trailbook.local.engine.scope import Context, Field, QueryScope, Relation, Scan, Scope, Sql, Use, renamed
from trailbook.local.engine.types import BIGINT, Type, common, field_name, identifier, text
from trailbook.local.engine.views import stored_relation

UNCOMPARABLE = ("json", "row", "array", "map")
"""Types whose equality DuckDB decides otherwise, or that have none."""


@dataclass(slots=True)
class Source:
    """A FROM clause so far; `star` is what SELECT * gives."""

    text: str = ""
    fields: list[Field] = field(default_factory=list)
    star: list[Field] = field(default_factory=list)
    always: set[Use] = field(default_factory=set)


def sources(node: exp.Select, context: Context, outer: Scope | None) -> Source:
    """Return the FROM clause of a SELECT. Raises SqlError."""
    clause = node.args.get("from_")
    if clause is None:
        return Source()
    source = _item(clause.this, context, outer, [])
    for join in node.args.get("joins") or []:
        source = _join(source, join, context, outer)
    return source


def _join(left: Source, join: exp.Join, context: Context, outer: Scope | None) -> Source:
    kind, side = (str(join.args.get(k) or "").upper() for k in ("kind", "side"))
    if (
        join.args.get("method")
        or side not in ("", "LEFT", "RIGHT", "FULL")
        or kind not in ("", "CROSS", "INNER", "OUTER")
    ):
        raise not_supported(f"{join.args.get('method') or ''} {side} {kind} JOIN".strip(), join)
    _lateral_allowed(join, side)
    right = _item(join.this, context, outer, left.fields)
    joined = Source(
        fields=[*left.fields, *right.fields], star=[*left.star, *right.star], always=left.always | right.always
    )
    on, using = join.args.get("on"), join.args.get("using")
    word = f"{side} JOIN" if side else "JOIN"
    kept, context.uses = context.uses, set()
    if using:
        joined.text = f"{left.text} {word} {right.text} ON {_using(using, left, right, joined, side, context)}"
    elif on is not None:
        condition = boolean(on, context, QueryScope(joined.fields, outer, clause="JOIN"), compile_expression, "JOIN ON")
        joined.text = f"{left.text} {word} {right.text} ON {condition}"
    elif side:
        raise SqlError("SYNTAX_ERROR", f"{side} JOIN needs ON or USING", join)
    else:
        joined.text = f"{left.text} CROSS JOIN {right.text}"
    joined.always |= context.uses
    context.uses = kept
    return joined


def _lateral_allowed(join: exp.Join, side: str) -> None:
    """Refuse what Trino refuses of a join with UNNEST or LATERAL. Raises SqlError (NOT_SUPPORTED)."""
    if not isinstance(join.this, exp.Unnest | exp.Lateral):
        return
    on = join.args.get("on")
    plain = on is None or (isinstance(on, exp.Boolean) and bool(on.this))
    if side in ("RIGHT", "FULL") or join.args.get("using") or not plain:
        raise SqlError("NOT_SUPPORTED", "UNNEST and LATERAL are joined by CROSS JOIN or LEFT JOIN … ON TRUE", join)


def _using(names: Sequence[exp.Expr], left: Source, right: Source, joined: Source, side: str, context: Context) -> str:
    """Return the condition of USING and merge its columns in `joined`: they come first, once, without a relation."""
    conditions, merged = [], []
    for item in names:
        name = item.name.lower()
        for where, source in (("left", left), ("right", right)):
            if not any(f.name == name for f in source.fields):
                message = f"Column '{name}' is missing from {where} side of join"
                raise SqlError("COLUMN_NOT_FOUND", message, item)
        a = QueryScope(left.fields).resolve([name], item, context)
        b = QueryScope(right.fields).resolve([name], item, context)
        kind = common(a.type, b.type)
        if kind is None:
            raise SqlError("TYPE_MISMATCH", f"Cannot apply operator: {a.type} = {b.type}", item)
        if kind.base in UNCOMPARABLE:
            raise not_supported(f"USING a column of type {kind}", item)
        x, y = coerce(a, kind).text, coerce(b, kind).text
        conditions.append(f"{x} = {y}")
        value = f"coalesce({x}, {y})" if side == "FULL" else (y if side == "RIGHT" else x)
        merged.append(Field(name, kind, value, "", frozenset(context.uses), item.name))
    gone = {m.name for m in merged}
    joined.star = [*merged, *(f for f in joined.star if f.name not in gone)]
    joined.fields = [*merged, *(f for f in joined.fields if f.name not in gone)]
    return " AND ".join(conditions)


def _item(node: exp.Expr, context: Context, outer: Scope | None, beside: list[Field]) -> Source:
    if node.args.get("pivots") or node.args.get("laterals"):
        raise not_supported("this form of FROM", node)
    if isinstance(node, exp.Unnest):
        inside = QueryScope(beside, outer, clause="UNNEST")
        source = _unnest(node, context, inside)
        if inside.correlated and not _alone_and_aggregated(node):
            raise SqlError("NOT_SUPPORTED", "Given correlated subquery is not supported", node)
        return source
    if isinstance(node, exp.Subquery) and _holds_relation(node.this):
        return _parenthesised(node, context, outer, beside)
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Values | exp.Query):
        return _query(node.this, node, context, outer, lateral=False)
    if isinstance(node, exp.Table):
        return _table(node, context, outer)
    if isinstance(node, exp.Lateral):
        inner = node.this
        if not isinstance(inner, exp.Subquery):
            raise not_supported("LATERAL of something other than a query", node)
        return _query(inner, node, context, QueryScope(beside, outer), lateral=True)
    if isinstance(node, exp.Subquery | exp.Values):
        return _query(node, node, context, outer, lateral=False)
    raise not_supported(f"{type(node).__name__} in FROM", node)


def _alone_and_aggregated(node: exp.Unnest) -> bool:
    """Say whether an UNNEST of an outer column is all that a global aggregation reads, which Trino can plan."""
    select = node.find_ancestor(exp.Select)
    if select is None or select.args.get("joins") or select.args.get("group") or select.args.get("where"):
        return False
    return aggregated(select.expressions, AGGREGATES)


def _holds_relation(node: exp.Expr) -> bool:
    """Say whether parentheses hold a relation (a join, a table, a query with an alias) rather than a query."""
    if isinstance(node, exp.Subquery):
        return bool(node.args.get("alias") or node.args.get("joins")) or _holds_relation(node.this)
    return isinstance(node, exp.Table | exp.Unnest | exp.Lateral)


def _parenthesised(node: exp.Subquery, context: Context, outer: Scope | None, beside: list[Field]) -> Source:
    if _alias(node)[0]:
        raise not_supported("an alias of a join in parentheses", node)
    source = _item(node.this, context, outer, beside)
    for join in node.this.args.get("joins") or []:
        source = _join(source, join, context, outer)
    source.text = f"({source.text})" if node.this.args.get("joins") else source.text
    return source


def _alias(node: exp.Expr) -> tuple[str, list[str]]:
    alias = node.args.get("alias")
    if alias is None:
        return "", []
    return alias.name.lower(), [c.name.lower() for c in alias.args.get("columns") or []]


def _query(node: exp.Expr, aliased: exp.Expr, context: Context, outer: Scope | None, *, lateral: bool) -> Source:
    from trailbook.local.engine.queries import compile_query

    try:
        relation = compile_query(node, context, outer)
    except SqlError as error:
        stored_relation(node, error)  # it is a view's failure where the query is a view's
        raise
    relation = stored_relation(node, relation) or relation
    alias, columns = _alias(aliased)
    fields = renamed(relation.fields, columns, node) if columns else relation.fields
    return _from_relation(
        f"{'LATERAL ' if lateral else ''}({relation.text})", Relation("", fields, relation.always), alias, context
    )


def _from_relation(body: str, relation: Relation, alias: str, context: Context) -> Source:
    name = context.fresh("r")
    fields = [Field(f.name, f.type, f"{name}.c{i}", alias, f.uses, f.label) for i, f in enumerate(relation.fields)]
    return Source(f"{body} AS {name}", fields, list(fields), set(relation.always))


def _table(node: exp.Table, context: Context, outer: Scope | None) -> Source:
    unknown = [k for k, v in node.args.items() if v and k not in ("this", "db", "catalog", "alias")]
    if unknown or not isinstance(node.this, exp.Identifier):
        raise not_supported(f"a table with {unknown[0] if unknown else node.this.sql()}", node)
    alias, columns = _alias(node)
    table, database = node.name.lower(), node.db.lower()
    if not database and table in context.ctes:
        name, relation = context.ctes[table]
        fields = renamed(relation.fields, columns, node) if columns else relation.fields
        return _from_relation(name, Relation("", fields, relation.always), alias or table, context)
    database = database or context.database
    if node.catalog and node.catalog.lower() not in ("awsdatacatalog", '"awsdatacatalog"'):
        raise SqlError("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' does not exist", node)
    if database == "information_schema":
        raise not_supported("information_schema (use SHOW, DESCRIBE or the Glue API)", node)
    if not context.catalog.has_database(database):
        raise SqlError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", node)
    physical = context.catalog.columns(database, table)
    if physical is None:
        raise SqlError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{table}' does not exist", node)
    scan = Scan(context.fresh(context.scan_prefix), database, table, tuple(physical), node)
    context.scans.append(scan)
    name, relation_name = context.fresh("r"), alias or table
    found = [
        Field(c.name, c.type, f"{name}.{identifier(c.name)}", relation_name, frozenset({(scan.name, c.name)}))
        for c in physical
    ]
    if columns:
        found = list(renamed(found, columns, node))
    return Source(f"{scan.name} AS {name}", found, list(found), set())


def _unnest(node: exp.Unnest, context: Context, scope: Scope) -> Source:
    """Return UNNEST of arrays (of rows: a column for each field) and maps, side by side, padded with NULL."""
    kept, context.uses = context.uses, set()
    inner: list[str] = []
    outer: list[Sql] = []
    lengths = []
    for item in node.expressions:
        value = compile_expression(item, context, scope)
        column = f"u{len(inner)}"
        lengths.append(f"coalesce(len({_as_list(value)}), 0)")
        if value.type.base == "map":
            inner += [f"unnest(map_keys({value.text})) AS {column}", f"unnest(map_values({value.text})) AS {column}v"]
            outer += [Sql(f"w.{column}", value.type.args[0]), Sql(f"w.{column}v", value.type.args[1])]
        elif value.type.base == "array":
            inner.append(f"unnest({value.text}) AS {column}")
            outer += _fields_of(Sql(f"w.{column}", value.type.args[0]))
        else:
            raise SqlError("INVALID_FUNCTION_ARGUMENT", f"Cannot unnest type: {value.type}")
    offset = node.args.get("offset")
    if offset:
        inner.append(f"unnest(generate_series(1, greatest({', '.join([*lengths, '0'])}))) AS o")
        outer.append(Sql("w.o", BIGINT))
    alias, names = _alias(node)
    if offset and names and isinstance(offset, exp.Identifier):
        names = [*names, offset.name.lower()]
    uses, context.uses = frozenset(context.uses), kept
    fields = [Field("", s.type, "", alias, uses) for s in outer]
    if names:
        fields = list(renamed(fields, names, node))
    columns = ", ".join(f"{s.text} AS c{i}" for i, s in enumerate(outer))
    body = f"LATERAL (SELECT {columns} FROM (SELECT {', '.join(inner)}) AS w)"  # noqa: S608  # compiled text only
    return _from_relation(body, Relation("", tuple(fields), uses), alias, context)


def _as_list(value: Sql) -> str:
    return f"map_keys({value.text})" if value.type.base == "map" else value.text


def _fields_of(value: Sql) -> list[Sql]:
    kind: Type = value.type
    if kind.base != "row":
        return [value]
    return [
        Sql(f"struct_extract({value.text}, {text(field_name(kind, i))})", inner) for i, inner in enumerate(kind.args)
    ]
