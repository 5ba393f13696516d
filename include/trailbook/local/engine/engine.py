"""Running one query: analyse it, materialise what it reads, run it in a private DuckDB, hand back Athena's text.

The engine knows no S3 and no API: `Tables` is its door to the data, and a caller may interrupt the connection.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import duckdb
from sqlglot import exp

from trailbook.athena.execution import Column
from trailbook.local.engine import native
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parameters import bind
from trailbook.local.engine.parse import parse_query
from trailbook.local.engine.pruning import note_readings
from trailbook.local.engine.queries import compile_query
from trailbook.local.engine.results import Row, column, render
from trailbook.local.engine.scope import Catalog, Context, Relation, Scan
from trailbook.local.engine.selects import all_uses
from trailbook.local.engine.types import text
from trailbook.local.engine.views import expand

ENGINE_VERSION = "Athena engine version 3"

_MARK = re.compile("\u00a7([A-Z_]+)\u00a7([^\u00a7]*)\u00a7")
_MEMORY = "1500MB"
SHARED_MEMORY = "320MB"
"""What each of an endpoint's four queries at a time may have; the rest of it goes to disk."""


class Tables(Catalog, Protocol):
    """The data that queries read."""

    def materialise(self, connection: duckdb.DuckDBPyConnection, scan: Scan, used: frozenset[str]) -> int:
        """Create a view `scan.name` of all the scan's columns (unused ones may be NULL); return bytes scanned."""
        ...

    def seal(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take from the connection whatever the query's own text must not have; all scans are materialised."""
        ...

    def release(self) -> None:
        """Let go of what was materialised; the query has ended."""
        ...

    def explain(self, message: str) -> str | None:
        """Return which object DuckDB's message is about, in Athena's words, or None where it is about none."""
        ...


@dataclass(frozen=True, slots=True)
class LocalResult:
    """A finished query: its columns, its rows as Athena's text, and what it cost. Times are in milliseconds."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    data_scanned_in_bytes: int
    planning_ms: int
    engine_ms: int


def connect(
    path: str = ":memory:", *, threads: int = 2, memory: str = _MEMORY, spill: str = ""
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that knows Trino's functions and never fetches an extension.

    What does not fit into `memory` goes to the folder `spill`; without one, such a query fails.
    """
    connection = duckdb.connect(
        path,
        config={
            "threads": threads,
            "memory_limit": memory,
            "temp_directory": spill,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    # It would take what may fail out of a TRY, where the failure is no longer caught.
    connection.execute("SET disabled_optimizers = 'common_subexpressions'")
    native.register(connection)
    return connection


def lock_down(
    connection: duckdb.DuckDBPyConnection, directories: Sequence[str] = (), files: Sequence[str] = ()
) -> None:
    """Refuse the connection all files but these and those below the directories, the network, extensions, settings."""
    connection.execute(f"SET allowed_directories = [{', '.join(map(text, directories))}]")
    connection.execute(f"SET allowed_paths = [{', '.join(map(text, files))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@dataclass(frozen=True, slots=True)
class Analysed:
    """A query that passed the analysis: DuckDB text and the table columns that it reads.

    `timed` where the text holds the time of the analysis, so that a later run needs another analysis.
    """

    relation: Relation
    scans: tuple[Scan, ...]
    used: frozenset[tuple[str, str]]
    timed: bool = False

    @classmethod
    def of(cls, relation: Relation, scans: Sequence[Scan], *, timed: bool = False) -> "Analysed":
        """Return what a compiled query is to those who run it."""
        return cls(relation, tuple(scans), relation.always | all_uses(relation.fields), timed)


def analyse(
    sql: str,
    catalog: Catalog,
    database: str,
    now: datetime,
    parameters: Sequence[str] = (),
    *,
    pruned: bool = True,
) -> Analysed:
    """Return the analysed query, its `?` bound to the parameters where some are given. Raises SqlError."""
    return analyse_tree(bind(parse_query(sql), parameters), catalog, database, now, pruned=pruned)


def analyse_tree(
    tree: exp.Query, catalog: Catalog, database: str, now: datetime, making: str = "", *, pruned: bool = True
) -> Analysed:
    """Return the analysed query of a tree that `parse_query` made; `making` is the view being made. Raises SqlError.

    `pruned` asks for what the scans let through of the partitions, which takes longer than the rest of the analysis.
    """
    context = Context(catalog, database.lower(), now)
    try:
        tree = expand(tree, catalog, context.database, making)
        relation = compile_query(tree, context)
        if pruned:
            note_readings(tree, context)
    except RecursionError:
        raise SqlError("STACK_OVERFLOW", "the query is nested too deeply") from None
    return Analysed.of(relation, context.scans, timed=context.timed)


def run(
    connection: duckdb.DuckDBPyConnection,
    tables: Tables,
    sql: str,
    database: str,
    now: datetime | None = None,
    before: Callable[[], None] = lambda: None,
    parameters: Sequence[str] = (),
) -> LocalResult:
    """Run one query. Raises SqlError, and duckdb.InterruptException where the connection was interrupted.

    Its `?` are bound to the parameters. `before` is called when the analysis is done and reading begins.
    """
    started = time.monotonic()
    found = analyse(sql, tables, database, now or datetime.now(UTC), parameters)
    before()
    return answer(connection, tables, found, found.relation.text, int((time.monotonic() - started) * 1000))


def answer(
    connection: duckdb.DuckDBPyConnection,
    tables: Tables,
    found: Analysed,
    query: str | duckdb.Statement,
    planning_ms: int = 0,
    *,
    kept: bool = False,
    before: Sequence[str] = (),
) -> LocalResult:
    """Run an analysed query: its text, or what this connection parsed or prepared of it. Raises as `run` does.

    `kept` leaves the tables shown, for the next run. `before` are statements that write what the query reads, which is
    taken back when it has been read.
    """
    planned = time.monotonic()
    with reading(connection, tables, found, kept=kept) as scanned:
        rows = _after(connection, before, query)
    kinds = [f.type for f in found.relation.fields]
    columns = tuple(column(f.label or f.name or f"_col{i}", f.type) for i, f in enumerate(found.relation.fields))
    texts = tuple([render(v, k) for v, k in zip(row, kinds, strict=True)] for row in rows)
    done = time.monotonic()
    return LocalResult(columns, texts, scanned, planning_ms, max(1, int((done - planned) * 1000)))


def _after(
    connection: duckdb.DuckDBPyConnection, before: Sequence[str], query: str | duckdb.Statement
) -> list[tuple[Any, ...]]:
    if not before:
        return connection.execute(query).fetchall()
    connection.begin()
    try:
        for statement in before:
            connection.execute(statement)
        return connection.execute(query).fetchall()
    finally:
        connection.rollback()


@contextmanager
def reading(
    connection: duckdb.DuckDBPyConnection, tables: Tables, found: Analysed, *, kept: bool = False
) -> Iterator[int]:
    """Show the tables of an analysed query while the block runs its text, or longer where `kept`.

    Gives the bytes scanned. Raises SqlError for what DuckDB says in the block, and duckdb.InterruptException.
    """
    try:
        table = {s.name: (s.database, s.table) for s in found.scans}
        used: dict[tuple[str, str], set[str]] = {place: set() for place in table.values()}
        for name, column_name in found.used:
            used[table[name]].add(column_name)
        scanned = sum(tables.materialise(connection, s, frozenset(used[s.database, s.table])) for s in found.scans)
        tables.seal(connection)
        yield scanned
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise _failed(error, tables) from None
    finally:
        if not kept:
            _forget(connection, found.scans)
        tables.release()


def _forget(connection: duckdb.DuckDBPyConnection, scans: Sequence[Scan]) -> None:
    for scan in scans:
        try:
            connection.execute(f"DROP VIEW IF EXISTS {scan.name}")
            connection.execute(f"DROP TABLE IF EXISTS {scan.name}_files")
        except duckdb.Error:
            return


def _failed(error: duckdb.Error, tables: Tables) -> SqlError:
    message = str(error)
    marked = _MARK.search(message)
    if marked:
        return SqlError(marked[1], marked[2])
    about = tables.explain(message)
    if about is not None:
        return SqlError("HIVE_CURSOR_ERROR", about)
    first = message.split("\n", 1)[0].strip()
    if "must appear in the GROUP BY" in message or "must be part of an aggregate" in message:
        return SqlError("EXPRESSION_NOT_AGGREGATE", first)
    if isinstance(error, duckdb.OutOfMemoryException):
        return SqlError(
            "EXCEEDED_LOCAL_MEMORY_LIMIT", f"the query needs more memory than the local Athena has: {first}"
        )
    if isinstance(error, duckdb.OutOfRangeException) or "out of range" in message.lower():
        return SqlError("NUMERIC_VALUE_OUT_OF_RANGE", first)
    if isinstance(error, duckdb.ConversionException):
        return SqlError("INVALID_CAST_ARGUMENT", first)
    if "more than one row" in message.lower():
        return SqlError("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")
    if isinstance(error, duckdb.BinderException | duckdb.ParserException | duckdb.CatalogException):
        return SqlError("NOT_SUPPORTED", f"the local Athena cannot run this query: {first}")
    return SqlError("GENERIC_USER_ERROR", first)
