"""Which event sources a place in a query is about: the conditions that hold there, the nearest ones first.

Invariant: None is "any source"; a condition that is not understood restricts nothing, so it never makes a doubt.
"""

from collections.abc import Iterator
from typing import TypeAlias

from sqlglot import exp

from trailbook.runbook.event_names import SUFFIX
from trailbook.sql.lint.event_names.lineage import Lineage, Meaning, Seen

Sources: TypeAlias = frozenset[str] | None

Condition: TypeAlias = exp.Expr | tuple[exp.Expr, exp.Expr]
"""An expression that is true, or two that are equal (of a CASE with a value, which writes no `=`)."""

_EQUALS = (exp.EQ, exp.NullSafeEQ)


def sources_at(node: exp.Expr, seen: Seen, lineage: Lineage) -> Sources:
    """Return the sources that the relation of `seen` can have at a node."""
    child, parent = node, node.parent
    while parent is not None:
        for condition in _around(child, parent):
            found = implied(condition, seen, lineage)
            if found is not None:
                return found
        if id(parent) == seen.select:
            break
        child, parent = parent, parent.parent
    return _inside(seen, lineage)


def _around(child: exp.Expr, parent: exp.Expr) -> Iterator[Condition]:
    """Yield the conditions that hold for `child` because of where it stands in `parent`."""
    match parent:
        case exp.And():
            yield parent.right if parent.left is child else parent.left
        case exp.If() if child.arg_key == "true":
            case = parent.parent
            valued = isinstance(case, exp.Case) and case.this is not None
            yield (case.this, parent.this) if case is not None and valued else parent.this
        case exp.Filter() if child.arg_key == "this":
            yield parent.expression.this
        case exp.Select():
            yield from _of_select(parent, besides=child)


def _of_select(select: exp.Select, besides: exp.Expr | None = None) -> Iterator[exp.Expr]:
    where = select.args.get("where")
    if where is not None and where is not besides:
        yield where.this
    for join in select.args.get("joins") or []:
        if join is not besides and not join.side and join.args.get("on") is not None:
            yield join.args["on"]


def _inside(seen: Seen, lineage: Lineage) -> Sources:
    """Return what the definition of a value's relation restricts its sources to."""
    found: set[str] = set()
    for inner in seen.inner:
        scope = lineage.scopes.get(inner.select)
        if scope is None:
            own = _inside(inner, lineage)
        else:
            conditions = _of_select(scope.expression) if isinstance(scope.expression, exp.Select) else iter(())
            own = next((s for c in conditions if (s := implied(c, inner, lineage)) is not None), None)
            own = _inside(inner, lineage) if own is None else own
        if own is None:
            return None
        found |= own
    return frozenset(found) if seen.inner else None


def implied(condition: Condition, seen: Seen, lineage: Lineage) -> Sources:
    """Return the sources that a condition leaves to the relation of `seen`; None where it leaves any."""
    match condition:
        case (value, text):
            return _compared(value, [text], seen, lineage)
        case exp.Paren():
            return implied(condition.this, seen, lineage)
        case exp.And():
            one, two = (implied(side, seen, lineage) for side in (condition.left, condition.right))
            return one if two is None else two if one is None else (one & two or one)
        case exp.Or():
            one, two = (implied(side, seen, lineage) for side in (condition.left, condition.right))
            return None if one is None or two is None else one | two
        case exp.In():
            return _listed(condition, seen, lineage)
        case exp.Anonymous() if condition.name.lower() == "coalesce" and condition.expressions:
            return implied(condition.expressions[0], seen, lineage)
        case _ if isinstance(condition, _EQUALS):
            sides = ((condition.left, condition.right), (condition.right, condition.left))
            return next((s for a, b in sides if (s := _compared(a, [b], seen, lineage)) is not None), None)
    return None


def _listed(condition: exp.In, seen: Seen, lineage: Lineage) -> Sources:
    if not condition.expressions:
        return None
    if not isinstance(condition.this, exp.Tuple):
        return _compared(condition.this, condition.expressions, seen, lineage)
    if not all(isinstance(row, exp.Tuple) for row in condition.expressions):
        return None
    for index, part in enumerate(condition.this.expressions):
        cells = [row.expressions[index] for row in condition.expressions if index < len(row.expressions)]
        found = _compared(part, cells, seen, lineage)
        if found is not None:
            return found
    return None


def _compared(value: exp.Expr, texts: list[exp.Expr], seen: Seen, lineage: Lineage) -> Sources:
    scope = lineage.scope_of(value)
    other = lineage.of(value, scope) if scope is not None else None
    if not isinstance(other, Seen) or other.meaning is Meaning.NAME or not other.same_relation(seen):
        return None
    if not all(isinstance(text, exp.Literal) and text.is_string for text in texts):
        return None
    return frozenset(as_source(text.name, other.meaning) for text in texts)


def as_source(text: str, meaning: Meaning) -> str:
    """Return the event source of a text that is one, or a service."""
    return text + SUFFIX if meaning is Meaning.SERVICE else text
