"""CREATE VIEW, EXPLAIN and prepared statements: what is judged by the analysis, and kept, but reads no data."""

import time
from datetime import UTC, datetime

from trailbook.local.engine.engine import analyse_tree
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parameters import bind
from trailbook.local.engine.parse import parse_query
from trailbook.local.engine.statements import CreateView
from trailbook.local.engine.types import Type
from trailbook.local.glue_tables import GlueTables
from trailbook.local.glue_views import described_view, is_view
from trailbook.local.query_run import QueryRun
from trailbook.local.result_objects import put_result
from trailbook.local.s3_objects import DISK

_PLACE = "line 1:1"


def run_create_view(found: QueryRun, tables: GlueTables, statement: CreateView) -> None:
    """Run CREATE VIEW. Raises SqlError."""
    started = time.monotonic()
    database = statement.view.database or found.schema
    name = statement.view.name
    now = datetime.fromtimestamp(found.submitted, UTC)
    tree = bind(parse_query(statement.query), found.parameters)
    making = f"{database}.{name}" if statement.replace else ""
    analysed = analyse_tree(tree, tables, found.schema, now, making)
    fields = analysed.relation.fields
    if statement.columns and len(statement.columns) != len(fields):
        message = f"Column alias list has {len(statement.columns)} entries but relation has {len(fields)} columns"
        raise SqlError("MISMATCHED_COLUMN_ALIASES", message, place=_PLACE)
    named = statement.columns or tuple(f.name for f in fields)
    columns = _checked([(n, f.type) for n, f in zip(named, fields, strict=True)])
    with DISK.lock:
        _keep(found, tables, statement, database, columns)
    found.engine_ms = max(1, int((time.monotonic() - started) * 1000))
    put_result(found, b"")


def _checked(columns: list[tuple[str, Type]]) -> list[tuple[str, Type]]:
    names = [n for n, _ in columns]
    for number, name in enumerate(names, 1):
        if not name:
            raise SqlError("MISSING_COLUMN_NAME", f"Column name not specified at position {number}", place=_PLACE)
        if names.count(name) > 1:
            raise SqlError("DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once", place=_PLACE)
    for name, kind in columns:
        if kind.base == "unknown":
            raise SqlError("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {name}", place=_PLACE)
    return columns


def _keep(
    found: QueryRun, tables: GlueTables, statement: CreateView, database: str, columns: list[tuple[str, Type]]
) -> None:
    name = statement.view.name
    if not tables.has_database(database):
        raise SqlError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", place=_PLACE)
    full = f"awsdatacatalog.{database}.{name}"
    there = tables.table(database, name)
    if there is not None and not is_view(there):
        raise SqlError("TABLE_ALREADY_EXISTS", f"Table already exists: '{full}'", place=_PLACE)
    if there is not None and not statement.replace:
        raise SqlError("TABLE_ALREADY_EXISTS", f"View already exists: '{full}'", place=_PLACE)
    described = described_view(name, found.schema, statement.text, columns, int(found.submitted))
    if there is not None:
        tables.glue.databases[database].tables[name].update(described)
        return
    if database not in tables.glue.databases:
        tables.glue.create_database(database, {"Name": database})
    tables.glue.create_table(database, name, described)
