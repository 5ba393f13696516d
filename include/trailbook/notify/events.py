"""What of a run is worth telling: its verdict, new findings, and that a question is well again.

Invariant: a run says `recovery` only of the question that it asks itself: the same parameters, and no window that ends
before that of the run which it would call mended.
"""

from collections.abc import Iterable
from itertools import islice

from trailbook.diff import Counts
from trailbook.ledger import Entry
from trailbook.plan import Run
from trailbook.runbook.notify import EVENTS, Event
from trailbook.verdict import Verdict
from trailbook.window import Window

MOST_ENTRIES = 100
"""How far back the run before is looked for."""

_BROKEN = (Verdict.FAIL, Verdict.INCOMPLETE, Verdict.ERROR)


def events(verdict: Verdict, counts: Counts | None, before: Verdict | None) -> tuple[Event, ...]:
    """Return the events of a run, in the order in which they are told. `before` is what `prior` found."""
    happened = {
        "new_findings": verdict is not Verdict.ERROR and counts is not None and counts.open_new > 0,
        "recovery": verdict is Verdict.PASS and before in _BROKEN,
        "fail": verdict is Verdict.FAIL,
        "incomplete": verdict is Verdict.INCOMPLETE,
        "error": verdict is Verdict.ERROR,
    }
    return tuple(event for event in EVENTS if happened[event])


def prior(newest_first: Iterable[Entry], run: Run, comparison_key: str, window: Window) -> Verdict | None:
    """Return the verdict of the run before that asked the same question; None where there is none to speak of.

    An entry that failed before it had a plan asked nothing; it counts where it was started in the same way, so that a
    mistyped parameter of an operator does not make the next scheduled run a recovery. Where the run before had a later
    window, this run looks at the past and mends nothing.
    """
    for entry in islice(newest_first, MOST_ENTRIES):
        record = entry.record
        if (record.run.run_id, record.run.attempt) == (run.run_id, run.attempt):
            continue  # this attempt itself, recorded before it told anyone
        if record.comparison_key is None and record.run.trigger is run.trigger:
            return record.verdict
        if record.comparison_key == comparison_key:
            later = record.window is not None and record.window.end > window.end
            return None if later else record.verdict
    return None
