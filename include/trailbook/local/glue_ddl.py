"""DDL on the catalogue that Glue and Athena share: statements are carried out on moto's Glue."""

import fnmatch
from typing import Any

from trailbook.local.engine.ddl import CreateDatabase, CreateTable, DropDatabase, DropTable, Show, Statement
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.projection import projection
from trailbook.local.engine.results import Row
from trailbook.local.glue_tables import GlueTables


class GlueDdl:
    """Carries DDL statements out on the catalogue behind a query's tables."""

    def __init__(self, tables: GlueTables) -> None:
        """Work on the account and region of `tables`."""
        self._tables = tables

    def apply(self, statement: Statement, database: str) -> list[Row]:
        """Carry a DDL statement out; return the rows that it prints. Raises SqlError."""
        if isinstance(statement, CreateDatabase):
            return self._create_database(statement)
        if isinstance(statement, DropDatabase):
            return self._drop_database(statement)
        if isinstance(statement, CreateTable):
            return self._create_table(statement, statement.database or database)
        if isinstance(statement, DropTable):
            held = self._database(statement.database or database)
            if statement.name in held.tables:
                del held.tables[statement.name]
            elif not statement.missing_ok:
                raise SqlError("FAILED", f"SemanticException [Error 10001]: Table not found {statement.name}")
            return []
        return self._show(statement, statement.database or database)

    def _database(self, name: str) -> Any:
        held = self._tables.glue.databases.get(name)
        if held is None:
            raise SqlError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {name}")
        return held

    def _create_database(self, statement: CreateDatabase) -> list[Row]:
        if statement.name in self._tables.glue.databases:
            if statement.exists_ok:
                return []
            raise SqlError("FAILED", f"Execution Error: Database {statement.name} already exists")
        described = {"Name": statement.name, "Description": statement.comment, "LocationUri": statement.location}
        self._tables.glue.create_database(statement.name, {k: v for k, v in described.items() if v})
        return []

    def _drop_database(self, statement: DropDatabase) -> list[Row]:
        held = self._tables.glue.databases.get(statement.name)
        if held is None and statement.missing_ok:
            return []
        held = self._database(statement.name)
        if held.tables and not statement.cascade:
            raise SqlError("FAILED", f"InvalidOperationException: Database {statement.name} is not empty")
        self._tables.glue.delete_database(statement.name)
        return []

    def _create_table(self, statement: CreateTable, database: str) -> list[Row]:
        held = self._database(database)
        if statement.name in held.tables:
            if statement.exists_ok:
                return []
            raise SqlError("FAILED", f"AlreadyExistsException: Table {statement.name} already exists")
        location = statement.location
        described = {
            "Name": statement.name,
            "Description": statement.comment,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **statement.properties},
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in statement.partitions],
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": t} for n, t in statement.columns],
                "Location": location,
                "InputFormat": statement.input_format or "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": statement.output_format or "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"SerializationLibrary": statement.serde, "Parameters": {"serialization.format": "1"}},
            },
        }
        projection(statement.properties, [n for n, _ in statement.partitions], location)
        self._tables.glue.create_table(database, statement.name, described)
        return []

    def _show(self, statement: Show, database: str) -> list[Row]:
        if statement.what == "databases":
            return [[name] for name in sorted({*self._tables.glue.databases, "default"})]
        if statement.what == "tables":
            if database == "default" and not self._tables.glue.databases.get(database):
                return []
            pattern = statement.pattern or "*"
            return [[name] for name in sorted(self._database(database).tables) if fnmatch.fnmatchcase(name, pattern)]
        table = self._tables.table(database, statement.table)
        if table is None:
            raise SqlError("FAILED", f"SemanticException [Error 10001]: Table not found {database}.{statement.table}")
        columns = table["StorageDescriptor"]["Columns"]
        keys = table.get("PartitionKeys") or []
        if statement.what == "columns":
            return [[c["Name"]] for c in (*columns, *keys)]
        if statement.what == "partitions":
            names = [c["Name"] for c in keys]
            tuples = sorted({f.values for f in self._tables.files(table, names)})
            return [["/".join(f"{n}={v}" for n, v in zip(names, t, strict=True))] for t in tuples]
        lines: list[Row] = [[f"{c['Name']}\t{c['Type']}\t"] for c in (*columns, *keys)]
        if keys:
            lines += [[""], ["# Partition Information"], ["# col_name\tdata_type\tcomment"], [""]]
            lines += [[f"{c['Name']}\t{c['Type']}\t"] for c in keys]
        return lines
