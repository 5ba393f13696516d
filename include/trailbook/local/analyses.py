"""The analyses of one connection's queries, kept by the queries' texts; records and values are no part of them."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import duckdb
from sqlglot import exp

from trailbook.local.engine.engine import Analysed, analyse_tree
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parts import Part, Parts
from trailbook.local.engine.pieces import Pieces
from trailbook.local.engine.scope import Catalog
from trailbook.local.kept_plans import KeptPlans

_MOST = 32
"""Queries that are kept beside those that were prepared together."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An analysed query and what runs it on the connection; `before` are statements that write what it reads."""

    found: Analysed
    query: str | duckdb.Statement
    before: tuple[str, ...] = ()


class Analyses:
    """Analyses and parses each text once. Use it from one thread at a time."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, catalog: Catalog, database: str, plans: KeptPlans | None
    ) -> None:
        """Know none yet. With `plans`, DuckDB plans each text once too."""
        self._connection, self._catalog, self._database, self._plans = connection, catalog, database, plans
        self._pieces = Pieces()
        self._kept: OrderedDict[str, Ready] = OrderedDict()
        self._together: dict[str, Ready] = {}

    def of(self, sql: str) -> Ready:
        """Return what runs a query. Raises SqlError."""
        if sql in self._together:
            return self._together[sql]
        known = self._kept.pop(sql, None)
        if known is None:
            tree = self._pieces.parse(sql)
            found = _plain(analyse_tree(tree, self._catalog, self._database, datetime.now(UTC), pruned=False))
            known = Ready(found, self._planned(found))
        if not known.found.timed:
            self._kept[sql] = known
            if len(self._kept) > _MOST:
                self._forget(self._kept.popitem(last=False)[1])
        return known

    def prepare(self, texts: Iterable[str]) -> None:
        """Get ready queries that are about to be run, instead of those before: what they share is done once.

        A query that is refused, or that needs the time of its run, is left to `of`. Without plans nothing is done.
        """
        self._together.clear()
        if self._plans is None:
            return
        parts = Parts(self._catalog, self._database, datetime.now(UTC))
        found: dict[str, Sequence[Part]] = {}
        for sql in dict.fromkeys(texts):
            try:
                own = parts.query(self._pieces.parse(sql))
            except (SqlError, RecursionError):
                continue
            if own is not None:
                found[sql] = own
        for sql, (*before, query) in self._plans.together(found).items():
            self._together[sql] = Ready(_whole(found[sql]), query, tuple(before))

    def _planned(self, found: Analysed) -> str | duckdb.Statement:
        """Return what runs an analysed query."""
        if self._plans is None or found.timed:
            return _parsed(self._connection, found.relation.text)
        for scan in found.scans:
            self._plans.show(scan.name)
        return self._plans.plan(found.relation.text)

    def _forget(self, ready: Ready) -> None:
        if self._plans is not None and isinstance(ready.query, str):
            self._plans.forget(ready.query)


def _whole(parts: Sequence[Part]) -> Analysed:
    """Return the analysis of a query that consists of these parts; its text is that of the last."""
    return _plain(Analysed.of(parts[-1].relation, [scan for part in parts for scan in part.scans]))


def _plain(found: Analysed) -> Analysed:
    """Return the analysis without the syntax tree, which hangs on the scans' nodes and is of no use any more."""
    return replace(found, scans=tuple(replace(scan, node=exp.Table()) for scan in found.scans))


def _parsed(connection: duckdb.DuckDBPyConnection, text: str) -> str | duckdb.Statement:
    """Return a compiled query as this connection parses it; where it cannot, its text, whose run says why."""
    try:
        found = connection.extract_statements(text)
    except duckdb.Error:
        return text
    return found[0] if len(found) == 1 else text
