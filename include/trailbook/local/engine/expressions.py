"""Expressions: each node of the syntax tree becomes DuckDB text with a Trino type, or is refused."""

from collections.abc import Callable
from typing import Any, Protocol

from sqlglot import exp

from trailbook.local.engine.aggregates import AGGREGATES, REFUSED, WINDOW_ONLY, aggregate, listagg
from trailbook.local.engine.calls import call, subscript
from trailbook.local.engine.casts import bounded, cast, coerce, json_literal, json_text_of
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.grouping import arguments_scope
from trailbook.local.engine.intervals import interval
from trailbook.local.engine.operators import OPERATORS
from trailbook.local.engine.scope import Context, Scope, Sql, dereference
from trailbook.local.engine.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    common,
    duckdb_type,
    field_name,
    from_sql,
    text,
)
from trailbook.local.engine.windows import IGNORING, specification


class Compile(Protocol):
    """The function that compiles an expression, handed to the modules that need it to recurse."""

    def __call__(self, node: exp.Expr, context: Context, scope: Scope) -> Sql:
        """Return the compiled expression."""
        ...


def compile_expression(node: exp.Expr, context: Context, scope: Scope) -> Sql:
    """Return one expression as DuckDB text. Raises SqlError."""
    handler = _HANDLERS.get(type(node)) or OPERATORS.get(type(node))
    if handler is None:
        raise not_supported(f"the expression {type(node).__name__}", node)
    if scope.grouping is not None:
        key = scope.grouping.match(node, context, scope)
        if key is not None:
            return key
    return handler(node, context, scope, compile_expression)


def dotted(node: exp.Expr) -> list[str] | None:
    """Return the parts of a plain dotted name, or None for anything else."""
    if isinstance(node, exp.Identifier):
        return [node.name]
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
        return [p.name for p in node.parts]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        left = dotted(node.this)
        return None if left is None else [*left, node.expression.name]
    return None


