"""Unset optional parameters: a conjunct of WHERE or HAVING that names one is dropped, so there is no filter.

A name belongs to the innermost clause around it: where a subquery's own conjunct falls, the conjunct around it stays.
JOIN … ON is never touched; there, and in a select list, an unset parameter is a typed NULL or an empty array.
"""

from collections.abc import Collection, Iterator

from sqlglot import exp

from trailbook.sql.dialect import nodes


def drop_unset(tree: exp.Expr, unset: Collection[str]) -> None:
    """Drop, in place, every conjunct that names a parameter of `unset`; a clause with none left goes as a whole."""
    if not unset:
        return
    clauses: dict[int, exp.Expr] = {}
    above: set[int] = set()
    for found in nodes(tree):
        if isinstance(found, exp.Placeholder) and found.name in unset:
            node: exp.Expr | None = found
            while node is not None and not isinstance(node, (exp.Where, exp.Having)):
                above.add(id(node))
                node = node.parent
            if node is not None:
                clauses[id(node)] = node
    for clause in clauses.values():
        kept = [node for node in _conjuncts(clause.this) if id(node) not in above]
        if kept:
            clause.set("this", exp.and_(*kept, copy=False))
        elif isinstance(clause.parent, exp.Filter):
            clause.parent.replace(clause.parent.this)  # count(*) FILTER (WHERE …)
        else:
            clause.pop()


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    inner = node.unnest() if isinstance(node, exp.Paren) else node
    if isinstance(inner, exp.And):
        yield from _conjuncts(inner.left)
        yield from _conjuncts(inner.right)
    else:
        yield node
