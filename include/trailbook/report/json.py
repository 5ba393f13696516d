"""`report.json`: the whole report, canonical (RFC 8785), for machines and those who check; values as in `values`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from trailbook import canonical
from trailbook.canonical import Json
from trailbook.diff import Finding, Seen, State, Suppression
from trailbook.errors import EvidenceError
from trailbook.outcome import Outcome
from trailbook.plan import Plan
from trailbook.report import statements
from trailbook.report.model import Report, build, next_runbooks
from trailbook.report.values import from_json, to_json

FORMAT = "trailbook.report/1"


def dumps(report: Report) -> bytes:
    """Return the report as canonical JSON."""
    counted: dict[str, Json] = {"listed": len(report.findings), "total": report.total}
    return canonical.dumps(
        {
            "format": FORMAT,
            "plan": to_json(report.plan.to_json()),
            "outcome": to_json(report.outcome.to_json()),
            "findings": [_finding(finding) for finding in report.findings],
            "findings_listed": counted,
            "tally": to_json(asdict(report.tally)),
            "expired_allow": list(report.expired_allow),
            "stale_allow": list(report.stale_allow),
            "versions": to_json(dict(report.versions)),
            "statements": _statements(report),
            "next": [
                {"runbook": pivot.pivot.runbook, "commands": [to_json(step.command) for step in pivot.steps]}
                for pivot in next_runbooks(report)
            ],
            "cost_estimate_usd": f"{report.cost_usd:f}",
        }
    )


def _statements(report: Report) -> Json:
    seen = report.outcome.completeness
    return to_json(
        {
            "verdict": statements.verdict(report),
            "meaning": statements.MEANINGS[report.outcome.judgement.verdict],
            "completeness": statements.completeness(seen),
            "gaps": statements.gaps(seen),
            "comparison": statements.comparison(report),
            "mappings": statements.mappings(report.runbook),
        }
    )


def _finding(finding: Finding) -> Json:
    return to_json(
        {
            "finding_id": finding.finding_id,
            "state": finding.state.value,
            "reopened": finding.reopened,
            "first_seen": asdict(finding.first_seen),
            "last_seen": asdict(finding.last_seen),
            "suppression": None if finding.suppression is None else asdict(finding.suppression),
            "changes": {name: {"old": old, "new": new} for name, (old, new) in finding.changes.items()},
            "row": finding.row,
        }
    )


def loads(body: bytes) -> Report:
    """Return the report of `dumps`. Raises EvidenceError where the text is no report of this format."""
    data = canonical.loads(body)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise EvidenceError(f"report.json: expected the format {FORMAT}, found {found!r}")
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError(
            f"report.json: expected a whole report, found one without or with a wrong: {error}"
        ) from error


def _read(data: Mapping[str, Any]) -> Report:
    outcome = Outcome.from_json(data["outcome"])
    types = {column.name: column.type for column in outcome.columns}
    return build(
        Plan.from_json(data["plan"]),
        outcome,
        [_read_finding(finding, types) for finding in data["findings"]],
        expired_allow=data["expired_allow"],
        versions=data["versions"],
    )


def _read_finding(data: Mapping[str, Any], types: Mapping[str, str]) -> Finding:
    def value(name: str, plain: Any) -> Any:
        return from_json(plain, types.get(name, "varchar"))

    return Finding(
        finding_id=data["finding_id"],
        state=State(data["state"]),
        row={column: value(column, data["row"][column]) for column in types if column in data["row"]},
        reopened=data["reopened"],
        first_seen=Seen(**data["first_seen"]),
        last_seen=Seen(**data["last_seen"]),
        changes={
            name: (value(name, change["old"]), value(name, change["new"])) for name, change in data["changes"].items()
        },
        suppression=None if data["suppression"] is None else Suppression(**data["suppression"]),
    )
