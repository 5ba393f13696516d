"""Conditions of a syntax tree on their way down: cut at AND, said of other columns, and known for what they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from trailbook.local.engine.aggregates import AGGREGATES

FOREIGN = "\u00a7"
"""The name of what a condition reads from elsewhere: it resolves to nothing."""
_VOLATILE = frozenset(("rand", "random", "uuid"))


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be true of a row; where `guarded`, only if it is not true of a row of NULLs (an outer join's side)."""

    node: exp.Expr
    guarded: bool = False


def conjuncts(node: exp.Expr) -> list[exp.Expr]:
    """Return the conditions that must all be true."""
    node = node.unnest()
    return [p for n in node.flatten() for p in conjuncts(n)] if isinstance(node, exp.And) else [node]


def _aggregates(node: exp.Expr) -> bool:
    return any(
        isinstance(n, exp.AggFunc) or (isinstance(n, exp.Func) and _function(n) in AGGREGATES) for n in node.walk()
    )


def _function(node: exp.Func) -> str:
    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def opaque(node: exp.Expr) -> bool:
    """Say whether an expression must not be computed anew below: a query, a lambda, chance."""
    return any(
        isinstance(n, exp.Query | exp.Lambda | exp.Window) or (isinstance(n, exp.Func) and _function(n) in _VOLATILE)
        for n in node.walk()
    )


def with_outputs(condition: Condition, outputs: Sequence[tuple[str, exp.Expr]] | None, allowed: set[int]) -> exp.Expr:
    """Return a condition over an output as one over what the output is made of.

    A guarded one keeps its meaning for NULL only over bare columns.
    """

    def below(part: exp.Expr) -> exp.Expr:
        if not isinstance(part, exp.Column) or not part.name.startswith("#"):
            return part
        index = int(part.name[1:])
        if outputs is None or index not in allowed or index >= len(outputs) or opaque(outputs[index][1]):
            return exp.column(FOREIGN)
        if condition.guarded and not isinstance(outputs[index][1], exp.Column):
            return exp.column(FOREIGN)
        return exp.paren(outputs[index][1].copy())

    return condition.node.copy().transform(below)


def by_position(conditions: Sequence[Condition], names: Sequence[str]) -> list[Condition]:
    """Return conditions over an item's columns as conditions over the output positions of what it is."""
    places = {name: i for i, name in enumerate(names)}

    def numbered(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Column) and part.name in places:
            return exp.column(f"#{places[part.name]}")
        return part

    return [Condition(c.node.copy().transform(numbered), c.guarded) for c in conditions]


def equality(node: exp.Expr) -> list[tuple[exp.Expr, exp.Expr]]:
    """Return the two columns that a condition says to be equal."""
    if isinstance(node, exp.EQ) and isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Column):
        return [(node.this, node.expression), (node.expression, node.this)]
    return []


def moved(node: exp.Expr, equal: Sequence[tuple[exp.Expr, exp.Expr]]) -> list[exp.Expr]:
    """Return a condition of one column as conditions of the columns that equal it."""
    columns = list(node.find_all(exp.Column))
    if not columns or any(c != columns[0] for c in columns) or opaque(node):
        return []
    found = []
    for one, other in equal:
        if one == columns[0]:
            found.append(node.copy().transform(lambda p, one=one, other=other: other.copy() if p == one else p))
    return found


def allowed(node: exp.Select, outputs: Sequence[tuple[str, exp.Expr]] | None) -> set[int]:
    """Return the positions of the outputs over which a condition may go below the SELECT."""
    if outputs is None or any(e.find(exp.Window) for _, e in outputs):
        return set()
    group = node.args.get("group")
    if group is None:
        plain = not node.args.get("having") and not any(_aggregates(e) for _, e in outputs)
        return set(range(len(outputs))) if plain else set()
    if any(group.args.get(k) for k in ("grouping_sets", "rollup", "cube", "totals", "all")):
        return set()
    keys: set[int] = set()
    for key in group.expressions:
        if isinstance(key, exp.GroupingSets | exp.Rollup | exp.Cube):
            return set()
        if isinstance(key, exp.Literal) and key.name.isdigit() and not key.is_string:
            keys.add(int(key.name) - 1)
        else:
            keys |= {i for i, (_, e) in enumerate(outputs) if e == key}
    return keys
