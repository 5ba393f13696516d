"""Function calls: overloads, lambdas, literal arguments that are translated, and forms with rules of their own."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from trailbook.local.engine import words
from trailbook.local.engine.casts import coerce, failure
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.function_names import TRINO_FUNCTIONS
from trailbook.local.engine.functions import FUNCTIONS
from trailbook.local.engine.literals import time_zone
from trailbook.local.engine.once import once
from trailbook.local.engine.scope import Context, Field, Scope, Sql
from trailbook.local.engine.signatures import Signature, substitute, unify
from trailbook.local.engine.types import (
    BIGINT,
    TIMESTAMPTZ,
    Type,
    common,
    duckdb_type,
    field_name,
    identifier,
    numeric,
    row,
    text,
)

if TYPE_CHECKING:
    from trailbook.local.engine.expressions import Compile

_ZONE_AWARE = frozenset(
    [
        "date_format",
        "format_datetime",
        "date_trunc",
        "date",
        "hour",
        "minute",
        "second",
        "day",
        "month",
        "year",
        "day_of_week",
        "dow",
        "to_unixtime",
        "coalesce",
        "at_timezone",
        "greatest",
        "least",
        "millisecond",
        "week",
        *("quarter", "day_of_month", "day_of_year", "doy", "week_of_year", "year_of_week", "yow", "last_day_of_month"),
        *("date_add", "date_diff"),
    ]
)


def call(
    name: str, arguments: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile"
) -> Sql:
    """Return a scalar function call. Raises SqlError (FUNCTION_NOT_FOUND, NOT_SUPPORTED, TYPE_MISMATCH)."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(arguments, node, context, scope, run)
    overloads = FUNCTIONS.get(name)
    if not overloads:
        _columns_first(arguments, context, scope, run)
        if name not in TRINO_FUNCTIONS and name not in words.SYNTAX:
            raise SqlError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", node)
        raise not_supported(f"function {name}", node)
    given = [None if isinstance(a, exp.Lambda) else run(a, context, scope) for a in arguments]
    if name not in _ZONE_AWARE and any(g is not None and g.type.zone not in ("", "UTC") for g in given):
        raise not_supported(f"{name} of a time in a zone other than UTC", node)
    chosen, bound = choose(name, overloads, given, node)
    values = [
        _lambda(argument, chosen.parameter(i), bound, context, scope, run)
        if value is None and isinstance(argument, exp.Lambda)
        else coerce(value, substitute(chosen.parameter(i), bound))  # type: ignore[arg-type]  # None only for lambdas
        for i, (argument, value) in enumerate(zip(arguments, given, strict=True))
    ]
    result = chosen.result_of(values) if chosen.result_of else substitute(chosen.result, bound)
    if name in _ZONE_KEEPING and result.base == "timestamptz":
        result = next((g.type for g in given if g is not None and g.type.base == "timestamptz"), result)
    return Sql(f"({once(values, chosen.build)})", result)


def _columns_first(arguments: Sequence[exp.Expr], context: Context, scope: Scope, run: "Compile") -> None:
    """Raise COLUMN_NOT_FOUND for the arguments of an unknown function, which Trino tells first."""
    for argument in arguments:
        if not isinstance(argument, exp.Lambda | exp.Star):
            try:
                run(argument, context, scope)
            except SqlError as error:
                if error.code == "COLUMN_NOT_FOUND":
                    raise


_ZONE_KEEPING = ("date_trunc", "date_add")


