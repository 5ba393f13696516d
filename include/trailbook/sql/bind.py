"""From a runbook's SQL to the exact SQL that Athena gets, on the syntax tree and never by formatting text.

Invariants: the same runbook, window, parameters, lookups and table give the same text; a value is never more than a
literal; the result has a total order by the key columns and at most `row_limit` + 1 rows, so the caller sees whether
rows were cut.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlglot import exp

from trailbook.canonical import sha256
from trailbook.errors import InvalidRequest, InvalidRunbook, Problem
from trailbook.runbook.model import WINDOW_VALUES, Runbook
from trailbook.settings import PhysicalTable
from trailbook.sql.dialect import canonical, plain_tables, written
from trailbook.sql.pieces import Part, Piece, joined, part, scope_part
from trailbook.sql.relations import LookupRows, relation
from trailbook.sql.schema import LOGICAL_TABLE
from trailbook.sql.scope import coverage, scope
from trailbook.sql.template import Expanded, Template, expanded
from trailbook.sql.unset import drop_unset
from trailbook.sql.values import Binding, fill, signature
from trailbook.window import Window

__all__ = ["LookupRows", "bind", "bind_coverage", "fill", "template_digest"]


def bind(
    runbook: Runbook,
    *,
    window: Window,
    table: PhysicalTable,
    params: Mapping[str, Any],
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
    row_limit: int = 10_000,
    lookups: Mapping[str, LookupRows] | None = None,
) -> str:
    """Return the exact SQL of one run; `params` are the resolved values of the runbook's own parameters.

    Raises InvalidRunbook where the SQL is not what `check` lets pass, InvalidRequest where values or rows cannot be
    written or the text is over Athena's limit.
    """
    asked = Binding(runbook, window, table, params, accounts, regions, row_limit, lookups or {})
    text = None
    with suppress(Exception):  # bound as a whole, it raises what is to be raised first
        text = bound_in_pieces(asked)
    return bound_whole(asked) if text is None else text


def bound_whole(asked: Binding) -> str:
    """Return what `bind` does, from one tree: this is what its text is by definition."""
    runbook = asked.runbook
    template = expanded(Template.of(runbook))
    tree = _query(template)
    _refuse(runbook, template, tree)
    drop_unset(tree, asked.unset())
    fill(runbook, tree, asked.params, asked.window)
    tree = _complete(runbook, tree, asked.row_limit)
    named = plain_tables(tree)
    first = [scope(asked.window, asked.table, asked.accounts, asked.regions)]
    for name, lookup in runbook.lookups.items():
        if name in named:
            first.append(relation(name, lookup, _given(name, asked.lookups)))
    own = tree.args.get("with_")
    tree.set("with_", exp.With(expressions=[*first, *(own.expressions if own else [])]))
    return written(tree)


def bound_in_pieces(asked: Binding) -> str | None:
    """Return the same text from pieces, most of which other bindings had too, or None where that is not certain.

    Raises any error where `bound_whole` raises one, and not always the same.
    """
    runbook = asked.runbook
    template = expanded(Template.of(runbook))
    if not template.pieces or not all(type(name) is str for name in (*asked.accounts, *asked.regions)):
        return None
    _refuse(runbook, template, template.tree)
    unset = asked.unset()
    wanted = [_Wanted.of(piece, asked, unset) for piece in template.pieces]
    own = [_bound(one) if one else None for one in wanted]
    named = {name for found in own if found for name in found.tables}
    first = [scope_part(asked.window, asked.table, tuple(asked.accounts), tuple(asked.regions))]
    for name, lookup in runbook.lookups.items():
        if name in named:
            first.append(part(relation(name, lookup, _given(name, asked.lookups))))
    return joined([*first, *own])


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A piece with its values. Equal ones have the same `key`, which is all that its text depends on."""

    piece: Piece
    key: str
    runbook: Runbook = field(compare=False)
    window: Window = field(compare=False)
    params: Mapping[str, Any] = field(compare=False)
    unset: frozenset[str] = field(compare=False)
    row_limit: int = field(compare=False)

    @classmethod
    def of(cls, piece: Piece, asked: Binding, unset: set[str]) -> "_Wanted | None":
        key = signature(asked, piece.params, unset)
        if key is None:
            return None
        if piece.is_rest:
            key += repr((asked.row_limit, asked.runbook.result.key))
        params = {name: asked.params.get(name) for name in piece.params}
        return cls(piece, key, asked.runbook, asked.window, params, frozenset(params.keys() & unset), asked.row_limit)


