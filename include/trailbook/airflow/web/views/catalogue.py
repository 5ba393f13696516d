"""The page Runbooks: the library as one list, what needs a person first, with filters and what is known of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trailbook.airflow.web.dag_states import DagState
from trailbook.airflow.web.views.filters import SEVERITIES, VERDICTS, Choice, Filters, choices
from trailbook.airflow.web.views.trend import Trend, trend
from trailbook.airflow.web.views.words import Part, ago, found, started
from trailbook.ledger.index_rows import RunSummary
from trailbook.runbook.model import Runbook
from trailbook.window import parse_time


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of some runbooks: from the index, and from Airflow."""

    latest: Mapping[str, RunSummary]
    good: Mapping[str, RunSummary]
    trends: Mapping[str, Sequence[RunSummary]]
    dags: Mapping[str, DagState]


@dataclass(frozen=True, slots=True)
class Past:
    """What a runbook's runs say: the last one (`verdict` is `none` without one), the last whole one, the trend."""

    verdict: str
    last: RunSummary | None
    last_ago: str
    last_started: str
    found: tuple[Part, ...]
    good_ago: str
    trend: Trend | None


@dataclass(frozen=True, slots=True)
class Line:
    """One runbook of the list. A `retired` one has a history and no valid file any more.

    `words` is what a search looks through, here and in the script while somebody types.
    """

    id: str
    title: str
    severity: str
    status: str
    owner: str
    retired: bool
    schedule: str
    next_run: str
    past: Past
    words: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The page. `total` counts all that the reader may see."""

    filters: Filters
    choices: tuple[Choice, ...]
    lines: tuple[Line, ...]
    total: int
    tally: tuple[tuple[str, int], ...]
    problems: int


def catalogue(
    runbooks: Mapping[str, Runbook],
    retired: Iterable[str],
    known: Known,
    filters: Filters,
    *,
    problems: int,
    now: datetime,
) -> Catalogue:
    """Return the page for the runbooks that a reader may see; `problems` counts the flaws of broken files."""
    gone = {name for name in retired if name not in runbooks}
    lines = [_line(name, runbook, known, now) for name, runbook in runbooks.items()]
    lines += [_gone(name, known, now) for name in gone]
    chosen = [line for line in lines if _matches(line, runbooks.get(line.id), filters)]
    chosen.sort(key=_attention)
    tally = tuple((verdict, sum(line.past.verdict == verdict for line in lines)) for verdict in VERDICTS)
    return Catalogue(
        filters=filters,
        choices=choices(list(runbooks.values()), filters),
        lines=tuple(chosen),
        total=len(lines),
        tally=tuple(part for part in tally if part[1]),
        problems=problems,
    )


def past(name: str, known: Known, now: datetime) -> Past:
    """Return what a runbook's runs say."""
    last, good = known.latest.get(name), known.good.get(name)
    return Past(
        verdict="none" if last is None else last.verdict.value,
        last=last,
        last_ago="" if last is None else ago(parse_time(last.finished, "finished"), now),
        last_started="" if last is None else started(last.trigger, last.triggered_by),
        found=() if last is None else found(last.counts),
        good_ago="" if good is None else ago(parse_time(good.finished, "finished"), now),
        trend=trend(known.trends.get(name, ())),
    )


def next_run(runbook: Runbook, dag: DagState | None, now: datetime) -> str:
    """Return when a runbook runs next, in words; empty where nothing but a person starts it."""
    if runbook.schedule is None:
        return ""
    if dag is None:
        return "not in Airflow yet"
    if dag.paused:
        return "paused in Airflow"
    if dag.next_run is None:
        return "none planned"
    return ago(dag.next_run, now) if dag.next_run > now else f"was due {ago(dag.next_run, now)}"


def _attention(line: Line) -> tuple[int, int, str]:
    rank = SEVERITIES.index(line.severity) if line.severity in SEVERITIES else len(SEVERITIES)
    return VERDICTS.index(line.past.verdict), rank, line.id


def _line(name: str, runbook: Runbook, known: Known, now: datetime) -> Line:
    mapped = [*(runbook.attack.techniques if runbook.attack else ()), *runbook.controls]
    mapped += [control for controls in runbook.controls.values() for control in controls]
    return Line(
        id=name,
        title=runbook.title,
        severity=runbook.severity,
        status=runbook.status,
        owner=runbook.owner,
        retired=False,
        schedule="on demand" if runbook.schedule is None else runbook.schedule.cron,
        next_run=next_run(runbook, known.dags.get(name), now),
        past=past(name, known, now),
        words=" ".join(" ".join((name, runbook.title, runbook.description, runbook.owner, *mapped)).lower().split()),
    )


def _gone(name: str, known: Known, now: datetime) -> Line:
    of = past(name, known, now)
    severity = (of.last.severity if of.last is not None else None) or "unknown"
    return Line(name, name, severity, "retired", "", True, "", "", of, name.lower())


def _matches(line: Line, runbook: Runbook | None, asked: Filters) -> bool:
    if not all(word in line.words for word in asked.q.lower().split()):
        return False
    plain = ((asked.verdict, line.past.verdict), (asked.severity, line.severity), (asked.status, line.status))
    if any(wanted and wanted != has for wanted, has in (*plain, (asked.owner, line.owner))):
        return False
    if not (asked.framework or asked.control or asked.technique):
        return True
    return runbook is not None and asked.fits_mappings(runbook)
