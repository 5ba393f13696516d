"""The index of one command's runs: what each runbook said, in the order in which somebody should look at them.

Invariants: pure and without a clock, so the same runs give an equal `Index`; `lines` holds every run, whatever a table
leaves out; what was not looked at whole never stands among what found nothing in a whole window. An index is no
evidence: it is rewritten by each run, while reports never are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trailbook.diff import Counts, Finding
from trailbook.report.frameworks import natural
from trailbook.report.values import shown
from trailbook.report.view import EVENT_COLUMNS
from trailbook.runbook.model import Runbook
from trailbook.verdict import Coverage, Verdict
from trailbook.window import Window

SEVERITIES = ("critical", "high", "medium", "low", "informational")

_RANKS = {Verdict.FAIL: 0, Verdict.INCOMPLETE: 1, Verdict.ERROR: 1, Verdict.PASS: 2}
_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.INCOMPLETE, Verdict.PASS)
_LONGEST, _MOST_COLUMNS = 80, 3


@dataclass(frozen=True, slots=True)
class Logs:
    """What was read: the places as given, and what they hold whether in the window or not."""

    places: tuple[str, ...]
    files: int
    bytes: int
    events: int
    problems: tuple[str, ...]
    """What could not be read, a sentence each."""


@dataclass(frozen=True, slots=True)
class Line:
    """One runbook's run. Without a result `counts` is None; `report` is the page's address as seen from the index.

    `gaps` say why the window was not looked at whole; `own_gaps` are those of them that are not the logs' doing: an
    empty lookup, rows that were cut.
    """

    runbook: Runbook
    run_id: str
    verdict: Verdict
    reasons: tuple[str, ...]
    gaps: tuple[str, ...] = ()
    own_gaps: tuple[str, ...] = ()
    counts: Counts | None = None
    top: str | None = None
    """The key of the first open finding, or of the first accepted one where none is open."""
    report: str | None = None

    @property
    def open(self) -> int:
        """Findings that are there and that nothing suppresses."""
        return self.counts.open_present if self.counts else 0

    @property
    def new(self) -> int:
        """Those of them that are new."""
        return self.counts.open_new if self.counts else 0

    @property
    def suppressed(self) -> int:
        """Findings that an allow entry accepts."""
        return self.counts.suppressed if self.counts else 0

    @property
    def present(self) -> int:
        """Rows that the query found, accepted or not."""
        return self.counts.new + self.counts.updated + self.counts.unchanged if self.counts else 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A runbook that did not run since nobody gave what it needs."""

    runbook: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A runbook whose file is broken, with its problems, a line each."""

    runbook: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """All runs of one command over one window. `params` are the `k=v` as given; `made` is when, UTC."""

    window: Window
    made: str
    logs: Logs
    coverage: tuple[Coverage, ...]
    lines: tuple[Line, ...]
    skipped: tuple[Skipped, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    params: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        """Events in the window."""
        return sum(part.events for part in self.coverage)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that have events in the window."""
        return tuple(sorted({part.account for part in self.coverage if part.events}))

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that have events in the window."""
        return tuple(sorted({part.region for part in self.coverage if part.events}))

    @property
    def gaps(self) -> tuple[str, ...]:
        """The gaps of the logs that more than half of the runs share, and more than one: said once for all."""
        runs = [line for line in self.lines if line.counts]
        counted = Counter(gap for line in runs for gap in dict.fromkeys(line.gaps) if gap not in line.own_gaps)
        return tuple(gap for gap, count in counted.items() if count > max(1, len(runs) / 2))

    @property
    def quiet(self) -> tuple[Line, ...]:
        """The runs that found nothing, not even accepted findings, and have no gap but those of the logs."""
        shared = set(self.gaps)
        found_nothing = (line for line in self.lines if line.counts and not line.present)
        return tuple(line for line in found_nothing if not line.own_gaps and shared >= set(line.gaps))

    @property
    def rows(self) -> tuple[Line, ...]:
        """The other runs: those that somebody has to look at."""
        quiet = {line.runbook.id for line in self.quiet}
        return tuple(line for line in self.lines if line.runbook.id not in quiet)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict; a runbook that was left out looked at nothing, and so did a command that ran none."""
        found = {line.verdict for line in self.lines} | ({Verdict.INCOMPLETE} if self.left_out else set())
        return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.INCOMPLETE)

    def of(self, verdict: Verdict) -> tuple[Line, ...]:
        """Return the runs of one verdict."""
        return tuple(line for line in self.lines if line.verdict is verdict)

    def first_look(self, line: Line) -> str:
        """Return where to begin with a run: its first finding, or why it is no more than incomplete."""
        own = [reason for reason in line.reasons if reason not in self.gaps]
        if own and line.verdict in (Verdict.INCOMPLETE, Verdict.ERROR):
            return own[0]
        return line.top or next(iter((*own, *line.reasons)), "")


def ordered(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines, the first to look at first: by verdict, severity, open findings and id."""

    def place(line: Line) -> tuple[int, int, int, str]:
        severity = SEVERITIES.index(line.runbook.severity)
        return (_RANKS[line.verdict], severity, -line.open, line.runbook.id)

    return tuple(sorted(lines, key=place))


def key_of(finding: Finding, runbook: Runbook) -> str:
    """Return what names a finding to a person, as `column=value, …`; of bare event ids, its first columns instead.

    The account comes last: a line may be cut, and it is the same for many.
    """
    names = [name for name in runbook.result.key if name not in EVENT_COLUMNS]
    if not names:
        told = (name for name, value in finding.row.items() if value is not None and name not in EVENT_COLUMNS)
        names = list(told)[:_MOST_COLUMNS] or list(runbook.result.key)
    names.sort(key=lambda name: name == "account_id")
    return ", ".join(f"{name}={_clipped(shown(finding.row.get(name)))}" for name in names)


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def techniques(lines: Sequence[Line]) -> tuple[tuple[str, int], ...]:
    """Return the ATT&CK techniques of some runs' runbooks, and of how many each."""
    counted = Counter(t for line in lines if line.runbook.attack for t in set(line.runbook.attack.techniques))
    return tuple(sorted(counted.items()))


def controls(lines: Sequence[Line]) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """Return the controls of some runs' runbooks by framework, and of how many each."""
    found: dict[str, Counter[str]] = {}
    for line in lines:
        for framework, names in line.runbook.controls.items():
            found.setdefault(framework, Counter()).update(set(names))
    return tuple(
        (framework, tuple((name, counted[name]) for name in sorted(counted, key=natural)))
        for framework, counted in sorted(found.items())
    )
