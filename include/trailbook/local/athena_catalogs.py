"""Data catalogues, databases and tables of Athena's API, read from Glue; and the engine versions that there are.

`AwsDataCatalog` is Glue's catalogue. Others are kept as they were registered, but hold nothing that can be queried.
"""

from datetime import datetime
from typing import Any

import duckdb
from moto.glue.models import glue_backends

from trailbook.local.athena_call import Call, Operation
from trailbook.local.athena_shapes import Refused, page
from trailbook.local.athena_store import ACCOUNT, Record
from trailbook.local.engine.engine import ENGINE_VERSION

_OWN = "AwsDataCatalog"
_DEFAULT = "default"


def create(call: Call) -> dict[str, Any]:
    """CreateDataCatalog; a federated one is refused by name."""
    name = call.request["Name"]
    if name in call.store.catalogs or name.lower() == _OWN.lower():
        raise Refused(f"DataCatalog {name} already exists")
    found = _described(call)
    tags = {tag["Key"]: tag.get("Value", "") for tag in call.request.get("Tags") or [] if "Key" in tag}
    if tags:
        call.store.tags[call.arn("datacatalog", name)] = tags
    call.store.catalogs[name] = found
    return {"DataCatalog": found | {"Status": "CREATE_COMPLETE"}}


def get(call: Call) -> dict[str, Any]:
    """GetDataCatalog."""
    return {"DataCatalog": _catalog(call, call.request["Name"])}


def listed(call: Call) -> dict[str, Any]:
    """ListDataCatalogs, by name."""
    held = {_OWN: _own()} | call.store.catalogs
    shown, more = page("catalogs", sorted(held), call.request)
    return {"DataCatalogsSummary": [{"CatalogName": n, "Type": held[n]["Type"]} for n in shown]} | more


def update(call: Call) -> dict[str, Any]:
    """UpdateDataCatalog."""
    held = _registered(call)
    call.store.catalogs[held["Name"]] = held | _described(call)
    return {}


def delete(call: Call) -> dict[str, Any]:
    """DeleteDataCatalog."""
    held = call.store.catalogs.pop(_registered(call)["Name"])
    call.store.tags.pop(call.arn("datacatalog", held["Name"]), None)
    return {"DataCatalog": held | {"Status": "DELETE_COMPLETE"}}


def get_database(call: Call) -> dict[str, Any]:
    """GetDatabase."""
    name = call.request["DatabaseName"].lower()
    found = _databases(call).get(name)
    if found is None:
        raise _missing(f"Database {name} not found.")
    return {"Database": found}


def list_databases(call: Call) -> dict[str, Any]:
    """ListDatabases, by name."""
    held = _databases(call)
    shown, more = page("databases", sorted(held), call.request)
    return {"DatabaseList": [held[name] for name in shown]} | more


def get_table(call: Call) -> dict[str, Any]:
    """GetTableMetadata."""
    name = call.request["TableName"].lower()
    found = _tables(call).get(name)
    if found is None:
        raise _missing(f"Table {name} not found.")
    return {"TableMetadata": _metadata(name, found.as_dict())}


def list_tables(call: Call) -> dict[str, Any]:
    """ListTableMetadata, by name; Expression is a regular expression for the whole name."""
    held = _tables(call)
    names = _matching(sorted(held), call.request.get("Expression") or "")
    shown, more = page(f"tables {call.request['DatabaseName'].lower()}", names, call.request)
    return {"TableMetadataList": [_metadata(name, held[name].as_dict()) for name in shown]} | more


def engines(call: Call) -> dict[str, Any]:
    """ListEngineVersions."""
    versions = {"AUTO": ENGINE_VERSION, ENGINE_VERSION: ENGINE_VERSION}
    shown, more = page("engines", list(versions), call.request, 10)
    found = [{"SelectedEngineVersion": name, "EffectiveEngineVersion": versions[name]} for name in shown]
    return {"EngineVersions": found} | more


def _own() -> Record:
    return {"Name": _OWN, "Type": "GLUE", "Parameters": {"catalog-id": ACCOUNT}}


