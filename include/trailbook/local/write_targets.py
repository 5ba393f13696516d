"""Where CTAS, INSERT and UNLOAD write to, and how: their properties and the table judged before anything is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from trailbook.local.engine.casts import cast
from trailbook.local.engine.ddl_tables import FORMATS, LAZY_SERDE
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.output import Layout, check_layout, stored
from trailbook.local.engine.scope import Field, Sql, TableColumn
from trailbook.local.engine.statements import CreateTableAs, InsertInto, Unload, Value
from trailbook.local.engine.types import Type, duckdb_type, numeric

_PLACE = "line 1:1"
_TIMES = ("date", "timestamp", "timestamptz")
_CTAS = frozenset(
    (
        "bucket_count",
        "bucketed_by",
        "compression_level",
        "external_location",
        "field_delimiter",
        "format",
        "is_external",
        "orc_compression",
        "parquet_compression",
        "partitioned_by",
        "table_type",
        "write_compression",
    )
)
_UNLOAD = frozenset(("format", "compression", "compression_level", "field_delimiter", "partitioned_by"))
_SERDES = {storage.serde.rpartition(".")[2].lower(): name for name, storage in FORMATS.items()}


@dataclass(frozen=True, slots=True)
class Target:
    """What is written: `values` are DuckDB texts over the query's columns (w.c0, …), in the layout's order."""

    layout: Layout
    values: tuple[str, ...]


def ctas_target(statement: CreateTableAs, fields: Sequence[Field]) -> Target:
    """Return how CREATE TABLE AS writes. Raises SqlError."""
    given = statement.properties
    for key in given:
        if key not in _CTAS:
            message = f"Catalog 'awsdatacatalog' table property '{key}' does not exist"
            raise SqlError("INVALID_TABLE_PROPERTY", message, place=_PLACE)
    if str(given.get("table_type", "HIVE")).upper() != "HIVE":
        raise not_supported(f"table_type {given['table_type']}")
    columns = _named(fields, statement.columns)
    form = _format(given)
    compression = str(given.get("write_compression") or given.get(f"{form.lower()}_compression") or "GZIP").upper()
    names = [n for n, _ in columns]
    keys, bucketed = _list(given, "partitioned_by"), _list(given, "bucketed_by")
    _check_keys(keys, names)
    layout = Layout(
        columns,
        len(keys),
        form,
        compression,
        _delimiter(given),
        bucketed,
        _buckets(given, bucketed, names, keys),
    )
    check_layout(layout)
    return Target(layout, _values(columns))


def unload_target(statement: Unload, fields: Sequence[Field]) -> Target:
    """Return how UNLOAD writes. Raises SqlError."""
    given = statement.properties
    for key in given:
        if key not in _UNLOAD:
            raise SqlError("INVALID_TABLE_PROPERTY", f"UNLOAD property '{key}' does not exist", place=_PLACE)
    if "format" not in given:
        raise SqlError("INVALID_TABLE_PROPERTY", "UNLOAD needs the property 'format'", place=_PLACE)
    columns = _named(fields, ())
    keys = _list(given, "partitioned_by")
    _check_keys(keys, [n for n, _ in columns])
    compression = str(given.get("compression", "GZIP")).upper()
    layout = Layout(columns, len(keys), _format(given), compression, _delimiter(given))
    check_layout(layout)
    return Target(layout, _values(columns))


def _values(columns: Sequence[tuple[str, Type]]) -> tuple[str, ...]:
    return tuple(stored(f"w.c{i}", kind) for i, (_, kind) in enumerate(columns))


def _named(fields: Sequence[Field], names: Sequence[str]) -> tuple[tuple[str, Type], ...]:
    """Return the query's columns; each must have a name of its own."""
    if names and len(names) != len(fields):
        message = f"Column alias list has {len(names)} entries but relation has {len(fields)} columns"
        raise SqlError("MISMATCHED_COLUMN_ALIASES", message, place=_PLACE)
    found: dict[str, Type] = {}
    for number, field in enumerate(fields, 1):
        name = names[number - 1] if names else field.name
        if not name:
            raise SqlError("MISSING_COLUMN_NAME", f"Column name not specified at position {number}", place=_PLACE)
        if name in found:
            raise SqlError("DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once", place=_PLACE)
        found[name] = field.type
    return tuple(found.items())


def _format(given: Mapping[str, Value]) -> str:
    name = str(given.get("format", "PARQUET")).upper()
    name = {"CSV": "TEXTFILE"}.get(name, name)
    if name in ("ORC", "AVRO"):
        raise not_supported(f"format {name}")
    if name not in ("PARQUET", "JSON", "TEXTFILE"):
        message = f"Invalid value [{name[:40]}]. Valid values: [ORC, PARQUET, AVRO, JSON, TEXTFILE]"
        raise SqlError("INVALID_TABLE_PROPERTY", message, place=_PLACE)
    return name


def _delimiter(given: Mapping[str, Value]) -> str:
    found = str(given.get("field_delimiter", "," if str(given.get("format", "")).upper() == "CSV" else "\x01"))
    if len(found) != 1:
        raise SqlError("INVALID_TABLE_PROPERTY", f"field_delimiter must be a single character, found {found[:20]!r}")
    return found


