"""The last step: one ledger entry for the attempt, whatever came of it."""

from dataclasses import dataclass
from datetime import datetime

from trailbook.ledger import Entry, Ledger
from trailbook.outcome import Outcome
from trailbook.plan import Plan, Run
from trailbook.report import Products


@dataclass(frozen=True, slots=True)
class Failure:
    """The task that ended a run, and the sentence it ended with."""

    task: str
    error: str


def record(
    runbook: str,
    run: Run,
    *,
    plan: Plan | None,
    outcome: Outcome | None,
    products: Products | None,
    failure: Failure | None,
    ledger: Ledger,
    finished: datetime,
) -> Entry:
    """Append the attempt's entry and return it; the same attempt recorded again returns the entry that is there.

    What is not there yet is left out: a run whose query failed has a plan and no outcome.
    """
    raise NotImplementedError
