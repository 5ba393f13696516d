"""Reading CREATE EXTERNAL TABLE: columns of Hive's types, and the clauses that say how the objects are read."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from trailbook.local.engine.ddl import CreateTable, HiveColumn, Storage
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.tokens import Reader, place
from trailbook.local.engine.types import from_hive

_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_QL = "org.apache.hadoop.hive.ql.io"
LAZY_SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
JSON_SERDE = "org.apache.hive.hcatalog.data.JsonSerDe"
FORMATS: Mapping[str, Storage] = {
    "TEXTFILE": Storage(LAZY_SERDE, _TEXT_INPUT, _TEXT_OUTPUT),
    "JSON": Storage(JSON_SERDE, _TEXT_INPUT, _TEXT_OUTPUT),
    "PARQUET": Storage(
        f"{_QL}.parquet.serde.ParquetHiveSerDe",
        f"{_QL}.parquet.MapredParquetInputFormat",
        f"{_QL}.parquet.MapredParquetOutputFormat",
    ),
    "ORC": Storage(f"{_QL}.orc.OrcSerde", f"{_QL}.orc.OrcInputFormat", f"{_QL}.orc.OrcOutputFormat"),
    "AVRO": Storage(
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
        f"{_QL}.avro.AvroContainerInputFormat",
        f"{_QL}.avro.AvroContainerOutputFormat",
    ),
}
"""Storage formats by their name in STORED AS and in CTAS."""
_ONLY_SQL = frozenset(("varchar", "integer", "real", "varbinary", "text", "json", "ipaddress", "timestamptz"))
_TYPE_NAMES = re.compile(r"(?<![\w:])[a-z]\w*(?=[<>,]|$)|(?<=:)[a-z]\w*(?=[<>,]|$)")
_DELIMITERS = {
    ("FIELDS",): "field.delim",
    ("COLLECTION", "ITEMS"): "collection.delim",
    ("MAP", "KEYS"): "mapkey.delim",
    ("LINES",): "line.delim",
}


def create_table(reader: Reader) -> CreateTable:
    """Return the statement after CREATE EXTERNAL TABLE. Raises SqlError."""
    exists_ok = reader.has("IF", "NOT", "EXISTS")
    table = reader.table()
    columns = hive_columns(reader)
    found: dict[str, Any] = {"properties": {}, "serde_properties": {}}
    while not reader.ended:
        clause = next((c for words, c in _CLAUSES if reader.has(*words)), None)
        if clause is None:
            reader.fail("'COMMENT', 'PARTITIONED', 'CLUSTERED', 'ROW', 'STORED', 'LOCATION', 'TBLPROPERTIES', <EOF>")
        clause(reader, found)
    if not found.get("location"):
        raise SqlError("SYNTAX_ERROR", "CREATE EXTERNAL TABLE needs a LOCATION", place=reader.here())
    stored: Storage = found.get("stored") or FORMATS["TEXTFILE"]
    serde = found.get("serde") or stored.serde
    return CreateTable(
        table,
        exists_ok,
        columns,
        found.get("partitions") or [],
        found["location"],
        Storage(serde, stored.input_format, stored.output_format, found["serde_properties"]),
        found.get("comment", ""),
        found["properties"],
        found.get("bucketed_by") or (),
        found.get("buckets", 0),
    )


def hive_columns(reader: Reader) -> list[HiveColumn]:
    """Return `(name type [COMMENT 'text'], …)`. Raises SqlError."""
    reader.want("(")
    found = []
    while True:
        name = reader.name()
        kind = _hive_type(reader)
        found.append(HiveColumn(name, kind, reader.string() if reader.has("COMMENT") else ""))
        if not reader.has(","):
            break
    reader.want(")")
    return found


def _hive_type(reader: Reader) -> str:
    """Return a column's type as Glue writes it: lower case, without blanks."""
    start, depth = reader.next.start, 0
    parts: list[str] = []
    while not reader.ended:
        token = reader.next
        closing = token.kind == "sign" and token.value in (")", ",") and depth == 0
        if closing or (depth == 0 and parts and token.kind == "word" and parts[-1] not in ("<", "(", ",", ":")):
            break
        depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(token.value, -2 if token.value == "<>" else 0)
        parts.append(reader.take().value.lower())
    kind = "".join(parts)
    kind = "decimal(10,0)" if kind == "decimal" else kind
    try:
        wrong = [n for n in _TYPE_NAMES.findall(kind) if n in _ONLY_SQL]
        if wrong:
            raise ValueError(f"the type {wrong[0]!r} is not one of DDL's")
        from_hive(kind)
    except (ValueError, IndexError) as error:
        where = place(reader.sql, start)
        raise SqlError(
            "SYNTAX_ERROR", f"expected a type of Hive's, found {kind[:80]!r}: {error}", place=where
        ) from None
    return kind


def _partitioned(reader: Reader, found: dict[str, Any]) -> None:
    found["partitions"] = hive_columns(reader)


def _clustered(reader: Reader, found: dict[str, Any]) -> None:
    names = reader.names()
    reader.want("INTO")
    if reader.next.kind != "number":
        reader.fail("<number>")
    found["bucketed_by"], found["buckets"] = names, int(float(reader.take().value))
    reader.want("BUCKETS")


def _delimited(reader: Reader, found: dict[str, Any]) -> None:
    given = found["serde_properties"]
    while True:
        known = next((key for words, key in _DELIMITERS.items() if reader.has(*words)), None)
        if known is not None:
            reader.want("TERMINATED", "BY")
            given[known] = reader.string()
        elif reader.has("ESCAPED", "BY"):
            given["escape.delim"] = reader.string()
        elif reader.has("NULL", "DEFINED", "AS"):
            given["serialization.null.format"] = reader.string()
        else:
            break
    if "field.delim" in given:
        given["serialization.format"] = given["field.delim"]


def _serde(reader: Reader, found: dict[str, Any]) -> None:
    found["serde"] = reader.string()
    if reader.has("WITH", "SERDEPROPERTIES"):
        found["serde_properties"].update(reader.properties())


def _stored(reader: Reader, found: dict[str, Any]) -> None:
    if reader.has("INPUTFORMAT"):
        given = reader.string()
        reader.want("OUTPUTFORMAT")
        found["stored"] = Storage("", given, reader.string())
        return
    start = reader.next
    name = reader.name().upper()
    if name not in FORMATS or name == "JSON":
        where = place(reader.sql, start.start)
        raise SqlError("NOT_SUPPORTED", f"STORED AS {name} is not supported by the local Athena", place=where)
    found["stored"] = FORMATS[name]


def _set(key: str) -> Callable[[Reader, dict[str, Any]], None]:
    def clause(reader: Reader, found: dict[str, Any]) -> None:
        found[key] = reader.string()

    return clause


def _table_properties(reader: Reader, found: dict[str, Any]) -> None:
    found["properties"].update(reader.properties())


_CLAUSES: tuple[tuple[tuple[str, ...], Callable[[Reader, dict[str, Any]], None]], ...] = (
    (("COMMENT",), _set("comment")),
    (("PARTITIONED", "BY"), _partitioned),
    (("CLUSTERED", "BY"), _clustered),
    (("ROW", "FORMAT", "SERDE"), _serde),
    (("ROW", "FORMAT", "DELIMITED"), _delimited),
    (("WITH", "SERDEPROPERTIES"), lambda r, f: f["serde_properties"].update(r.properties())),
    (("STORED", "AS"), _stored),
    (("LOCATION",), _set("location")),
    (("TBLPROPERTIES",), _table_properties),
)
