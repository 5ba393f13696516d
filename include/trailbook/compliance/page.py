"""The compliance report as one page, with the look and the engine of a run's report (`trailbook.report.html`).

Invariant: what has no evidence stands at the top; a run's report is linked by its key only, below this report's own
store, and its address is shown as text.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from trailbook.compliance import statements as says
from trailbook.compliance.evidence import Evidence, Standing, Stretch
from trailbook.compliance.report import ComplianceReport
from trailbook.compliance.view import ComplianceView, Control, FrameworkView
from trailbook.ledger.index_rows import RunSummary
from trailbook.report.html import MARKS, environment, style_hash
from trailbook.report.statements import begun, moment, span
from trailbook.verdict import Verdict

MOST_WINDOWS = 10
"""Stretches of windows without evidence that the page lists of a runbook; report.json has every window."""

_ROOT = "../../../"  # from <chain>/<window>/<run>/report.html to the store's top


@dataclass(frozen=True, slots=True)
class Row:
    """A runbook's line of the page."""

    of: Evidence
    standing: str
    mark: str
    word: str
    runs: str
    gaps: tuple[str, ...]
    remarks: tuple[str, ...]
    age: str | None
    stretches: tuple[Stretch, ...]
    more: int


def render(report: ComplianceReport, *, beside: bool) -> bytes:
    """Return the page as UTF-8; with `beside`, the runs' reports lie in the store in which it will be."""
    engine = environment()
    style = "".join(engine.get_template(name).render() for name in ("report.css", "compliance.css"))
    page = engine.get_template("compliance.html.j2").render(_context(report, beside), style_hash=style_hash(style))
    return page.encode("utf-8")


def _context(report: ComplianceReport, beside: bool) -> dict[str, Any]:
    view = report.view
    reasons = says.reasons(view)
    return {
        "report": report,
        "view": view,
        "verdict": view.verdict.value,
        "verdict_mark": MARKS[view.verdict],
        "marks": {verdict.value: mark for verdict, mark in MARKS.items()},
        "meaning": says.MEANINGS[view.verdict],
        "reasons": reasons,
        "heading": says.heading(view),
        "period": says.period(view),
        "span": span,
        "stretch": says.stretch,
        "moment": moment,
        "begun": begun(report.run),
        "notice": says.NOTICE,
        "unreviewed": says.UNREVIEWED if any(not of.runbook.reviewed for of in view.evidence) else None,
        "without": view.of(Standing.NONE),
        "lacking": tuple(row for row in map(partial(_row, view), view.lacking)),
        "rows": tuple(map(partial(_row, view), view.evidence)),
        "evidenced": says.evidenced,
        "tally": _tally(view),
        "standings": {standing.value: shown for standing, shown in says.STANDINGS.items()},
        "why_none": says.why_none,
        "sorted_controls": _by_need,
        "link": _link if beside else _no_link,
        "runs_of": says.runs,
    }


def _row(view: ComplianceView, of: Evidence) -> Row:
    mark, word = says.STANDINGS[of.standing]
    stretches, more = of.listed(MOST_WINDOWS)
    return Row(
        of=of,
        standing=of.standing.value,
        mark=mark,
        word=word,
        runs=says.runs(of),
        gaps=says.gaps(of),
        remarks=says.remarks(of),
        age=says.last_good(view, of),
        stretches=stretches,
        more=more,
    )


def _by_need(framework: FrameworkView) -> tuple[Control, ...]:
    order = tuple(says.STANDINGS)
    return tuple(sorted(framework.controls, key=lambda control: order.index(control.standing)))


def _tally(view: ComplianceView) -> tuple[tuple[str, str, str, int], ...]:
    shown = (
        (Standing.NONE, "no evidence"),
        (Standing.PARTIAL, "part of the evidence"),
        (Standing.WHOLE, "all evidence"),
    )
    counts = [(standing.value, says.STANDINGS[standing][0], words, len(view.of(standing))) for standing, words in shown]
    failing = sum(len(of.of(Verdict.FAIL)) for of in view.evidence)
    return (*counts, ("fail", MARKS[Verdict.FAIL], "failing runs", failing))


def _link(run: RunSummary | None) -> str | None:
    """Return the way from this page to a run's report."""
    if run is None or run.manifest is None:
        return None
    return _ROOT + quote(f"{run.manifest.key.rpartition('/')[0]}/report.html", safe="/=")


def _no_link(run: RunSummary | None) -> str | None:
    return None
