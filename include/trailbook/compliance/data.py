"""`report.json` of a compliance report: all of it, canonical; each run by its entry's place and fingerprint."""

from dataclasses import asdict
from typing import Any

from trailbook import canonical
from trailbook.canonical import Json
from trailbook.compliance import statements
from trailbook.compliance.evidence import Evidence
from trailbook.compliance.report import ComplianceReport
from trailbook.compliance.view import ComplianceView, Control
from trailbook.ledger.index_rows import RunSummary
from trailbook.report.values import to_json
from trailbook.verdict import Verdict
from trailbook.window import Window, text

FORMAT = "trailbook.compliance/1"


def dumps(report: ComplianceReport) -> bytes:
    """Return the report as canonical JSON."""
    about: dict[str, Any] = {
        "format": FORMAT,
        "version": report.version,
        "run": asdict(report.run),
        "started": report.started,
        "frameworks_asked": report.asked,
        "runbooks_sha256": report.runbooks_sha256,
        "chains": {name: asdict(head) for name, head in sorted(report.heads.items())},
    }
    return canonical.dumps(to_json(about | view_json(report.view)))


def view_json(view: ComplianceView) -> dict[str, Any]:
    """Return a view as plain values, its sentences beside its data."""
    return {
        "notice": statements.NOTICE,
        "period": _window(view.period),
        "looked_at": text(view.by),
        "verdict": view.verdict.value,
        "reasons": statements.reasons(view),
        "frameworks": [
            {
                "name": framework.name,
                "title": framework.title,
                "controls": [_control(control) for control in framework.controls],
            }
            for framework in view.frameworks
        ],
        "runbooks": [_evidence(view, of) for of in view.evidence],
        "unmapped": view.unmapped,
        "left_out": view.left_out,
        "faults": view.faults,
    }


def _control(control: Control) -> dict[str, Any]:
    return {
        "id": control.id,
        "about": control.about,
        "evidence": control.standing.value,
        "verdict": control.verdict.value,
        "runbooks": [of.runbook.id for of in control.evidence],
    }


def _evidence(view: ComplianceView, of: Evidence) -> dict[str, Any]:
    age, runbook = of.age(view.period.end), of.runbook
    return {
        "id": runbook.id,
        "title": runbook.title,
        "severity": runbook.severity,
        "sha256": runbook.sha256,
        "schedule": None if runbook.cadence is None else runbook.cadence.cron,
        "mappings_reviewed": runbook.reviewed,
        "evidence": of.standing.value,
        "missing": statements.gaps(of),
        "remarks": statements.remarks(of),
        "windows": {
            "expected": of.expected,
            "with_evidence": of.found,
            "not_due_yet": of.later,
            "without_evidence": [
                _window(lack.window) | {"why": lack.why.value, "entry": lack.run and lack.run.sequence}
                for lack in of.lacks
            ],
        },
        "verdicts": {verdict.value: len(of.of(verdict)) for verdict in Verdict},
        "last_good": None if of.last_good is None else _run(of.last_good),
        "last_good_age_seconds": None if age is None else round(age.total_seconds()),
        "runs": [_run(run) | {"narrowed": run in of.narrowed} for run in of.runs],
    }


def _run(run: RunSummary) -> dict[str, Json]:
    return {
        "entry": run.sequence,
        "fingerprint": run.fingerprint,
        "run_id": to_json(run.run_id),
        "attempt": run.attempt,
        "verdict": run.verdict.value,
        "window": None if run.window is None else {**_window(run.window)},
        "counts": None if run.counts is None else asdict(run.counts),
        "gaps": list(run.gaps),
        "error": run.error,
        "report": run.report_uri,
        "manifest_sha256": None if run.manifest is None else run.manifest.sha256,
    }


def _window(window: Window) -> dict[str, Any]:
    return {"start": text(window.start), "end": text(window.end)}
