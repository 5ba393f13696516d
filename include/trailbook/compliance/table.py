"""`controls.csv`: one line for each control and each runbook that maps to it, for a spreadsheet (see report.csv).

A control that no runbook maps to has one line as well, whose runbook is empty.
"""

from collections.abc import Iterator
from typing import Any

from trailbook.compliance import statements
from trailbook.compliance.evidence import Evidence
from trailbook.compliance.view import ComplianceView
from trailbook.ledger.index_rows import RunSummary
from trailbook.report import csv
from trailbook.verdict import Verdict
from trailbook.window import text

CONTROL_COLUMNS = ("framework", "control", "about", "evidence", "verdict")
RUNBOOK_COLUMNS = (
    *("runbook", "title", "severity", "runbook_evidence", "missing", "windows_expected", "windows_with_evidence"),
    *("runs", "runs_fail", "runs_error", "runs_incomplete", "runs_pass"),
    *("last_verdict", "last_window_end", "last_run", "last_report"),
    *("last_good_window_end", "last_good_age_days", "last_good_run", "last_good_report"),
    *("last_good_entry", "last_good_fingerprint", "open_findings", "new_findings"),
)


def dumps(view: ComplianceView) -> bytes:
    """Return the view as CSV, in the order of the page; what has no evidence comes first."""
    return "".join(csv.line(values) for values in rows(view)).encode("utf-8")


def rows(view: ComplianceView) -> Iterator[tuple[Any, ...]]:
    """Yield the header and the lines."""
    yield (*CONTROL_COLUMNS, *RUNBOOK_COLUMNS)
    every = ((framework, control) for framework in view.frameworks for control in framework.controls)
    order = ("none", "partial", "whole")
    for framework, control in sorted(every, key=lambda found: order.index(found[1].standing.value)):
        of_control = (framework.title, control.id, control.about, control.standing.value, control.verdict.value)
        if not control.evidence:
            yield (*of_control, *(None for _ in RUNBOOK_COLUMNS))
        for of in control.evidence:
            yield (*of_control, *_runbook(view, of))


def _runbook(view: ComplianceView, of: Evidence) -> Iterator[Any]:
    age, last, good = of.age(view.period.end), of.last, of.last_good
    counts = None if good is None else good.counts
    yield from (of.runbook.id, of.runbook.title, of.runbook.severity, of.standing.value)
    yield "; ".join((*statements.gaps(of), *statements.remarks(of)))
    yield from (of.expected, of.found, len(of.runs))
    yield from (len(of.of(verdict)) for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.INCOMPLETE, Verdict.PASS))
    yield None if last is None else last.verdict.value
    yield from _run(last)
    yield None if good is None else text(good.placed)
    yield None if age is None else round(age.total_seconds() / 86400, 2)
    yield from _run(good)[1:]
    yield from (None, None) if good is None else (good.sequence, good.fingerprint)
    yield from (None, None) if counts is None else (counts.open_present, counts.open_new)


def _run(run: RunSummary | None) -> tuple[Any, ...]:
    return (None, None, None) if run is None else (text(run.placed), run.run_id, run.report_uri)
