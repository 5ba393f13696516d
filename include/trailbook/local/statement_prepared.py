"""PREPARE, EXECUTE and DEALLOCATE: the same prepared statements, by work group, that Athena's API keeps."""

import time

from trailbook.local.athena_store import LOCK, region
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parameters import constants
from trailbook.local.engine.parse import AthenaQuery, parse_query
from trailbook.local.engine.statements import (
    CreateTableAs,
    Deallocate,
    Execute,
    InsertInto,
    Prepare,
    Query,
    Unload,
    parse_statement,
)
from trailbook.local.query_run import QueryRun
from trailbook.local.result_objects import put_result

Preparable = Query | CreateTableAs | InsertInto | Unload


def run_prepare(found: QueryRun, statement: Prepare) -> None:
    """Run PREPARE: keep a statement that can be read. Raises SqlError."""
    started = time.monotonic()
    inner = preparable(statement.sql)
    parse_query(inner.sql if isinstance(inner, Query) else inner.query)
    held = region(found.region)
    with LOCK:
        if held.prepared_statement(found.workgroup, statement.name) is not None:
            message = f"PreparedStatement {statement.name} already exists in workGroup {found.workgroup}"
            raise SqlError("ALREADY_EXISTS", message)
        held.prepare(found.workgroup, statement.name, statement.sql)
    _done(found, started)


def run_deallocate(found: QueryRun, statement: Deallocate) -> None:
    """Run DEALLOCATE PREPARE. Raises SqlError."""
    started = time.monotonic()
    with LOCK:
        if not region(found.region).deallocate(found.workgroup, statement.name):
            raise _missing(found, statement.name)
    _done(found, started)


def _done(found: QueryRun, started: float) -> None:
    found.engine_ms = max(1, int((time.monotonic() - started) * 1000))
    put_result(found, b"")


def prepared(found: QueryRun, statement: Execute) -> tuple[str, Preparable, list[str]]:
    """Return the text and the statement that EXECUTE runs, and its parameters as SQL of constants. Raises SqlError."""
    text = region(found.region).prepared_statement(found.workgroup, statement.name)
    if text is None:
        raise _missing(found, statement.name)
    if not statement.using:
        return text, preparable(text), list(found.parameters)
    return text, preparable(text), [value.sql(dialect=AthenaQuery) for value in constants(statement.using)]


def preparable(sql: str) -> Preparable:
    """Return a statement of a kind that can be prepared. Raises SqlError."""
    inner = parse_statement(sql)
    if not isinstance(inner, Preparable):
        kind = sql.split(None, 1)[0].upper()
        raise SqlError("NOT_SUPPORTED", f"Invalid statement type for prepared statement: {kind}")
    return inner


def _missing(found: QueryRun, name: str) -> SqlError:
    return SqlError("NOT_FOUND", f"PreparedStatement {name} was not found in workGroup {found.workgroup}")
