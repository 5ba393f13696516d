"""Queries that one connection has planned, to be run again over other records.

With its optimizer DuckDB plans a prepared statement anew at each run; without it the plan is used again, and one that
knows nothing of the records holds for any. So a connection that keeps plans has no optimizer, and what it reads is
shown once, since every change of the catalog makes DuckDB plan again. Such a connection is for few rows: it has the
functions that are planned soonest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from trailbook.local.engine.native import PLAIN_MACROS
from trailbook.local.engine.parts import Part, joined, read_by
from trailbook.local.engine.types import duckdb_type

_LONG = 2_000
"""Characters of a part that are planned in longer than its rows are written and read again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What runs a query: statements that write what it reads, and the query."""

    before: tuple[str, ...]
    query: str


class KeptPlans:
    """The plans of a connection. A query is run by what `plan` returned, until that is forgotten."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take the optimizer from the connection, which must not be locked down yet."""
        connection.execute("PRAGMA disable_optimizer")
        for macro in PLAIN_MACROS:
            connection.execute(f"CREATE OR REPLACE MACRO {macro}")
        self._connection = connection
        self._shown: set[str] = set()
        self._made = 0
        self._tables: list[str] = []
        self._together: list[str] = []

    def show(self, name: str, relation: str) -> None:
        """Make a view of the relation under a name that stands for it alone; once."""
        if name not in self._shown:
            self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {relation}")  # noqa: S608  # compiled text only
            self._shown.add(name)

    def plan(self, text: str) -> str:
        """Return what runs a query's text; where it cannot be planned, the text itself, whose run says why."""
        name = f"kept{self._made}"
        try:
            self._connection.execute(f"PREPARE {name} AS {text}")
        except duckdb.Error:
            return text
        self._made += 1
        return f"EXECUTE {name}"

    def forget(self, run: str) -> None:
        """Let go of the plan that `plan` returned."""
        if run.startswith("EXECUTE "):
            self._connection.execute(f"DEALLOCATE {run.removeprefix('EXECUTE ')}")

    def together(self, queries: Mapping[str, Sequence[Part]], source: str) -> dict[str, Kept]:
        """Plan queries by their names; what several of them read is planned once, as a table of its own.

        All tables are made before the first plan. What cannot be planned is left out.
        """
        self._drop()
        closures = {name: [*read_by(parts[-1]), parts[-1]] for name, parts in queries.items()}
        counts = Counter(part for parts in {p[-1]: p for p in closures.values()}.values() for part in parts)
        stored = {p.name: p for p in counts if counts[p] > 1 and len(p.relation.text) >= _LONG}
        for scan in {scan.name for parts in queries.values() for part in parts for scan in part.scans}:
            self.show(scan, source)
        for part in stored.values():
            columns = ", ".join(f"c{i} {duckdb_type(f.type)}" for i, f in enumerate(part.relation.fields))
            self._connection.execute(f"CREATE TABLE {part.name} ({columns})")
            self._tables.append(part.name)
        elsewhere = frozenset(stored)
        plans: dict[str, str] = {}
        kept: dict[str, Kept] = {}
        for name, parts in closures.items():
            for part in parts:
                if part.name in stored and part.name not in plans:
                    plans[part.name] = self.plan(f"INSERT INTO {part.name} {joined(part, elsewhere)}")
            last = parts[-1]
            if last.name not in plans:
                plans[last.name] = self.plan(joined(last, elsewhere))
            found = [plans[part.name] for part in parts if part.name in plans]
            if all(p.startswith("EXECUTE ") for p in found):
                kept[name] = Kept(tuple(found[:-1]), found[-1])
        self._together = [*plans.values()]
        return kept

    def _drop(self) -> None:
        for plan in self._together:
            self.forget(plan)
        for table in self._tables:
            self._connection.execute(f"DROP TABLE {table}")
        for scan in [s for s in self._shown if s.startswith("part")]:
            self._connection.execute(f"DROP VIEW {scan}")
            self._shown.discard(scan)
        self._together.clear()
        self._tables.clear()
