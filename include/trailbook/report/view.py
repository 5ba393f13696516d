"""What the page shows of a report: findings in groups, each as a row of columns and the rest beneath it.

Invariant: plain values and text only; the template engine escapes and marks hidden characters, for all alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from trailbook.diff import EVENT_TIME, Finding, State, Suppression
from trailbook.report.model import Report
from trailbook.report.text import amount, clip
from trailbook.report.values import is_number, items, shown

MOST_ROWS = 500
"""Findings of one group that the page lists; report.json and findings.csv have all."""

EVENT_COLUMNS = ("event_ids", "event_id")
_TOLD_FIRST = (EVENT_TIME, "event_name")
_MOST_ACCOUNTS = 200

# In characters: what the first line of a finding has room for beside `First seen`, what a column costs besides its
# text, and the width at which a text folds. `_MEASURED` findings decide, so that a long report stays quick.
_ROOM, _GAP, _FOLDED, _LEAST, _MEASURED = 104, 3, 24, 3, 2000


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, with the value before it where it changed."""

    text: str
    old: str | None = None
    number: bool = False
    null: bool = False

    @property
    def kind(self) -> str:
        """How the cell is set: numbers to the right, short texts on one line, long ones folded in a wide column."""
        if self.number:
            return "n"
        return "short" if len(self.text) + len(self.old or "") <= _FOLDED else "long"


@dataclass(frozen=True, slots=True)
class Row:
    """One finding: `cells` stand under the group's columns, `rest` beneath them with their names."""

    finding_id: str
    state: str
    reopened: bool
    cells: tuple[Cell, ...]
    rest: tuple[tuple[str, Cell], ...]
    event_ids: tuple[str, ...]
    first_run: str
    first_time: str
    last_run: str
    last_time: str
    suppression: Suppression | None


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one kind. `total` counts all, `rows` are those that the page lists."""

    name: str
    title: str
    says: str
    mark: str
    total: int
    rows: tuple[Row, ...]

    @property
    def folded(self) -> bool:
        """Whether the page shows the group closed: what nobody must act on."""
        return self.name in ("unchanged", "suppressed")

    @property
    def showing(self) -> str | None:
        """Return `Showing N of M …` where not all are listed."""
        if len(self.rows) >= self.total:
            return None
        return f"Showing {len(self.rows):,} of {amount(self.total, 'finding')}."


_GROUPS = {
    "new": ("New", "not in the run compared with", "+"),
    "updated": ("Updated", "there before, and a measure differs", "Δ"),
    "unchanged": ("Unchanged", "there before, the same", "="),
    "absent": ("Absent", "there before, and now gone", "\u2212"),
    "suppressed": ("Suppressed", "accepted by an allow entry in force; not counted in the verdict", "⊘"),
}

STATE_MARKS: Mapping[str, str] = MappingProxyType({name: mark for name, (_, _, mark) in _GROUPS.items()})
"""The mark of each group, in the order of the page."""


def groups(report: Report, most_rows: int = MOST_ROWS) -> tuple[Group, ...]:
    """Return the five groups in the order of the page, each with its first `most_rows`; each finding is in one."""
    head = head_columns(report)
    tests: dict[str, Callable[[Finding], bool]] = {
        state.value: lambda finding, state=state: finding.state is state and finding.suppression is None  # type: ignore[misc]
        for state in (State.NEW, State.UPDATED, State.UNCHANGED, State.ABSENT)
    }
    tests["suppressed"] = lambda finding: finding.suppression is not None
    found = []
    for name, test in tests.items():
        chosen = [finding for finding in report.findings if test(finding)]
        if name == State.NEW:
            chosen.sort(key=lambda finding: not finding.reopened)
        title, says, mark = _GROUPS[name]
        rows = tuple(_row(report, finding, head) for finding in chosen[:most_rows])
        found.append(Group(name, title, says, mark, getattr(report.tally, name), rows))
    return tuple(found)


def head_columns(report: Report) -> tuple[str, ...]:
    """Return the columns of a finding's first line: of its key, then its measures, as many as a page's width holds.

    At least three of the key's; the others stand beneath, with their names. An event's key is an id that tells nobody
    anything: the first line of an event says when and what first, then has the result's columns in their order.
    """
    columns = [column.name for column in report.outcome.columns if column.name not in EVENT_COLUMNS]
    told = [name for name in _TOLD_FIRST if name in columns]
    of_an_event = (*told, *columns) if report.runbook.result.kind == "events" else ()
    wanted = dict.fromkeys(of_an_event or (*report.runbook.result.key, *report.measures))
    seen = report.findings[:_MEASURED]
    head: list[str] = []
    room = _ROOM
    for name in wanted:
        widest = max((_width(finding, name) for finding in seen), default=0)
        cost = _GAP + max(len(name), min(widest, _FOLDED))
        if cost <= room or len(head) < _LEAST:
            head.append(name)
            room -= cost
    return tuple(head)


def _width(finding: Finding, name: str) -> int:
    old = len(shown(finding.changes[name][0])) + 3 if name in finding.changes else 0
    return old + len(shown(finding.row.get(name)))


def _row(report: Report, finding: Finding, head: Sequence[str]) -> Row:
    rest = (column.name for column in report.outcome.columns if column.name not in (*head, *EVENT_COLUMNS))
    return Row(
        finding_id=finding.finding_id,
        state=finding.state.value,
        reopened=finding.reopened,
        cells=tuple(_cell(finding, name) for name in head),
        rest=tuple((name, _cell(finding, name)) for name in rest),
        event_ids=tuple(clip(text) for name in EVENT_COLUMNS for text in items(finding.row.get(name)))[:25],
        first_run=finding.first_seen.run_id,
        first_time=finding.first_seen.time,
        last_run=finding.last_seen.run_id,
        last_time=finding.last_seen.time,
        suppression=finding.suppression,
    )


def _cell(finding: Finding, name: str) -> Cell:
    value, old = finding.row.get(name), None
    if name in finding.changes:
        old, value = clip(shown(finding.changes[name][0])), finding.changes[name][1]
    return Cell(clip(shown(value)), old, is_number(value), value is None)


@dataclass(frozen=True, slots=True)
class Part:
    """One group's part of the bar, in thousandths of its width."""

    name: str
    start: float
    width: float


