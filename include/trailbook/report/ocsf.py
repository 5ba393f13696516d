"""`findings.ocsf.jsonl`: the findings as OCSF Detection Finding events (class 2004), one canonical JSON object a line.

Invariants: deterministic, with no clock (an event's `time` is its window's end); `finding_info.uid` is the finding id,
so events of several runs are one finding's life. An unchanged finding that nothing suppresses has no event; a
suppressed one has one in every run, since suppression never hides. An update leaves `status_id` out: whoever triages
the finding keeps the status it has there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from trailbook import __version__, canonical
from trailbook.diff import Finding, State
from trailbook.errors import InvalidRequest
from trailbook.plan import Plan
from trailbook.report import ocsf_row
from trailbook.report.model import Report
from trailbook.report.text import clip, technique_address, visible
from trailbook.report.values import shown, to_json
from trailbook.runbook.model import Attack, Runbook
from trailbook.window import parse_time, text

VERSION = "1.5.0"
"""The version of OCSF that the events state and are valid against."""

_Fields: TypeAlias = dict[str, Any]

_CLASS, _CATEGORY = 2004, 2
_CREATE, _UPDATE, _CLOSE = 1, 2, 3
_ACTIVITIES = {_CREATE: "Create", _UPDATE: "Update", _CLOSE: "Close"}
_NEW, _SUPPRESSED, _RESOLVED, _ARCHIVED = 1, 3, 4, 5
_STATUSES = {_NEW: "New", _SUPPRESSED: "Suppressed", _RESOLVED: "Resolved", _ARCHIVED: "Archived"}
_SEVERITIES = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_RULE = 1


def dumps(report: Report) -> bytes:
    """Return an event for each listed finding that changed or is suppressed, in the report's order."""
    events = (_event(report, finding) for finding in report.findings if _told(finding))
    return b"".join(canonical.dumps(to_json(event)) + b"\n" for event in events)


def _told(finding: Finding) -> bool:
    return finding.state is not State.UNCHANGED or finding.suppression is not None


def activity(finding: Finding) -> int:
    """Return the `activity_id` of a finding that has an event."""
    if finding.state is State.ABSENT:
        return _CLOSE
    return _CREATE if finding.state is State.NEW and not finding.reopened else _UPDATE


def status(finding: Finding, kind: str) -> int | None:
    """Return the `status_id`; None where the finding keeps the one it has."""
    if finding.suppression is not None:
        return _SUPPRESSED
    if finding.state is State.ABSENT:
        return _RESOLVED if kind == "state" else _ARCHIVED
    return _NEW if finding.state is State.NEW else None


def _event(report: Report, finding: Finding) -> _Fields:
    runbook, plan, done = report.runbook, report.plan, activity(finding)
    severity = runbook.severity
    return {
        "activity_id": done,
        "activity_name": _ACTIVITIES[done],
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "type_uid": _CLASS * 100 + done,
        "type_name": f"Detection Finding: {_ACTIVITIES[done]}",
        "severity_id": _SEVERITIES[severity],
        "severity": severity.capitalize(),
        "is_alert": _breaks(finding, runbook.expect),
        "message": _message(report, finding),
        **_at("time", plan.window.end),
        **_at("start_time", plan.window.start),
        **_at("end_time", plan.window.end),
        **_status(finding, runbook.result.kind),
        **({"remediation": _remediation(runbook)} if runbook.guide else {}),
        **ocsf_row.described(report, finding),
        "finding_info": _finding_info(report, finding),
        "metadata": _metadata(plan, finding),
        "unmapped": _unmapped(report, finding),
    }


def _at(name: str, moment: datetime) -> _Fields:
    """Return a time as milliseconds since 1970 and, for the profile `datetime`, as RFC 3339 text."""
    return {name: int(moment.timestamp() * 1000), f"{name}_dt": text(moment)}


def _at_text(name: str, value: str) -> _Fields:
    """Return a carried time; nothing where an old snapshot holds a text that is no time."""
    try:
        return _at(name, parse_time(value, name))
    except InvalidRequest:
        return {}


