"""Calls of aggregate and window functions, with Trino's result types and its treatment of NULL."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from trailbook.local.engine import aggregate_table as table
from trailbook.local.engine.aggregate_table import Aggregate
from trailbook.local.engine.calls import choose
from trailbook.local.engine.casts import coerce, failure
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.scope import Context, Scope, Sql
from trailbook.local.engine.signatures import substitute
from trailbook.local.engine.types import VARCHAR, Type, common, duckdb_type

if TYPE_CHECKING:
    from trailbook.local.engine.expressions import Compile

AGGREGATES = frozenset((*table.AGGREGATES, "grouping"))
WINDOW_ONLY = frozenset(table.WINDOW_ONLY)

REFUSED = frozenset(
    (
        *("corr", "covar_pop", "covar_samp", "regr_slope", "regr_intercept", "skewness", "kurtosis", "checksum"),
        *("numeric_histogram", "approx_most_frequent", "reduce_agg", "approx_set", "merge", "tdigest_agg"),
        *("qdigest_agg", "make_set_digest", "merge_set_digest", "convex_hull_agg", "geometry_union_agg"),
    )
)
"""Aggregates of Trino that are not known equal here, to the last digit."""

Build = Callable[[str, str], str]
"""Writes a call, given the condition of its FILTER ('' where none) and its OVER ('' where none)."""

_ORDERABLE = frozenset(
    (
        *("boolean", "varchar", "varbinary", "date", "timestamp", "timestamptz", "ipaddress", "unknown"),
        *("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double"),
    )
)
_ORDERS = {"min": 0, "max": 0, "min_by": 1, "max_by": 1}
_MOST_LISTED = 1_048_576


def aggregate(
    name: str,
    node: exp.Expr,
    context: Context,
    scope: Scope,
    run: "Compile",
    *,
    nulls: str = "",
) -> tuple[Build, Type]:
    """Return a call's writer and its type; `nulls` is ' IGNORE NULLS' or ''. Raises SqlError."""
    if name == "grouping":
        return _grouping(node, context, scope, run)
    items, order, distinct = list(node.expressions), "", False
    if items and isinstance(items[-1], exp.Order):
        order = " ORDER BY " + order_text(items[-1].expressions, context, scope, run)
        ordered = [o.this if isinstance(o, exp.Ordered) else o for o in items[-1].expressions]
        items[-1] = items[-1].this
    else:
        ordered = []
    if items and isinstance(items[0], exp.Distinct):
        distinct = True
        items = [*items[0].expressions, *items[1:]]
        if any(o not in items for o in ordered):
            message = "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments"
            raise SqlError("EXPRESSION_NOT_IN_DISTINCT", message, node)
    every = len(items) == 1 and isinstance(items[0], exp.Star)
    given = [] if every else [_argument(i, context, scope, run) for i in items]
    chosen, values, kind = _chosen(name, given, node)
    if distinct and not chosen.distinct:
        raise not_supported(f"{name} with DISTINCT", node)
    if order and "{o}" not in chosen.template:
        raise not_supported(f"{name} with ORDER BY", node)
    _comparable(name, values, node, distinct=distinct)
    return _writer(chosen.template, values, kind, "DISTINCT " if distinct else "", order, nulls), kind


