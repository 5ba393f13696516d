"""The heads that reports carry: each manifest names the chain's end as its run's plan found it.

So whoever cuts or rewrites a chain, and cannot change the reports, is shown by them; a whole report that no entry names
is counted, since it is a run under way or what is left of an entry that was removed. Invariant: it keeps some bytes an
entry.
"""

from collections.abc import Iterator

from trailbook.canonical import loads
from trailbook.errors import ObjectMissing, TrailbookError
from trailbook.ledger.chain import Fault, FaultKind
from trailbook.ledger.entry import Entry, key_of
from trailbook.ledger.products import head_in
from trailbook.objects import ObjectStore
from trailbook.plan import Head

_KEPT = 1024  # fingerprints of the entries before; a run's plan and its entry are rarely further apart
_MOST = 1 << 20
"""Bytes of the longest manifest that is read where no entry names it."""


class ReportHeads:
    """The reports of one chain, compared with the chain while it is read."""

    def __init__(self, ledger: ObjectStore, reports: ObjectStore, runbook: str) -> None:
        """Ask nothing yet."""
        self.unrecorded = 0
        self._ledger = ledger
        self._reports = reports
        self._runbook = runbook
        self._recent: dict[int, str | None] = {}
        self._named: set[int] = set()

    def passed(self, sequence: int, fingerprint: str | None) -> None:
        """Take note of an entry of the chain."""
        self._recent[sequence] = fingerprint
        self._recent.pop(sequence - _KEPT, None)

    def at(self, entry: Entry, head: Head | None) -> Iterator[Fault]:
        """Yield the fault that an entry's report shows; `head` is what its manifest names."""
        if entry.record.products is not None:
            self._named.add(hash(entry.record.products.manifest.key))
        if head is not None and head.sequence >= entry.sequence:
            words = f"its report was made when the chain had {head.sequence} entries already"
            yield Fault(entry.key, FaultKind.REWRITTEN, words)
        elif head is not None:
            yield from self._compare(head, f"the report of entry {entry.sequence}")

    def finish(self, end: int) -> Iterator[Fault]:
        """Yield the faults that the reports show which no entry names; `end` is the chain's last entry."""
        for key in self._reports.keys(f"{self._runbook}/"):
            if key.endswith("/manifest.json") and hash(key) not in self._named:
                self.unrecorded += 1
                head = self._read(key)
                if head is None:
                    continue
                if head.sequence <= end:
                    yield from self._compare(head, f"{key}, which no entry names,")
                elif not self._ledger.exists(key_of(self._runbook, head.sequence)):  # not appended meanwhile either
                    words = f"{key} was made when it was there, and the chain ends at {end}"
                    yield Fault(key_of(self._runbook, head.sequence), FaultKind.CUT_TAIL, words)

    def _compare(self, head: Head, what: str) -> Iterator[Fault]:
        fingerprint = self._recent[head.sequence] if head.sequence in self._recent else self._claimed(head.sequence)
        if fingerprint is not None and fingerprint != head.fingerprint:
            words = f"{what} was made when its fingerprint was another"
            yield Fault(key_of(self._runbook, head.sequence), FaultKind.REWRITTEN, words)

    def _claimed(self, sequence: int) -> str | None:
        try:
            value = loads(self._ledger.get(key_of(self._runbook, sequence)))
        except ObjectMissing:
            return None  # which the chain says
        except TrailbookError as error:
            if error.transient:
                raise
            return None
        found = value.get("fingerprint") if isinstance(value, dict) else None
        return found if isinstance(found, str) else None

    def _read(self, key: str) -> Head | None:
        body = b""
        try:
            for piece in self._reports.chunks(key):
                body += piece
                if len(body) > _MOST:
                    return None
            return head_in(loads(body))
        except TrailbookError as error:
            if error.transient:
                raise
            return None
