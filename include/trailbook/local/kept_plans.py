"""Queries that one connection has planned, to be run again over other records.

With its optimizer DuckDB plans a prepared statement anew at each run; without it the plan is used again, and one that
knows nothing of the records holds for any. So a connection that keeps plans has no optimizer, and what it reads is
shown once, since every change of the catalog makes DuckDB plan again. Such a connection is for few rows: it has the
functions that are planned soonest.

Most of the time a plan takes goes with the length of its text. So what several queries read alike, and is long, is a
table that a plan of its own fills before each run: for few rows that is done sooner than planning it again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import duckdb

from trailbook.local.engine.native import PLAIN_MACROS
from trailbook.local.engine.parts import Part, joined, read_by
from trailbook.local.engine.types import duckdb_type

_RUN = "EXECUTE "

_LONG = 2_000
"""Characters of DuckDB's text whose planning takes longer than a few runs that fill a table."""


class KeptPlans:
    """The plans of a connection. A query is run by what `plan` returned, until that is forgotten."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: str) -> None:
        """Take the optimizer from the connection, not locked down yet. Scans read the relation `source`."""
        connection.execute("PRAGMA disable_optimizer")
        for macro in PLAIN_MACROS:
            connection.execute(f"CREATE OR REPLACE MACRO {macro}")
        self._connection = connection
        self._source = source
        self._shown: set[str] = set()
        self._made = 0
        self._tables: list[str] = []
        self._together: list[str] = []

    def show(self, name: str) -> None:
        """Make a view of the source under a scan's name; once."""
        if name not in self._shown:
            self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {self._source}")  # noqa: S608  # compiled text only
            self._shown.add(name)

    def plan(self, text: str) -> str:
        """Return what runs a query's text; where it cannot be planned, the text itself, whose run says why."""
        name = f"kept{self._made}"
        try:
            self._connection.execute(f"PREPARE {name} AS {text}")
        except duckdb.Error:
            return text
        self._made += 1
        return f"{_RUN}{name}"

    def forget(self, run: str) -> None:
        """Let go of the plan that `plan` returned."""
        if _planned(run):
            self._connection.execute(f"DEALLOCATE {run.removeprefix(_RUN)}")

    def together(self, queries: Mapping[str, Sequence[Part]]) -> dict[str, list[str]]:
        """Plan queries that consist of parts, instead of those that were planned together before.

        Returns what runs each: statements that fill tables, and last its own. What cannot be planned is left out.
        """
        self._forget_those()
        lasts = {parts[-1].name: parts[-1] for parts in queries.values()}
        below = {name: read_by(last) for name, last in lasts.items()}
        times = Counter(part for parts in below.values() for part in parts)
        # All of the catalog before the first plan, see above.
        for scan in {scan.name for parts in queries.values() for part in parts for scan in part.scans}:
            self.show(scan)
        stored = {part.name: part for part in times if times[part] > 1 and self._stored(part)}
        plans = {name: self.plan(f"INSERT INTO {name} {joined(part, stored)}") for name, part in stored.items()}
        plans |= {name: self.plan(joined(last, stored)) for name, last in lasts.items()}
        self._together += plans.values()
        runs = {
            query: [plans[part.name] for part in (*below[parts[-1].name], parts[-1]) if part.name in plans]
            for query, parts in queries.items()
        }
        return {query: run for query, run in runs.items() if all(map(_planned, run))}

    def _stored(self, part: Part) -> bool:
        """Make the table of a part where it is worth one, and say whether there is one."""
        if len(part.relation.text) < _LONG:
            return False
        columns = ", ".join(f"c{i} {duckdb_type(f.type)}" for i, f in enumerate(part.relation.fields))
        try:
            self._connection.execute(f"CREATE TABLE {part.name} ({columns})")
        except duckdb.Error:
            return False
        self._tables.append(part.name)
        return True

    def _forget_those(self) -> None:
        while self._together:
            self.forget(self._together.pop())
        while self._tables:
            self._connection.execute(f"DROP TABLE {self._tables.pop()}")


def _planned(run: str) -> bool:
    return run.startswith(_RUN)
