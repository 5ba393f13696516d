"""Carrying one accepted statement out: which kind it is, what runs it, where its result goes."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from trailbook.local.engine import ddl
from trailbook.local.engine.engine import run
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parameters import check_count
from trailbook.local.engine.results import write_csv
from trailbook.local.engine.statements import (
    CreateTableAs,
    CreateView,
    Deallocate,
    Execute,
    Explain,
    InsertInto,
    Prepare,
    Query,
    Statement,
    Unload,
    parse_statement,
)
from trailbook.local.engine.tokens import scan
from trailbook.local.glue_ddl import GlueDdl
from trailbook.local.glue_shows import OF_VIEW
from trailbook.local.glue_tables import GlueTables
from trailbook.local.query_run import QueryRun
from trailbook.local.result_objects import put, put_result
from trailbook.local.s3_objects import DISK
from trailbook.local.statement_kinds import kind_of
from trailbook.local.statement_prepared import prepared, run_deallocate, run_prepare
from trailbook.local.statement_views import run_create_view, run_explain
from trailbook.local.statement_writes import Connected, run_ctas, run_insert, run_unload


def run_statement(found: QueryRun, connected: Connected, stopped: Callable[[], bool] = lambda: False) -> None:
    """Run an execution's statement, fill in its columns, counts and times, and put its result object.

    Raises TrailbookError, duckdb.InterruptException where it was stopped, and BytesScannedCutoff.
    """
    tables = GlueTables(found.account, found.region, found.cutoff, stopped)
    statement = parse_statement(found.sql)
    if isinstance(statement, Execute):
        text, inner, given = prepared(found, statement)
        _check_given(inner, given)
        if not isinstance(inner, Query):
            kind = kind_of(text)
            found.output = kind.output(found.output.removesuffix(f"{found.id}.csv"), found.id)
        _run(found, tables, connected, inner, given)
    else:
        _run(found, tables, connected, statement, found.parameters)


def _check_given(inner: Query | CreateTableAs | InsertInto | Unload, given: Sequence[str]) -> None:
    """Raise SqlError where EXECUTE gives another number of values than the statement has placeholders."""
    text = inner.sql if isinstance(inner, Query) else inner.query
    check_count(sum(t.kind == "sign" and t.value == "?" for t in scan(text)), len(given))


def _run(
    found: QueryRun,
    tables: GlueTables,
    connected: Connected,
    statement: Statement | ddl.Statement,
    given: Sequence[str],
) -> None:
    match statement:
        case Query():
            _run_query(found, tables, connected, given, statement.sql)
        case CreateTableAs():
            run_ctas(found, tables, connected, given, statement)
        case InsertInto():
            run_insert(found, tables, connected, given, statement)
        case Unload():
            run_unload(found, tables, connected, given, statement)
        case CreateView():
            run_create_view(found, tables, given, statement)
        case Explain():
            run_explain(found, tables, given, statement)
        case Prepare():
            run_prepare(found, statement)
        case Deallocate():
            run_deallocate(found, statement)
        case Execute():
            raise AssertionError("EXECUTE of EXECUTE is not preparable")
        case _:
            _run_ddl(found, tables, statement)


def _run_ddl(found: QueryRun, tables: GlueTables, statement: ddl.Statement) -> None:
    began = time.monotonic()
    try:
        with DISK.lock:
            printed = GlueDdl(tables, found.schema, found.submitted).apply(statement)
    except SqlError as error:
        said = str(error) if error.code == "FAILED" else f"FAILED: {error}"
        put(found, found.output, said.encode("utf-8", "surrogatepass"))  # as Athena does, where its result is a .txt
        raise
    found.columns = [[name, kind] for name, kind in printed.columns]
    if printed.columns == OF_VIEW:
        found.substatement = "DESC_VIEW"
    found.rows, found.engine_ms = len(printed.rows), max(1, int((time.monotonic() - began) * 1000))
    put_result(found, "\n".join(line[0] or "" for line in printed.rows).encode("utf-8", "surrogatepass"))


def _run_query(found: QueryRun, tables: GlueTables, connected: Connected, given: Sequence[str], sql: str) -> None:
    with connected(found) as connection:
        try:
            now = datetime.fromtimestamp(found.submitted, UTC)
            result = run(connection, tables, sql, found.schema, now, parameters=given)
        finally:
            found.scanned = tables.scanned
    found.columns = [[c.name, c.type] for c in result.columns]
    found.rows, found.planning_ms, found.engine_ms = len(result.rows), result.planning_ms, result.engine_ms
    put_result(found, write_csv([c.name for c in result.columns], result.rows))
