"""Aggregate and window functions, with Trino's result types and its treatment of NULL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from trailbook.local.engine.casts import coerce
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.scope import Context, Scope, Sql
from trailbook.local.engine.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGERS,
    VARCHAR,
    Type,
    array,
    common,
    duckdb_type,
    mapping,
    numeric,
)

if TYPE_CHECKING:
    from trailbook.local.engine.expressions import Compile

AGGREGATES = frozenset(
    [
        "count",
        "count_if",
        "sum",
        "avg",
        "min",
        "max",
        "array_agg",
        "arbitrary",
        "any_value",
        "max_by",
        "min_by",
        "bool_and",
        "bool_or",
        "every",
        "approx_distinct",
        "approx_percentile",
        "histogram",
        "map_agg",
        "grouping",
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "variance",
        "var_samp",
        "var_pop",
    ]
)
WINDOW_ONLY: Mapping[str, Type | None] = {
    **dict.fromkeys(("row_number", "rank", "dense_rank", "ntile"), BIGINT),
    **dict.fromkeys(("percent_rank", "cume_dist"), DOUBLE),
    **dict.fromkeys(("lag", "lead", "first_value", "last_value", "nth_value"), None),
}
_ORDERABLE = ("boolean", "varchar", "date", "timestamp", "timestamptz", "ipaddress", "unknown")


@dataclass(frozen=True, slots=True)
class Parts:
    """An aggregate call taken apart: DISTINCT, its ORDER BY text ('' where none) and its arguments."""

    distinct: bool
    order: str
    values: tuple[Sql, ...]


def aggregate(
    name: str, arguments: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile"
) -> tuple[str, Type, str]:
    """Return a call's DuckDB text, its type, and a template (`{}`) to put around it once FILTER and OVER are added."""
    if name == "count" and len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        return "count(*)", BIGINT, "{}"
    if name == "grouping":
        values = [run(a, context, scope).text for a in arguments]
        return f"grouping({', '.join(values)})", INTEGERS_GROUPING, "CAST({} AS INTEGER)"
    parts = _take_apart(arguments, node, context, scope, run)
    if name in WINDOW_ONLY:
        return _window(name, parts, node)
    return _build(name, parts, node)


INTEGERS_GROUPING = Type("integer")


def order_text(ordered: Sequence[exp.Expr], context: Context, scope: Scope, run: "Compile") -> str:
    """Return the text of an ORDER BY list; NULLs come last unless FIRST is asked for, also when descending."""
    parts = []
    for item in ordered:
        value = run(item.this if isinstance(item, exp.Ordered) else item, context, scope)
        parts.append(value.text + direction(item))
    return ", ".join(parts)


def direction(item: exp.Expr) -> str:
    """Return the direction and place of NULLs of one ORDER BY item."""
    descending = " DESC" if item.args.get("desc") else " ASC"
    return descending + (" NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST")


