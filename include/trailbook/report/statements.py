"""What a report says in sentences: the verdict, what was looked at, and what the result was compared with.

Invariant: each sentence follows from the report's data alone, and is the same in HTML and in JSON.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from trailbook.diff import Counts
from trailbook.plan import Baseline, Plan, Run, Trigger
from trailbook.report.model import Report
from trailbook.report.text import amount, sentence, size
from trailbook.runbook.model import UNREVIEWED, Runbook
from trailbook.verdict import Completeness, Verdict
from trailbook.window import Window

MEANINGS = {
    Verdict.PASS: "The result is as expected, and the window was looked at whole.",
    Verdict.FAIL: "The findings break what this runbook expects: someone must act.",
    Verdict.INCOMPLETE: "The window was not looked at whole: nothing found does not mean that nothing happened.",
    Verdict.ERROR: "The run has no result.",
}

_ABSENCES = {
    "first_run": "There is no earlier run to compare with: this is the first, so each finding counts as new.",
    "params_changed": "Compared with nothing: the earlier runs had other parameters, so each finding counts as new.",
    "query_changed": "Compared with nothing: the query has changed since, so each finding counts as new.",
    "columns_changed": (
        "Compared with nothing: the result's columns have changed since, so each finding counts as new."
    ),
    "prior_truncated": (
        "Compared with nothing: the earlier run's rows were cut or it had no data, so each finding counts as new."
    ),
}
_EVENTS_KIND = (
    "Each row is one event, and events do not repeat from window to window: the comparison serves late arrivals where"
    " windows overlap, “new” does not mean a change since the day before, and no row is reported as absent."
)
STARTS: Mapping[str, str] = MappingProxyType(
    {
        Trigger.SCHEDULED: "on its schedule",
        Trigger.MANUAL: "by hand in Airflow",
        Trigger.BACKFILL: "as a backfill",
        Trigger.CLI: "on the command line",
    }
)
"""How a run came to be."""


def verdict(report: Report) -> tuple[str, ...]:
    """Return the reasons of the verdict, each a sentence, the deciding one first."""
    return tuple(sentence(reason) for reason in report.outcome.judgement.reasons)


def completeness(seen: Completeness) -> str:
    """Return what was read, in a sentence that can stand beside `no findings`."""
    if not seen.events:
        return f"0 events were found in the window; the query scanned {size(seen.data_scanned_in_bytes)}."
    accounts = amount(len({part.account for part in seen.coverage if part.events}), "account")
    regions = amount(len({part.region for part in seen.coverage if part.events}), "region")
    return (
        f"{amount(seen.events, 'event')} of {accounts} in {regions} lie in the window, the first at {seen.first_event}"
        f" and the last at {seen.last_event}; the query scanned {size(seen.data_scanned_in_bytes)}."
    )


def gaps(seen: Completeness) -> tuple[str, ...]:
    """Return why the window was not looked at whole, each a sentence; empty where it was."""
    return tuple(sentence(gap) for gap in seen.gaps)


def no_findings(report: Report) -> str:
    """Return the sentence for an empty result, which never stands without what was looked at."""
    seen = report.outcome.completeness
    if seen.gaps:
        return "No findings, but the window was not looked at whole, so this is not an all-clear."
    return f"No findings. {completeness(seen)}"


def comparison(report: Report) -> tuple[str, ...]:
    """Return what the result was compared with, or why with nothing, each a sentence."""
    plan, baseline = report.plan, report.outcome.baseline
    found = [_baseline(plan, baseline)]
    if report.compared and baseline.window is not None:
        found += _between(baseline.window, plan.window)
    if baseline.note:
        found.append(sentence(baseline.note))
    if report.runbook.result.kind == "events":
        found.append(_EVENTS_KIND)
    elif report.compared and report.outcome.completeness.gaps:
        found.append("Since the window was not looked at whole, no finding of the earlier run is reported as absent.")
    if plan.rerun_of:
        found.append(f"This window was looked at before: this is a re-run of {plan.rerun_of}.")
    return tuple(found)


def mappings(runbook: Runbook) -> tuple[str, ...]:
    """Return what the mappings to ATT&CK and controls are worth, each a sentence; empty where there are none."""
    found = []
    if runbook.controls:
        found.append("This run is evidence that supports these controls; by itself it satisfies none.")
    if runbook.unreviewed:
        found.append(UNREVIEWED)
    return tuple(found)


def _baseline(plan: Plan, baseline: Baseline) -> str:
    if baseline.absence is not None or baseline.run_id is None:
        reason = baseline.absence or "first_run"
        return _ABSENCES.get(reason, f"Compared with nothing ({reason}), so each finding counts as new.")
    entry = "" if baseline.sequence is None else f", entry {baseline.sequence} of the ledger"
    window = "" if baseline.window is None else f", whose window was {span(baseline.window)}"
    asked = " The operator asked for that run by name." if plan.compare_with else ""
    return f"Compared with run {baseline.run_id}{entry}{window}.{asked}"


def _between(before: Window, now: Window) -> list[str]:
    if before.end < now.start:
        return [f"Between the two windows lie {duration(now.start - before.end)} that this comparison does not cover."]
    if before.end > now.start:
        return [f"The two windows overlap by {duration(min(before.end, now.end) - now.start)}."]
    return []


def started(plan: Plan) -> str:
    """Return how the run came to be and by whom."""
    return begun(plan.run)


def begun(run: Run) -> str:
    """Return how a run came to be and by whom, with or without a plan."""
    who = f" by {run.triggered_by}" if run.triggered_by else ""
    again = f", attempt {run.attempt}" if run.attempt > 1 else ""
    how = STARTS[run.trigger]
    return f"{how[:1].upper()}{how[1:]}{who}{again}"


def counted(counts: Counts) -> str:
    """Return what a run found, in words: `5 new (2 reopened), 3 unchanged; 1 of them suppressed`."""
    reopened = f" ({counts.reopened:,} reopened)" if counts.reopened else ""
    states = (
        f"{number:,} {word}"
        for number, word in (
            (counts.new, f"new{reopened}"),
            (counts.updated, "updated"),
            (counts.unchanged, "unchanged"),
            (counts.absent, "absent"),
        )
        if number
    )
    suppressed = f"; {counts.suppressed:,} of them suppressed" if counts.suppressed else ""
    return (", ".join(states) or "none") + suppressed


def span(window: Window) -> str:
    """Return a window for people: `2026-11-01 00:00 to 2026-11-02 00:00 UTC`."""
    return f"{moment(window.start)} to {moment(window.end)} UTC"


def moment(value: datetime) -> str:
    """Return a UTC time to the minute, with seconds only where they are not zero."""
    return value.strftime("%Y-%m-%d %H:%M:%S" if value.second else "%Y-%m-%d %H:%M")


def duration(length: timedelta) -> str:
    """Return a length of time in its two largest units."""
    rest, parts = int(length.total_seconds()), []
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(amount(count, unit))
    return " ".join(parts[:2]) or "0 seconds"
