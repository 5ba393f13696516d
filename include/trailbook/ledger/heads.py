"""The second place: each entry's head, written beside no entry, so that a cut or rewritten chain shows.

One object per entry, `<runbook>/<sequence, 12 digits>.json`, in a store that whoever can write the ledger should not be
able to write over or delete from. Invariant: a head is written after its entry and never overwritten.
"""

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from trailbook.canonical import dumps, loads
from trailbook.errors import EvidenceError, ObjectExists, TrailbookError
from trailbook.ledger.chain import WHERE, Fault, FaultKind
from trailbook.ledger.entry import Entry, chain_uid, key_of, sequence_of
from trailbook.objects import ObjectStore
from trailbook.plan import Head

FORMAT = "trailbook.head/1"


def keep(store: ObjectStore, entry: Entry) -> None:
    """Write an entry's head; one that is there already must be the same. Raises EvidenceError where it is another."""
    try:
        store.put_new(entry.key, to_bytes(entry.record.runbook, entry.head), "application/json")
    except ObjectExists:
        if read(store, entry.record.runbook, entry.sequence) != entry.head:
            raise EvidenceError(
                f"{store.uri(entry.key)}: the head kept here is not that of entry {entry.sequence}, which was recorded "
                f"just now: entries were removed or replaced before it: run `trailbook verify {entry.record.runbook}`"
            ) from None


def to_bytes(runbook: str, head: Head) -> bytes:
    """Return a head as canonical JSON."""
    return dumps(
        {
            "format": FORMAT,
            "chain_uid": chain_uid(runbook),
            "sequence": head.sequence,
            "fingerprint": head.fingerprint,
        }
    )


def read(store: ObjectStore, runbook: str, sequence: int) -> Head:
    """Return a head that is kept. Raises EvidenceError where the object under its key is none, ObjectMissing."""
    key = key_of(runbook, sequence)
    value: Any = loads(store.get(key))
    if isinstance(value, Mapping) and isinstance(fingerprint := value.get("fingerprint"), str):
        head = Head(sequence, fingerprint)
        if value == loads(to_bytes(runbook, head)):
            return head
    raise EvidenceError(f"{store.uri(key)}: expected the head of entry {sequence}, found something else")


class KeptHeads:
    """The heads of one chain in the second place, compared with the chain while it is read.

    They are listed before the chain is, so that an entry appended meanwhile is no cut tail; what it does not find then,
    it asks for at the end. It keeps 8 bytes a head.
    """

    def __init__(self, store: ObjectStore, runbook: str) -> None:
        """List what is kept."""
        self.compared = 0
        self._store = store
        self._runbook = runbook
        self._strays: list[str] = []
        self._sequences = array("q")
        for key in store.keys(f"{runbook}/"):
            sequence = sequence_of(key)
            if sequence is None or key != key_of(runbook, sequence):
                self._strays.append(key)
            else:
                self._sequences.append(sequence)
        self._next = 0
        self._without: list[tuple[int, str]] = []

    def at(self, sequence: int, fingerprint: str | None) -> Iterator[Fault]:
        """Yield the faults that an entry shows; its `fingerprint` is None where it has none that can be read."""
        while self._next < len(self._sequences) and self._sequences[self._next] < sequence:
            self._next += 1  # that entry is missing, which the chain says
        if self._next < len(self._sequences) and self._sequences[self._next] == sequence:
            self._next += 1
            yield from self._compare(sequence, fingerprint)
        elif self._sequences and sequence > self._sequences[0] and fingerprint is not None:
            self._without.append((sequence, fingerprint))

    def finish(self, end: int) -> Iterator[Fault]:
        """Yield the faults that are known at the end of the chain, which is entry `end`."""
        for key in self._strays:
            yield Fault(f"{WHERE}{key}", FaultKind.WRONG_NAME, "expected <runbook>/<12 digits>.json")
        beyond = [sequence for sequence in self._sequences[self._next :] if sequence > end]
        if beyond:
            words = f"a head kept elsewhere names entry {beyond[-1]}, and the chain ends at {end}"
            yield Fault(key_of(self._runbook, beyond[0]), FaultKind.CUT_TAIL, words)
        first = last = 0
        for sequence, fingerprint in self._without:
            if self._store.exists(key_of(self._runbook, sequence)):
                yield from self._compare(sequence, fingerprint)
            elif sequence == last + 1:
                last = sequence
            else:
                yield from self._unwitnessed(first, last)
                first = last = sequence
        yield from self._unwitnessed(first, last)

    def _compare(self, sequence: int, fingerprint: str | None) -> Iterator[Fault]:
        key = key_of(self._runbook, sequence)
        self.compared += 1
        try:
            head = read(self._store, self._runbook, sequence)
        except TrailbookError as error:
            if error.transient:
                raise
            yield Fault(f"{WHERE}{key}", FaultKind.UNREADABLE, str(error))
            return
        if fingerprint is not None and head.fingerprint != fingerprint:
            yield Fault(key, FaultKind.REWRITTEN, "its fingerprint is not the one in a head kept elsewhere")

    def _unwitnessed(self, first: int, last: int) -> Iterator[Fault]:
        if first:
            all_of_them = "it" if first == last else f"it and all to {key_of(self._runbook, last)}"
            words = f"entries before it have a head kept elsewhere, and {all_of_them} has none: Trailbook writes both"
            yield Fault(key_of(self._runbook, first), FaultKind.UNWITNESSED, words)
