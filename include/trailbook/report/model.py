"""The report as data: built once from what a run found, and everything that is rendered comes from it.

Invariant: pure and without a clock. The same plan, outcome and findings give an equal `Report` and the same bytes of
every file, so a task that is tried again finds that its files are there already.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from trailbook import __version__
from trailbook.diff import AllowUse, Counts, Finding, State
from trailbook.errors import EvidenceError
from trailbook.outcome import Outcome, QueryStatistics
from trailbook.plan import Plan
from trailbook.report.text import shell_quote
from trailbook.report.values import shown
from trailbook.runbook.model import Allow, Pivot, Runbook
from trailbook.window import text as time_text

_USD_PER_TB = Decimal(5)
_MEGABYTE = 2**20
_LEAST_BILLED = 10 * _MEGABYTE
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Tally:
    """Findings in disjoint groups, as people count them: the four states without the suppressed ones, and those.

    `whole` is false where the listed findings do not tell whether a suppressed one is updated or unchanged; then these
    two include suppressed ones.
    """

    new: int
    updated: int
    unchanged: int
    absent: int
    suppressed: int
    whole: bool = True

    @property
    def total(self) -> int:
        """All findings, each once."""
        return self.new + self.updated + self.unchanged + self.absent + self.suppressed


@dataclass(frozen=True, slots=True)
class Step:
    """A command that follows a finding further, and how many findings lead to it."""

    command: str
    findings: int


@dataclass(frozen=True, slots=True)
class NextRunbook:
    """One pivot with the commands that the findings fill, those of new findings first."""

    pivot: Pivot
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report's files say. `findings` may be the first part only; `outcome.counts` has the totals.

    `expired_allow` are indexes into the runbook's allow entries, `versions` pairs of a program and its version.
    """

    plan: Plan
    outcome: Outcome
    runbook: Runbook
    findings: tuple[Finding, ...]
    expired_allow: tuple[int, ...]
    versions: tuple[tuple[str, str], ...]

    @property
    def total(self) -> int:
        """How many findings there are, listed or not."""
        counts = self.outcome.counts
        return counts.new + counts.updated + counts.unchanged + counts.absent

    @property
    def tally(self) -> Tally:
        """The findings in disjoint groups."""
        return _tally(self.outcome.counts, self.findings)

    @property
    def expired(self) -> tuple[Allow, ...]:
        """The allow entries that are no longer in force."""
        return tuple(self.runbook.allow[index] for index in self.expired_allow)

    @property
    def stale_allow(self) -> tuple[int, ...]:
        """The indexes of the allow entries in force that have matched nothing for 90 days of runs."""
        return tuple(
            index
            for index, use in enumerate(self.outcome.allow)
            if use.stale and index < len(self.runbook.allow) and index not in self.expired_allow
        )

    @property
    def stale(self) -> tuple[tuple[Allow, AllowUse], ...]:
        """Those entries, and how they have fared."""
        return tuple((self.runbook.allow[index], self.outcome.allow[index]) for index in self.stale_allow)

    @property
    def compared(self) -> bool:
        """Whether there was an earlier run to compare with."""
        return self.outcome.baseline.absence is None and self.outcome.baseline.run_id is not None

    @property
    def measures(self) -> tuple[str, ...]:
        """The measure columns, in the result's order."""
        return tuple(column.name for column in self.outcome.columns if column.name in self.runbook.result.measures)

    @property
    def cost_usd(self) -> Decimal:
        """What the run's queries cost at Athena's list price."""
        return sum((cost_usd(query) for query in self.outcome.queries), Decimal(0))


