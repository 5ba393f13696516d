"""DDL on the catalogue that Glue and Athena share: statements are carried out on moto's Glue."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from trailbook.local.engine import ddl
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.projection import projection
from trailbook.local.engine.results import Row
from trailbook.local.engine.tokens import TableName
from trailbook.local.glue_partitions import GluePartitions
from trailbook.local.glue_shows import GlueShows, Printed
from trailbook.local.glue_tables import GlueTables

_NOT_FOUND = "SemanticException [Error 10001]: Table not found"
_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."


class GlueDdl:
    """Carries DDL statements out on the catalogue behind a query's tables."""

    def __init__(self, tables: GlueTables, database: str, now: float) -> None:
        """Work on the account and region of `tables`; names without a database are in `database`. `now` is epoch s."""
        self._tables = tables
        self._database = database
        self._now = int(now)
        self._does: Mapping[type, Callable[[Any], list[Row] | Printed]] = {
            ddl.CreateDatabase: self._create_database,
            ddl.DropDatabase: self._drop_database,
            ddl.CreateTable: self._create_table,
            ddl.DropTable: self._drop_table,
            ddl.DropView: self._drop_view,
            ddl.SetProperties: self._set_properties,
            ddl.SetLocation: self._set_location,
            ddl.AddColumns: self._add_columns,
            ddl.AddPartitions: self._add_partitions,
            ddl.DropPartitions: lambda s: self._partitions(s.table).drop(s),
            ddl.RepairTable: self._repair,
            ddl.Show: lambda s: GlueShows(self._tables, self._database).show(s),
            ddl.Describe: lambda s: GlueShows(self._tables, self._database).describe(s),
        }

    def apply(self, statement: ddl.Statement) -> Printed:
        """Carry a DDL statement out; return what it prints. Raises SqlError."""
        printed = self._does[type(statement)](statement)
        return printed if isinstance(printed, Printed) else Printed(printed)

    def _held(self, name: str) -> Any:
        """Return moto's database; `default` comes into being when something is put into it."""
        found = self._tables.glue.databases.get(name)
        if found is None and name == "default":
            self._tables.glue.create_database(name, {"Name": name})
            found = self._tables.glue.databases[name]
        if found is None:
            raise SqlError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {name}")
        return found

    def _found(self, table: TableName) -> Any:
        """Return moto's table, which is no view."""
        held = self._held(table.database or self._database)
        found = held.tables.get(table.name)
        if found is None:
            raise SqlError("FAILED", f"{_NOT_FOUND} {table.name}")
        return found

    def _changed(self, table: TableName, change: Callable[[dict[str, Any]], None]) -> list[Row]:
        found = self._found(table)
        described = found.as_dict()
        if described.get("TableType") == "VIRTUAL_VIEW":
            raise SqlError("FAILED", f"SemanticException [Error 10131]: {table.name} is a view: ALTER VIEW is needed")
        kept = ("DatabaseName", "CreateTime", "UpdateTime", "VersionId", "CatalogId")
        given = {k: v for k, v in described.items() if k not in kept}
        given["StorageDescriptor"] = dict(given.get("StorageDescriptor") or {})
        given["Parameters"] = dict(given.get("Parameters") or {})
        change(given)
        given["Parameters"]["transient_lastDdlTime"] = str(self._now)
        found.update(given)
        return []

    def _create_database(self, statement: ddl.CreateDatabase) -> list[Row]:
        if statement.name in self._tables.glue.databases:
            if statement.exists_ok:
                return []
            raise SqlError("FAILED", f"{_TASK} Database {statement.name} already exists")
        described = {
            "Name": statement.name,
            "Description": statement.comment,
            "LocationUri": statement.location,
            "Parameters": dict(statement.properties),
        }
        self._tables.glue.create_database(statement.name, {k: v for k, v in described.items() if v})
        return []

    def _drop_database(self, statement: ddl.DropDatabase) -> list[Row]:
        if statement.name not in self._tables.glue.databases and statement.missing_ok:
            return []
        held = self._held(statement.name)
        if held.tables and not statement.cascade:
            message = f"Database {statement.name} is not empty. One or more tables exist."
            raise SqlError("FAILED", f"{_TASK} InvalidOperationException(message:{message})")
        self._tables.glue.delete_database(statement.name)
        return []

    def _create_table(self, statement: ddl.CreateTable) -> list[Row]:
        database = statement.table.database or self._database
        held = self._held(database)
        if statement.table.name in held.tables:
            if statement.exists_ok:
                return []
            raise SqlError(
                "FAILED", f"{_TASK} AlreadyExistsException(message:Table {statement.table.name} already exists)"
            )
        check_location(statement.location)
        described = described_table(statement, self._now)
        projection(statement.properties, [c.name for c in statement.partitions], statement.location)
        self._tables.glue.create_table(database, statement.table.name, described)
        return []

    def _drop_table(self, statement: ddl.DropTable) -> list[Row]:
        database = statement.table.database or self._database
        known = self._tables.glue.databases.get(database)
        found = known.tables.get(statement.table.name) if known is not None else None
        if found is None and statement.missing_ok:
            return []
        if found is None:
            self._held(database)
            raise SqlError("FAILED", f"{_NOT_FOUND} {statement.table.name}")
        if found.as_dict().get("TableType") == "VIRTUAL_VIEW":
            raise SqlError("FAILED", "SemanticException [Error 10129]: Cannot drop a view with DROP TABLE")
        del self._held(database).tables[statement.table.name]
        return []

    def _drop_view(self, statement: ddl.DropView) -> list[Row]:
        database = statement.view.database or self._database
        known = self._tables.glue.databases.get(database)
        found = known.tables.get(statement.view.name) if known is not None else None
        if found is None and statement.missing_ok:
            return []
        full = f"awsdatacatalog.{database}.{statement.view.name}"
        if found is None:
            raise SqlError("GENERIC_USER_ERROR", f"View '{full}' does not exist", place="line 1:1")
        if found.as_dict().get("TableType") != "VIRTUAL_VIEW":
            message = (
                f"View '{full}' does not exist, but a table with that name exists. Did you mean DROP TABLE {full}?"
            )
            raise SqlError("GENERIC_USER_ERROR", message, place="line 1:1")
        del self._held(database).tables[statement.view.name]
        return []

    def _set_properties(self, statement: ddl.SetProperties) -> list[Row]:
        def change(given: dict[str, Any]) -> None:
            given["Parameters"].update(statement.properties)
            keys = [c["Name"] for c in given.get("PartitionKeys") or []]
            projection(given["Parameters"], keys, given["StorageDescriptor"].get("Location") or "")

        return self._changed(statement.table, change)

    def _set_location(self, statement: ddl.SetLocation) -> list[Row]:
        check_location(statement.location)
        if statement.partition:
            return self._partitions(statement.table).relocate(statement)
        return self._changed(
            statement.table, lambda given: given["StorageDescriptor"].update({"Location": statement.location})
        )

    def _add_columns(self, statement: ddl.AddColumns) -> list[Row]:
        added = [glue_column(c) for c in statement.columns]

        def change(given: dict[str, Any]) -> None:
            kept = [] if statement.replace else list(given["StorageDescriptor"].get("Columns") or [])
            names = [c["Name"].lower() for c in (*kept, *(given.get("PartitionKeys") or []), *added)]
            for name in names:
                if names.count(name) > 1:
                    raise SqlError("FAILED", f"{_TASK} Duplicate column name: {name}")
            given["StorageDescriptor"]["Columns"] = [*kept, *added]

        return self._changed(statement.table, change)

    def _add_partitions(self, statement: ddl.AddPartitions) -> list[Row]:
        for _, location in statement.partitions:
            if location:
                check_location(location)
        return self._partitions(statement.table).add(statement)

    def _partitions(self, table: TableName) -> GluePartitions:
        return GluePartitions(self._tables, self._found(table))

    def _repair(self, statement: ddl.RepairTable) -> list[Row]:
        held = self._held(statement.table.database or self._database)
        if statement.table.name not in held.tables:
            return [[f"Tables not in metastore:\t{statement.table.name}"]]
        return self._partitions(statement.table).repair()