def _described(call: Call) -> Record:
    kind = call.request["Type"]
    if kind == "FEDERATED":
        raise Refused("A data catalog of type FEDERATED is not supported by the local Athena")
    kept = {key: call.request[key] for key in ("Description", "Parameters") if key in call.request}
    return {"Name": call.request["Name"], "Type": kind} | kept


def _catalog(call: Call, name: str) -> Record:
    found = _own() if name.lower() == _OWN.lower() else call.store.catalogs.get(name)
    if found is None:
        raise Refused(f"Data catalog not found: {name}", detail="DATACATALOG_NOT_FOUND")
    return found


def _registered(call: Call) -> Record:
    name = call.request["Name"]
    if name.lower() == _OWN.lower():
        raise Refused(f"DataCatalog {_OWN} cannot be changed")
    return _catalog(call, name)


def _glue(call: Call) -> Any:
    """Return moto's Glue behind the catalogue that the request names. Raises Refused where there is none."""
    name = _catalog(call, call.request["CatalogName"])["Name"]
    if name != _OWN:
        raise Refused(f"Data catalog {name} cannot be read by the local Athena", "MetadataException")
    return glue_backends[ACCOUNT][call.region]


def _databases(call: Call) -> dict[str, Record]:
    held = dict(_glue(call).databases)
    found = {_DEFAULT: {"Name": _DEFAULT}} | {name: _database(name, kept.as_dict()) for name, kept in held.items()}
    return found


def _database(name: str, described: dict[str, Any]) -> Record:
    parameters = {str(k): str(v) for k, v in (described.get("Parameters") or {}).items()}
    more = {"Parameters": parameters} if parameters else {}
    return {"Name": name} | ({"Description": described["Description"]} if described.get("Description") else {}) | more


def _tables(call: Call) -> dict[str, Any]:
    name = call.request["DatabaseName"].lower()
    held = _glue(call).databases.get(name)
    if held is None and name != _DEFAULT:
        raise _missing(f"Database {name} not found.")
    return dict(held.tables) if held is not None else {}


def _missing(what: str) -> Refused:
    more = "(Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException)"
    return Refused(f"{what} {more}", "MetadataException")


def _matching(names: list[str], expression: str) -> list[str]:
    """Return the names that a regular expression matches; DuckDB's engine takes no pattern that never ends."""
    if not expression:
        return names
    try:
        with duckdb.connect() as connection:
            sql = "SELECT n FROM (SELECT unnest(?) AS n) WHERE regexp_full_match(n, ?, 'i')"
            return [name for (name,) in connection.execute(sql, [names, expression]).fetchall()] if names else []
    except duckdb.Error:
        raise Refused(f"Expression is not a regular expression: {expression}") from None


def _metadata(name: str, table: dict[str, Any]) -> Record:
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    shown = {
        "inputformat": storage.get("InputFormat"),
        "location": storage.get("Location"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    shown |= {f"serde.param.{key}": value for key, value in (serde.get("Parameters") or {}).items()}
    parameters = (table.get("Parameters") or {}) | {key: value for key, value in shown.items() if value}
    found: Record = {
        "Name": name,
        "TableType": table.get("TableType") or "EXTERNAL_TABLE",
        "Columns": _columns(storage.get("Columns")),
        "PartitionKeys": _columns(table.get("PartitionKeys")),
        "Parameters": {str(key): str(value) for key, value in parameters.items()},
        "LastAccessTime": 0.0,
    }
    created = table.get("CreateTime")
    return found | ({"CreateTime": created.timestamp()} if isinstance(created, datetime) else {})


def _columns(given: Any) -> list[Record]:
    listed = [c for c in given if isinstance(c, dict) and "Name" in c] if isinstance(given, list) else []
    return [{key: str(c[key]) for key in ("Name", "Type", "Comment") if c.get(key) is not None} for c in listed]


OPERATIONS: dict[str, Operation] = {
    "CreateDataCatalog": create,
    "GetDataCatalog": get,
    "ListDataCatalogs": listed,
    "UpdateDataCatalog": update,
    "DeleteDataCatalog": delete,
    "GetDatabase": get_database,
    "ListDatabases": list_databases,
    "GetTableMetadata": get_table,
    "ListTableMetadata": list_tables,
    "ListEngineVersions": engines,
}