def _name(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    parts = dotted(node)
    if parts is not None:
        return scope.resolve(parts, node, context)
    if not isinstance(node, exp.Dot) or not isinstance(node.expression, exp.Identifier):
        raise not_supported("this use of a dot", node)
    value = run(node.this, context, scope)
    found = dereference(value, [node.expression.name.lower()])
    if found is None:
        if value.type.base != "row":
            raise SqlError("TYPE_MISMATCH", f"Expression of {value.type} is not of type ROW", node)
        raise SqlError("INVALID_COLUMN_REFERENCE", f"Column reference '{node.expression.name}' is invalid", node)
    return found


def _literal(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    value = node.name
    if node.is_string:
        return Sql(text(value), VARCHAR)
    if value.isdigit():
        number = int(value)
        if number >= 2**63:
            raise SqlError("INVALID_LITERAL", f"Invalid numeric literal: {value}", node)
        return Sql(f"CAST({number} AS BIGINT)", BIGINT) if number >= 2**31 else Sql(str(number), INTEGER)
    try:
        float(value)
    except ValueError:
        raise SqlError("INVALID_LITERAL", f"Invalid numeric literal: {value}", node) from None
    if "e" in value.lower():
        return Sql(f"CAST({value} AS DOUBLE)", DOUBLE)
    whole, _, fraction = value.partition(".")
    scale = len(fraction)
    digits = (max(1, len(whole.lstrip("0")) + scale), scale)
    return Sql(f"CAST({value} AS DECIMAL({digits[0]},{digits[1]}))", Type("decimal", digits=digits))


def _cast(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    if node.args.get("format") or node.args.get("default"):
        raise not_supported("CAST with FORMAT", node)
    try:
        target = from_sql(node.args["to"])
    except (ValueError, AttributeError, IndexError) as error:
        raise not_supported(str(error), node) from None
    source = run(node.this, context, scope)
    inner = node.this
    if (
        target.base in ("array", "map", "row")
        and isinstance(inner, exp.Anonymous)
        and inner.name.lower() == "json_parse"
    ):
        value = coerce(run(inner.expressions[0], context, scope), VARCHAR)
        source = json_text_of(value, ordered=inner.find(exp.Column) is None)
    value = cast(source, target, node)
    length = [p.name for p in node.args["to"].expressions] if target == VARCHAR else []
    if length:
        value = bounded(value, source.type, int(length[0]))
    return Sql(f"TRY({value.text})", value.type) if isinstance(node, exp.TryCast) else value


def _function(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    name = node.name.lower()
    if name in WINDOW_ONLY:
        raise SqlError("MISSING_OVER", f"Window function {name} requires an OVER clause", node)
    if name in AGGREGATES:
        return _aggregate(node, context, scope, run)
    if name in REFUSED:
        raise not_supported(f"function {name}", node)
    if any(isinstance(a, exp.Distinct | exp.Order | exp.IgnoreNulls | exp.RespectNulls) for a in node.expressions):
        raise SqlError("FUNCTION_NOT_AGGREGATE", f"DISTINCT, ORDER BY or NULLS in a call of {name}", node)
    return call(name, node.expressions, node, context, scope, run)


def _aggregate(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    """Compile a call of an aggregate: LISTAGG, one with FILTER, or a plain one."""
    inner: Scope = arguments_scope(node, scope, window=False)
    called, condition = node, ""
    if isinstance(node, exp.Filter):
        called = node.this
        if not isinstance(called, exp.GroupConcat) and called.name.lower() not in AGGREGATES:
            raise SqlError("FUNCTION_NOT_AGGREGATE", "Filter is only valid for aggregation functions", node)
        condition = boolean(node.expression.this, context, inner, run, "FILTER")
    if isinstance(called, exp.GroupConcat):
        write, kind = listagg(called, context, inner, run)
        return Sql(write(condition, ""), kind)
    name = called.name.lower()
    if not isinstance(called, exp.Anonymous) or name not in AGGREGATES:
        raise not_supported(f"{type(called).__name__} as an aggregate", node)
    write, kind = aggregate(name, called, context, scope if name == "grouping" else inner, run)
    return Sql(f"({write(condition, '')})", kind)


def _window(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    inner = arguments_scope(node, scope, window=True)
    called, nulls = node.this, ""
    if isinstance(called, exp.IgnoreNulls | exp.RespectNulls):
        nulls = " IGNORE NULLS" if isinstance(called, exp.IgnoreNulls) else " "
        called = called.this
    if node.args.get("first") or not isinstance(called, exp.Anonymous):
        raise not_supported("LISTAGG or FILTER with a window", node)
    name = called.name.lower()
    if name not in WINDOW_ONLY and name not in AGGREGATES:
        call(name, called.expressions, called, context, inner, run)  # it may be unknown, or called wrongly
        raise SqlError("FUNCTION_NOT_WINDOW", f"Not a window function: {name}", node.find_ancestor(exp.Select))
    if nulls and name not in IGNORING:
        raise SqlError("NULL_TREATMENT_NOT_ALLOWED", f"Cannot specify null treatment clause for {name} function", node)
    if any(isinstance(a, exp.Order) for a in called.expressions):
        raise not_supported("ORDER BY in a window function's arguments", node)
    assert isinstance(node, exp.Window)  # noqa: S101  # the table of handlers says so
    inside = specification(node, name, context, inner, run)
    write, kind = aggregate(name, called, context, inner, run, nulls=nulls)
    return Sql(f"({write('', f' OVER ({inside})')})", kind)


def boolean(node: exp.Expr, context: Context, scope: Scope, run: Compile, clause: str) -> str:
    """Return a condition's text. Raises SqlError (TYPE_MISMATCH) where it is not a boolean."""
    value = run(node, context, scope)
    if common(value.type, BOOLEAN) != BOOLEAN:
        raise SqlError("TYPE_MISMATCH", f"{clause} clause must evaluate to a boolean: actual type {value.type}", node)
    return coerce(value, BOOLEAN).text


def _array(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    values = [run(e, context, scope) for e in node.expressions]
    kind = UNKNOWN
    for item, value in zip(node.expressions, values, strict=True):
        merged = common(kind, value.type)
        if merged is None:
            raise SqlError("TYPE_MISMATCH", f"All ARRAY elements must be the same type: {kind} and {value.type}", item)
        kind = merged
    inner = ", ".join(coerce(v, kind).text for v in values)
    return Sql(f"CAST([{inner}] AS {duckdb_type(array(kind))})", array(kind))


def _extract(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    part = node.this.name.lower()
    if part in ("hour", "minute", "second", "timezone_hour", "timezone_minute"):
        kind = run(node.expression, context, scope).type
        if kind.base == "date" or (part.startswith("timezone") and kind.base == "timestamp"):
            raise SqlError("TYPE_MISMATCH", f"Cannot extract {part.upper()} from {kind}", node.expression)
    return call(part, [node.expression], node, context, scope, run)


def _trim(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or ""), "trim")
    if node.expression is None:
        return call(name, [node.this], node, context, scope, run)
    values = [run(a, context, scope) for a in (node.this, node.expression)]
    if any(common(v.type, VARCHAR) != VARCHAR for v in values):
        raise SqlError("TYPE_MISMATCH", f"trim needs varchar, found {values[0].type}", node)
    return Sql(f"{name}({values[0].text}, {values[1].text})", VARCHAR)


def _at_time_zone(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    return call("at_timezone", [node.this, node.args["zone"]], node, context, scope, run)


def _bracket(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    if len(node.expressions) != 1:
        raise not_supported("a subscript of more than one index", node)
    value, index = run(node.this, context, scope), node.expressions[0]
    if value.type.base == "row" and isinstance(index, exp.Literal) and index.name.isdigit():
        if not 1 <= int(index.name) <= len(value.type.args):
            raise SqlError("INVALID_FUNCTION_ARGUMENT", f"ROW index out of bounds: {index.name}", index)
        at = int(index.name) - 1
        return Sql(f"struct_extract({value.text}, {text(field_name(value.type, at))})", value.type.args[at])
    return subscript(value, run(index, context, scope), node)


def _today(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    return Sql(f"DATE '{context.moment():%Y-%m-%d}'", DATE)


def _negative(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    """Return a negative literal as one number (the least integer has no positive), or a negation."""
    digits = node.this.name if isinstance(node.this, exp.Literal) and not node.this.is_string else ""
    if digits.isdigit() and int(digits) in (2**31, 2**63):
        kind = INTEGER if int(digits) == 2**31 else BIGINT
        return Sql(f"CAST(-{int(digits)} AS {duckdb_type(kind)})", kind)
    negated: Sql = OPERATORS[exp.Neg](node, context, scope, run)
    return negated


def _lost_lambda(node: exp.Expr, context: Context, scope: Scope, run: Compile) -> Sql:
    raise SqlError("TYPE_MISMATCH", "Lambda expression should always be used inside a function", node.this)


Handler = Callable[[Any, Context, Scope, Compile], Sql]

_HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Column: _name,
    exp.Dot: _name,
    exp.Identifier: _name,
    exp.Literal: _literal,
    exp.Null: lambda node, context, scope, run: Sql("NULL", UNKNOWN),
    exp.Boolean: lambda node, context, scope, run: Sql("true" if node.this else "false", BOOLEAN),
    exp.ParseJSON: lambda node, context, scope, run: json_literal(node),
    exp.HexString: lambda node, context, scope, run: Sql(f"unhex({text(node.name)})", VARBINARY),
    exp.Paren: lambda node, context, scope, run: run(node.this, context, scope),
    exp.Tuple: lambda node, context, scope, run: call("row", node.expressions, node, context, scope, run),
    exp.Neg: _negative,
    exp.JSONExtract: _lost_lambda,
    exp.Lambda: _lost_lambda,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Anonymous: _function,
    exp.Filter: _aggregate,
    exp.GroupConcat: _aggregate,
    exp.Window: _window,
    exp.Array: _array,
    exp.Bracket: _bracket,
    exp.Interval: lambda node, context, scope, run: interval(node),
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.AtTimeZone: _at_time_zone,
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: lambda node, context, scope, run: call("now", [], node, context, scope, run),
}