@lru_cache(maxsize=512)  # some sixty runbooks' pieces, or all that `trailbook test` asks of one
def _bound(wanted: _Wanted) -> Part | None:
    tree = wanted.piece.copy()
    if wanted.params:
        drop_unset(tree, wanted.unset)
        fill(wanted.runbook, tree, wanted.params, wanted.window)
    if isinstance(tree, exp.Query):
        tree = _complete(wanted.runbook, tree, wanted.row_limit)
    return part(tree)


def bind_coverage(
    window: Window, table: PhysicalTable, accounts: Sequence[str] = (), regions: Sequence[str] = ()
) -> str:
    """Return the SQL that counts the events in the same scope: account, region, events, first_event, last_event."""
    return written(coverage(window, table, accounts, regions))


def template_digest(runbook: Runbook) -> str:
    """Return the SHA-256 of the runbook's SQL as a tree, fragments expanded; comments and white space do not count."""
    return sha256(canonical(expanded(Template.of(runbook)).tree).encode())


def _query(template: Expanded) -> exp.Query:
    tree: exp.Query = template.tree.copy()
    while isinstance(tree, exp.Subquery) and not any(tree.args.get(key) for key in tree.args if key != "this"):
        tree = tree.this
    if isinstance(tree, exp.Subquery):
        tree = exp.select("*").from_(tree)
    return tree


def _refuse(runbook: Runbook, template: Expanded, tree: exp.Query) -> None:
    """Refuse what would make binding wrong; `sql.lint` says the same earlier and with the place in the file."""
    wrong = []
    if any(isinstance(node, exp.With) and node.args.get("recursive") for node in template.names):
        wrong.append("WITH RECURSIVE is not supported: a run must end")
    for cte in template.names:
        if isinstance(cte, exp.CTE) and (cte.alias.lower() == LOGICAL_TABLE or cte.alias.lower() in runbook.lookups):
            wrong.append(f"a common table expression may not be named {cte.alias}: that name is taken")
    if any(tree.args.get(key) for key in ("limit", "offset", "fetch")):
        wrong.append("the outermost SELECT may not have LIMIT, OFFSET or FETCH: row_limit of the run decides")
    for node in template.names:
        known = isinstance(node, exp.Placeholder) and node.name in (*runbook.params, *WINDOW_VALUES)
        if isinstance(node, (exp.Placeholder, exp.Parameter)) and not known:
            wrong.append(f"expected :name of a declared parameter, found {node.sql()}")
    if wrong:
        raise InvalidRunbook([Problem(runbook.id, 1, 1, "query", message) for message in wrong])


def _complete(runbook: Runbook, tree: exp.Query, row_limit: int) -> exp.Query:
    order = tree.args.get("order")
    ordered = order.expressions if order else []
    given = {_ordered_name(tree, item) for item in ordered}
    missing = [key for key in runbook.result.key if key not in given]
    terms = [exp.Ordered(this=exp.Column(this=exp.to_identifier(key, quoted=True))) for key in missing]
    tree.set("order", exp.Order(expressions=[*ordered, *terms]))
    tree.set("limit", exp.Limit(expression=exp.Literal.number(row_limit + 1)))
    return tree


def _ordered_name(tree: exp.Query, item: exp.Expr) -> str:
    """Return the output column that an ORDER BY term names; '' where it is another expression."""
    term = item.this if isinstance(item, exp.Ordered) else item
    if isinstance(term, exp.Literal) and term.is_int:
        names = tree.named_selects
        return names[int(term.name) - 1] if 0 < int(term.name) <= len(names) else ""
    return term.name if isinstance(term, exp.Column) and not term.table else ""


def _given(name: str, lookups: Mapping[str, LookupRows]) -> LookupRows:
    if name not in lookups:
        raise InvalidRequest(f"lookup {name}: expected its rows, found none: is {name}.csv in the lookups folder?")
    return lookups[name]
