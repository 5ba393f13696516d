"""Operators: comparison, arithmetic, logic, LIKE, IN, CASE, subqueries; typed as Trino types them."""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from trailbook.local.engine.arithmetic import ARITHMETIC, arithmetic, negative
from trailbook.local.engine.casts import coerce
from trailbook.local.engine.comparisons import compared
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.scope import Context, Scope, Sql
from trailbook.local.engine.types import (
    BOOLEAN,
    UNKNOWN,
    VARCHAR,
    Type,
    common,
)
from trailbook.local.engine.words import concatenation

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
    texts, kind = same(values, "Cannot check if value is BETWEEN", node)
    if node.args.get("symmetric"):
        raise not_supported("BETWEEN SYMMETRIC", node)
    if kind.args or kind.base in ("double", "real"):
        low, high = compared(texts[0], texts[1], ">=", kind), compared(texts[0], texts[2], "<=", kind)
        return Sql(f"({low} AND {high})", BOOLEAN)
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
    texts, kind = same(values, "IN value and list items must be the same type", node, [node.this, *node.expressions])
    if kind.args or kind.base in ("double", "real"):
        return Sql(f"({' OR '.join(compared(texts[0], t, '=', kind) for t in texts[1:])})", BOOLEAN)
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
            a, b, kind = _pair(subject, run(branch.this, context, scope), "=", branch.this)
            whens.append(compared(a, b, "=", kind))
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
    **dict.fromkeys(ARITHMETIC, arithmetic),
    exp.And: _logic,
    exp.Or: _logic,
    exp.Not: _not,
    exp.Neg: negative,
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
