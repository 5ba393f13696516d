"""What an index says in sentences, the same on the page, in its JSON and on a terminal.

Invariant: "found nothing" never stands without what was looked at, nor as an all-clear over a window that was not
looked at whole.
"""

from collections import Counter
from collections.abc import Sequence

from trailbook.report.index import SEVERITIES, Index, Line
from trailbook.report.text import amount, sentence, size
from trailbook.runbook.model import Runbook
from trailbook.verdict import Verdict

NO_EVIDENCE = (
    "This page is an index and no evidence: each run writes it anew. The evidence is in the reports, which are never"
    " overwritten, and in the ledger, which names their digests."
)
SUPPORTS = (
    "A run is evidence that supports these controls; by itself it satisfies none, and a failing one breaks none:"
    " it says that somebody must look."
)
UNREVIEWED = "At least one of these mappings was read by nobody beside its author."


def verdicts(index: Index) -> str:
    """Return how many runbooks ran and what they said."""
    if not index.lines:
        return "No runbook ran."
    says = {
        Verdict.FAIL: ("fails", "fail"),
        Verdict.INCOMPLETE: ("is incomplete", "are incomplete"),
        Verdict.ERROR: ("has no result", "have no result"),
        Verdict.PASS: ("passes", "pass"),
    }
    parts = []
    for verdict, (one, many) in says.items():
        found = index.of(verdict)
        if found:
            grave = f" ({severities(found)})" if verdict is Verdict.FAIL else ""
            parts.append(f"{len(found)} {one if len(found) == 1 else many}{grave}")
    return f"Of {amount(len(index.lines), 'runbook')}, {', '.join(parts)}."


def severities(lines: Sequence[Line]) -> str:
    """Return how many runbooks there are of each severity."""
    counted: Counter[str] = Counter(line.runbook.severity for line in lines)
    return ", ".join(f"{counted[name]} {name}" for name in SEVERITIES if counted[name])


def findings(index: Index) -> str:
    """Return how many findings there are, whatever the runbook."""
    found, new = sum(line.open for line in index.lines), sum(line.new for line in index.lines)
    suppressed = sum(line.suppressed for line in index.lines)
    accepted = f"; {suppressed:,} suppressed by allow entries" if suppressed else ""
    return f"{amount(found, 'open finding')}, {new:,} of them new{accepted}."


def unstarted(index: Index) -> str | None:
    """Return what did not run at all; None where all runbooks did."""
    parts = [f"{amount(len(index.skipped), 'runbook')} skipped, since it needs a parameter"] if index.skipped else []
    if len(index.skipped) > 1:
        parts = [f"{amount(len(index.skipped), 'runbook')} skipped, since they need a parameter"]
    if index.left_out:
        parts.append(f"{amount(len(index.left_out), 'broken runbook')} left out")
    return sentence("; ".join(parts)) if parts else None


def looked_at(index: Index) -> str:
    """Return which events lie in the window, as a clause."""
    if not index.events:
        return "0 events"
    first = min(part.first_event for part in index.coverage if part.events)
    last = max(part.last_event for part in index.coverage if part.events)
    places = f"{amount(len(index.accounts), 'account')} in {amount(len(index.regions), 'region')}"
    return f"{amount(index.events, 'event')} of {places}, the first at {first} and the last at {last}"


def found_nothing(index: Index) -> tuple[str, ...]:
    """Return what the quiet runs are worth: those over a whole window, and the others with what they lacked."""
    whole = [line for line in index.quiet if line.verdict is Verdict.PASS]
    partly = [line for line in index.quiet if line.verdict is not Verdict.PASS]
    said = []
    if whole:
        said.append(f"{amount(len(whole), 'runbook')} found nothing in {looked_at(index)}.")
    if partly:
        said.append(
            f"{amount(len(partly), 'runbook')} found nothing in {looked_at(index)}, which is no all-clear: "
            "the window was not looked at whole."
        )
    return tuple(said)


def read(index: Index) -> str:
    """Return what was read, in the window or not."""
    logs = index.logs
    return f"{amount(logs.files, 'file')}, {size(logs.bytes)}, {amount(logs.events, 'event')}"


def mappings(runbooks: Sequence[Runbook]) -> tuple[str, ...]:
    """Return what the mappings of some runbooks are worth, each a sentence; empty where there are none."""
    mapped = [runbook for runbook in runbooks if runbook.attack or runbook.controls]
    supports = [SUPPORTS] if any(runbook.controls for runbook in mapped) else []
    return (*supports, *([UNREVIEWED] if any(runbook.unreviewed for runbook in mapped) else []))
