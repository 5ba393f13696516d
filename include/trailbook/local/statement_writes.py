"""CTAS, INSERT and UNLOAD: rows written to a private folder first, then put into S3 and Glue in one step.

All or nothing: until the last step a failed statement has touched neither S3 nor Glue, and what the last step did is
undone where a part of it fails.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from trailbook.local.athena_store import region
from trailbook.local.engine.ddl import CreateTable, HiveColumn, Storage, to_hive
from trailbook.local.engine.ddl_tables import FORMATS
from trailbook.local.engine.engine import analyse, reading
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.output import Layout, Written, write
from trailbook.local.engine.scope import Field
from trailbook.local.engine.statements import CreateTableAs, InsertInto, Unload
from trailbook.local.glue_ddl import described_table
from trailbook.local.glue_partitions import DEFAULT_PARTITION, GluePartitions, folder_name
from trailbook.local.glue_tables import GlueTables
from trailbook.local.glue_views import is_view
from trailbook.local.query_run import QueryRun
from trailbook.local.result_objects import put, put_metadata
from trailbook.local.s3_objects import DISK
from trailbook.local.s3_writing import put_file, remove, taken
from trailbook.local.write_targets import Target, ctas_target, insert_target, unload_target

Connected = Callable[[QueryRun], AbstractContextManager[duckdb.DuckDBPyConnection]]
"""Opens a connection for an execution, which a stop of it interrupts; `GlueTables.seal` locks it down."""
_PLACE = "line 1:1"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a statement, in files that are not in S3 yet."""

    layout: Layout
    files: Sequence[Written]
    count: int


@contextmanager
def _rows(
    found: QueryRun,
    tables: GlueTables,
    connected: Connected,
    given: Sequence[str],
    query: str,
    judge: Callable[[Sequence[Field]], Target],
    *,
    with_data: bool = True,
) -> Iterator[Rows]:
    """Write a query's rows into a folder of their own, for the time of the block. Raises SqlError."""
    folder = DISK.root / f"w{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    started = time.monotonic()
    try:
        tables.writable.append(str(folder))
        now = datetime.fromtimestamp(found.submitted, UTC)
        analysed = analyse(query, tables, found.schema, now, given)
        target = judge(analysed.relation.fields)
        found.planning_ms = int((time.monotonic() - started) * 1000)
        files: Sequence[Written] = ()
        count = 0
        if with_data:
            with connected(found) as connection, reading(connection, tables, analysed):
                files, count = write(connection, target.values, analysed.relation.text, target.layout, folder)
        found.engine_ms = max(1, int((time.monotonic() - started) * 1000) - found.planning_ms)
        yield Rows(target.layout, files, count)
    finally:
        found.scanned = tables.scanned
        shutil.rmtree(folder, ignore_errors=True)


def _put(found: QueryRun, rows: Rows, place: Callable[[tuple[str | None, ...]], str], undo: ExitStack) -> list[str]:
    """Put the files into S3 below the folders that `place` gives for their partitions; return their URIs."""
    stamp = f"{datetime.fromtimestamp(found.submitted, UTC):%Y%m%d_%H%M%S}"
    uris = []
    for number, file in enumerate(rows.files):
        own = uuid.uuid5(uuid.UUID(found.id), str(number))
        uri = f"{place(file.values)}{stamp}_{number:05d}_{found.id[:5]}_{own}{rows.layout.suffix}"
        put_file(found.account, uri, file.path)
        undo.callback(remove, found.account, uri)
        uris.append(uri)
    return uris


def _finish(found: QueryRun, count: int, uris: Sequence[str], undo: ExitStack) -> None:
    """Put the manifest and the metadata, and say how many rows were written."""
    found.columns, found.rows, found.update_count = [["rows", "bigint"]], count, count
    found.manifest = f"{found.output}-manifest.csv"
    for uri in (found.manifest, f"{found.output}.metadata"):
        undo.callback(remove, found.account, uri)
    put(found, found.manifest, "".join(f"{uri}\n" for uri in uris).encode())
    put_metadata(found)
    undo.pop_all()