def _breaks(finding: Finding, expect: str) -> bool:
    """Whether this finding breaks what the runbook expects."""
    if finding.suppression is not None or finding.state is State.ABSENT or expect == "anything":
        return False
    return finding.state is State.NEW or expect == "no_findings"


def _message(report: Report, finding: Finding) -> str:
    state = "reopened" if finding.reopened else finding.state.value
    accepted = " (suppressed)" if finding.suppression else ""
    key = ", ".join(f"{name}={clip(shown(finding.row.get(name)))}" for name in report.runbook.result.key)
    return visible(f"{state.capitalize()}{accepted}: {report.runbook.title}: {key}")


def _status(finding: Finding, kind: str) -> _Fields:
    known = status(finding, kind)
    found: _Fields = {} if known is None else {"status_id": known, "status": _STATUSES[known]}
    if finding.suppression is not None:
        why = finding.suppression
        found["status_detail"] = f"{why.reason} (accepted by {why.owner} until {why.expires})"
    return found


def _remediation(runbook: Runbook) -> _Fields:
    return {"desc": runbook.guide, **({"references": runbook.references} if runbook.references else {})}


def _finding_info(report: Report, finding: Finding) -> _Fields:
    runbook, changed = report.runbook, report.plan.window.end
    first = finding.first_seen.time
    info: _Fields = {
        "uid": finding.finding_id,
        "title": runbook.title,
        "desc": runbook.description,
        "types": [runbook.result.kind],
        "data_sources": ["AWS CloudTrail"],
        "analytic": {
            "uid": runbook.id,
            "name": runbook.title,
            "type": "Rule",
            "type_id": _RULE,
            "version": report.plan.template_sha256,
        },
        **_at_text("created_time", first),
        **_at_text("first_seen_time", first),
        **_at_text("last_seen_time", finding.last_seen.time),
        **(_at("modified_time", changed) if finding.state is not State.UNCHANGED else {}),
        "tags": [{"name": name, "values": ids} for name, ids in sorted(runbook.controls.items())],
        "related_events": [{"uid": uid} for uid in ocsf_row.event_ids(finding)],
    }
    if runbook.attack is not None:
        info["attacks"] = [_attack(runbook.attack, technique) for technique in runbook.attack.techniques]
    return {name: value for name, value in info.items() if value != []}


def _attack(attack: Attack, technique: str) -> _Fields:
    parent = technique.partition(".")[0]
    found = {"version": attack.version, "technique": _technique(parent)}
    return found if parent == technique else found | {"sub_technique": _technique(technique)}


def _technique(uid: str) -> _Fields:
    address = technique_address(uid)
    return {"uid": uid} if address is None else {"uid": uid, "src_url": address}


def _metadata(plan: Plan, finding: Finding) -> _Fields:
    return {
        "version": VERSION,
        "profiles": ["cloud", "datetime"],
        "product": {"name": "Trailbook", "uid": "trailbook", "vendor_name": "Trailbook", "version": __version__},
        "uid": canonical.digest(to_json([plan.runbook, plan.run.run_id, plan.run.attempt, finding.finding_id])),
        "correlation_uid": plan.run.run_id,
        "event_code": plan.runbook,
        "log_name": "CloudTrail",
        "log_provider": "AWS",
    }


def _unmapped(report: Report, finding: Finding) -> _Fields:
    """Return what OCSF has no place for; `compliance` is where readers of Prowler's events look."""
    changes: Mapping[str, Any] = {name: {"old": old, "new": new} for name, (old, new) in finding.changes.items()}
    return {
        "state": finding.state.value,
        "reopened": finding.reopened,
        "first_seen_run": finding.first_seen.run_id,
        "last_seen_run": finding.last_seen.run_id,
        "report": report.outcome.prefix,
        "verdict": report.outcome.judgement.verdict.value,
        **({"changes": changes} if changes else {}),
        **({"compliance": report.runbook.controls} if report.runbook.controls else {}),
        **({"mappings_reviewed": False} if report.runbook.unreviewed else {}),
    }
