"""From a runbook's SQL to the exact SQL that Athena gets, on the syntax tree and never by formatting text.

Invariants: the same runbook, window, parameters, lookups and table give the same text; a value is never more than a
literal; the result has a total order by the key columns and at most `row_limit` + 1 rows, so the caller sees whether
rows were cut.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlglot import exp

from trailbook.canonical import sha256
from trailbook.errors import InvalidRequest, InvalidRunbook, Problem
from trailbook.runbook.fragments import Fragment
from trailbook.runbook.model import WINDOW_VALUES, Runbook
from trailbook.runbook.params import Param
from trailbook.settings import PhysicalTable
from trailbook.sql.dialect import canonical, nodes, read, written
from trailbook.sql.fragments import expand
from trailbook.sql.literals import literal, parameter, string
from trailbook.sql.relations import LookupRows, relation
from trailbook.sql.schema import LOGICAL_TABLE
from trailbook.sql.scope import coverage, scope, second
from trailbook.sql.unset import drop_unset
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
    template = _expanded(_Template.of(runbook))
    tree = _query(template)
    _refuse(runbook, template, tree)
    unset = {name for name, param in runbook.params.items() if _is_unset(param, params.get(name))}
    drop_unset(tree, unset)
    fill(runbook, tree, params, window)
    tree = _complete(runbook, tree, row_limit)
    named = {node.name.lower() for node in nodes(tree) if isinstance(node, exp.Table) and not node.db}
    first = [scope(window, table, accounts, regions)]
    for name, lookup in runbook.lookups.items():
        if name in named:
            first.append(relation(name, lookup, _given(name, lookups or {})))
    own = tree.args.get("with_")
    tree.set("with_", exp.With(expressions=[*first, *(own.expressions if own else [])]))
    return written(tree)


def bind_coverage(
    window: Window, table: PhysicalTable, accounts: Sequence[str] = (), regions: Sequence[str] = ()
) -> str:
    """Return the SQL that counts the events in the same scope: account, region, events, first_event, last_event."""
    return written(coverage(window, table, accounts, regions))


def template_digest(runbook: Runbook) -> str:
    """Return the SHA-256 of the runbook's SQL as a tree, fragments expanded; comments and white space do not count."""
    return sha256(canonical(_expanded(_Template.of(runbook)).tree).encode())


@dataclass(frozen=True, slots=True)
class _Template:
    """All that a runbook's tree is made of before it has values; those with the same texts are equal."""

    path: str
    query: str
    bodies: tuple[tuple[str, str, tuple[str, ...]], ...]
    fragments: Mapping[str, Fragment] = field(compare=False)

    @classmethod
    def of(cls, runbook: Runbook) -> "_Template":
        bodies = tuple((name, body.sql, tuple(body.params)) for name, body in runbook.fragments.items())
        return cls(runbook.id, runbook.query, bodies, runbook.fragments)


@lru_cache(maxsize=128)  # a run needs it for the text and for the digest; `trailbook test` once for each case
def _expanded(template: _Template) -> "_Expanded":
    """Return the query with its fragments. Raises InvalidRunbook."""
    tree = read(template.query, template.path)
    expand(tree, template.fragments, template.path)
    names: list[exp.Expr] = []
    for node in nodes(tree):
        node._meta = None  # as `meta.clear()`, whose empty dictionary is copied with the node
        if isinstance(node, (exp.With, exp.CTE, exp.Placeholder, exp.Parameter)):
            names.append(node)
    return _Expanded(tree, tuple(names))


@dataclass(frozen=True, slots=True)
class _Expanded:
    """A tree that nobody may change, and those of its nodes that give or take a name."""

    tree: exp.Query
    names: tuple[exp.Expr, ...]


def _query(template: _Expanded) -> exp.Query:
    tree: exp.Query = template.tree.copy()
    while isinstance(tree, exp.Subquery) and not any(tree.args.get(key) for key in tree.args if key != "this"):
        tree = tree.this
    if isinstance(tree, exp.Subquery):
        tree = exp.select("*").from_(tree)
    return tree


def _refuse(runbook: Runbook, template: _Expanded, tree: exp.Query) -> None:
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


def _is_unset(param: Param, value: Any) -> bool:
    # A parameter that replaces a lookup column is unset by having the lookup's own rows: no condition falls with it.
    return param.replaces is None and (value is None or (param.items is not None and len(value) == 0))


def fill(runbook: Runbook, tree: exp.Query, params: Mapping[str, Any], window: Window) -> None:
    """Put each parameter's value, as a literal, where the tree names it. Raises InvalidRequest naming the parameter.

    `:window_start` and `:window_end` are the window's bounds as texts like those of `eventtime`, without the `Z`
    (see `sql.scope`).
    """
    bounds = dict(zip(WINDOW_VALUES, (window.start, window.end), strict=True))
    for node in nodes(tree):
        if not isinstance(node, exp.Placeholder):
            continue
        if node.name in bounds:
            node.replace(string(second(bounds[node.name])))
            continue
        param, value = runbook.params[node.name], params.get(node.name)
        try:
            node.replace(_filled(node, param, value))
        except InvalidRequest as error:
            raise InvalidRequest(f"{node.name}: {error}") from None


def _filled(node: exp.Placeholder, param: Param, value: Any) -> Any:
    if param.items is not None and isinstance(node.parent, exp.In) and node.arg_key == "expressions":
        return [literal(item, param.items.type, param.items.format) for item in value or [None]]
    if isinstance(node.parent, exp.Interval) and param.type == "integer" and value is not None:
        return exp.Literal.string(str(value))  # INTERVAL '7' DAY: Trino wants a text there
    return parameter(value, param)


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
