"""One run verified on request: its entry, the links of the chain to both sides, the second place, and every file again.

Invariant: each check says what it looked at and what it found, so that a reader need not take `verified` at its word.
"""

from dataclasses import dataclass

from trailbook.errors import EvidenceError, ObjectMissing, TrailbookError
from trailbook.ledger import Entry, Ledger
from trailbook.ledger import heads as second_place
from trailbook.ledger.entry import FIRST, key_of
from trailbook.ledger.products import check
from trailbook.objects import ObjectStore
from trailbook.words import amount


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is as recorded (None: there was nothing to look at), and a sentence."""

    what: str
    good: bool | None
    says: str


def verify_run(ledger: Ledger, reports: ObjectStore, entry: Entry) -> tuple[Check, ...]:
    """Return every check of one entry, which has just been read. Raises ServiceUnavailable."""
    says = f"entry {entry.sequence} is canonical JSON with the fingerprint {entry.fingerprint}"
    return (
        Check("Entry", True, says),
        _before(ledger, entry),
        _after(ledger, entry),
        _witness(ledger, entry),
        *_files(reports, entry),
    )


def _before(ledger: Ledger, entry: Entry) -> Check:
    what = "Entry before"
    if entry.sequence == 1:
        good = entry.prev_event == FIRST
        return Check(what, good, "this is the chain's first entry" if good else "the first entry names one before it")
    before = _neighbour(ledger, entry, entry.sequence - 1)
    if isinstance(before, str):
        return Check(what, False, before)
    good = before is not None and before.fingerprint == entry.prev_event
    found = "is not there" if before is None else f"has the fingerprint {before.fingerprint}"
    return Check(what, good, f"entry {entry.sequence - 1} {found}{', which this one names' if good else ''}")


def _after(ledger: Ledger, entry: Entry) -> Check:
    what = "Entry after"
    after = _neighbour(ledger, entry, entry.sequence + 1)
    if isinstance(after, str):
        return Check(what, False, after)
    if after is None:
        return Check(what, None, "none: this is the chain's newest entry")
    good = after.prev_event == entry.fingerprint
    return Check(what, good, f"entry {after.sequence} names {'this one' if good else 'another than this one'}")


def _neighbour(ledger: Ledger, entry: Entry, sequence: int) -> Entry | str | None:
    key = key_of(entry.record.runbook, sequence)
    try:
        return Entry.from_bytes(ledger.store.get(key), ledger.store.uri(key))
    except ObjectMissing:
        return None
    except EvidenceError as error:
        return str(error)


def _witness(ledger: Ledger, entry: Entry) -> Check:
    what = "Second place"
    if ledger.heads is None:
        return Check(what, None, "none is set up (TRAILBOOK_HEADS)")
    try:
        head = second_place.read(ledger.heads, entry.record.runbook, entry.sequence)
    except ObjectMissing:
        return Check(what, None, "no head of this entry is kept there")
    except EvidenceError as error:
        return Check(what, False, str(error))
    good = head == entry.head
    return Check(what, good, f"the head kept there is {'this entry’s' if good else f'another: {head.fingerprint}'}")


def _files(reports: ObjectStore, entry: Entry) -> tuple[Check, ...]:
    what = "Files"
    if entry.record.products is None and entry.record.snapshot is None:
        return (Check(what, None, "this run wrote none"),)
    try:
        checked = check(reports, entry)
    except TrailbookError as error:
        if error.transient:
            raise
        return (Check(what, False, str(error)),)
    if checked.faults:
        return tuple(Check("File", False, str(fault)) for fault in checked.faults)
    return (Check(what, True, f"{amount(checked.files, 'file')} hashed again, each with the recorded SHA-256"),)
