"""Queries that one connection has planned, to be run again over other records.

With its optimizer DuckDB plans a prepared statement anew at each run; without it the plan is used again, and one that
knows nothing of the records holds for any. So a connection that keeps plans has no optimizer, and what it reads is
shown once, since every change of the catalog makes DuckDB plan again. Such a connection is for few rows: it has the
functions that are planned soonest.
"""

import duckdb

from trailbook.local.engine.native import PLAIN_MACROS


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