def choose(
    name: str, overloads: Sequence[Signature], given: Sequence[Sql | None], node: exp.Expr
) -> tuple[Signature, dict[str, Type]]:
    """Return the overload that a call means, and its type variables. Raises SqlError (FUNCTION_NOT_FOUND, …)."""
    best: tuple[int, Signature, dict[str, Type]] | None = None
    tied = False
    for overload in overloads:
        if not overload.takes(len(given)):
            continue
        bound: dict[str, Type] = {}
        pairs = [(overload.parameter(i), g) for i, g in enumerate(given)]
        if any((g is None) != (p.base == "function") for p, g in pairs):
            continue
        if not all(unify(p, g.type, bound) for p, g in pairs if g is not None):
            continue
        cost = sum(1 for p, g in pairs if g is not None and substitute(p, bound).base != g.type.base)
        if best is None or cost < best[0]:
            best, tied = (cost, overload, bound), False
        elif cost == best[0] and substitute(overload.result, bound).base != substitute(best[1].result, best[2]).base:
            tied = not numeric(overload.result) or not numeric(best[1].result)
    if best is None and name in ("regexp_replace", "array_sort") and given[-1] is None:
        raise not_supported(f"{name} with a lambda", node)
    if best is None:
        kinds = ", ".join("function" if g is None else str(g.type) for g in given)
        raise SqlError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds}) for function {name}", node)
    if tied and any(g is not None and g.type.base == "unknown" for g in given):
        raise SqlError("AMBIGUOUS_FUNCTION_CALL", words.AMBIGUOUS, node)
    return best[1], best[2]


def _lambda(
    node: exp.Lambda, declared: Type, bound: dict[str, Type], context: Context, scope: Scope, run: "Compile"
) -> Sql:
    names = [p.name.lower() for p in node.expressions]
    if len(names) != len(declared.args) - 1:
        message = f"Expected a lambda that takes {len(declared.args) - 1} argument(s) but got {len(names)}"
        raise SqlError("INVALID_PARAMETER_USAGE", message, node)
    kinds = [substitute(a, bound) for a in declared.args[:-1]]
    variables = [context.fresh("p") for _ in names]
    fields = [Field(n, k, v) for n, k, v in zip(names, kinds, variables, strict=True)]
    body = run(node.this, context, Scope(fields, scope))
    if not unify(declared.args[-1], body.type, bound):
        message = f"Unexpected parameters: expected a lambda that returns {declared.args[-1]}, found {body.type}"
        raise SqlError("FUNCTION_NOT_FOUND", message, node.parent or node)
    body = coerce(body, substitute(declared.args[-1], bound))
    return Sql(f"lambda {', '.join(variables)}: {body.text}", substitute(declared, bound))


