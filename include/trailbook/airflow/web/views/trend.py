"""The last runs of a runbook as a small plot, made here and not by a script: one bar a run, as high as it has findings.

Invariant: the plot says nothing that its label does not, since a label is all that some readers have.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from trailbook.ledger.index_rows import RunSummary
from trailbook.verdict import Verdict
from trailbook.words import amount

RUNS = 30
STEP, BAR, HEIGHT, LEAST = 5, 4, 24, 3
_ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCOMPLETE, Verdict.PASS)


@dataclass(frozen=True, slots=True)
class Trend:
    """One path per verdict (`name`, SVG path data), the plot's width, and the label."""

    paths: tuple[tuple[str, str], ...]
    width: int
    height: int
    label: str


def trend(runs: Sequence[RunSummary]) -> Trend | None:
    """Return the plot of some runs, the oldest first; None where there are none."""
    if not runs:
        return None
    most = max(_open(run) for run in runs)
    drawn: dict[Verdict, list[str]] = {}
    for place, run in enumerate(runs, start=RUNS - len(runs)):
        # The root keeps a day of three findings visible beside one of three hundred.
        high = LEAST + round((HEIGHT - LEAST) * sqrt(_open(run) / most)) if most else LEAST
        drawn.setdefault(run.verdict, []).append(f"M{place * STEP} {HEIGHT}v-{high}h{BAR}v{high}z")
    paths = tuple((verdict.value, "".join(drawn[verdict])) for verdict in _ORDER if verdict in drawn)
    return Trend(paths, RUNS * STEP, HEIGHT, _label(runs, most))


def _open(run: RunSummary) -> int:
    return run.counts.open_present if run.counts is not None else 0


def _label(runs: Sequence[RunSummary], most: int) -> str:
    counted = Counter(run.verdict for run in runs)
    said = ", ".join(f"{counted[verdict]} {verdict.value}" for verdict in _ORDER if counted[verdict])
    return f"Last {amount(len(runs), 'run')}: {said}; at most {amount(most, 'open finding')}"
