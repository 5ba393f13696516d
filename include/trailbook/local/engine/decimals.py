"""Arithmetic on decimals, with Trino's precision and scale of each result."""

from trailbook.local.engine.casts import coerce
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import Type, as_decimal

Digits = tuple[int, int]


def decimal_digits(sign: str, left: Digits, right: Digits) -> Digits:
    """Return the precision and scale of an operation's result."""
    (p1, s1), (p2, s2) = left, right
    if sign in "+-":
        scale = max(s1, s2)
        return min(38, max(p1 - s1, p2 - s2) + scale + 1), scale
    if sign == "*":
        return min(38, p1 + p2), s1 + s2
    if sign == "/":
        return min(38, p1 + s2 + max(0, s2 - s1)), max(s1, s2)
    return min(p2 - s2, p1 - s1) + max(s1, s2), max(s1, s2)


def decimal_operation(sign: str, left: Sql, right: Sql) -> Sql:
    """Return an operation on two decimals or integers."""
    digits = decimal_digits(sign, as_decimal(left.type), as_decimal(right.type))
    kind = Type("decimal", digits=digits)
    a, b = (coerce(v, Type("decimal", digits=as_decimal(v.type))).text for v in (left, right))
    held = f"DECIMAL({digits[0]},{digits[1]})"
    if sign in "+-*" and digits[0] < 38:
        return Sql(f"CAST(({a} {sign} {b}) AS {held})", kind)
    texts = f"CAST({a} AS VARCHAR), CAST({b} AS VARCHAR)"
    return Sql(f"CAST(tb_decimal('{sign}', {texts}, '{digits[0]},{digits[1]}') AS {held})", kind)