def _folder(location: str) -> str:
    return location if location.endswith("/") else f"{location}/"


def run_unload(
    found: QueryRun, tables: GlueTables, connected: Connected, given: Sequence[str], statement: Unload
) -> None:
    """Run UNLOAD. Raises SqlError."""
    to = _folder(statement.to)
    _check_empty(found, to, f"Target directory '{to}'")
    with _rows(found, tables, connected, given, statement.query, lambda f: unload_target(statement, f)) as rows:
        names = [n for n, _ in rows.layout.keys]
        with DISK.lock, ExitStack() as undo:
            _check_empty(found, to, f"Target directory '{to}'")
            uris = _put(found, rows, lambda values: _below(to, names, values), undo)
            _finish(found, rows.count, uris, undo)


def _below(base: str, names: Sequence[str], values: tuple[str | None, ...]) -> str:
    """Return a partition's folder below a location."""
    return f"{base}{folder_name(names, _texts(values))}/" if names else base


def _texts(values: tuple[str | None, ...]) -> list[str]:
    return [DEFAULT_PARTITION if v is None or v == "" else v for v in values]


def _check_empty(found: QueryRun, location: str, what: str) -> None:
    if taken(found.account, location):
        message = f"{what} already exists: {location}. You may need to manually clean the data at location"
        raise SqlError("HIVE_PATH_ALREADY_EXISTS", f"{message} '{location}' before retrying.")


def run_ctas(
    found: QueryRun, tables: GlueTables, connected: Connected, given: Sequence[str], statement: CreateTableAs
) -> None:
    """Run CREATE TABLE AS. Raises SqlError."""
    database = statement.table.database or found.schema
    name = statement.table.name
    external = statement.properties.get("external_location")
    location = _folder(str(external)) if external else f"{found.output}/"
    if external:
        _check_enforced(found)
    if not tables.has_database(database):
        raise SqlError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", place=_PLACE)
    if _is_there(tables, database, name, statement):
        with ExitStack() as undo:
            return _finish(found, 0, [], undo)
    what = f"Target directory for table '{database}.{name}'"
    _check_empty(found, location, what)
    judge = lambda fields: ctas_target(statement, fields)  # noqa: E731  # it is handed on twice
    with _rows(found, tables, connected, given, statement.query, judge, with_data=statement.with_data) as rows:
        keys = [n for n, _ in rows.layout.keys]
        with DISK.lock, ExitStack() as undo:
            if _is_there(tables, database, name, statement):
                return _finish(found, 0, [], undo)
            _check_empty(found, location, what)
            uris = _put(found, rows, lambda values: _below(location, keys, values), undo)
            if database not in tables.glue.databases:
                tables.glue.create_database(database, {"Name": database})
            held = tables.glue.databases[database].tables
            undo.callback(held.pop, name, None)
            tables.glue.create_table(database, name, _described(found, statement, rows.layout, location))
            made = GluePartitions(tables, held[name])
            for values in sorted({tuple(_texts(f.values)) for f in rows.files}) if keys else []:
                made.create(values, f"{location}{folder_name(keys, values)}")
            _finish(found, rows.count, uris, undo)


def _check_enforced(found: QueryRun) -> None:
    """Raise SqlError where the work group, not the statement, says where data goes."""
    settings = region(found.region).work_groups.get(found.workgroup, {}).get("Configuration") or {}
    enforced = settings.get("EnforceWorkGroupConfiguration")
    if enforced and (settings.get("ResultConfiguration") or {}).get("OutputLocation"):
        message = (
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query."
        )
        raise SqlError("INVALID_TABLE_PROPERTY", message)


def _is_there(tables: GlueTables, database: str, name: str, statement: CreateTableAs) -> bool:
    if tables.table(database, name) is None:
        return False
    if not statement.exists_ok:
        message = f"Destination table 'awsdatacatalog.{database}.{name}' already exists"
        raise SqlError("TABLE_ALREADY_EXISTS", message, place=_PLACE)
    return True