def bar(found: Sequence[Group]) -> tuple[Part, ...]:
    """Return the bar's parts: as wide as the group is large, and none too thin to be seen."""
    present = [group for group in found if group.total]
    total = sum(group.total for group in present)
    weights = [max(group.total / total, 0.012) for group in present]
    parts, start = [], 0.0
    for group, weight in zip(present, weights, strict=True):
        width = 1000 * weight / sum(weights)
        parts.append(Part(group.name, round(start, 2), round(width, 2)))
        start += width
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Events by account and region; None where none were seen. `hidden` accounts are left off the page."""

    regions: tuple[str, ...]
    rows: tuple[tuple[str, bool, tuple[int | None, ...], int], ...]
    totals: tuple[int, ...]
    hidden: int


def matrix(report: Report) -> Matrix:
    """Return events by account and region, expected ones included; a row is (name, missing, counts, sum)."""
    seen = report.outcome.completeness
    events = {(part.account, part.region): part.events for part in seen.coverage}
    accounts = sorted({part.account for part in seen.coverage} | set(seen.missing_accounts))
    regions = tuple(sorted({part.region for part in seen.coverage} | set(seen.missing_regions)))
    rows = tuple(
        (
            account,
            account in seen.missing_accounts,
            tuple(events.get((account, region)) for region in regions),
            sum(events.get((account, region), 0) for region in regions),
        )
        for account in accounts[:_MOST_ACCOUNTS]
    )
    totals = tuple(sum(events.get((account, region), 0) for account in accounts) for region in regions)
    return Matrix(regions, rows, totals, max(0, len(accounts) - _MOST_ACCOUNTS))