def _argument(node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Sql:
    if isinstance(node, exp.Lambda):
        raise not_supported("an aggregate of a lambda", node)
    return run(node, context, scope)


def _chosen(name: str, given: Sequence[Sql], node: exp.Expr) -> tuple[Aggregate, list[Sql], Type]:
    overloads = table.AGGREGATES.get(name) or table.WINDOW_ONLY[name]
    if name in ("sum", "avg") and given and given[0].type.base == "unknown":
        raise SqlError("AMBIGUOUS_FUNCTION_CALL", "Could not choose a best candidate operator", node)
    if name in ("sum", "avg") and given and given[0].type.base.startswith("interval"):
        raise not_supported(f"{name} of {given[0].type}", node)
    if name == "approx_percentile" and len(given) > 2:
        raise not_supported("approx_percentile with weights or an accuracy", node)
    signature, bound = choose(name, [a.overload for a in overloads], given, node)
    values = []
    for i, value in enumerate(given):
        declared = substitute(signature.parameter(i), bound)
        values.append(value if declared.base == "decimal" else coerce(value, declared))
    kind = signature.result_of(values) if signature.result_of else substitute(signature.result, bound)
    return next(a for a in overloads if a.overload is signature), values, kind


def _comparable(name: str, values: Sequence[Sql], node: exp.Expr, *, distinct: bool) -> None:
    """Refuse values whose order or equality is not known to be Trino's. Raises SqlError."""
    if name in _ORDERS:
        kind = values[_ORDERS[name]].type
        if kind.base in ("json", "map"):
            raise SqlError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({kind}) for function {name}", node)
        if kind.base not in _ORDERABLE:
            raise not_supported(f"{name} of {kind}", node)
    if distinct or name in ("approx_distinct", "histogram", "map_agg", "multimap_agg"):
        kinds = [values[0].type]
        while kinds:
            kind = kinds.pop()
            if kind.base == "json":
                raise not_supported(f"{name} of distinct JSON values", node)
            kinds += kind.args


def _writer(template: str, values: Sequence[Sql], kind: Type, distinct: str, order: str, nulls: str) -> Build:
    texts = [v.text for v in values]

    def write(condition: str, over: str) -> str:
        def after(*missing: int) -> str:
            held = [condition, *(f"{texts[m]} IS NOT NULL" for m in missing)]
            found = " AND ".join(f"({h})" for h in held if h)
            return (f" FILTER (WHERE {found})" if found else "") + over

        parts = {"d": distinct, "o": order, "i": nulls, "t": duckdb_type(kind), "s": after()}
        if texts:
            parts["s0"] = after(0)
        if len(texts) > 1:
            parts["s1"] = after(1)
        if template == table.MEAN:
            return _average(texts[0], kind, distinct, after())
        return template.format(*texts, **parts)

    return write


def _average(text: str, kind: Type, distinct: str, after: str) -> str:
    """Return the mean of decimals, rounded half up at their own scale."""
    precision, scale = kind.digits
    total = f"CAST(replace(CAST(sum({distinct}{text}){after} AS VARCHAR), '.', '') AS HUGEINT)"
    count = f"count({distinct}{text}){after}"
    mean = f"sign({total}) * ((abs({total}) * 2 + {count}) // (2 * {count}))"
    mean = f"CASE WHEN {count} > 0 THEN CAST({mean} AS HUGEINT) END"
    if not scale:
        return f"CAST({mean} AS DECIMAL({precision},0))"
    ten = 10**scale
    digits = f"(CASE WHEN m < 0 THEN '-' ELSE '' END) || CAST(abs(m) // {ten} AS VARCHAR) || '.' || "
    digits += f"lpad(CAST(abs(m) % {ten} AS VARCHAR), {scale}, '0')"
    return f"CAST(list_transform([{mean}], lambda m: {digits})[1] AS DECIMAL({precision},{scale}))"


def _grouping(node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> tuple[Build, Type]:
    grouping = scope.grouping
    if grouping is None or not grouping.present:
        place = node.find_ancestor(exp.Select) or node
        message = "A GROUPING() operation can only be used with a GROUPING SET, CUBE, ROLLUP or GROUP BY clause"
        raise SqlError("MISSING_GROUP_BY", message, place)
    texts = [run(a, context, grouping.source).text for a in node.expressions]
    if not all(grouping.holds(t) for t in texts):
        message = "The arguments to GROUPING() must be expressions referenced by the GROUP BY"
        raise SqlError("INVALID_ARGUMENTS", message, node)
    return lambda condition, over: f"CAST(grouping({', '.join(texts)}) AS INTEGER)", Type("integer")


def order_text(ordered: Sequence[exp.Expr], context: Context, scope: Scope, run: "Compile") -> str:
    """Return the text of an ORDER BY list; NULLs come last unless FIRST is asked for, also when descending."""
    parts = []
    for item in ordered:
        value = run(item.this if isinstance(item, exp.Ordered) else item, context, scope)
        if value.type.base in ("json", "map"):
            raise SqlError("TYPE_MISMATCH", f"ORDER BY of {value.type}, which has no order", item)
        text = value.text
        if isinstance(item, exp.Ordered) and (text.isdigit() or (text.startswith("'") and text.endswith("'"))):
            text = f"CAST({text} AS {duckdb_type(value.type)})"
        parts.append(text + direction(item))
    return ", ".join(parts)


def direction(item: exp.Expr) -> str:
    """Return the direction and place of NULLs of one ORDER BY item."""
    descending = " DESC" if item.args.get("desc") else " ASC"
    return descending + (" NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST")


def listagg(node: exp.GroupConcat, context: Context, scope: Scope, run: "Compile") -> tuple[Build, Type]:
    """Return LISTAGG(x, separator) WITHIN GROUP (ORDER BY …). Raises SqlError (TYPE_MISMATCH)."""
    inner, order = node.this, ""
    if isinstance(inner, exp.Order):
        order = " ORDER BY " + order_text(inner.expressions, context, scope, run)
        inner = inner.this
    distinct = "DISTINCT " if isinstance(inner, exp.Distinct) else ""
    if isinstance(inner, exp.Distinct):
        inner = inner.expressions[0]
    if not isinstance(inner, exp.Expr):
        raise not_supported("this form of LISTAGG", node)
    value = run(inner, context, scope)
    if common(value.type, VARCHAR) != VARCHAR:
        raise SqlError("TYPE_MISMATCH", f"Expected expression of varchar, found {value.type}", node)
    separator = node.args.get("separator")
    mark = run(separator, context, scope).text if separator is not None else "''"
    long = failure("NOT_SUPPORTED", f"LISTAGG of more than {_MOST_LISTED} bytes, at the local Athena", VARCHAR)

    def write(condition: str, over: str) -> str:
        after = (f" FILTER (WHERE {condition})" if condition else "") + over
        call = f"string_agg({distinct}{value.text}, {mark}{order}){after}"
        return f"CASE WHEN strlen({call}) > {_MOST_LISTED} THEN {long} ELSE {call} END"

    return write, VARCHAR