def _described(found: QueryRun, statement: CreateTableAs, layout: Layout, location: str) -> dict[str, Any]:
    base = FORMATS[layout.format]
    serde: Mapping[str, str] = {"field.delim": layout.delimiter} if layout.format == "TEXTFILE" else {}
    codec = "parquet.compression" if layout.format == "PARQUET" else "write.compression"
    columns, keys = ([HiveColumn(n, to_hive(t)) for n, t in part] for part in (layout.kept, layout.keys))
    made = CreateTable(
        statement.table,
        statement.exists_ok,
        columns,
        keys,
        location.rstrip("/"),
        Storage(base.serde, base.input_format, base.output_format, serde),
        properties={
            "auto.purge": "false",
            "has_encrypted_data": "false",
            "numFiles": "-1",
            "totalSize": "-1",
            "transactional": "false",
            "trino_query_id": found.id,
            codec: layout.compression,
        },
        bucketed_by=layout.bucketed_by,
        buckets=layout.buckets,
    )
    return described_table(made, int(found.submitted))


def run_insert(
    found: QueryRun, tables: GlueTables, connected: Connected, given: Sequence[str], statement: InsertInto
) -> None:
    """Run INSERT INTO. Raises SqlError."""
    database = statement.table.database or found.schema
    name = statement.table.name
    full = f"awsdatacatalog.{database}.{name}"
    if not tables.has_database(database):
        raise SqlError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", place=_PLACE)
    table = tables.table(database, name)
    if table is None:
        raise SqlError("TABLE_NOT_FOUND", f"Table '{full}' does not exist", place=_PLACE)
    if is_view(table):
        raise SqlError("NOT_SUPPORTED", "Inserting into views is not supported", place=_PLACE)
    columns = tables.columns(database, name) or ()
    with (
        _rows(
            found,
            tables,
            connected,
            given,
            statement.query,
            lambda fields: insert_target(statement, columns, fields, table),
        ) as rows,
        DISK.lock,
        ExitStack() as undo,
    ):
        held = tables.glue.databases[database].tables.get(name) if database in tables.glue.databases else None
        if held is None:
            raise SqlError("TABLE_NOT_FOUND", f"Table '{full}' was dropped while rows were written for it")
        uris = _put(found, rows, _inserted(tables, held, rows, undo), undo)
        _finish(found, rows.count, uris, undo)


def _inserted(tables: GlueTables, held: Any, rows: Rows, undo: ExitStack) -> Callable[[tuple[str | None, ...]], str]:
    """Return where each partition of an INSERT is; those that Glue does not know yet are made."""
    table = held.as_dict()
    location = _folder(str(table["StorageDescriptor"].get("Location") or ""))
    names = [n for n, _ in rows.layout.keys]
    parameters = table.get("Parameters") or {}
    known = GluePartitions(tables, held)

    def place(values: tuple[str | None, ...]) -> str:
        texts = _texts(values)
        if not names:
            return location
        if projection_enabled(parameters):
            return _projected(parameters, location, dict(zip(names, texts, strict=True)))
        found = held.partitions.get(str(texts))
        if found is not None:
            return _folder(str((found.as_dict().get("StorageDescriptor") or {}).get("Location") or location))
        where = f"{location}{folder_name(names, texts)}"
        known.create(texts, where)
        undo.callback(held.partitions.pop, str(texts), None)
        return _folder(where)

    return place


def projection_enabled(parameters: Mapping[str, str]) -> bool:
    """Say whether a table's partitions are projected, and so not kept in Glue."""
    return parameters.get("projection.enabled", "").lower() == "true"


def _projected(parameters: Mapping[str, str], location: str, values: Mapping[str, str]) -> str:
    template = parameters.get("storage.location.template")
    if not template:
        return f"{location}{folder_name(list(values), list(values.values()))}/"
    for name, value in values.items():
        template = template.replace(f"${{{name}}}", value)
    return _folder(template)
