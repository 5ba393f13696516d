"""What a compliance view says in sentences, the same on the page, in its JSON, in the ledger and on a terminal.

Invariant: what has no evidence is said first, and nothing reads as an all-clear beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

from trailbook.compliance.evidence import Evidence, Lacking, Standing, Stretch
from trailbook.compliance.view import ComplianceView, Control, FrameworkView
from trailbook.report.index_statements import SUPPORTS as NOTICE
from trailbook.report.statements import duration, span
from trailbook.verdict import Verdict
from trailbook.words import amount

__all__ = [
    "MEANINGS",
    "NOTICE",
    "STANDINGS",
    "UNREVIEWED",
    "evidenced",
    "gaps",
    "heading",
    "last_good",
    "period",
    "reasons",
    "remarks",
    "runs",
    "stretch",
    "why_none",
]

UNREVIEWED = "The mappings of some of these runbooks were read by nobody beside their authors."
MEANINGS = {
    Verdict.PASS: "Each listed control has the evidence that its runbooks owe for this period, and no run fails.",
    Verdict.FAIL: "At least one run of the period fails at its last word: someone must act.",
    Verdict.INCOMPLETE: "Evidence is missing: nothing found does not mean that nothing happened.",
}
STANDINGS: Mapping[Standing, tuple[str, str]] = MappingProxyType(
    {
        Standing.NONE: ("✕", "no evidence"),
        Standing.PARTIAL: ("!", "partial"),
        Standing.WHOLE: ("✓", "evidence"),
        Standing.IDLE: ("–", "not due"),
    }
)
"""The mark and the word of each, the one that needs somebody first."""
_NAMED = 5
_WHY = {
    Lacking.NO_RUN: "without a run",
    Lacking.ERROR: "whose run ended in an error",
    Lacking.NARROWED: "looked at with other parameters only",
    Lacking.INCOMPLETE: "not looked at whole",
}


def reasons(view: ComplianceView) -> tuple[str, ...]:
    """Return why the view has its verdict, a clause each: what has no evidence first, what fails last."""
    none, partial = view.of(Standing.NONE), view.of(Standing.PARTIAL)
    found = [
        *(
            [f"{amount(len(none), 'control')} of {view.controls} without any evidence: {_controls(none)}"]
            if none
            else ()
        ),
        *(f"the ledger is not as it was recorded: {fault}" for fault in view.faults[:_NAMED]),
        *([f"{amount(len(view.left_out), 'broken runbook')} left out: {_few(view.left_out)}"] if view.left_out else ()),
        *(
            [f"{amount(len(partial), 'control')} of {view.controls} with part of the evidence: {_controls(partial)}"]
            if partial
            else ()
        ),
    ]
    if view.failing:
        runs = sum(len(of.of(Verdict.FAIL)) for of in view.failing)
        names = _few(of.runbook.id for of in view.failing)
        found.append(f"{amount(runs, 'run')} of {amount(len(view.failing), 'runbook')} failing: {names}")
    return tuple(found) or (f"{amount(view.controls, 'control')}, each with its evidence, and no run fails",)


def gaps(of: Evidence) -> tuple[str, ...]:
    """Return what is missing of a runbook's evidence, a clause each; empty where nothing is."""
    if of.standing is Standing.IDLE:
        return ()
    counted = Counter(lack.why for lack in of.lacks)
    found = [f"{amount(counted[why], 'window')} {words}" for why, words in _WHY.items() if counted[why]]
    if not of.expected and of.standing is Standing.NONE:
        found.append("no run of the period has a result")
    elif not of.expected and of.standing is Standing.PARTIAL:
        found.append("its last run did not look at its window whole")
    return tuple(found)


def stretch(of: Stretch) -> str:
    """Return windows without evidence that touch: `2026-11-01 to 2026-11-09 UTC, 9 windows: no run`."""
    windows = f", {amount(of.windows, 'window')}" if of.windows > 1 else ""
    return f"{span(of.window)}{windows}: {of.why.value}"


def remarks(of: Evidence) -> tuple[str, ...]:
    """Return what else a reader must know of a runbook's evidence, a clause each."""
    found = []
    if of.standing is Standing.IDLE:
        found.append("nothing was due, and nobody asked" if of.runbook.cadence else "on demand, and nobody asked")
    if of.later:
        found.append(f"{amount(of.later, 'window')} not due yet")
    if of.narrowed:
        found.append(f"{amount(len(of.narrowed), 'run')} with other parameters, which is no evidence here")
    return tuple(found)


def why_none(control: Control) -> str:
    """Return why a control has no evidence."""
    if not control.evidence:
        return "no runbook maps to it"
    if all(of.standing is Standing.IDLE for of in control.evidence):
        return "its runbooks were not due, and nobody asked"
    return "no run of its runbooks has a result"


def last_good(view: ComplianceView, of: Evidence) -> str | None:
    """Return how old a runbook's last whole result was when the period ended; None where it has none."""
    age = of.age(view.period.end)
    if age is None:
        return None
    return "at the period's end" if age <= timedelta(0) else f"{duration(age)} before the period's end"


def runs(of: Evidence) -> str:
    """Return how many runs there are of each verdict: `31 runs: 28 pass, 2 fail, 1 error`."""
    counted = Counter(run.verdict for run in of.runs)
    said = ", ".join(f"{counted[verdict]} {verdict.value}" for verdict in _ORDER if counted[verdict])
    return f"{amount(len(of.runs), 'run')}{f': {said}' if said else ''}"


def heading(view: ComplianceView) -> str:
    """Return what the view is of."""
    if len(view.frameworks) == 1:
        return view.frameworks[0].title
    return amount(len(view.frameworks), "framework")


def period(view: ComplianceView) -> str:
    """Return the period with its length."""
    return f"{span(view.period)} ({duration(view.period.duration)})"


def evidenced(framework: FrameworkView) -> str:
    """Return how many of a framework's controls have which evidence."""
    parts = (
        (len(framework.of(Standing.NONE)), "without evidence"),
        (len(framework.of(Standing.PARTIAL)), "with part of it"),
        (len(framework.of(Standing.WHOLE)), "with all of it"),
    )
    said = ", ".join(f"{number} {words}" for number, words in parts if number)
    return f"{amount(len(framework.controls), 'control')}: {said}" if said else "no controls"


_ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCOMPLETE, Verdict.PASS)


def _controls(found: Iterable[tuple[FrameworkView, Control]]) -> str:
    """Return the controls of one framework, `NIST SP 800-53 rev5 AU-6, AC-2`; of several, how many of each."""
    by: dict[str, list[str]] = {}
    for framework, control in found:
        by.setdefault(framework.title, []).append(control.id)
    if len(by) > 1:
        return "; ".join(f"{len(ids)} of {title}" for title, ids in by.items())
    return "".join(f"{title} {_few(ids)}" for title, ids in by.items())


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
