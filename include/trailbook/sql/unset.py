"""Unset optional parameters: a conjunct of WHERE or HAVING that names one is dropped, so there is no filter.

Inner clauses are looked at first: where a subquery's own conjunct falls, the conjunct around it stays. JOIN … ON is
never touched; there, and in a select list, an unset parameter is a typed NULL or an empty array.
"""

from collections.abc import Collection, Iterator

from sqlglot import exp


def drop_unset(tree: exp.Expr, unset: Collection[str]) -> None:
    """Drop, in place, every conjunct that names a parameter of `unset`; a clause with none left goes as a whole."""
    if not unset:
        return
    # Breadth first lists outer clauses before inner ones, whatever their depth in branches beside them.
    for clause in reversed(list(tree.find_all(exp.Where, exp.Having, bfs=True))):
        conjuncts = list(_conjuncts(clause.this))
        kept = [node for node in conjuncts if not _names(node, unset)]
        if len(kept) == len(conjuncts):
            continue
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


def _names(node: exp.Expr, unset: Collection[str]) -> bool:
    return any(found.name in unset for found in node.find_all(exp.Placeholder))
