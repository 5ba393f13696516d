"""Carrying one accepted statement out: which kind it is, what runs it, where its result goes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from trailbook.local.engine import ddl
from trailbook.local.engine.engine import run
from trailbook.local.engine.results import write_csv
from trailbook.local.engine.statements import CreateTableAs, CreateView, InsertInto, Query, Unload, parse_statement
from trailbook.local.glue_ddl import GlueDdl
from trailbook.local.glue_tables import GlueTables
from trailbook.local.query_run import QueryRun
from trailbook.local.result_objects import put_result
from trailbook.local.s3_objects import DISK
from trailbook.local.statement_views import run_create_view
from trailbook.local.statement_writes import Connected, run_ctas, run_insert, run_unload


def run_statement(found: QueryRun, connected: Connected, stopped: Callable[[], bool] = lambda: False) -> None:
    """Run an execution's statement, fill in its columns, counts and times, and put its result object.

    Raises TrailbookError, duckdb.InterruptException where it was stopped, and BytesScannedCutoff.
    """
    tables = GlueTables(found.account, found.region, found.cutoff, stopped)
    statement = parse_statement(found.sql)
    if isinstance(statement, Query):
        _run_query(found, tables, connected)
    elif isinstance(statement, CreateTableAs):
        run_ctas(found, tables, connected, statement)
    elif isinstance(statement, InsertInto):
        run_insert(found, tables, connected, statement)
    elif isinstance(statement, Unload):
        run_unload(found, tables, connected, statement)
    elif isinstance(statement, CreateView):
        run_create_view(found, tables, statement)
    elif isinstance(statement, ddl.Statement):
        _run_ddl(found, tables, statement)


def _run_ddl(found: QueryRun, tables: GlueTables, statement: ddl.Statement) -> None:
    began = time.monotonic()
    with DISK.lock:
        printed = GlueDdl(tables, found.schema, found.submitted).apply(statement)
    found.columns = [[name, kind] for name, kind in printed.columns]
    found.rows, found.engine_ms = len(printed.rows), max(1, int((time.monotonic() - began) * 1000))
    put_result(found, "\n".join(line[0] or "" for line in printed.rows).encode("utf-8", "surrogatepass"))


def _run_query(found: QueryRun, tables: GlueTables, connected: Connected) -> None:
    with connected(found) as connection:
        try:
            now = datetime.fromtimestamp(found.submitted, UTC)
            result = run(connection, tables, found.sql, found.schema, now, parameters=found.parameters)
        finally:
            found.scanned = tables.scanned
    found.columns = [[c.name, c.type] for c in result.columns]
    found.rows, found.planning_ms, found.engine_ms = len(result.rows), result.planning_ms, result.engine_ms
    put_result(found, write_csv([c.name for c in result.columns], result.rows))
