"""SHOW and DESCRIBE of the catalogue, in the lines that Athena prints: padded as Hive pads, tabs between.

The forms are those of Hive's MetaDataFormatUtils, which Athena's DDL comes from; of a view, Trino's.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trailbook.local.engine.ddl import Describe, Show
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.results import Row
from trailbook.local.engine.tokens import TableName
from trailbook.local.glue_create_text import create_table_text
from trailbook.local.glue_objects import partitions
from trailbook.local.glue_partitions import folder_name
from trailbook.local.glue_tables import GlueTables
from trailbook.local.glue_views import is_view, view_columns, view_text

OF_VIEW = (("column", "varchar"), ("type", "varchar"))
"""The columns of DESCRIBE and SHOW COLUMNS of a view, by which Athena's DESC_VIEW is told."""
_WIDTH = 20
_METASTORE_SERDES = ("OrcSerde", "LazySimpleSerDe", "ColumnarSerDe", "ParquetHiveSerDe", "LazyBinarySerDe")
"""SerDes whose columns' comments Hive takes from its catalogue; of another's it says `from deserializer`."""
_PARTITION_HEADER = [
    "\t \t ",
    "# Partition Information\t \t ",
    "# col_name            \tdata_type           \tcomment             ",
    "\t \t ",
]
_MOST_STARS = 6
_REGEX = re.compile(r"[\w.*|^$ \-]{0,255}")


@dataclass(frozen=True, slots=True)
class Printed:
    """What a statement prints: lines of one value each, and the (name, type) of GetQueryResults' columns."""

    rows: list[Row]
    columns: tuple[tuple[str, str], ...] = ()