def _take_apart(arguments: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Parts:
    items, order, distinct = list(arguments), "", False
    if items and isinstance(items[-1], exp.Order):
        order = order_text(items[-1].expressions, context, scope, run)
        items[-1] = items[-1].this
    if items and isinstance(items[0], exp.Distinct):
        distinct = True
        items = [*items[0].expressions, *items[1:]]
    return Parts(distinct, order, tuple(run(i, context, scope) for i in items))


def _build(name: str, parts: Parts, node: exp.Expr) -> tuple[str, Type, str]:
    expected = {"max_by": 2, "min_by": 2, "map_agg": 2, "approx_percentile": 2}.get(name, 1)
    if len(parts.values) != expected:
        raise not_supported(f"{name} of {len(parts.values)} arguments", node)
    if name in ("sum", "avg"):
        return _sum(name, parts.values[0], "DISTINCT " if parts.distinct else "", node)
    if name in ("count_if", "bool_and", "bool_or", "every"):
        return _conditional(name, parts.values[0], node)
    if name in ("approx_percentile", "histogram", "map_agg"):
        return _collected(name, parts)
    return _plain(name, parts, node)


def _plain(name: str, parts: Parts, node: exp.Expr) -> tuple[str, Type, str]:
    texts, kind = [v.text for v in parts.values], parts.values[0].type
    order = f" ORDER BY {parts.order}" if parts.order else ""
    body = f"({'DISTINCT ' if parts.distinct else ''}{', '.join(texts)}{order})"
    if name == "count":
        return f"count{body}", BIGINT, "{}"
    if name in ("min", "max"):
        if kind.base not in _ORDERABLE and not numeric(kind):
            raise not_supported(f"{name} of {kind}", node)
        return f"{name}{body}", kind, "{}"
    if name == "array_agg":
        return f"array_agg{body}", array(kind), "{}"
    if name in ("arbitrary", "any_value"):
        return f"any_value({texts[0]}{order})", kind, "{}"
    if name in ("max_by", "min_by"):
        return f"arg_{name[:3]}_null({', '.join(texts)})", kind, "{}"
    if name == "approx_distinct":
        return f"count(DISTINCT {texts[0]})", BIGINT, "{}"
    return f"{_DEVIATION[name]}(CAST({texts[0]} AS DOUBLE))", DOUBLE, "{}"


def _conditional(name: str, value: Sql, node: exp.Expr) -> tuple[str, Type, str]:
    _want(value, BOOLEAN, name, node)
    if name == "count_if":
        return f"count(CASE WHEN {value.text} THEN 1 END)", BIGINT, "{}"
    return f"{'bool_or' if name == 'bool_or' else 'bool_and'}({value.text})", BOOLEAN, "{}"


def _collected(name: str, parts: Parts) -> tuple[str, Type, str]:
    texts, kind = [v.text for v in parts.values], parts.values[0].type
    if name == "approx_percentile":
        result = array(kind) if parts.values[1].type.base == "array" else kind
        share = f"CAST({texts[1]} AS DOUBLE{'[]' if result != kind else ''})"
        return f"quantile_disc({texts[0]}, {share})", result, "{}"
    if name == "histogram":
        result = mapping(kind, BIGINT)
        return f"histogram({texts[0]})", result, f"CAST({{}} AS {duckdb_type(result)})"
    order = f" ORDER BY {parts.order}" if parts.order else ""
    pairs = f"array_agg(struct_pack(k := {texts[0]}, v := {texts[1]}){order})"
    result = mapping(kind, parts.values[1].type)
    return pairs, result, "map_from_entries(list_filter({}, lambda pair: pair.k IS NOT NULL))"


_DEVIATION = {
    **{"stddev": "stddev_samp", "stddev_samp": "stddev_samp", "stddev_pop": "stddev_pop"},
    **{"variance": "var_samp", "var_samp": "var_samp", "var_pop": "var_pop"},
}


def _sum(name: str, value: Sql, distinct: str, node: exp.Expr) -> tuple[str, Type, str]:
    if not numeric(value.type):
        raise SqlError("TYPE_MISMATCH", f"Unexpected parameters ({value.type}) for function {name}", node)
    if name == "avg":
        if value.type.base == "decimal":
            raise not_supported("avg of decimal", node)
        return f"avg({distinct}{value.text})", DOUBLE, "{}"
    if value.type.base in INTEGERS:
        return f"sum({distinct}{value.text})", BIGINT, "CAST({} AS BIGINT)"
    if value.type.base == "decimal":
        return f"sum({distinct}{value.text})", Type("decimal", digits=(38, value.type.digits[1])), "{}"
    return f"sum({distinct}{value.text})", value.type, "{}"


def _window(name: str, parts: Parts, node: exp.Expr) -> tuple[str, Type, str]:
    kind = WINDOW_ONLY[name]
    texts = [v.text for v in parts.values]
    if kind is None:
        if not parts.values:
            raise SqlError("TYPE_MISMATCH", f"Unexpected parameters () for function {name}", node)
        kind = parts.values[0].type
        if len(parts.values) > 2:
            texts[2] = coerce(parts.values[2], common(kind, parts.values[2].type) or kind).text
    return f"{name}({', '.join(texts)})", kind, "{}"


def _want(value: Sql, kind: Type, name: str, node: exp.Expr) -> None:
    if common(value.type, kind) != kind:
        raise SqlError("TYPE_MISMATCH", f"Unexpected parameters ({value.type}) for function {name}", node)


def listagg(node: exp.GroupConcat, context: Context, scope: Scope, run: "Compile") -> tuple[str, Type, str]:
    """Return LISTAGG(x, separator) WITHIN GROUP (ORDER BY …). Raises SqlError (TYPE_MISMATCH, NOT_SUPPORTED)."""
    inner, order = node.this, ""
    if isinstance(inner, exp.Order):
        order = " ORDER BY " + order_text(inner.expressions, context, scope, run)
        inner = inner.this
    distinct = "DISTINCT " if isinstance(inner, exp.Distinct) else ""
    if isinstance(inner, exp.Distinct):
        inner = inner.expressions[0]
    if node.args.get("on_overflow") or not isinstance(inner, exp.Expr):
        raise not_supported("LISTAGG with ON OVERFLOW", node)
    value = run(inner, context, scope)
    _want(value, VARCHAR, "listagg", node)
    separator = node.args.get("separator")
    mark = run(separator, context, scope).text if separator is not None else "''"
    return f"string_agg({distinct}{value.text}, {mark}{order})", VARCHAR, "{}"