def _list(given: Mapping[str, Value], key: str) -> tuple[str, ...]:
    found = given.get(key, ())
    if not isinstance(found, tuple):
        raise SqlError("INVALID_TABLE_PROPERTY", f"{key} must be ARRAY['column', …]", place=_PLACE)
    return tuple(name.lower() for name in found)


def _check_keys(keys: Sequence[str], names: Sequence[str]) -> None:
    missing = [k for k in keys if k not in names]
    if missing:
        raise SqlError("INVALID_TABLE_PROPERTY", f"Partition columns [{', '.join(missing)}] not present in schema")
    if keys and len(keys) == len(names):
        raise SqlError("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    if keys and list(names[-len(keys) :]) != list(keys):
        message = "Partition keys must be the last columns in the table and in the same order as the table properties"
        raise SqlError("HIVE_COLUMN_ORDER_MISMATCH", f"{message}: [{', '.join(keys)}]")


def _buckets(given: Mapping[str, Value], by: Sequence[str], names: Sequence[str], keys: Sequence[str]) -> int:
    count = given.get("bucket_count", 0)
    if bool(by) != bool(count):
        raise SqlError("INVALID_TABLE_PROPERTY", "bucketed_by and bucket_count go together")
    if not by:
        return 0
    if not isinstance(count, int) or not 1 <= count <= 100:
        raise SqlError("INVALID_TABLE_PROPERTY", f"bucket_count must be from 1 to 100, found {count!r}")
    missing = [n for n in by if n not in names]
    if missing:
        raise SqlError("INVALID_TABLE_PROPERTY", f"Bucketing columns [{', '.join(missing)}] not present in schema")
    if keys:
        raise not_supported("bucketed_by together with partitioned_by")
    return count


def insert_target(
    statement: InsertInto, columns: Sequence[TableColumn], fields: Sequence[Field], table: Mapping[str, Any]
) -> Target:
    """Return how INSERT writes into a table of Glue's. Raises SqlError."""
    by_name = {c.name: c for c in columns}
    named = list(statement.columns) or [c.name for c in columns]
    for name in named:
        if name not in by_name:
            message = f"Insert column name does not exist in target table: {name}"
            raise SqlError("COLUMN_NOT_FOUND", message, place=_PLACE)
        if named.count(name) > 1:
            message = f"Insert column name is specified more than once: {name}"
            raise SqlError("DUPLICATE_COLUMN_NAME", message, place=_PLACE)
    wanted = [by_name[name].type for name in named]
    if len(wanted) != len(fields) or not all(_takes(t, f.type) for t, f in zip(wanted, fields, strict=True)):
        shown = f"Table: [{', '.join(map(str, wanted))}], Query: [{', '.join(str(f.type) for f in fields)}]"
        raise SqlError("TYPE_MISMATCH", f"Insert query has mismatched column types: {shown}", place=_PLACE)
    given = {
        name: _converted(i, f.type, by_name[name].type) for i, (name, f) in enumerate(zip(named, fields, strict=True))
    }
    layout = _table_layout(columns, table)
    check_layout(layout)
    return Target(layout, tuple(given.get(c.name, f"CAST(NULL AS {duckdb_type(c.type)})") for c in columns))


def _takes(target: Type, source: Type) -> bool:
    """Say whether an INSERT of `source` into `target` is one that Trino converts: within numbers, within times."""
    if source == target or source.base == "unknown":
        return True
    if numeric(source) and numeric(target):
        return True
    if source.base in _TIMES and target.base in _TIMES:
        return True
    if source.base != target.base or len(source.args) != len(target.args):
        return False
    return all(_takes(t, s) for t, s in zip(target.args, source.args, strict=True))


def _converted(index: int, source: Type, target: Type) -> str:
    value = Sql(f"w.c{index}", source)
    if target.base == "timestamp" == source.base and source.precision > target.precision:
        return f"date_trunc('millisecond', {value.text} + INTERVAL 500 MICROSECOND)"
    return stored(value.text if source == target else cast(value, target, exp.Null()).text, target)


def _table_layout(columns: Sequence[TableColumn], table: Mapping[str, Any]) -> Layout:
    storage = table["StorageDescriptor"]
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary") or ""
    form = _SERDES.get(serde.rpartition(".")[2].lower())
    if "CloudTrail" in (storage.get("InputFormat") or "") or form not in ("PARQUET", "JSON", "TEXTFILE"):
        raise not_supported(f"INSERT into a table of SerDe {serde or '(none)'}")
    given = (storage.get("SerdeInfo") or {}).get("Parameters") or {}
    properties = {str(k).lower(): str(v) for k, v in (table.get("Parameters") or {}).items()}
    compression = properties.get("write.compression") or properties.get("parquet.compression") or "GZIP"
    delimiter = given.get("field.delim", "\x01") if serde == LAZY_SERDE else "\x01"
    pairs = tuple((c.name, c.type) for c in columns)
    return Layout(pairs, sum(c.partition for c in columns), str(form), compression.upper(), delimiter)