class GlueShows:
    """Answers SHOW and DESCRIBE from the catalogue behind a query's tables."""

    def __init__(self, tables: GlueTables, database: str) -> None:
        """Read the catalogue of `tables`; names without a database are in `database`."""
        self._tables = tables
        self._database = database
        self._shows: Mapping[str, Callable[[Show], Printed]] = {
            "databases": self._databases,
            "tables": self._list_tables,
            "views": self._views,
            "columns": self._columns,
            "partitions": self._partitions,
            "tblproperties": self._properties,
            "create table": self._create_table,
            "create view": self._create_view,
        }

    def show(self, statement: Show) -> Printed:
        """Answer a SHOW. Raises SqlError."""
        return self._shows[statement.what](statement)

    def describe(self, statement: Describe) -> Printed:
        """Answer a DESCRIBE. Raises SqlError."""
        if statement.form or statement.column:
            raise not_supported(f"DESCRIBE {statement.form or 'of one column'}")
        table = self._described(statement.table)
        if is_view(table):
            return _of_view(table)
        kept, keys = table["StorageDescriptor"].get("Columns") or [], table.get("PartitionKeys") or []
        serde = (table["StorageDescriptor"].get("SerdeInfo") or {}).get("SerializationLibrary") or ""
        missing = "" if serde.rpartition(".")[2] in _METASTORE_SERDES else "from deserializer"
        lines = [_column_line(c, missing) for c in kept] + [_column_line(c, "") for c in keys]
        if keys:
            lines += _PARTITION_HEADER + [_column_line(c, "") for c in keys]
        return Printed(_rows(lines), (("col_name", "string"), ("data_type", "string"), ("comment", "string")))

    def _described(self, table: TableName) -> dict[str, Any]:
        found = self._tables.table(table.database or self._database, table.name)
        if found is None:
            raise SqlError("FAILED", f"SemanticException [Error 10001]: Table not found {table.name}")
        return found

    def _held(self, database: str) -> Mapping[str, Any]:
        held = self._tables.glue.databases.get(database)
        if held is None and database != "default":
            raise SqlError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {database}")
        return held.tables if held is not None else {}

    def _databases(self, statement: Show) -> Printed:
        names = sorted({*self._tables.glue.databases, "default"})
        if statement.pattern:
            matches = _regex(statement.pattern)
            names = [n for n in names if matches.fullmatch(n)]
        return Printed(_rows(names), (("database_name", "string"),))

    def _list_tables(self, statement: Show) -> Printed:
        names = sorted(self._held(statement.table.database or self._database))
        if statement.pattern:
            matches = _glob(statement.pattern)
            names = [n for n in names if matches.fullmatch(n)]
        return Printed(_rows(names), (("tab_name", "string"),))

    def _views(self, statement: Show) -> Printed:
        held = self._held(statement.table.database or self._database)
        names = sorted(name for name, table in held.items() if is_view(table.as_dict()))
        if statement.pattern:
            matches = _glob(statement.pattern)
            names = [n for n in names if matches.fullmatch(n)]
        return Printed(_rows(names), (("views", "varchar"),))

    def _columns(self, statement: Show) -> Printed:
        table = self._described(statement.table)
        if is_view(table):
            return _of_view(table)
        kept = [*(table["StorageDescriptor"].get("Columns") or []), *(table.get("PartitionKeys") or [])]
        return Printed(_rows([f"{c['Name']:<{_WIDTH}}" for c in kept]), (("field", "string"),))

    def _partitions(self, statement: Show) -> Printed:
        table = self._described(statement.table)
        names = [c["Name"] for c in table.get("PartitionKeys") or []]
        if not names:
            task = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
            raise SqlError("FAILED", f"{task} Table {statement.table.name} is not a partitioned table")
        held = self._tables.glue.databases[table["DatabaseName"]].tables[table["Name"]]
        return Printed(_rows(sorted(folder_name(names, v) for v, _ in partitions(held))), (("partition", "string"),))

    def _properties(self, statement: Show) -> Printed:
        table = self._described(statement.table)
        properties = table.get("Parameters") or {}
        lines = [f"{k}\t{properties[k]}" for k in sorted(properties)]
        if statement.pattern:
            name = f"{table['DatabaseName']}.{table['Name']}"
            missing = f"Table {name} does not have property: {statement.pattern}"
            lines = [f"{statement.pattern}\t{properties.get(statement.pattern, missing)}"]
        return Printed(_rows(lines), (("prpt_name", "string"), ("prpt_value", "string")))

    def _create_table(self, statement: Show) -> Printed:
        table = self._described(statement.table)
        if is_view(table):
            full = f"awsdatacatalog.{table['DatabaseName']}.{table['Name']}"
            raise SqlError("NOT_SUPPORTED", f"Relation '{full}' is a view, not a table", place="line 1:1")
        shown = f"{statement.table.database}.{table['Name']}" if statement.table.database else table["Name"]
        return Printed(_rows(create_table_text(table, shown).split("\n")), (("createtab_stmt", "string"),))

    def _create_view(self, statement: Show) -> Printed:
        database = statement.table.database or self._database
        table = self._tables.table(database, statement.table.name)
        full = f"awsdatacatalog.{database}.{statement.table.name}"
        if table is None:
            raise SqlError("TABLE_NOT_FOUND", f"View '{full}' does not exist", place="line 1:1")
        if not is_view(table):
            raise SqlError("NOT_SUPPORTED", f"Relation '{full}' is a table, not a view", place="line 1:1")
        text = f"CREATE VIEW {database}.{table['Name']} AS\n{view_text(table)}"
        return Printed(_rows(text.split("\n")), (("create view", "varchar"),))


def _rows(lines: list[str]) -> list[Row]:
    return [[line] for line in lines]


def _of_view(table: dict[str, Any]) -> Printed:
    return Printed(_rows([f"{n}\t{t}" for n, t in view_columns(table)]), OF_VIEW)


def _column_line(column: dict[str, Any], missing: str) -> str:
    comment = str(column.get("Comment") or missing)
    return "\t".join(f"{part:<{_WIDTH}}" for part in (column["Name"], column["Type"], comment.split("\t", 1)[0]))


def _regex(pattern: str) -> re.Pattern[str]:
    """Return SHOW DATABASES LIKE's regular expression; only a harmless part of the language is taken."""
    if not _REGEX.fullmatch(pattern) or pattern.count("*") > _MOST_STARS:
        raise not_supported(f"the pattern {pattern[:80]!r}: more than names, '.', '*' and '|'")
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        raise SqlError("FAILED", f"ParseException: not a regular expression: {pattern[:80]!r}") from None


def _glob(pattern: str) -> re.Pattern[str]:
    """Return SHOW TABLES' pattern, where `*` is any text and `|` a choice."""
    return _regex(re.sub(r"\*+", "*", pattern).replace("*", ".*"))