def build(
    plan: Plan,
    outcome: Outcome,
    findings: Sequence[Finding],
    *,
    expired_allow: Sequence[int],
    versions: Mapping[str, str] | None = None,
) -> Report:
    """Return the report of a run. Raises EvidenceError where plan, outcome and findings do not belong together.

    `versions` are those of the programs that made the result; Trailbook's own is always among them.
    """
    try:
        runbook = Runbook.from_spec(plan.spec)
    except ValidationError as error:
        raise EvidenceError(f"{plan.runbook}: expected a runbook in the plan, found: {error}") from error
    counts = outcome.counts
    for state in State:
        listed, most = sum(finding.state is state for finding in findings), getattr(counts, state.value)
        if listed > most:
            raise EvidenceError(f"{plan.runbook}: expected at most {most} {state} findings, as counted, found {listed}")
    for index in expired_allow:
        if not 0 <= index < len(runbook.allow):
            raise EvidenceError(
                f"{plan.runbook}: expected one of {len(runbook.allow)} allow entries, found no. {index}"
            )
    return Report(
        plan=plan,
        outcome=outcome,
        runbook=runbook,
        findings=tuple(findings),
        expired_allow=tuple(expired_allow),
        versions=tuple(sorted({"trailbook": __version__, **(versions or {})}.items())),
    )


def cost_usd(query: QueryStatistics) -> Decimal:
    """Return a query's cost at Athena's list price: 5 USD per 2**40 bytes, whole MB, at least 10 MB; reuse is free."""
    if query.reused:
        return Decimal(0)
    megabytes = -(-query.data_scanned_in_bytes // _MEGABYTE)
    return _USD_PER_TB * max(megabytes * _MEGABYTE, _LEAST_BILLED) / 2**40


def next_runbooks(report: Report) -> tuple[NextRunbook, ...]:
    """Return the pivots that open findings fill, with one command for each set of values."""
    present = [finding for finding in report.findings if finding.state is not State.ABSENT and not finding.suppression]
    found = []
    for pivot in report.runbook.pivots:
        commands: dict[str, int] = {}
        for finding in present:
            command = _command(pivot, finding.row, report.plan)
            if command is not None:
                commands[command] = commands.get(command, 0) + 1
        found.append(NextRunbook(pivot, tuple(Step(command, count) for command, count in commands.items())))
    return tuple(found)


def pivot_values(pivot: Pivot, row: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the next runbook's parameters that a row fills; None where a value is NULL or missing."""
    found = {}
    for name, template in pivot.with_.items():
        if any(row.get(column) is None for column in _PLACEHOLDER.findall(template)):
            return None
        found[name] = _PLACEHOLDER.sub(lambda place: shown(row[place[1]]), template)
    return found


def _command(pivot: Pivot, row: Mapping[str, Any], plan: Plan) -> str | None:
    """Return the command of a pivot for a row; None where a value is NULL, missing, or cannot be an argument."""
    values = pivot_values(pivot, row)
    if values is None:
        return None
    words = ["trailbook", "run", pivot.runbook, "--logs", "LOGS"]
    words += ["--from", time_text(plan.window.start), "--to", time_text(plan.window.end)]
    for name, value in values.items():
        words += ["--param", f"{name}={value}"]
    quoted = [shell_quote(word) for word in words]
    return None if None in quoted else " ".join(word for word in quoted if word is not None)


def _tally(counts: Counts, findings: Sequence[Finding]) -> Tally:
    """Split the suppressed ones off each state; the counts tell all but updated from unchanged, the findings that."""
    suppressed_new = counts.new - counts.open_new
    suppressed_kept = counts.updated + counts.unchanged - (counts.open_present - counts.open_new)
    suppressed_absent = counts.suppressed - suppressed_new - suppressed_kept
    split = dict.fromkeys(State, 0)
    for finding in _suppressed(findings):
        split[finding.state] += 1
    whole = suppressed_kept == split[State.UPDATED] + split[State.UNCHANGED]
    return Tally(
        new=counts.open_new,
        updated=counts.updated - (split[State.UPDATED] if whole else 0),
        unchanged=counts.unchanged - (split[State.UNCHANGED] if whole else 0),
        absent=counts.absent - suppressed_absent,
        suppressed=counts.suppressed,
        whole=whole,
    )


def _suppressed(findings: Sequence[Finding]) -> Iterator[Finding]:
    return (finding for finding in findings if finding.suppression is not None)
