"""`trailbook diff RUN RUN`: what changed between two runs of one runbook."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

from trailbook.cli import printable
from trailbook.cli.connections import Clients
from trailbook.cli.output import console, table
from trailbook.diff import Finding, State
from trailbook.report.values import to_json
from trailbook.settings import Settings
from trailbook.steps.between import Between, between, named


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
    changed = [finding for finding in found.findings if finding.state is not State.UNCHANGED]
    if args.format == "json":
        rows = [_json(finding) for finding in changed]
        print(json.dumps({"counts": asdict(found.counts), "findings": rows}, ensure_ascii=False))
    else:
        _show(found, changed)
    return 1 if changed else 0


def _json(finding: Finding) -> dict[str, object]:
    changes = {name: {"old": to_json(old), "new": to_json(new)} for name, (old, new) in finding.changes.items()}
    return {
        "finding_id": finding.finding_id,
        "state": finding.state.value,
        "row": to_json(finding.row),
        "changes": changes,
    }


def _show(found: Between, changed: Sequence[Finding]) -> None:
    counts = found.counts
    before, after = found.before.record.run.run_id, found.after.record.run.run_id
    console().print(
        f"{printable(found.after.record.runbook)}: {printable(before)} → {printable(after)}: {counts.new} new, "
        f"{counts.updated} updated, {counts.unchanged} unchanged, {counts.absent} absent",
        markup=False,
    )
    if changed:
        names = [name for name in changed[0].row if name != "event_ids"]
        table(["state", *names], [[finding.state.value, *(_cell(finding, n) for n in names)] for finding in changed])


def _cell(finding: Finding, name: str) -> str:
    value = finding.row[name]
    if name not in finding.changes:
        return "" if value is None else str(value)
    old, new = finding.changes[name]
    return f"{old} → {new}"
