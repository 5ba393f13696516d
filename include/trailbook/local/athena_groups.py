"""Work groups and tags of Athena's API."""

import time
from typing import Any

from trailbook.local.athena_call import Call, Operation
from trailbook.local.athena_shapes import Refused, page
from trailbook.local.athena_store import Record, configuration
from trailbook.local.engine.engine import ENGINE_VERSION
from trailbook.local.result_places import check_result_configuration, is_managed

_ENGINES = ("AUTO", ENGINE_VERSION)
_UNSUPPORTED = {
    "IdentityCenterConfiguration": "EnableIdentityCenter",
    "QueryResultsS3AccessGrantsConfiguration": "EnableS3AccessGrants",
}


def create(call: Call) -> dict[str, Any]:
    """CreateWorkGroup."""
    request, name = call.request, call.request["Name"]
    if name in call.store.work_groups:
        raise Refused("WorkGroup is already created")
    given = request.get("Configuration") or {}
    _check(given)
    settings = configuration(given)
    _check_places(settings)
    group: Record = {"Name": name, "State": "ENABLED", "Configuration": settings}
    if request.get("Description"):
        group["Description"] = request["Description"]
    _tag(call, call.arn("workgroup", name), request.get("Tags") or [])
    call.store.work_groups[name] = {**group, "CreationTime": time.time()}
    return {}


def get(call: Call) -> dict[str, Any]:
    """GetWorkGroup."""
    return {"WorkGroup": call.group()}


def listed(call: Call) -> dict[str, Any]:
    """ListWorkGroups, by name."""
    shown, more = page("groups", sorted(call.store.work_groups), call.request)
    return {"WorkGroups": [_summary(call.store.work_groups[name]) for name in shown]} | more


def _summary(group: Record) -> Record:
    return {
        "Name": group["Name"],
        "State": group["State"],
        "Description": group.get("Description", ""),
        "CreationTime": group["CreationTime"],
        "EngineVersion": group["Configuration"]["EngineVersion"],
    }


def update(call: Call) -> dict[str, Any]:
    """UpdateWorkGroup: description, state and settings; all of it or nothing."""
    group, request = call.group(), call.request
    updates = request.get("ConfigurationUpdates") or {}
    _check(updates)
    settings = _updated(group["Configuration"], updates)
    _check_places(settings)
    changed = group | {"Configuration": settings, "State": request.get("State", group["State"])}
    if "Description" in request:
        changed["Description"] = request["Description"]
    call.store.work_groups[group["Name"]] = changed
    return {}


def delete(call: Call) -> dict[str, Any]:
    """DeleteWorkGroup; what it holds goes with it where RecursiveDeleteOption says so."""
    name = call.group()["Name"]
    if name == "primary":
        raise Refused("The primary workgroup cannot be deleted")
    named = [i for i, query in call.store.named_queries.items() if query["WorkGroup"] == name]
    if not call.request.get("RecursiveDeleteOption") and (named or call.runs.listed(call.region, name)):
        raise Refused(f"WorkGroup {name} is not empty")
    call.runs.forget(call.region, name)
    for identifier in named:
        call.store.named_queries.pop(identifier)
    call.store.prepared.pop(name, None)
    call.store.tags.pop(call.arn("workgroup", name), None)
    call.store.work_groups.pop(name)
    return {}


def _check(settings: dict[str, Any]) -> None:
    for part, switch in _UNSUPPORTED.items():
        if (settings.get(part) or {}).get(switch):
            raise Refused(f"{part} is not supported by the local Athena")
    wanted = (settings.get("EngineVersion") or {}).get("SelectedEngineVersion", "AUTO")
    if wanted not in _ENGINES:
        raise Refused(f"Engine version {wanted} is not supported by the local Athena: it is {ENGINE_VERSION}")


def _check_places(settings: Record) -> None:
    check_result_configuration(settings["ResultConfiguration"])
    if is_managed({"Configuration": settings}) and settings["ResultConfiguration"].get("OutputLocation"):
        raise Refused("A WorkGroup has either an OutputLocation or managed query results, not both")


def _updated(settings: Record, updates: dict[str, Any]) -> Record:
    """Return a work group's configuration with ConfigurationUpdates applied."""
    changed = dict(settings)
    for key, value in updates.items():
        if key == "ResultConfigurationUpdates":
            changed["ResultConfiguration"] = _merged(settings["ResultConfiguration"], value)
        elif key == "ManagedQueryResultsConfigurationUpdates":
            held = settings.get("ManagedQueryResultsConfiguration") or {}
            changed["ManagedQueryResultsConfiguration"] = _merged(held, value)
        elif key.startswith("Remove"):
            if value:
                changed.pop(key.removeprefix("Remove"), None)
        elif key != "EngineVersion":
            changed[key] = value
    return changed


def _merged(result: Record, updates: dict[str, Any]) -> Record:
    kept = {key: value for key, value in result.items() if not updates.get(f"Remove{key}")}
    return kept | {key: value for key, value in updates.items() if not key.startswith("Remove")}


def tag(call: Call) -> dict[str, Any]:
    """TagResource."""
    _tag(call, _tagged(call), call.request["Tags"])
    return {}


def untag(call: Call) -> dict[str, Any]:
    """UntagResource; a key that is not there changes nothing."""
    arn = _tagged(call)
    kept = {k: v for k, v in call.store.tags.get(arn, {}).items() if k not in call.request["TagKeys"]}
    call.store.tags[arn] = kept
    return {}


def tags(call: Call) -> dict[str, Any]:
    """ListTagsForResource, by key."""
    arn = _tagged(call)
    held = call.store.tags.get(arn, {})
    shown, more = page(f"tags {arn}", sorted(held), call.request, 75)
    return {"Tags": [{"Key": key, "Value": held[key]} for key in shown]} | more


def _tag(call: Call, arn: str, given: list[dict[str, str]]) -> None:
    wanted = {tag["Key"]: tag.get("Value", "") for tag in given if "Key" in tag}
    if len(wanted) != len(given):
        raise Refused("Tags: expected different keys, each with its value")
    merged = call.store.tags.get(arn, {}) | wanted
    if len(merged) > 50:
        raise Refused("The maximum number of tags for a resource is 50")
    if merged:
        call.store.tags[arn] = merged


def _tagged(call: Call) -> str:
    arn = str(call.request["ResourceARN"])
    groups = (call.arn("workgroup", name) for name in call.store.work_groups)
    catalogs = (call.arn("datacatalog", name) for name in call.store.catalogs)
    if arn not in (*groups, *catalogs):
        raise Refused("The resource was not found", "ResourceNotFoundException", ResourceName=arn)
    return arn


OPERATIONS: dict[str, Operation] = {
    "CreateWorkGroup": create,
    "GetWorkGroup": get,
    "ListWorkGroups": listed,
    "UpdateWorkGroup": update,
    "DeleteWorkGroup": delete,
    "TagResource": tag,
    "UntagResource": untag,
    "ListTagsForResource": tags,
}
