"""Which expressions of a query are CloudTrail's event source or event name, through any renaming on the way.

Invariant: a plain rename keeps the meaning; what computes something else has none, and nothing is said about it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from trailbook.runbook.event_names import SUFFIX
from trailbook.runbook.model import Runbook
from trailbook.sql.schema import COLUMNS, LOGICAL_TABLE


class Meaning(Enum):
    """What a value is; a service is an event source without `.amazonaws.com`."""

    NAME = "event"
    SOURCE = "event source"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Seen:
    """A value with a meaning, as it is seen in a SELECT: of which relation there, and what it is inside that one."""

    meaning: Meaning
    select: int
    relation: str
    besides: frozenset[str] = frozenset({""})
    """Texts that stand for no value at all, as in `coalesce(eventname, 'unknown')`."""
    inner: tuple["Seen", ...] = ()

    def same_relation(self, other: "Seen") -> bool:
        """Say whether two values are of one row of one relation."""
        return (self.select, self.relation) == (other.select, other.relation)


@dataclass(frozen=True, slots=True)
class Listed:
    """A column of a list that the query itself writes with VALUES."""

    rows: exp.Values
    index: int

    def texts(self) -> list[exp.Expr | None]:
        """Return the column's values, row by row."""
        return [_cell(row, self.index) for row in self.rows.expressions]


What: TypeAlias = Seen | Listed | None
_Column: TypeAlias = tuple[str, What]

_SERVICE = (("split_part", ".", "1"), ("replace", SUFFIX, ""), ("replace", SUFFIX))
"""Calls on an event source that leave the service, with their other arguments."""

_BASE: Mapping[str, Meaning] = {"eventname": Meaning.NAME, "eventsource": Meaning.SOURCE}


Tables: TypeAlias = Mapping[str, Mapping[str, Meaning | None]]
"""The columns of each relation that a query only reads, with what they mean."""


def tables_of(runbook: Runbook) -> Tables:
    """Return the relations of a runbook: the log and its lookups."""
    lookups = {name: dict.fromkeys(lookup.columns) for name, lookup in runbook.lookups.items()}
    return {**lookups, LOGICAL_TABLE: {column: _BASE.get(column) for column in COLUMNS}}


class Lineage:
    """The meanings in one parsed query. Raises sqlglot's OptimizeError where its relations cannot be told apart."""

    def __init__(self, tree: exp.Query, tables: Tables) -> None:
        """Find the query's scopes."""
        self._tables = tables
        self.scopes = {id(scope.expression): scope for scope in traverse_scope(tree)}
        self._columns: dict[int, list[_Column]] = {}
        self._relations: dict[tuple[int, str], Mapping[str, What]] = {}

    def scope_of(self, node: exp.Expr) -> Scope | None:
        """Return the scope of the SELECT (or UNION) that a node stands in."""
        inside: exp.Expr | None = node
        while inside is not None:
            if isinstance(inside, exp.Query) and id(inside) in self.scopes:
                return self.scopes[id(inside)]
            inside = inside.parent
        return None

    def of(self, node: exp.Expr | None, scope: Scope) -> What:
        """Return what an expression is, in a scope."""
        match node:
            case exp.Column():
                return self._resolved(node, scope)
            case exp.Paren():
                return self.of(node.this, scope)
            case exp.Anonymous():
                return self._called(node, scope)
        return None

    def _called(self, call: exp.Anonymous, scope: Scope) -> What:
        first, *rest = call.expressions or [None]
        seen = self.of(first, scope)
        if not isinstance(seen, Seen):
            return None
        texts = tuple(part.name for part in rest if isinstance(part, exp.Literal))
        if call.name.lower() in ("coalesce", "nullif"):
            return replace(seen, besides=seen.besides | set(texts))
        if seen.meaning is Meaning.SOURCE and (call.name.lower(), *texts) in _SERVICE:
            return replace(seen, meaning=Meaning.SERVICE)
        return None

    def _resolved(self, column: exp.Column, scope: Scope) -> What:
        level: Scope | None = scope
        while level is not None:
            for relation, node in level.references:
                if column.table in ("", relation) and not column.args.get("db"):
                    columns = self._named(level, relation, node)
                    if column.table or column.name in columns:
                        return columns.get(column.name)
            outward = level.is_subquery or level.is_set_operation or level.is_udtf
            level = level.parent if outward else None
        return None

    def _named(self, scope: Scope, relation: str, node: exp.Expr) -> Mapping[str, What]:
        """Return the columns of a relation as the SELECT that reads it sees them."""
        key = (id(scope), relation)
        if key not in self._relations:
            columns = self._relation(scope, relation, node)
            self._relations[key] = {name: _seen_as(what, scope, relation) for name, what in reversed(columns)}
        return self._relations[key]

    def _relation(self, scope: Scope, relation: str, node: exp.Expr) -> list[_Column]:
        source = scope.sources.get(relation)
        if isinstance(source, exp.Table):
            columns = self._of_table(source)
        else:
            columns = self._of_scope(source) if source is not None else []
        renamed = [] if isinstance(node, exp.UDTF) else node.alias_column_names
        return _renamed(columns, renamed)

    def _of_table(self, table: exp.Table) -> list[_Column]:
        columns = self._tables.get(table.name, {})
        return [(column, Seen(meaning, 0, "") if meaning else None) for column, meaning in columns.items()]

    def _of_scope(self, scope: Scope) -> list[_Column]:
        key = id(scope)
        if key not in self._columns:
            self._columns[key] = []  # a recursive relation sees nothing of itself
            self._columns[key] = _renamed(list(self._outputs(scope)), scope.outer_columns)
        return self._columns[key]

    def _outputs(self, scope: Scope) -> Iterator[_Column]:
        expression = scope.expression
        if isinstance(expression, exp.Values):
            width = len(expression.expressions[0].expressions) if expression.expressions else 0
            yield from (("", Listed(expression, index)) for index in range(max(width, 1)))
        elif isinstance(expression, exp.UDTF):
            yield from ((name, None) for name in expression.alias_column_names)
        elif isinstance(expression, exp.SetOperation):
            yield from _united(*(self._of_scope(branch) for branch in scope.set_operation_scopes))
        elif isinstance(expression, exp.Select):
            for output in expression.expressions:
                yield output.output_name, self.of(output.unalias(), scope)


def _seen_as(what: What, scope: Scope, relation: str) -> What:
    if not isinstance(what, Seen):
        return what
    inner = (what,) if what.relation or what.inner else ()
    return replace(what, select=id(scope.expression), relation=relation, inner=inner)


def _united(*branches: list[_Column]) -> Iterator[_Column]:
    """Yield the columns of a UNION: what all branches agree on."""
    for column in zip(*branches, strict=False):
        seen = [what for _, what in column if isinstance(what, Seen)]
        agreed = len(seen) == len(column) and len({what.meaning for what in seen}) == 1
        besides = frozenset[str]().union(*(what.besides for what in seen))
        yield column[0][0], Seen(seen[0].meaning, 0, "", besides, tuple(seen)) if agreed else None


def _renamed(columns: list[_Column], names: list[str]) -> list[_Column]:
    if not names:
        return columns
    return [(name, what) for name, (_, what) in zip(names, columns, strict=False)]


def _cell(row: exp.Expr, index: int) -> exp.Expr | None:
    cells = row.expressions if isinstance(row, exp.Tuple) else [row.this if isinstance(row, exp.Paren) else row]
    return cells[index] if index < len(cells) else None
