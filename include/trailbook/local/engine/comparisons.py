"""Comparison where DuckDB's order is not Trino's: NaN equals nothing, and what holds NULL may be unknown."""

import itertools

from trailbook.local.engine.errors import not_supported
from trailbook.local.engine.once import once, once_text
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import Type, field_name, text

_VARIABLES = itertools.count()
_FLOATING = ("double", "real")


def compared(a: str, b: str, sign: str, kind: Type) -> str:
    """Return a comparison of two values of one type as DuckDB text."""
    return once([Sql(a, kind), Sql(b, kind)], lambda values: _compared(values[0].text, values[1].text, sign, kind))


def _compared(a: str, b: str, sign: str, kind: Type) -> str:
    if sign.startswith("IS"):
        if _holds(kind, ("map",)):
            raise not_supported(f"{sign} on maps")
        return f"({a} {sign} {b})"
    if kind.base in _FLOATING:
        unequal = "true" if sign == "<>" else "false"
        return (
            f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN isnan({a}) OR isnan({b}) THEN {unequal} "
            f"ELSE {a} {sign} {b} END"
        )
    if not kind.args:
        return f"({a} {sign} {b})"
    if sign == "<>":
        return f"(NOT {_equal(a, b, kind)})"
    if sign == "=":
        return _equal(a, b, kind)
    raise not_supported(f"{sign} on a {kind.base}")


def _holds(kind: Type, bases: tuple[str, ...]) -> bool:
    return kind.base in bases or any(_holds(k, bases) for k in kind.args)


def _equal(a: str, b: str, kind: Type) -> str:
    if kind.base == "row":
        parts = [
            compared(
                f"struct_extract({a}, {text(field_name(kind, i))})",
                f"struct_extract({b}, {text(field_name(kind, i))})",
                "=",
                k,
            )
            for i, k in enumerate(kind.args)
        ]
        return f"CASE WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN {' AND '.join(parts)} END"
    if kind.base == "map":
        raise not_supported("comparing maps")
    v = f"e{next(_VARIABLES)}"
    same = compared(f"{v}[1]", f"{v}[2]", "=", kind.args[0])
    pairs = f"list_transform(list_zip({a}, {b}), lambda {v}: {same})"
    every = once_text(
        pairs,
        lambda p: (
            f"CASE WHEN list_contains({p}, false) THEN false WHEN list_position({p}, NULL) > 0 THEN NULL ELSE true END"
        ),
    )
    return f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN len({a}) <> len({b}) THEN false ELSE {every} END"
