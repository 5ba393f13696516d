"""Arithmetic on numbers, times and intervals, with Trino's result types."""

from typing import Any

from sqlglot import exp

from trailbook.local.engine.casts import coerce, failure
from trailbook.local.engine.decimals import decimal_digits, decimal_operation
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.intervals import duckdb_interval
from trailbook.local.engine.once import once
from trailbook.local.engine.scope import Context, Scope, Sql
from trailbook.local.engine.types import BIGINT, INTEGERS, INTERVAL_DAY, UNKNOWN, Type, common, duckdb_type, numeric
from trailbook.local.engine.words import AMBIGUOUS

ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


def arithmetic(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    """Return a sum, difference, product, quotient or remainder. Raises SqlError (TYPE_MISMATCH)."""
    sign = ARITHMETIC[type(node)]
    left, right = run(node.this, context, scope), run(node.expression, context, scope)
    moment = _moment(left, right, sign)
    if moment is not None:
        return moment
    kind = common(left.type, right.type)
    if kind is None or not (numeric(kind) or kind == UNKNOWN):
        raise SqlError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {sign} {right.type}", node)
    if kind == UNKNOWN and sign != "%":
        raise SqlError("AMBIGUOUS_FUNCTION_CALL", AMBIGUOUS, place="")
    if UNKNOWN in (left.type, right.type):
        return _with_null(left.type, right.type, sign)
    if kind.base == "decimal":
        return decimal_operation(sign, left, right)
    a, b = coerce(left, kind).text, coerce(right, kind).text
    if kind.base in ("double", "real") and sign in "/%":
        name = "tb_divide" if sign == "/" else "tb_mod"
        return Sql(once([Sql(a, kind), Sql(b, kind)], lambda v: f"{name}({v[0].text}, {v[1].text})"), kind)
    if kind.base in INTEGERS and sign in "/%":
        zero = failure("DIVISION_BY_ZERO", "Division by zero", kind)
        operator = "//" if sign == "/" else "%"
        return Sql(
            once(
                [Sql(a, kind), Sql(b, kind)],
                lambda v: (
                    f"CASE WHEN {v[1].text} = 0 THEN {zero} WHEN {v[1].text} IS NOT NULL "
                    f"THEN ({v[0].text} {operator} {v[1].text}) END"
                ),
            ),
            kind,
        )
    return Sql(f"({a} {sign} {b})", kind)


def _with_null(left: Type, right: Type, sign: str) -> Sql:
    kind = right if left == UNKNOWN else left
    if kind.base in ("double", "bigint") and (
        sign == "*" or (sign == "/" and left == UNKNOWN and kind.base == "double")
    ):
        raise SqlError("AMBIGUOUS_FUNCTION_CALL", AMBIGUOUS, place="")
    if kind.base == "decimal":
        digits = decimal_digits(
            sign, left.digits if left != UNKNOWN else (1, 0), right.digits if right != UNKNOWN else (1, 0)
        )
        kind = Type("decimal", digits=digits)
    kind = Type("tinyint") if kind == UNKNOWN else kind
    return Sql(f"CAST(NULL AS {duckdb_type(kind)})", kind)


_MOMENTS = ("date", "timestamp", "timestamptz")


def _moment(left: Sql, right: Sql, sign: str) -> Sql | None:
    """Return arithmetic on times and intervals, or None where it is none."""
    a, b = left.type.base, right.type.base
    if b.startswith("interval") and a in _MOMENTS and sign in "+-":
        return _shifted(left, right, sign)
    if a.startswith("interval") and b in _MOMENTS and sign == "+":
        return _shifted(right, left, sign)
    if a.startswith("interval") and a == b and sign in "+-":
        return Sql(f"({left.text} {sign} {right.text})", left.type)
    if a in _MOMENTS and b in _MOMENTS and sign == "-":
        kind = common(left.type, right.type)
        if kind is None or kind.zone not in ("", "UTC"):
            raise not_supported("the difference of times in other zones than UTC")
        x, y = (f"CAST({coerce(v, kind).text} AS TIMESTAMP)" for v in (left, right))
        return Sql(f"CAST(epoch_ms({x}) - epoch_ms({y}) AS BIGINT)", INTERVAL_DAY)
    if sign in "*/" and a.startswith("interval") and numeric(right.type):
        return _scaled(left, right, sign)
    if sign == "*" and b.startswith("interval") and numeric(left.type):
        return _scaled(right, left, sign)
    return None


def _scaled(value: Sql, factor: Sql, sign: str) -> Sql:
    held = "BIGINT" if value.type == INTERVAL_DAY else "INTEGER"
    if factor.type.base in INTEGERS and sign == "*":
        return Sql(f"CAST({value.text} * {factor.text} AS {held})", value.type)
    text = f"trunc(CAST({value.text} AS DOUBLE) {sign} CAST({factor.text} AS DOUBLE))"
    return Sql(f"CAST({text} AS {held})", value.type)


def _shifted(moment: Sql, amount: Sql, sign: str) -> Sql:
    base, by = moment.type.base, duckdb_interval(amount)
    if moment.type.zone not in ("", "UTC"):
        raise not_supported("an interval added to a time in another zone than UTC")
    kind = "DATE" if base == "date" else "TIMESTAMP"
    text = f"CAST(({moment.text} {sign} {by}) AS {kind})"
    if base == "date" and amount.type == INTERVAL_DAY:
        hours = failure("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date", moment.type)
        text = f"CASE WHEN {amount.text} % 86400000 <> 0 THEN {hours} ELSE {text} END"
    return Sql(text, moment.type)


def negative(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    """Return a value with the other sign. Raises SqlError (TYPE_MISMATCH)."""
    if isinstance(node.this, exp.Literal) and not node.this.is_string and node.this.name == str(2**63):
        return Sql("CAST(-9223372036854775808 AS BIGINT)", BIGINT)
    value = run(node.this, context, scope)
    if value.type == UNKNOWN:
        raise SqlError("AMBIGUOUS_FUNCTION_CALL", AMBIGUOUS, place="")
    if value.type.base in INTEGERS:
        return Sql(f"CAST(-{value.text} AS {value.type.base})", value.type)
    if not numeric(value.type) and not value.type.base.startswith("interval"):
        raise SqlError("TYPE_MISMATCH", f"Cannot negate {value.type}", node)
    return Sql(f"(-{value.text})", value.type)
