"""The demonstration's table: per runbook and day verdict, findings by state, bytes scanned, the report's path."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from trailbook.cli import output
from trailbook.cli.connections import Clients
from trailbook.cli.verify import show as show_verification
from trailbook.laptop.place import Place
from trailbook.ledger import Entry, verify
from trailbook.settings import Settings

_NUMBERS = ("new", "updated", "unchanged", "absent", "suppressed", "scanned")
_COLUMNS = ("runbook", "day", "verdict", *_NUMBERS, "report")


def show(clients: Clients, settings: Settings, place: Place, days: Sequence[date], runbooks: Sequence[str]) -> int:
    """Print the table and the ledger's verification; 0 where each runbook has its entry a day and all verifies."""
    ledger = clients.ledger(settings)
    entries = [entry for runbook in ledger.runbooks() for entry in ledger.entries(runbook)]
    output.table(_COLUMNS, [_row(entry, place, days) for entry in entries], numbers=_NUMBERS)
    for entry in entries:
        if entry.record.error:
            output.console().print(f"{entry.key}: {entry.record.error}", style="bold magenta", markup=False)
    print(f"\nA suppressed finding counts in its state as well. Reports in {place.reports}\n")
    found = verify(ledger.store, clients.store(settings.reports, "TRAILBOOK_REPORTS"))
    show_verification(found)
    counted = Counter(entry.record.runbook for entry in entries)
    whole = counted == dict.fromkeys(runbooks, len(days)) and not any(entry.record.error for entry in entries)
    return 0 if whole and not found.faults else 1


def _row(entry: Entry, place: Place, days: Sequence[date]) -> tuple[object, ...]:
    record, counts, looked = entry.record, entry.record.counts, entry.record.completeness
    starts = {datetime.combine(day, time(), UTC): f"day {n}" for n, day in enumerate(days, start=1)}
    day = starts.get(record.window.start, str(record.window.start)) if record.window else ""
    states = (counts.new, counts.updated, counts.unchanged, counts.absent, counts.suppressed) if counts else ("",) * 5
    scanned = output.size(looked.data_scanned_in_bytes) if looked else ""
    return (record.runbook, day, record.verdict.value, *states, scanned, _report(entry, place))


def _report(entry: Entry, place: Place) -> str:
    if entry.record.snapshot is None or entry.record.products is None:
        return "none"
    path = place.reports / entry.record.snapshot.key.rpartition("/")[0] / "report.html"
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return str(shown)
