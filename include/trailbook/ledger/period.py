"""The runs of a period, read from the ledger itself as far back as they go, below an end that someone saw before.

Invariant: with the same end and period the answer is the same, whatever was appended since: entries do not change, and
where one has, that is a fault in the answer and no end of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from trailbook.errors import TrailbookError
from trailbook.ledger.end import downwards, end_of
from trailbook.ledger.entry import FIRST, Entry, key_of
from trailbook.ledger.index_rows import RunSummary, summary_of_entry
from trailbook.objects import ObjectStore
from trailbook.plan import Head
from trailbook.window import Window, parse_time

UNREADABLE = ""
"""Fingerprint of an end whose entry cannot be read."""


@dataclass(slots=True)
class Gathered:
    """What a chain says of a period.

    `runs` count in it, the newest entry first; `good` is the whole result that counts latest at or before its end, in
    the period or before it; `faults` are sentences.
    """

    runs: list[RunSummary] = field(default_factory=list)
    good: RunSummary | None = None
    faults: list[str] = field(default_factory=list)


def end(store: ObjectStore, runbook: str) -> Head | None:
    """Return a chain's end; None where it has no entry.

    Raises EvidenceError where its last key is none of an entry.
    """
    last = end_of(store, runbook)
    if not last:
        return None
    try:
        return Entry.from_bytes(store.get(key_of(runbook, last)), runbook).head
    except TrailbookError as error:
        if error.transient:
            raise
        return Head(last, UNREADABLE)


def gather(store: ObjectStore, runbook: str, head: Head, period: Window) -> Gathered:
    """Return what a chain says of a period, up to `head`."""
    found = Gathered()
    for entry in _entries(store, runbook, head, found.faults):
        run = summary_of_entry(entry)
        try:
            when = run.placed
        except TrailbookError as error:
            found.faults.append(f"{runbook}: entry {entry.sequence}: {error}")
            continue
        if period.start < when <= period.end:
            found.runs.append(run)
        if run.good and when <= period.end and (found.good is None or found.good.placed < when):
            found.good = run
        if _nothing_before(entry, period.start, found.good):
            break
    return found


def _entries(store: ObjectStore, runbook: str, head: Head, faults: list[str]) -> Iterator[Entry]:
    """Yield the entries from `head` back, each the one that the one after it names."""
    wanted, number = head.fingerprint, head.sequence
    for key, body in downwards(store, runbook, head.sequence):
        try:
            entry = Entry.from_bytes(body, store.uri(key))
        except TrailbookError as error:
            faults.append(f"{runbook}: {error}")
            wanted = UNREADABLE
            continue
        if entry.key != key:
            faults.append(f"{runbook}: {key} says that it is {entry.key}: run `trailbook verify {runbook}`")
            continue
        if entry.sequence < number - 1 and wanted != UNREADABLE:
            faults.append(f"{runbook}: entries before {number} are not there: run `trailbook verify {runbook}`")
        elif wanted not in (UNREADABLE, entry.fingerprint):
            faults.append(f"{runbook}: entry {entry.sequence} is not the one that was there: run `trailbook verify`")
        wanted, number = entry.prev_event, entry.sequence
        yield entry
    if wanted not in (UNREADABLE, FIRST):
        faults.append(f"{runbook}: entries before {number} are not there: run `trailbook verify {runbook}`")


def _nothing_before(entry: Entry, start: datetime, good: RunSummary | None) -> bool:
    """Whether neither a run of the period nor a better good one can stand before an entry.

    All windows before it end by its `latest_window_end`, and what ended before it had a window had begun by then too.
    """
    latest = entry.latest_window_end
    if good is None or (latest is not None and latest > start):
        return False
    try:
        over = parse_time(entry.record.finished, "finished") <= start
    except TrailbookError:
        return False
    return over and (latest is None or latest <= good.placed)
