"""Operators: comparison, arithmetic, logic, LIKE, IN, CASE, subqueries; typed as Trino types them."""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from trailbook.local.engine.casts import coerce, failure
from trailbook.local.engine.comparisons import compared
from trailbook.local.engine.decimals import decimal_digits, decimal_operation
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.intervals import duckdb_interval
from trailbook.local.engine.scope import Context, Scope, Sql
from trailbook.local.engine.types import (
    BIGINT,
    BOOLEAN,
    INTEGERS,
    INTERVAL_DAY,
    UNKNOWN,
    VARCHAR,
    Type,
    common,
    duckdb_type,
    numeric,
)
from trailbook.local.engine.words import AMBIGUOUS, concatenation

_COMPARE: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_UNORDERED = ("json", "map")


def same(values: Sequence[Sql], what: str, node: exp.Expr, places: Sequence[exp.Expr] = ()) -> tuple[list[str], Type]:
    """Return the values' texts in their common type. Raises SqlError (TYPE_MISMATCH) at the value's own place."""
    kind = UNKNOWN
    for i, value in enumerate(values):
        merged = common(kind, value.type)
        if merged is None:
            raise SqlError("TYPE_MISMATCH", f"{what}: {kind} and {value.type}", places[i] if places else node)
        kind = merged
    return [coerce(v, kind).text for v in values], kind


def _pair(left: Sql, right: Sql, sign: str, node: exp.Expr) -> tuple[str, str, Type]:
    kind = common(left.type, right.type)
    if kind is None:
        raise SqlError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {sign} {right.type}", node)
    return coerce(left, kind).text, coerce(right, kind).text, kind


