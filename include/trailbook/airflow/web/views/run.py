"""The page of a run: what it says, what it was made of, where each finding leads, and what backs it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from trailbook.airflow.web.evidence import File
from trailbook.airflow.web.verification import Check
from trailbook.airflow.web.views.words import Part, found, started
from trailbook.diff import State
from trailbook.ledger import Entry
from trailbook.ledger.index_rows import RunSummary
from trailbook.report.model import Report, pivot_values
from trailbook.report.statements import MEANINGS, span
from trailbook.window import text
from trailbook.words import sentence

MOST_ROWS = 50
"""Findings of one group that the page lists until somebody asks for all that the report lists."""

MOST_LINK = 4000
"""Characters of an address that every browser and proxy takes; a pivot with more is no link."""

_WINDOW = ("start", "end")


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a finding leads: the next runbook's form with its parameters filled."""

    title: str
    runbook: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RunPage:
    """The page. `report` is None where there is none, or where `faults` say that it is not the recorded one."""

    title: str
    entry: Entry
    verdict: str
    meaning: str
    reasons: tuple[str, ...]
    window: str
    started: str
    found: tuple[Part, ...]
    attempts: tuple[RunSummary, ...]
    report: Report | None
    leads: Mapping[str, tuple[Lead, ...]]
    files: tuple[File, ...]
    faults: tuple[str, ...]
    checks: tuple[Check, ...]
    entry_uri: str
    again: bool
    most_rows: int

    @property
    def verified(self) -> bool | None:
        """Whether every check that was asked for is good; None where none was asked for."""
        return all(check.good is not False for check in self.checks) if self.checks else None


def run_page(
    entry: Entry,
    *,
    title: str,
    attempts: Sequence[RunSummary],
    report: Report | None,
    files: Sequence[File],
    faults: Sequence[str],
    checks: Sequence[Check],
    entry_uri: str,
    may_start: Callable[[str], bool],
    listed: Collection[str],
    most_rows: int = MOST_ROWS,
) -> RunPage:
    """Return the page of an entry.

    `may_start` tells which runbooks the reader may start, `listed` are the ids of the findings that the page lists:
    only there is a lead of use.
    """
    record = entry.record
    return RunPage(
        title=report.runbook.title if report is not None else title,
        entry=entry,
        verdict=record.verdict.value,
        meaning=MEANINGS[record.verdict],
        reasons=tuple(sentence(reason) for reason in record.reasons),
        window=span(record.window) if record.window is not None else "none: the run ended before it had one",
        started=started(record.run.trigger, record.run.triggered_by),
        found=found(record.counts),
        attempts=tuple(attempts),
        report=report,
        leads={} if report is None else leads(report, may_start, listed),
        files=tuple(files),
        faults=tuple(faults),
        checks=tuple(checks),
        entry_uri=entry_uri,
        again=may_start(record.runbook),
        most_rows=most_rows,
    )


def leads(report: Report, may_start: Callable[[str], bool], listed: Collection[str]) -> Mapping[str, tuple[Lead, ...]]:
    """Return where each listed finding that is there leads, by its id; the next runbook looks at this run's window."""
    window = tuple(zip(_WINDOW, (text(report.plan.window.start), text(report.plan.window.end)), strict=True))
    pivots = [pivot for pivot in report.runbook.pivots if may_start(pivot.runbook)]
    led: dict[str, tuple[Lead, ...]] = {}
    for finding in report.findings:
        if finding.state is State.ABSENT or finding.finding_id not in listed:
            continue
        ways = []
        for pivot in pivots:
            values = pivot_values(pivot, finding.row)
            if values is None or sum(len(part) for pair in values.items() for part in pair) > MOST_LINK:
                continue
            ways.append(Lead(pivot.title or pivot.runbook, pivot.runbook, (*values.items(), *window)))
        led[finding.finding_id] = tuple(ways)
    return led