def _if(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Sql:
    raise SqlError("SYNTAX_ERROR", "IF needs a condition and one or two values", node)


def _try(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Sql:
    if len(args) != 1:
        raise SqlError("SYNTAX_ERROR", "TRY needs one argument", node)
    value = run(args[0], context, scope)
    return Sql(f"TRY({value.text})", value.type)


def _row(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Sql:
    if not args:
        raise SqlError("FUNCTION_NOT_FOUND", "Function 'row' not registered", node)
    values = [run(a, context, scope) for a in args]
    kind = row([("", v.type) for v in values])
    parts = (f"{identifier(field_name(kind, i))} := {v.text}" for i, v in enumerate(values))
    return Sql(f"struct_pack({', '.join(parts)})", kind)


def _now(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Sql:
    if args:
        raise SqlError("FUNCTION_NOT_FOUND", "Unexpected parameters for function now", node)
    return Sql(f"TIMESTAMP '{context.moment().replace(tzinfo=None).isoformat(' ', 'milliseconds')}'", TIMESTAMPTZ)


def _at_timezone(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Sql:
    if len(args) != 2 or not (isinstance(args[1], exp.Literal) and args[1].is_string):
        raise not_supported("a time zone that is not a literal", node)
    value = run(args[0], context, scope)
    if value.type.base not in ("timestamp", "timestamptz"):
        raise SqlError("TYPE_MISMATCH", f"Type of value must be a time or timestamp, found {value.type}", node)
    zone = time_zone(args[1].name, node)
    return Sql(value.text, Type("timestamptz", zone=zone, precision=value.type.precision))


def _reduce(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: "Compile") -> Sql:
    """Fold a list: DuckDB's list_reduce keeps one type, so state and element travel in one struct."""
    if len(args) != 4 or not isinstance(args[2], exp.Lambda) or not isinstance(args[3], exp.Lambda):
        raise SqlError("TYPE_MISMATCH", "reduce needs an array, an initial state and two lambdas", node)
    values, initial = run(args[0], context, scope), run(args[1], context, scope)
    if values.type.base != "array":
        raise SqlError("TYPE_MISMATCH", f"reduce needs an array, found {values.type}", node)
    element, left, right = values.type.args[0], context.fresh("p"), context.fresh("p")
    step, last, state = args[2], args[3], initial.type
    for _ in range(2):  # the state's type may widen once by what the step returns
        names = [p.name.lower() for p in step.expressions]
        fields = [Field(names[0], state, f"{left}.s"), Field(names[-1], element, f"{right}.x")]
        body = run(step.this, context, Scope(fields, scope))
        merged = common(state, body.type)
        if merged is None:
            raise SqlError("TYPE_MISMATCH", f"reduce's state is {state}, its step returns {body.type}", node)
        state = merged
    s, x = duckdb_type(state), duckdb_type(element)
    folded = (
        f"list_reduce(list_transform({values.text}, lambda {left}: struct_pack(s := CAST(NULL AS {s}), x := {left})), "
        f"lambda {left}, {right}: struct_pack(s := CAST({coerce(body, state).text} AS {s}), x := CAST(NULL AS {x})), "
        f"struct_pack(s := CAST({coerce(initial, state).text} AS {s}), x := CAST(NULL AS {x}))).s"
    )
    return run(last.this, context, Scope([Field(last.expressions[0].name.lower(), state, f"({folded})")], scope))


def subscript(value: Sql, index: Sql, node: exp.Expr) -> Sql:
    """Return `a[i]` or `m[k]`, which fail where there is no such element. Raises SqlError (TYPE_MISMATCH)."""
    if value.type.base == "array" and common(index.type, BIGINT) == BIGINT:
        return Sql(once([value, index], _element), value.type.args[0])
    if value.type.base == "map" and common(index.type, value.type.args[0]) == value.type.args[0]:
        return Sql(once([value, coerce(index, value.type.args[0])], _entry), value.type.args[1])
    if value.type.base == "row" and index.text.isdigit():
        place = int(index.text)
        if not 1 <= place <= len(value.type.args):
            message = f"Subscript index out of bounds: {place}, max value is {len(value.type.args)}"
            raise SqlError("INVALID_FUNCTION_ARGUMENT", message, node)
        name = text(field_name(value.type, place - 1))
        return Sql(f"struct_extract({value.text}, {name})", value.type.args[place - 1])
    raise SqlError("TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {value.type}", node)


def _element(values: Sequence[Sql]) -> str:
    array, index = (value.text for value in values)
    outside = failure("INVALID_FUNCTION_ARGUMENT", "Array subscript is out of bounds", values[0].type.args[0])
    inside = f"{index} > 0 AND {index} <= len({array})"
    return (
        f"CASE WHEN {inside} THEN ({array})[{index}] WHEN {array} IS NULL OR {index} IS NULL THEN NULL "
        f"ELSE {outside} END"
    )


def _entry(values: Sequence[Sql]) -> str:
    entries, key = (value.text for value in values)
    absent = failure("INVALID_FUNCTION_ARGUMENT", "Key not present in map", values[0].type.args[1])
    held = f"list_contains(map_keys({entries}), {key})"
    return f"CASE WHEN {held} THEN ({entries})[{key}] WHEN {entries} IS NULL THEN NULL ELSE {absent} END"


_SPECIAL: dict[str, Callable[..., Sql]] = {
    "if": _if,
    "try": _try,
    "row": _row,
    "now": _now,
    "at_timezone": _at_timezone,
    "reduce": _reduce,
    **words.SPECIAL,
}
