"""`trailbook diff RUN RUN`: what changed between two runs of one runbook."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

from trailbook.cli import output, printable
from trailbook.cli.connections import Clients
from trailbook.diff import Finding, State
from trailbook.ledger import Entry
from trailbook.report.statements import counted, span
from trailbook.report.values import shown, to_json
from trailbook.settings import Settings
from trailbook.steps.between import Between, between, named
from trailbook.window import text

_MARKS = {State.NEW: "+", State.UPDATED: "Δ", State.ABSENT: "−"}
_STYLES = {State.NEW: "red", State.UPDATED: "yellow", State.ABSENT: "green"}
_SAYS = {
    State.NEW: "in the second run and not in the first",
    State.UPDATED: "in both, and a measure differs",
    State.ABSENT: "in the first run and not in the second",
}
_EVENT_COLUMNS = ("event_ids", "event_id")
_LONGEST = 200


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("before", metavar="RUN", help="run id as in `trailbook history`, or runbook:run id")
    parser.add_argument("after", metavar="RUN")
    parser.add_argument("--ledger", metavar="WHERE", help="s3://bucket/prefix or a folder (default: TRAILBOOK_LEDGER)")
    parser.add_argument("--reports", metavar="WHERE", help="the same for the reports (default: TRAILBOOK_REPORTS)")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace) -> int:
    """Print what is new, updated or absent in the second run beside the first; 1 where anything is."""
    settings = Settings.from_env()
    clients = Clients(region=settings.region)
    ledger = clients.ledger(settings, args.ledger)
    reports = clients.store(args.reports or settings.reports, "TRAILBOOK_REPORTS")
    found = between(named(ledger, args.before), named(ledger, args.after), reports)
    listed = [finding for finding in found.findings if finding.state is not State.UNCHANGED]
    if args.format == "json":
        print(json.dumps(_json(found, listed), ensure_ascii=False))
    else:
        _show(found, listed)
    return 1 if found.counts.new or found.counts.updated or found.counts.absent else 0


def _json(found: Between, listed: Sequence[Finding]) -> dict[str, object]:
    return {
        "runbook": found.after.record.runbook,
        "before": _run_json(found.before),
        "after": _run_json(found.after),
        "counts": asdict(found.counts),
        "findings": [_finding_json(finding) for finding in listed],
    }


def _run_json(entry: Entry) -> dict[str, object]:
    window = entry.record.window
    return {
        "run_id": entry.record.run.run_id,
        "sequence": entry.sequence,
        "window": {"start": text(window.start), "end": text(window.end)} if window else None,
        "verdict": entry.record.verdict.value,
    }


def _finding_json(finding: Finding) -> dict[str, object]:
    changes = {name: {"old": to_json(old), "new": to_json(new)} for name, (old, new) in finding.changes.items()}
    return {
        "finding_id": finding.finding_id,
        "state": finding.state.value,
        "suppressed": finding.suppression is not None,
        "row": to_json(finding.row),
        "changes": changes,
    }


def _show(found: Between, listed: Sequence[Finding]) -> None:
    out = output.console()
    out.print(printable(found.after.record.runbook), style="bold", markup=False)
    for word, entry in (("first", found.before), ("second", found.after)):
        record = entry.record
        window = span(record.window) if record.window else "no window"
        line = f"  {word:<6}  #{entry.sequence}  {record.verdict.upper()}  {window}  run {record.run.run_id}"
        out.print(printable(line), markup=False)
    out.print(f"  found   {counted(found.counts)}", markup=False)
    for state in _MARKS:
        chosen = [finding for finding in listed if finding.state is state]
        if chosen:
            out.print(f"\n{_MARKS[state]} {state.upper()} ({len(chosen):,}): {_SAYS[state]}", style=_STYLES[state])
        for finding in chosen:
            _show_finding(finding, found.key)


def _show_finding(finding: Finding, key: Sequence[str]) -> None:
    accepted = "  (suppressed)" if finding.suppression else ""
    output.console().print(f"  {_key(finding, key)}{accepted}", style="bold", markup=False)
    others = [name for name in finding.row if name not in (*key, *_EVENT_COLUMNS)]
    changed = [name for name in others if name in finding.changes]
    same = [name for name in others if name not in finding.changes]
    output.details([(name, _value(finding, name)) for name in (*changed, *same)], indent=4)


def _key(finding: Finding, key: Sequence[str]) -> str:
    return ", ".join(f"{name}={output.one_line(shown(finding.row.get(name)))}" for name in key)


def _value(finding: Finding, name: str) -> str:
    if name not in finding.changes:
        value = finding.row[name]
        return "" if value is None else _clipped(shown(value))
    old, new = finding.changes[name]
    return f"{_clipped(shown(old))} → {_clipped(shown(new))}"


def _clipped(value: str) -> str:
    return (
        value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value):,} characters; --format json has all)"
    )
