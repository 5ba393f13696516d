"""Reading a chain into the index: what is new since the last time, each entry checked, and what was known asked again.

Invariant: a run is taken only from an entry that is as it was recorded and lies under its own key; whatever else is
found is a flaw with a sentence, and the entries behind it are read all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trailbook.canonical import sha256
from trailbook.errors import ObjectMissing, TrailbookError
from trailbook.ledger.entry import Entry, key_of, sequence_of
from trailbook.ledger.index_file import Flaw, Reached
from trailbook.ledger.index_rows import RunSummary, summary_of_entry
from trailbook.objects import ObjectStore

_GONE = ""
_MOST_FLAWS = 8  # of a chain that are asked for again at each sync


@dataclass(frozen=True, slots=True)
class Ahead:
    """The keys that are new in a chain. `changed` says why all that was known of it must be read anew."""

    keys: tuple[str, ...]
    changed: Flaw | None = None
    mended: bool = False
    """Whether a flaw that was known is gone or has become another, so that the chain is read anew as well."""


def look(store: ObjectStore, runbook: str, reached: Reached, flaws: Sequence[Flaw]) -> Ahead:
    """Return what is new in a chain, by a GET of the last known entry and of each of the first flaws, and a list."""
    changed = _changed(store, runbook, reached)
    asked = [flaw for flaw in flaws if flaw.witness is not None][:_MOST_FLAWS]
    mended = any(_witness(store, key_of(runbook, flaw.sequence)) != flaw.witness for flaw in asked)
    anew = changed is not None or mended or not reached.sequence
    after = "" if anew else key_of(runbook, reached.sequence)
    return Ahead(tuple(store.keys(f"{runbook}/", after)), changed, mended)


def body_of(store: ObjectStore, key: str) -> bytes | None:
    """Return what is under a key; None where nothing is."""
    try:
        return store.get(key)
    except ObjectMissing:
        return None


@dataclass(slots=True)
class Reading:
    """A chain between two of its entries."""

    store: ObjectStore
    runbook: str
    reached: Reached
    runs: list[RunSummary] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    def take(self, keys: Sequence[str], bodies: Sequence[bytes | None]) -> None:
        """Read the next entries."""
        for key, body in zip(keys, bodies, strict=True):
            sequence = sequence_of(key)
            if sequence is None or key != key_of(self.runbook, sequence):
                self.strays.append(f"{key} is no entry's key")
            elif sequence > self.reached.sequence:
                self._next(key, sequence, body)

    def _next(self, key: str, sequence: int, body: bytes | None) -> None:
        before = self.reached
        if sequence > before.sequence + 1:
            first, last = before.sequence + 1, sequence - 1
            words = f"entry {first} is" if first == last else f"the entries {first} to {last} are"
            self.flaws.append(Flaw(first, f"{words} not there", _GONE))
            before = Reached(last, None)
        self.reached = Reached(sequence, None)
        if body is None:
            self.flaws.append(Flaw(sequence, f"entry {sequence} was listed, and is not there", _GONE))
            return
        try:
            entry = Entry.from_bytes(body, self.store.uri(key))
        except TrailbookError as error:
            self.flaws.append(Flaw(sequence, str(error), sha256(body)))
            return
        if entry.key != key:
            words = f"entry {sequence} says that it is {entry.key}"
            self.flaws.append(Flaw(sequence, words, sha256(body)))
            return
        if before.fingerprint not in (None, entry.prev_event):
            words = f"entry {sequence} does not name the entry before it: run `trailbook verify {self.runbook}`"
            self.flaws.append(Flaw(sequence, words, sha256(body)))
        self.reached = Reached(sequence, entry.fingerprint)
        self.runs.append(summary_of_entry(entry))


def _changed(store: ObjectStore, runbook: str, reached: Reached) -> Flaw | None:
    """Return what became of the last entry that is known; None where it is the same."""
    if not reached.sequence or reached.fingerprint is None:  # an entry that cannot be read is a flaw with a witness
        return None
    number, key = reached.sequence, key_of(runbook, reached.sequence)
    body = body_of(store, key)
    what = "and is another now"
    if body is None:
        what = "and is not there now"
    else:
        try:
            if Entry.from_bytes(body, store.uri(key)).fingerprint == reached.fingerprint:
                return None
        except TrailbookError:
            what = "and cannot be read now"
    words = f"entry {number} was read before {what}, so the chain was read anew: run `trailbook verify {runbook}`"
    return Flaw(number, words, None)


def _witness(store: ObjectStore, key: str) -> str:
    body = body_of(store, key)
    return _GONE if body is None else sha256(body)
