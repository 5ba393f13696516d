"""What the page Compliance shows: a framework's controls, their evidence in a period, and where to go for more.

Invariant: it says what the roll-up's report says (`trailbook.compliance.statements`), with what is missing first; of
runbooks that the reader may not see it says nothing, and says that it does not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from trailbook.compliance import statements as says
from trailbook.compliance.evidence import Evidence, Standing, Stretch
from trailbook.compliance.view import ComplianceView, Control
from trailbook.errors import InvalidRequest
from trailbook.ledger.index_rows import RunSummary
from trailbook.report.statements import span
from trailbook.window import Window, text

MOST_WINDOWS = 5
"""Stretches of windows without evidence that the page lists of a runbook; the roll-up's report.json has all."""
LONGEST = timedelta(days=400)
DEFAULT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, as typed: a framework (empty: all), the first and the last day."""

    framework: str = ""
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Windows without evidence, and the values that a form needs to look at them now, in one run."""

    of: Stretch
    says: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A runbook's evidence."""

    of: Evidence
    mark: str
    word: str
    runs: str
    gaps: tuple[str, ...]
    remarks: tuple[str, ...]
    good_ago: str | None
    windows: tuple[Gap, ...]
    more: int
    startable: bool


@dataclass(frozen=True, slots=True)
class Without:
    """A framework's controls that have no evidence for one reason."""

    framework: str
    why: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Controls:
    """The page. `lacking` and `others` are all runbooks: those whose evidence is missing or in part, and the rest."""

    asked: Asked
    view: ComplianceView
    heading: str
    period: str
    frameworks: tuple[tuple[str, str], ...]
    periods: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    rows: Mapping[str, Row]
    lacking: tuple[Row, ...]
    without: tuple[Without, ...]
    others: tuple[Row, ...]
    hidden: int
    rollups: tuple[tuple[RunSummary, str], ...]
    rolls: bool


def period_of(asked: Asked, today: date) -> Window:
    """Return the period of whole days, UTC. Raises InvalidRequest with every reason."""
    reasons: list[str] = []
    last = _day(asked.end, "to", reasons) or today
    first = _day(asked.start, "from", reasons) or last - timedelta(days=DEFAULT_DAYS - 1)
    if not reasons and first > last:
        reasons.append(f"from: expected a day not after {last}, found {first}")
    elif not reasons and last - first > LONGEST:
        reasons.append(f"from: expected at most {LONGEST.days} days, found {(last - first).days}")
    if reasons:
        raise InvalidRequest(*reasons)
    return Window(_midnight(first), _midnight(last) + timedelta(days=1))


def controls(
    view: ComplianceView,
    *,
    asked: Asked,
    frameworks: Sequence[tuple[str, str]],
    hidden: int,
    rollups: Sequence[RunSummary],
    rolls: bool,
    may_start: Callable[[str], bool],
    today: date,
) -> Controls:
    """Return the page of a compliance view; `hidden` is how many runbooks the reader may not see."""
    lacking = {of.runbook.id for of in view.lacking}
    rows = {of.runbook.id: _row(view, of, may_start) for of in view.evidence}
    return Controls(
        asked=Asked(
            asked.framework, f"{view.period.start:%Y-%m-%d}", f"{view.period.end - timedelta(days=1):%Y-%m-%d}"
        ),
        view=view,
        heading=says.heading(view),
        period=says.period(view),
        frameworks=tuple(frameworks),
        periods=tuple(_periods(asked.framework, today)),
        rows=rows,
        lacking=tuple(row for name, row in rows.items() if name in lacking),
        without=_without(view),
        others=tuple(row for name, row in rows.items() if name not in lacking),
        hidden=hidden,
        rollups=tuple((run, run.run_id if run.window is None else span(run.window)) for run in rollups),
        rolls=rolls,
    )


def _row(view: ComplianceView, of: Evidence, may_start: Callable[[str], bool]) -> Row:
    mark, word = says.STANDINGS[of.standing]
    stretches, more = of.listed(MOST_WINDOWS)
    return Row(
        of=of,
        mark=mark,
        word=word,
        runs=says.runs(of),
        gaps=says.gaps(of),
        remarks=says.remarks(of),
        good_ago=says.last_good(view, of),
        windows=tuple(map(_gap, stretches)),
        more=more,
        startable=bool(of.lacks) and may_start(of.runbook.id),
    )


def _without(view: ComplianceView) -> tuple[Without, ...]:
    found: dict[tuple[str, str], list[Control]] = {}
    for framework, control in view.of(Standing.NONE):
        found.setdefault((framework.title, says.why_none(control)), []).append(control)
    return tuple(Without(title, why, tuple(controls)) for (title, why), controls in found.items())


def _gap(of: Stretch) -> Gap:
    return Gap(of, says.stretch(of), (("start", text(of.window.start)), ("end", text(of.window.end))))


def _periods(framework: str, today: date) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Return the periods that people ask for most, as the query of each."""
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    spans = (
        ("Last 7 days", today - timedelta(days=6), today),
        ("Last week", monday - timedelta(days=7), monday - timedelta(days=1)),
        ("This month", first, today),
        ("Last month", before.replace(day=1), before),
        ("Last 90 days", today - timedelta(days=89), today),
    )
    return [
        (name, (("framework", framework), ("from", start.isoformat()), ("to", end.isoformat())))
        for name, start, end in spans
    ]


def _day(value: str, name: str, reasons: list[str]) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        reasons.append(f"{name}: expected a day like 2026-01-31, found {value[:40]!r}")
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
