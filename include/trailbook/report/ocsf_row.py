"""What a finding's row says in OCSF's own terms: cloud, evidences, observables, resources.

Invariant: the row is in `evidences[0].data` whole and untouched; columns with a name known here also fill the
attribute that OCSF has for them. An address that is none (`AWS Internal`) never becomes an `ip`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeAlias

from trailbook.diff import Finding
from trailbook.report.model import Report
from trailbook.report.values import items, shown

_Fields: TypeAlias = dict[str, Any]

_EVENT_COLUMNS = ("event_ids", "event_id")
_MOST_EVENTS = 25
_ACCOUNT_COLUMNS = ("account_id", "recipientaccountid")
_REGION_COLUMNS = ("region", "aws_region", "awsregion")
_AWS_ACCOUNT = 10


@dataclass(frozen=True, slots=True)
class _Known:
    """Columns that mean one attribute of evidences, and the type of observable that it is (None: it is none)."""

    columns: tuple[str, ...]
    path: tuple[str, ...]
    type_id: int | None = None
    type: str = ""


_KNOWN = (
    _Known(("user_name", "username"), ("actor", "user", "name"), 4, "User Name"),
    _Known(("principal_arn", "user_arn", "last_principal_arn"), ("actor", "user", "uid"), 31, "User Object: uid"),
    _Known(("user_agent", "last_user_agent"), ("http_request", "user_agent"), 16, "HTTP User-Agent"),
    _Known(("event_name",), ("api", "operation")),
)
_SERVICE_COLUMNS = ("event_source", "service")
_ADDRESS_COLUMNS = ("source_ip", "source_ips", "sourceipaddress")
_RESOURCES = {"resource_arn": "uid", "bucket": "name", "bucket_name": "name", "target_name": "name", "policy": "uid"}
_IP, _RESOURCE_UID, _RESOURCE_NAME = (2, "IP Address"), (10, "Resource UID"), (38, "Resource Details Object: name")


def described(report: Report, finding: Finding) -> _Fields:
    """Return the fields `cloud`, `evidences` and, where the row has any, `observables` and `resources`."""
    row = finding.row
    evidence, seen = _evidence(row)
    resources = [{place: shown(row[name])} for name, place in _RESOURCES.items() if _has(row, name)]
    seen += [
        _observable(f"resources.{place}", _RESOURCE_UID if place == "uid" else _RESOURCE_NAME, value)
        for resource in resources
        for place, value in resource.items()
    ]
    return {
        "cloud": _cloud(report, row),
        "evidences": [evidence],
        **({"observables": seen} if seen else {}),
        **({"resources": resources} if resources else {}),
    }


def event_ids(finding: Finding) -> tuple[str, ...]:
    """Return the CloudTrail event ids of a finding, at most 25."""
    return tuple(text for name in _EVENT_COLUMNS for text in items(finding.row.get(name)))[:_MOST_EVENTS]


def _cloud(report: Report, row: Mapping[str, Any]) -> _Fields:
    """Return account and region of the row; where it names none and the run looked at one only, that one."""
    coverage = report.outcome.completeness.coverage
    account = _first(row, _ACCOUNT_COLUMNS) or _only([part.account for part in coverage])
    region = _first(row, _REGION_COLUMNS) or _only([part.region for part in coverage])
    return {
        "provider": "AWS",
        **({"account": {"uid": account, "type": "AWS Account", "type_id": _AWS_ACCOUNT}} if account else {}),
        **({"region": region} if region else {}),
    }


def _evidence(row: Mapping[str, Any]) -> tuple[_Fields, list[_Fields]]:
    evidence: _Fields = {"data": {name: value for name, value in row.items() if name not in _EVENT_COLUMNS}}
    seen = []
    for known in _KNOWN:
        value = _first(row, known.columns)
        if value:
            _put(evidence, known.path, value)
            if known.type_id is not None:
                seen.append(_observable("evidences." + ".".join(known.path), (known.type_id, known.type), value))
    service = _first(row, _SERVICE_COLUMNS)
    if service and "api" in evidence:
        _put(evidence, ("api", "service", "name"), service)
    addresses = [part for name in _ADDRESS_COLUMNS if _has(row, name) for part in shown(row[name]).split(", ") if part]
    if addresses:
        _put(evidence, ("src_endpoint", "ip" if _is_ip(addresses[0]) else "svc_name"), addresses[0])
    seen += [_observable("evidences.src_endpoint.ip", _IP, address) for address in addresses if _is_ip(address)]
    return evidence, seen


def _observable(name: str, type_: tuple[int, str], value: str) -> _Fields:
    return {"name": name, "type_id": type_[0], "type": type_[1], "value": value}


def _put(fields: _Fields, path: Sequence[str], value: str) -> None:
    for name in path[:-1]:
        fields = fields.setdefault(name, {})
    fields[path[-1]] = value


def _has(row: Mapping[str, Any], name: str) -> bool:
    return row.get(name) not in (None, "", "unknown")


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((shown(row[name]) for name in names if _has(row, name)), "")


def _only(values: Sequence[str]) -> str:
    found = set(values)
    return found.pop() if len(found) == 1 else ""


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return "%" not in value