def check_location(location: str) -> None:
    """Raise SqlError for a location that is no folder of S3's."""
    if not re.fullmatch(r"s3://[^/\s]+(?:/.*)?", location, re.DOTALL):
        raise SqlError("FAILED", f"{_TASK} expected a location s3://bucket/folder/, found {location[:200]!r}")


def glue_column(column: ddl.HiveColumn) -> dict[str, str]:
    """Return a column as Glue's API has it."""
    described = {"Name": column.name, "Type": column.type}
    return {**described, "Comment": column.comment} if column.comment else described


def described_table(statement: ddl.CreateTable, now: int) -> dict[str, Any]:
    """Return a table as Glue's API has it (TableInput). Raises SqlError for a column that is there twice."""
    names = [c.name for c in (*statement.columns, *statement.partitions)]
    for name in names:
        if names.count(name) > 1:
            raise SqlError("FAILED", f"SemanticException [Error 10036]: Duplicate column name: {name}")
    serde = {"serialization.format": "1", **statement.storage.serde_properties}
    properties = {"EXTERNAL": "TRUE", **statement.properties, "transient_lastDdlTime": str(now)}
    if statement.comment:
        properties["comment"] = statement.comment
    return {
        "Name": statement.table.name,
        "Description": statement.comment,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": properties,
        "PartitionKeys": [glue_column(c) for c in statement.partitions],
        "StorageDescriptor": {
            "Columns": [glue_column(c) for c in statement.columns],
            "Location": statement.location,
            "InputFormat": statement.storage.input_format,
            "OutputFormat": statement.storage.output_format,
            "Compressed": False,
            "NumberOfBuckets": statement.buckets or -1,
            "SerdeInfo": {"SerializationLibrary": statement.storage.serde, "Parameters": serde},
            "BucketColumns": list(statement.bucketed_by),
            "SortColumns": [],
            "Parameters": {},
            "SkewedInfo": {"SkewedColumnNames": [], "SkewedColumnValues": [], "SkewedColumnValueLocationMaps": {}},
            "StoredAsSubDirectories": False,
        },
    }
