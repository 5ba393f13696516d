"""The evidence of one runbook for a period: its runs at their last word, and the owed windows that nothing looked at.

Invariants: a run stands by its last attempt; only a whole result over an owed window, asked as the schedule asks, is
evidence of that window; what ran on narrower parameters counts as a run and never as evidence.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from trailbook.compliance.expected import Due, due
from trailbook.compliance.mapped import Mapped
from trailbook.ledger.index_rows import RunSummary
from trailbook.plan import Trigger
from trailbook.verdict import Verdict
from trailbook.window import Window


class Standing(StrEnum):
    """How much evidence there is; `idle` is a runbook that owed nothing and was not asked."""

    NONE = "none"
    PARTIAL = "partial"
    WHOLE = "whole"
    IDLE = "idle"


class Lacking(StrEnum):
    """Why an owed window has no evidence."""

    NO_RUN = "no run"
    ERROR = "error"
    NARROWED = "other parameters"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Lack:
    """An owed window without evidence, and the run that came nearest."""

    window: Window
    why: Lacking
    run: RunSummary | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Owed windows without evidence that touch, for one reason; `run` is the last run that came near."""

    window: Window
    windows: int
    why: Lacking
    run: RunSummary | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a runbook's runs say of a period.

    `runs` are those that count in it, each at its last word, by time; `narrowed` those of them that asked something
    else than the schedule asks. `last_good` may be older than the period. `later` windows were not due yet.
    """

    runbook: Mapped
    standing: Standing
    runs: tuple[RunSummary, ...] = ()
    narrowed: tuple[RunSummary, ...] = ()
    expected: int = 0
    later: int = 0
    lacks: tuple[Lack, ...] = ()
    last_good: RunSummary | None = None

    @property
    def found(self) -> int:
        """How many of the owed windows have evidence."""
        return self.expected - len(self.lacks)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """What people read of `lacks`: a month without runs is one line."""
        found: list[Stretch] = []
        for lack in self.lacks:
            before = found[-1] if found else None
            if before is not None and before.why is lack.why and before.window.end == lack.window.start:
                whole = Window(before.window.start, lack.window.end)
                found[-1] = Stretch(whole, before.windows + 1, lack.why, lack.run or before.run)
            else:
                found.append(Stretch(lack.window, 1, lack.why, lack.run))
        return tuple(found)

    def listed(self, most: int) -> tuple[tuple[Stretch, ...], int]:
        """Return the first stretches, at most so many, and how many windows the others hold."""
        found = self.stretches
        return found[:most], sum(each.windows for each in found[most:])

    @property
    def last(self) -> RunSummary | None:
        """The run of the period whose window ended last."""
        return self.runs[-1] if self.runs else None

    def of(self, verdict: Verdict) -> tuple[RunSummary, ...]:
        """Return the runs of a verdict."""
        return tuple(run for run in self.runs if run.verdict is verdict)

    def age(self, moment: datetime) -> timedelta | None:
        """Return the time from the last good run's window to a moment; None where there is no such run."""
        return None if self.last_good is None else moment - self.last_good.placed


def evidence(
    runbook: Mapped, runs: Iterable[RunSummary], last_good: RunSummary | None, *, period: Window, by: datetime
) -> Evidence:
    """Return the evidence of a runbook, from the runs that count in the period and its last good run until its end.

    `by` is the moment at which the ledger was looked at: a window whose run was due later lacks nothing yet.
    """
    words = _last_words(runs)
    owed = due(runbook.cadence, period, by) if runbook.cadence is not None else Due()
    keys = {runbook.comparison_key, *(run.comparison_key for run in words if run.trigger == Trigger.SCHEDULED)} - {None}
    narrowed = tuple(run for run in words if keys and runbook.cadence and run.comparison_key not in (None, *keys))
    asked = [run for run in words if run not in narrowed]
    lacks = tuple(_lacks(owed.windows, asked, narrowed))
    return Evidence(
        runbook=runbook,
        standing=_standing(words, asked, owed, lacks),
        runs=words,
        narrowed=narrowed,
        expected=len(owed.windows),
        later=owed.later,
        lacks=lacks,
        last_good=_last_good(asked, last_good, keys if runbook.cadence else set()),
    )


def _standing(runs: Sequence[RunSummary], asked: Sequence[RunSummary], owed: Due, lacks: Sequence[Lack]) -> Standing:
    results = [run for run in asked if run.verdict is not Verdict.ERROR]
    if not results:
        return Standing.NONE if owed.windows or runs else Standing.IDLE
    whole = not lacks if owed.windows else results[-1].good
    return Standing.WHOLE if whole else Standing.PARTIAL


def _last_words(runs: Iterable[RunSummary]) -> tuple[RunSummary, ...]:
    last: dict[str, RunSummary] = {}
    for run in runs:
        before = last.get(run.run_id)
        if before is None or (before.attempt, before.sequence) < (run.attempt, run.sequence):
            last[run.run_id] = run
    return tuple(sorted(last.values(), key=lambda run: (run.placed, run.sequence)))


def _lacks(windows: Iterable[Window], asked: Sequence[RunSummary], narrowed: Sequence[RunSummary]) -> Iterable[Lack]:
    """Yield the windows that whole results do not cover, be it one over this very window, or others together."""
    good = sorted({run.window for run in asked if run.good and run.window is not None})
    exact = set(good)
    for window in windows:
        if window in exact or _covered(window, good):
            continue
        for why, runs in (
            (Lacking.INCOMPLETE, [run for run in asked if run.verdict is not Verdict.ERROR]),
            (Lacking.ERROR, asked),
            (Lacking.NARROWED, narrowed),
        ):
            nearest = next((run for run in reversed(runs) if run.window and _holds(run.window, window)), None)
            if nearest is not None:
                yield Lack(window, why, nearest)
                break
        else:
            yield Lack(window, Lacking.NO_RUN)


def _last_good(asked: Iterable[RunSummary], before: RunSummary | None, keys: Set[str | None]) -> RunSummary | None:
    """Return the last good run of the period, or else the one before it that asked as the schedule does."""
    best = max((run for run in asked if run.good), key=lambda run: (run.placed, run.sequence), default=None)
    if best is not None or before is None:
        return best
    fits = not keys or before.trigger == Trigger.SCHEDULED or before.comparison_key in (None, *keys)
    return before if fits else None


def _covered(window: Window, good: Iterable[Window]) -> bool:
    """Whether some windows, sorted, leave nothing of a window out."""
    reached = window.start
    for other in good:
        if other.start > reached:
            return False
        reached = max(reached, other.end)
        if reached >= window.end:
            return True
    return False


def _holds(longer: Window, window: Window) -> bool:
    return longer.start <= window.start and window.end <= longer.end
