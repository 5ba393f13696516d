"""Named queries and prepared statements of Athena's API."""

import uuid
from typing import Any

from trailbook.local.athena_call import Call, Operation
from trailbook.local.athena_shapes import Refused, page
from trailbook.local.athena_store import Record


def create_named(call: Call) -> dict[str, Any]:
    """CreateNamedQuery; the same ClientRequestToken with the same members answers with the same id."""
    request = call.request
    group = call.group()["Name"]
    members = ("Name", "Description", "Database", "QueryString")
    query: Record = {name: request[name] for name in members if name in request} | {"WorkGroup": group}
    token = request.get("ClientRequestToken", "")
    known = call.store.tokens.get(token) if token else None
    if known in call.store.named_queries:
        held = call.store.named_queries[known]
        if {k: v for k, v in held.items() if k != "NamedQueryId"} != query:
            raise Refused("Idempotent parameters do not match", detail="IDEMPOTENT_PARAMETER_MISMATCH")
        return {"NamedQueryId": known}
    identifier = str(uuid.uuid4())
    call.store.named_queries[identifier] = query | {"NamedQueryId": identifier}
    if token:
        call.store.tokens[token] = identifier
    return {"NamedQueryId": identifier}


def get_named(call: Call) -> dict[str, Any]:
    """GetNamedQuery."""
    return {"NamedQuery": _named(call)}


def batch_named(call: Call) -> dict[str, Any]:
    """BatchGetNamedQuery: those that are there, and why the others are not."""
    held = {name: call.store.named_queries.get(name) for name in dict.fromkeys(call.request["NamedQueryIds"])}
    missing = [
        {"NamedQueryId": n, "ErrorCode": "INVALID_INPUT", "ErrorMessage": f"NamedQuery {n} was not found"}
        for n, query in held.items()
        if query is None
    ]
    return {"NamedQueries": [q for q in held.values() if q is not None], "UnprocessedNamedQueryIds": missing}


def list_named(call: Call) -> dict[str, Any]:
    """ListNamedQueries of a work group."""
    group = call.group()["Name"]
    names = [i for i, query in sorted(call.store.named_queries.items()) if query["WorkGroup"] == group]
    shown, more = page(f"named {group}", names, call.request)
    return {"NamedQueryIds": shown} | more


def update_named(call: Call) -> dict[str, Any]:
    """UpdateNamedQuery."""
    changed = {name: call.request[name] for name in ("Name", "QueryString")}
    if "Description" in call.request:
        changed["Description"] = call.request["Description"]
    query = _named(call)
    call.store.named_queries[query["NamedQueryId"]] = query | changed
    return {}


def delete_named(call: Call) -> dict[str, Any]:
    """DeleteNamedQuery."""
    call.store.named_queries.pop(_named(call)["NamedQueryId"])
    return {}


def _named(call: Call) -> Record:
    identifier = call.request["NamedQueryId"]
    found = call.store.named_queries.get(identifier)
    if found is None:
        raise Refused(f"NamedQuery {identifier} was not found")
    return found


def create_prepared(call: Call) -> dict[str, Any]:
    """CreatePreparedStatement."""
    group, name = call.group()["Name"], call.request["StatementName"]
    if name in call.store.prepared.get(group, {}):
        raise Refused(f"Prepared Statement {name} already exists in WorkGroup {group}")
    call.store.prepare(group, name, call.request["QueryStatement"], call.request.get("Description", ""))
    return {}


def get_prepared(call: Call) -> dict[str, Any]:
    """GetPreparedStatement."""
    return {"PreparedStatement": _prepared(call)}


def list_prepared(call: Call) -> dict[str, Any]:
    """ListPreparedStatements of a work group, by name."""
    group = call.group()["Name"]
    held = call.store.prepared.get(group, {})
    shown, more = page(f"prepared {group}", sorted(held), call.request)
    kept = ("StatementName", "LastModifiedTime")
    return {"PreparedStatements": [{key: held[name][key] for key in kept} for name in shown]} | more


def update_prepared(call: Call) -> dict[str, Any]:
    """UpdatePreparedStatement."""
    held = _prepared(call)
    described = str(call.request.get("Description", held.get("Description", "")))
    call.store.prepare(held["WorkGroupName"], held["StatementName"], call.request["QueryStatement"], described)
    return {}


def delete_prepared(call: Call) -> dict[str, Any]:
    """DeletePreparedStatement."""
    held = _prepared(call)
    call.store.deallocate(held["WorkGroupName"], held["StatementName"])
    return {}


def batch_prepared(call: Call) -> dict[str, Any]:
    """BatchGetPreparedStatement: those that are there, and why the others are not."""
    held = call.store.prepared.get(call.group()["Name"], {})
    names = list(dict.fromkeys(call.request["PreparedStatementNames"]))
    missing = [
        {
            "StatementName": n,
            "ErrorCode": "STATEMENT_NOT_FOUND",
            "ErrorMessage": f"Prepared Statement {n} was not found",
        }
        for n in names
        if n not in held
    ]
    found = [held[n] for n in names if n in held]
    return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}


def _prepared(call: Call) -> Record:
    group, name = call.group()["Name"], call.request["StatementName"]
    found = call.store.prepared.get(group, {}).get(name)
    if found is None:
        raise Refused(f"Prepared Statement {name} was not found", "ResourceNotFoundException", ResourceName=name)
    return found


OPERATIONS: dict[str, Operation] = {
    "CreateNamedQuery": create_named,
    "GetNamedQuery": get_named,
    "BatchGetNamedQuery": batch_named,
    "ListNamedQueries": list_named,
    "UpdateNamedQuery": update_named,
    "DeleteNamedQuery": delete_named,
    "CreatePreparedStatement": create_prepared,
    "GetPreparedStatement": get_prepared,
    "ListPreparedStatements": list_prepared,
    "UpdatePreparedStatement": update_prepared,
    "DeletePreparedStatement": delete_prepared,
    "BatchGetPreparedStatement": batch_prepared,
}
