"""DDL statements as values: of databases, tables, partitions and views; SHOW and DESCRIBE. Types are Hive's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trailbook.local.engine.tokens import TableName
from trailbook.local.engine.types import Type


@dataclass(frozen=True, slots=True)
class HiveColumn:
    """A column as Glue keeps it."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """CREATE DATABASE."""

    name: str
    exists_ok: bool
    comment: str = ""
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DropDatabase:
    """DROP DATABASE."""

    name: str
    missing_ok: bool
    cascade: bool


@dataclass(frozen=True, slots=True)
class Storage:
    """How a table's objects are read and written."""

    serde: str
    input_format: str
    output_format: str
    serde_properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE EXTERNAL TABLE."""

    table: TableName
    exists_ok: bool
    columns: Sequence[HiveColumn]
    partitions: Sequence[HiveColumn]
    location: str
    storage: Storage
    comment: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    bucketed_by: Sequence[str] = ()
    buckets: int = 0


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE."""

    table: TableName
    missing_ok: bool


@dataclass(frozen=True, slots=True)
class DropView:
    """DROP VIEW."""

    view: TableName
    missing_ok: bool


Spec = Mapping[str, str]
"""A partition: its columns' values as text."""


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """ALTER TABLE ADD PARTITION: each with its location, '' for the table's own folder."""

    table: TableName
    exists_ok: bool
    partitions: Sequence[tuple[Spec, str]]


@dataclass(frozen=True, slots=True)
class DropPartitions:
    """ALTER TABLE DROP PARTITION: each names some of the partition columns, with an operator and a value."""

    table: TableName
    missing_ok: bool
    partitions: Sequence[Sequence[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class SetProperties:
    """ALTER TABLE SET TBLPROPERTIES."""

    table: TableName
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SetLocation:
    """ALTER TABLE [PARTITION …] SET LOCATION."""

    table: TableName
    partition: Spec
    location: str


@dataclass(frozen=True, slots=True)
class AddColumns:
    """ALTER TABLE ADD COLUMNS, or REPLACE COLUMNS."""

    table: TableName
    columns: Sequence[HiveColumn]
    replace: bool = False


@dataclass(frozen=True, slots=True)
class RepairTable:
    """MSCK REPAIR TABLE."""

    table: TableName


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW of databases, tables, views, columns, partitions, tblproperties, `create table` or `create view`.

    `pattern` is the text after LIKE, or the one property asked for.
    """

    what: str
    table: TableName = field(default_factory=lambda: TableName("", ""))
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE of a table or view; `form` is '', EXTENDED or FORMATTED."""

    table: TableName
    form: str = ""
    column: str = ""


Statement = (
    CreateDatabase
    | DropDatabase
    | CreateTable
    | DropTable
    | DropView
    | AddPartitions
    | DropPartitions
    | SetProperties
    | SetLocation
    | AddColumns
    | RepairTable
    | Show
    | Describe
)


def to_hive(kind: Type) -> str:
    """Return a type as Hive and Glue write it."""
    if kind.base == "array":
        return f"array<{to_hive(kind.args[0])}>"
    if kind.base == "map":
        return f"map<{to_hive(kind.args[0])},{to_hive(kind.args[1])}>"
    if kind.base == "row":
        return "struct<" + ",".join(f"{n}:{to_hive(t)}" for n, t in zip(kind.names, kind.args, strict=True)) + ">"
    if kind.base == "decimal":
        return f"decimal({kind.digits[0]},{kind.digits[1]})"
    return {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}.get(kind.base, kind.base)