def _comparison(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    sign = _COMPARE[type(node)]
    if isinstance(node.expression, exp.Any | exp.All):
        return _quantified(node, sign, context, scope, run)
    left, right = run(node.this, context, scope), run(node.expression, context, scope)
    a, b, kind = _pair(left, right, sign, node)
    if kind.base in _UNORDERED and sign in ("<", "<=", ">", ">="):
        raise SqlError("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {sign} {right.type}", node)
    return Sql(compared(a, b, sign, kind), BOOLEAN)


def _quantified(node: Any, sign: str, context: Context, scope: Scope, run: Any) -> Sql:
    from trailbook.local.engine.queries import column_of

    inner = node.expression.this
    if not isinstance(inner, exp.Subquery | exp.Select):
        raise not_supported("ANY or ALL of something other than a query", node)
    left = run(node.this, context, scope)
    query, kind = column_of(inner, left.type, context, scope, node)
    word = "ANY" if isinstance(node.expression, exp.Any) else "ALL"
    return Sql(f"({coerce(left, kind).text} {sign} {word} ({query}))", BOOLEAN)


def _arithmetic(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    sign = _ARITHMETIC[type(node)]
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
        return Sql(f"tb_{'divide' if sign == '/' else 'mod'}({a}, {b})", kind)
    if kind.base in INTEGERS and sign in "/%":
        zero = failure("DIVISION_BY_ZERO", "Division by zero", kind)
        return Sql(
            f"CASE WHEN {b} = 0 THEN {zero} WHEN {b} IS NOT NULL THEN ({a} {'//' if sign == '/' else '%'} {b}) END",
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


def _negative(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
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


def _logic(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    word = "AND" if isinstance(node, exp.And) else "OR"
    texts = [_condition(n, word, context, scope, run) for n in node.flatten()]
    return Sql(f"({f' {word} '.join(texts)})", BOOLEAN)


def _condition(node: exp.Expr, word: str, context: Context, scope: Scope, run: Any) -> str:
    value = run(node, context, scope)
    if common(value.type, BOOLEAN) != BOOLEAN:
        raise SqlError("TYPE_MISMATCH", f"Logical expression term must evaluate to a boolean: {value.type}", node)
    return coerce(value, BOOLEAN).text


def _not(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    return Sql(f"(NOT {_condition(node.this, 'NOT', context, scope, run)})", BOOLEAN)


def _is(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    if not isinstance(node.expression, exp.Null):
        raise not_supported("IS with something other than NULL", node)
    return Sql(f"({run(node.this, context, scope).text} IS NULL)", BOOLEAN)


def _between(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    values = [run(n, context, scope) for n in (node.this, node.args["low"], node.args["high"])]
    texts, _ = same(values, "Cannot check if value is BETWEEN", node)
    if node.args.get("symmetric"):
        raise not_supported("BETWEEN SYMMETRIC", node)
    return Sql(f"({texts[0]} BETWEEN {texts[1]} AND {texts[2]})", BOOLEAN)


def _in(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    from trailbook.local.engine.queries import column_of

    left = run(node.this, context, scope)
    if query := node.args.get("query"):
        body, kind = column_of(query, left.type, context, scope, node)
        return Sql(f"({coerce(left, kind).text} IN ({body}))", BOOLEAN)
    if not node.expressions:
        raise not_supported("IN without a list", node)
    values = [left, *(run(e, context, scope) for e in node.expressions)]
    texts, _ = same(values, "IN value and list items must be the same type", node, [node.this, *node.expressions])
    return Sql(f"({texts[0]} IN ({', '.join(texts[1:])}))", BOOLEAN)


def _like(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    escape = None
    if isinstance(node, exp.Escape):
        escape = run(node.expression, context, scope)
        node = node.this
        if not isinstance(node, exp.Like):
            raise not_supported("ESCAPE without LIKE", node)
    sides = ((node.this, "Left side of"), (node.expression, "Pattern for"))
    values = [run(side, context, scope) for side, _ in sides]
    for value, (side, what) in zip(values, sides, strict=True):
        if common(value.type, VARCHAR) != VARCHAR:
            message = f"{what} LIKE expression must evaluate to a varchar (actual: {value.type})"
            raise SqlError("TYPE_MISMATCH", message, side)
    source, pattern = (coerce(v, VARCHAR).text for v in values)
    if escape is not None:
        return Sql(f"tb_like({source}, {pattern}, {coerce(escape, VARCHAR).text})", BOOLEAN)
    return Sql(f"({source} LIKE {pattern})", BOOLEAN)


def _concat(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    left, right = run(node.this, context, scope), run(node.expression, context, scope)
    return concatenation([left, right], node)


def _case(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    branches = node.args["ifs"]
    subject = run(node.this, context, scope) if node.this else None
    whens = []
    for branch in branches:
        if subject is None:
            whens.append(_condition(branch.this, "WHEN", context, scope, run))
        else:
            a, b, _ = _pair(subject, run(branch.this, context, scope), "=", branch.this)
            whens.append(f"{a} = {b}")
    results = [run(b.args["true"], context, scope) for b in branches]
    default = node.args.get("default")
    results.append(run(default, context, scope) if default is not None else Sql("NULL", UNKNOWN))
    places = [*(b.args["true"] for b in branches), default if default is not None else node]
    texts, kind = same(results, "All CASE results must be the same type", node, places)
    body = " ".join(f"WHEN {w} THEN {t}" for w, t in zip(whens, texts, strict=False))
    return Sql(f"CASE {body} ELSE {texts[-1]} END", kind)


def _if(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    condition = _condition(node.this, "IF", context, scope, run)
    otherwise = node.args.get("false")
    values = [run(node.args["true"], context, scope)]
    values.append(run(otherwise, context, scope) if otherwise is not None else Sql("NULL", UNKNOWN))
    texts, kind = same(values, "All IF results must be the same type", node)
    return Sql(f"CASE WHEN {condition} THEN {texts[0]} ELSE {texts[1]} END", kind)


def _subquery(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    from trailbook.local.engine.queries import compile_query, packed

    relation = compile_query(node, context, scope)
    if len(relation.fields) != 1:
        relation = packed(relation)
    for field in relation.fields:
        context.uses |= field.uses
    context.uses |= relation.always
    return Sql(f"({relation.text})", relation.fields[0].type)


def _exists(node: Any, context: Context, scope: Scope, run: Any) -> Sql:
    from trailbook.local.engine.queries import compile_query

    relation = compile_query(node.this, context, scope)
    context.uses |= relation.always
    return Sql(f"EXISTS ({relation.text})", BOOLEAN)


OPERATORS: dict[type[exp.Expr], Any] = {
    **dict.fromkeys(_COMPARE, _comparison),
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    exp.And: _logic,
    exp.Or: _logic,
    exp.Not: _not,
    exp.Neg: _negative,
    exp.Is: _is,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.Escape: _like,
    exp.DPipe: _concat,
    exp.Case: _case,
    exp.If: _if,
    exp.Subquery: _subquery,
    exp.Exists: _exists,
}
