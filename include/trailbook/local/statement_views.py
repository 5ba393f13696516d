"""CREATE VIEW and EXPLAIN: judged by the analysis, without reading any data."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from trailbook.local.engine.engine import Analysed, analyse, analyse_tree
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.parameters import bind
from trailbook.local.engine.parse import parse_query
from trailbook.local.engine.statements import CreateView, Explain, Query, parse_statement
from trailbook.local.engine.types import Type
from trailbook.local.glue_tables import GlueTables
from trailbook.local.glue_views import described_view, is_view
from trailbook.local.query_run import QueryRun
from trailbook.local.result_objects import put_result
from trailbook.local.s3_objects import DISK

_PLACE = "line 1:1"


def run_create_view(found: QueryRun, tables: GlueTables, given: Sequence[str], statement: CreateView) -> None:
    """Run CREATE VIEW. Raises SqlError."""
    started = time.monotonic()
    database = statement.view.database or found.schema
    name = statement.view.name
    now = datetime.fromtimestamp(found.submitted, UTC)
    tree = bind(parse_query(statement.query), given)
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


def run_explain(found: QueryRun, tables: GlueTables, given: Sequence[str], statement: Explain) -> None:
    """Run EXPLAIN of a query: what it gives and what it reads, or whether it is valid. Raises SqlError."""
    started = time.monotonic()
    kind = statement.options.get("TYPE", "DISTRIBUTED")
    if statement.analyze:
        raise not_supported("EXPLAIN ANALYZE")
    if kind not in ("DISTRIBUTED", "LOGICAL", "VALIDATE") or statement.options.get("FORMAT", "TEXT") != "TEXT":
        raise not_supported(f"EXPLAIN ({', '.join(f'{k} {v}' for k, v in statement.options.items())})")
    inner = parse_statement(statement.sql)
    if not isinstance(inner, Query):
        raise not_supported(f"EXPLAIN of {type(inner).__name__}")
    analysed = analyse(inner.sql, tables, found.schema, datetime.fromtimestamp(found.submitted, UTC), given)
    valid = kind == "VALIDATE"
    lines = ["true"] if valid else _plan(analysed)
    found.columns = [["Valid", "boolean"] if valid else ["Query Plan", "varchar"]]
    found.rows, found.engine_ms = len(lines), max(1, int((time.monotonic() - started) * 1000))
    put_result(found, "\n".join([found.columns[0][0], *lines]).encode())


def _plan(analysed: Analysed) -> list[str]:
    """Return the plan of the local engine, which is not Athena's: the columns, and what is read of which table."""
    fields = analysed.relation.fields
    named = [f.name or f"_col{i}" for i, f in enumerate(fields)]
    lines = [
        "Plan of the local Athena",
        f"Output[columnNames = [{', '.join(named)}]]",
        f"    Layout: [{', '.join(f'{n}:{f.type}' for n, f in zip(named, fields, strict=True))}]",
    ]
    for scan in analysed.scans:
        columns = sorted(column for name, column in analysed.used if name == scan.name)
        keys = [c.name for c in scan.columns if c.partition]
        lines.append(f"    - TableScan[table = awsdatacatalog:{scan.database}.{scan.table}]")
        lines.append(f"        columns: [{', '.join(columns)}]")
        lines += [f"        partition columns: [{', '.join(keys)}]"] if keys else []
    return lines
