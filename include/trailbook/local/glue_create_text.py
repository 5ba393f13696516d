"""SHOW CREATE TABLE: a table of Glue's as the Hive DDL that would make it."""

from collections.abc import Mapping
from typing import Any

_DELIMITERS = (
    ("field.delim", "FIELDS TERMINATED BY"),
    ("escape.delim", "ESCAPED BY"),
    ("collection.delim", "COLLECTION ITEMS TERMINATED BY"),
    ("mapkey.delim", "MAP KEYS TERMINATED BY"),
    ("line.delim", "LINES TERMINATED BY"),
    ("serialization.null.format", "NULL DEFINED AS"),
)
_LAZY = "LazySimpleSerDe"
_METASTORE_SERDES = ("OrcSerde", _LAZY, "ColumnarSerDe", "ParquetHiveSerDe", "LazyBinarySerDe")


def create_table_text(table: Mapping[str, Any], shown: str) -> str:
    """Return the statement, as Hive lays it out; `shown` is the table's name in it."""
    storage = table["StorageDescriptor"]
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary") or ""
    missing = "" if serde.rpartition(".")[2] in _METASTORE_SERDES else "from deserializer"
    keys = table.get("PartitionKeys") or []
    parameters = dict(table.get("Parameters") or {})
    comment = parameters.pop("comment", "")
    external = "EXTERNAL " if str(parameters.pop("EXTERNAL", "")).upper() == "TRUE" else ""
    parts = [f"CREATE {external}TABLE `{shown}`(\n{_columns(storage.get('Columns') or [], missing)})"]
    if comment:
        parts.append(f"COMMENT {_quoted(comment)}")
    if keys:
        parts.append(f"PARTITIONED BY ( \n{_columns(keys, '')})")
    if storage.get("BucketColumns"):
        names = ", \n".join(f"  {name}" for name in storage["BucketColumns"])
        parts.append(f"CLUSTERED BY ( \n{names}) \nINTO {storage.get('NumberOfBuckets')} BUCKETS")
    parts.append(_row_format(serde, (storage.get("SerdeInfo") or {}).get("Parameters") or {}))
    parts.append(f"STORED AS INPUTFORMAT \n  {_quoted(storage.get('InputFormat') or '')} ")
    parts.append(f"OUTPUTFORMAT \n  {_quoted(storage.get('OutputFormat') or '')}")
    parts.append(f"LOCATION\n  {_quoted(storage.get('Location') or '')}")
    parts.append(f"TBLPROPERTIES (\n{_pairs(parameters)})")
    return "\n".join(parts)


def _columns(columns: list[dict[str, Any]], missing: str) -> str:
    lines = []
    for column in columns:
        comment = column.get("Comment") or missing
        lines.append(f"  `{column['Name']}` {column['Type']}" + (f" COMMENT {_quoted(comment)}" if comment else ""))
    return ", \n".join(lines)


def _row_format(serde: str, given: Mapping[str, str]) -> str:
    if serde.endswith(_LAZY):
        clauses = "".join(f"\n  {words} {_quoted(given[key])} " for key, words in _DELIMITERS if key in given)
        return f"ROW FORMAT DELIMITED {clauses}" if clauses else f"ROW FORMAT SERDE \n  {_quoted(serde)} "
    text = f"ROW FORMAT SERDE \n  {_quoted(serde)} "
    kept = {k: v for k, v in given.items() if (k, v) != ("serialization.format", "1")}
    return f"{text}\nWITH SERDEPROPERTIES ( \n{_pairs(kept)}) " if kept else text


def _pairs(properties: Mapping[str, str]) -> str:
    return ", \n".join(f"  {_quoted(k)}={_quoted(str(properties[k]))}" for k in sorted(properties))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped.replace(chr(1), chr(92) + 'u0001')}'"
