"""`trailbook history ID`: the runs as the ledger has them: when, who, why, over what, and what came of each."""

import argparse
import json
from collections.abc import Iterator
from itertools import islice

from trailbook.cli import printable
from trailbook.cli.connections import Clients
from trailbook.cli.output import STYLES, console, details, size
from trailbook.errors import InvalidRequest
from trailbook.ledger import Entry, Ledger, Looked, Notification
from trailbook.plan import Trigger
from trailbook.report.statements import STARTS, counted, span
from trailbook.settings import Settings
from trailbook.verdict import Verdict
from trailbook.window import parse_time
from trailbook.words import amount, sentence

_NEWEST = 20
_ABSENCES = {
    "first_run": "nothing: there was no earlier run",
    "params_changed": "nothing: the earlier runs had other parameters",
    "query_changed": "nothing: the query had changed",
    "columns_changed": "nothing: the result's columns had changed",
    "prior_truncated": "nothing: the earlier run was cut or had no data",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--ledger", metavar="WHERE", help="s3://bucket/prefix or a folder (default: TRAILBOOK_LEDGER)")
    parser.add_argument(
        "--last", type=_whole, metavar="N", help=f"the newest N that match (0: all; default: {_NEWEST}, with JSON all)"
    )
    parser.add_argument("--before", type=_whole, metavar="#", help="only runs before this one: the next page")
    parser.add_argument("--since", metavar="T", help="only windows that end after T")
    parser.add_argument("--until", metavar="T", help="only windows that begin before T")
    parser.add_argument("--verdict", action="append", choices=[str(verdict) for verdict in Verdict])
    parser.add_argument("--trigger", action="append", choices=[str(trigger) for trigger in Trigger])
    parser.add_argument("--by", metavar="NAME", help="only runs that this user started")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run(args: argparse.Namespace) -> int:
    """Print the entries, the oldest first. An entry that is not as it was recorded ends it: `verify` says more."""
    settings = Settings.from_env()
    ledger = Clients(region=settings.region).ledger(settings, args.ledger)
    last = args.last if args.last is not None else 0 if args.format == "json" else _NEWEST
    matching = _matching(ledger, args)
    entries = list(islice(matching, last or None))[::-1]
    more = last > 0 and next(matching, None) is not None
    if not entries and args.id not in ledger.runbooks():
        raise InvalidRequest(f"{args.id} has no entries here; there are: {', '.join(ledger.runbooks()) or 'none'}")
    if args.format == "json":
        print(json.dumps({"entries": [entry.to_json() for entry in entries]}, ensure_ascii=False))
        return 0
    for entry in entries:
        _show(entry)
    console().print(printable(_sum(args.id, entries, more)), markup=False)
    return 0


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a whole number such as 20, found {text!r}")
    return int(text)


def _matching(ledger: Ledger, args: argparse.Namespace) -> Iterator[Entry]:
    """Yield the entries that are asked for from the newest back, reading no more of the chain than that needs."""
    since = parse_time(args.since, "--since") if args.since else None
    until = parse_time(args.until, "--until") if args.until else None
    for entry in ledger.backwards(args.id):
        record = entry.record
        if since and entry.latest_window_end and entry.latest_window_end <= since:
            return  # no entry from here back has a later window
        if args.before is not None and entry.sequence >= args.before:
            continue
        if since and (record.window is None or record.window.end <= since):
            continue
        if until and (record.window is None or record.window.start >= until):
            continue
        if args.by is not None and record.run.triggered_by != args.by:
            continue
        if record.verdict in (args.verdict or Verdict) and record.run.trigger in (args.trigger or Trigger):
            yield entry


def _show(entry: Entry) -> None:
    record, looked = entry.record, entry.record.completeness
    window = span(record.window) if record.window else "no window"
    console().print(
        f"{f'#{entry.sequence}':>5}  {record.verdict.upper():<10}  {window}", style=STYLES[record.verdict], markup=False
    )
    by = f" by {record.run.triggered_by}" if record.run.triggered_by else ""
    attempt = f", attempt {record.run.attempt}" if record.run.attempt > 1 else ""
    details(
        [
            ("findings", None if record.counts is None else counted(record.counts)),
            ("because", " ".join(sentence(reason) for reason in record.reasons)),
            ("read", looked and _read(looked)),
            ("started", f"{record.started} {STARTS[record.run.trigger]}{by}"),
            ("reason", record.run.reason),
            ("params", _params(entry)),
            ("compared", _compared(entry)),
            ("run", f"{record.run.run_id}{attempt}"),
            ("report", record.products and record.products.report_uri),
            ("notified", "; ".join(map(_notified, record.notifications))),
        ],
        indent=7,
    )


def _read(looked: Looked) -> str:
    scanned = f"{size(looked.data_scanned_in_bytes)} scanned"
    if not looked.events:
        return f"0 events, {scanned}"
    places = f"{amount(looked.accounts, 'account')} in {amount(looked.regions, 'region')}"
    span = f"from {looked.first_event} to {looked.last_event}"
    return f"{amount(looked.events, 'event')} of {places}, {span}; {scanned}"


def _notified(told: Notification) -> str:
    message = f"{', '.join(told.events) or 'anything'} to {told.destination}"
    return message if told.sent else f"{message} not sent: {told.error}"


def _params(entry: Entry) -> str:
    given = ((name, value) for name, value in entry.record.params.items() if value not in (None, [], ""))
    return ", ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in given)


def _compared(entry: Entry) -> str | None:
    baseline, again = entry.record.materials.baseline, entry.record.rerun_of
    if baseline is None:
        return None
    absence = baseline.absence or ("first_run" if baseline.run_id is None else None)
    words = f"run {baseline.run_id} (#{baseline.sequence})" if absence is None else _ABSENCES.get(absence, absence)
    return f"{words}; a re-run of {again}" if again else words


def _sum(runbook: str, entries: list[Entry], more: bool) -> str:
    words = f"{runbook}: {amount(len(entries), 'run')} shown, the newest last"
    if not entries:
        return f"{runbook}: no run matches"
    return f"{words}; more before them: --before {entries[0].sequence}, or --last 0 for all" if more else words
