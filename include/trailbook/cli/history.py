"""`trailbook history ID`: the runs of a runbook, as the ledger has them."""

import argparse
import json

from trailbook.cli.connections import Clients
from trailbook.cli.output import size, table
from trailbook.errors import InvalidRequest
from trailbook.ledger import Entry
from trailbook.settings import Settings
from trailbook.window import text

_COLUMNS = ("#", "window", "verdict", "new", "upd", "same", "absent", "supp", "read", "trigger", "by", "run", "said")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--ledger", metavar="WHERE", help="s3://bucket/prefix or a folder (default: TRAILBOOK_LEDGER)")
    parser.add_argument("--last", type=int, metavar="N", help="only the newest N")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace) -> int:
    """Print the entries, the oldest first. An entry that is not as it was recorded ends it: `verify` says more."""
    settings = Settings.from_env()
    ledger = Clients(region=settings.region).ledger(settings, args.ledger)
    if args.last is None:
        entries = list(ledger.entries(args.id))
    else:
        newest = ledger.backwards(args.id)
        entries = [entry for entry, _ in zip(newest, range(max(args.last, 0)), strict=False)][::-1]
    if not entries and args.id not in ledger.runbooks():
        raise InvalidRequest(f"{args.id} has no entries here; there are: {', '.join(ledger.runbooks()) or 'none'}")
    if args.format == "json":
        print(json.dumps({"entries": [entry.to_json() for entry in entries]}, ensure_ascii=False))
    else:
        table(_COLUMNS, [_row(entry) for entry in entries], numbers=_COLUMNS[:1] + _COLUMNS[3:9])
    return 0


def _row(entry: Entry) -> tuple[object, ...]:
    record, counts, looked = entry.record, entry.record.counts, entry.record.completeness
    window = f"{text(record.window.start)} – {text(record.window.end)}" if record.window else "none"
    states = (counts.new, counts.updated, counts.unchanged, counts.absent, counts.suppressed) if counts else ("",) * 5
    read = size(looked.data_scanned_in_bytes) if looked else ""
    run = f"{record.run.run_id}{f' attempt {record.run.attempt}' if record.run.attempt > 1 else ''}"
    said = record.error or "; ".join(record.reasons)
    by = record.run.triggered_by
    return (entry.sequence, window, record.verdict.value, *states, read, record.run.trigger.value, by, run, said)
