"""Views as Athena keeps them in Glue: a table without data whose text holds the query and its columns as JSON."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from trailbook.local.engine.ddl import to_hive
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.types import Type, from_hive
from trailbook.local.engine.views import View

_OPENS, _CLOSES = "/* Presto View: ", " */"
_HIVE_HAS_NOT = ("timestamptz", "json", "ipaddress", "unknown", "interval day to second", "interval year to month")


def is_view(table: Mapping[str, Any]) -> bool:
    """Say whether a table of Glue's is a view."""
    return table.get("TableType") == "VIRTUAL_VIEW"


def described_view(
    name: str, database: str, text: str, columns: Sequence[tuple[str, Type]], now: int
) -> dict[str, Any]:
    """Return a view as Glue's API has it (TableInput)."""
    kept = {
        "originalSql": text,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": n, "type": str(t)} for n, t in columns],
    }
    encoded = base64.b64encode(json.dumps(kept, ensure_ascii=False).encode()).decode()
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View", "transient_lastDdlTime": str(now)},
        "PartitionKeys": [],
        "ViewOriginalText": f"{_OPENS}{encoded}{_CLOSES}",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": n, "Type": _hive(t)} for n, t in columns],
            "Location": "",
            "NumberOfBuckets": 0,
            "SerdeInfo": {},
        },
    }


def _hive(kind: Type) -> str:
    """Return a column's type in Hive's words; what Hive has no type for is a string there."""
    if kind.base in _HIVE_HAS_NOT:
        return "string"
    if kind.args:
        if kind.base == "row" and not all(kind.names):
            return "string"
        return to_hive(Type(kind.base, tuple(from_hive(_hive(a)) for a in kind.args), kind.names, kind.digits))
    return to_hive(kind)


def stored_view(table: Mapping[str, Any]) -> View:
    """Return what a view of Glue's stands for. Raises SqlError where its text is none of Athena's."""
    kept = _kept(table)
    try:
        text, schema = str(kept["originalSql"]), str(kept.get("schema") or table["DatabaseName"]).lower()
        columns = tuple((str(c["name"]).lower(), str(c["type"])) for c in kept["columns"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SqlError("INVALID_VIEW", f"View '{table['Name']}': its JSON is not a view's: {error}") from None
    return View(text, schema, columns)


def view_text(table: Mapping[str, Any]) -> str:
    """Return a view's query as it was written. Raises SqlError."""
    return stored_view(table).sql


def view_columns(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a view's columns with Trino's type names. Raises SqlError."""
    return list(stored_view(table).columns)


def _kept(table: Mapping[str, Any]) -> dict[str, Any]:
    text = str(table.get("ViewOriginalText") or "")
    if not (text.startswith(_OPENS) and text.endswith(_CLOSES)):
        raise SqlError("INVALID_VIEW", f"View '{table['Name']}' was not made by Athena: it holds no Presto view")
    try:
        found = json.loads(base64.b64decode(text[len(_OPENS) : -len(_CLOSES)], validate=True))
    except (binascii.Error, ValueError) as error:
        raise SqlError("INVALID_VIEW", f"View '{table['Name']}': its text cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise SqlError("INVALID_VIEW", f"View '{table['Name']}': its JSON is not a view's")
    return found
