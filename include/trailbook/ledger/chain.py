"""Verifying a chain: pure, streaming, and never content with the first fault.

Invariant: a clean chain has no fault; every byte changed, entry dropped, moved, added or repeated has at least one that
names its key. A tail cut off, or a suffix rewritten with consistent digests, shows only against a head kept elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from trailbook.canonical import Json, dumps, loads
from trailbook.errors import TrailbookError
from trailbook.ledger.entry import FIRST, Entry, fingerprint, key_of
from trailbook.plan import Head

WHERE = "heads/"
"""What stands before the key of a head in the second place in a fault, since entries have the same keys."""

_NAME = re.compile(r"(?P<runbook>[^/]+)/(?P<sequence>[0-9]{12})\.json")


class FaultKind(StrEnum):
    """What is wrong with a key."""

    CHANGED = "changed"
    NOT_CANONICAL = "not canonical"
    MISSING = "missing"
    REORDERED = "reordered"
    DUPLICATED = "duplicated"
    UNLINKED = "unlinked"
    WRONG_NAME = "wrong name"
    CUT_TAIL = "cut tail"
    REWRITTEN = "rewritten"
    UNWITNESSED = "unwitnessed"
    SECOND_VERSION = "second version"
    DELETED = "deleted"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault: the key that is at fault, what kind it is, and a sentence for the auditor."""

    key: str
    kind: FaultKind
    message: str

    @property
    def chain(self) -> str:
        """The chain that it is in, or may be; empty for what lies beside the chains."""
        first, *rest = self.key.split("/")
        if first == WHERE.rstrip("/") and len(rest) > 1:
            return rest[0]
        return first if rest else ""

    def __str__(self) -> str:
        """Return `key: kind: message`."""
        return f"{self.key}: {self.kind}: {self.message}"


def verify(entries: Iterable[tuple[str, bytes]], head: Head | None = None) -> tuple[Fault, ...]:
    """Return all faults of one chain, given as (key, bytes) in the order of the keys; `head` was kept elsewhere."""
    chain, faults = Chain(head), []
    for key, body in entries:
        faults += chain.add(key, body)[1]
    return (*faults, *chain.finish())


@dataclass(slots=True)
class Chain:
    """A verification between two entries of one chain; what it keeps grows by a few bytes an entry."""

    head: Head | None = None
    last_key: str = ""
    sequence: int = 0
    fingerprint: str | None = FIRST
    """That of the entry before; None where it is not known, so that one fault is not reported twice."""
    _at_head: str | None = None
    _seen: set[int] = field(default_factory=set)

    def add(self, key: str, body: bytes) -> tuple[Entry | None, list[Fault]]:
        """Take the next entry; return it where it can be read, and its faults."""
        name = _NAME.fullmatch(key)
        if name is None:
            return None, [Fault(key, FaultKind.WRONG_NAME, "expected <runbook>/<12 digits>.json")]
        faults = self._place(key, name["runbook"], int(name["sequence"]))
        value, entry, found = _content(key, body)
        faults += found
        if value is not None:
            faults += self._match(key, name["runbook"], value) + self._repeated(key, value)
        self._step(value)
        return entry, faults

    def finish(self) -> list[Fault]:
        """Return the faults that only a head kept elsewhere shows."""
        if self.head is None:
            return []
        runbook = self.last_key.partition("/")[0]
        key = key_of(runbook, self.head.sequence)
        if self.head.sequence > self.sequence:
            words = f"a head kept elsewhere names it, and the chain ends at {self.sequence}"
            return [Fault(key, FaultKind.CUT_TAIL, words)]
        if self._at_head != self.head.fingerprint:
            return [Fault(key, FaultKind.REWRITTEN, "its fingerprint is not the one in a head kept elsewhere")]
        return []

    def _place(self, key: str, runbook: str, sequence: int) -> list[Fault]:
        faults = []
        if key == self.last_key:
            faults.append(Fault(key, FaultKind.DUPLICATED, "the key is listed twice"))
        elif sequence <= self.sequence:
            faults.append(Fault(key, FaultKind.REORDERED, f"it is listed after {self.last_key}"))
        elif sequence > self.sequence + 1:
            first, last = self.sequence + 1, sequence - 1
            words = "it is not there" if first == last else f"it and all to {key_of(runbook, last)} are not there"
            faults.append(Fault(key_of(runbook, first), FaultKind.MISSING, words))
        if sequence != self.sequence + 1:
            self.fingerprint = None
        self.last_key, self.sequence = key, sequence
        return faults

    def _match(self, key: str, runbook: str, value: dict[str, Json]) -> list[Fault]:
        faults = []
        if value.get("sequence") != self.sequence:
            faults.append(Fault(key, FaultKind.REORDERED, f"it holds entry {value.get('sequence')!r}"))
        elif self.fingerprint is not None and value.get("prev_event") != self.fingerprint:
            words = "its prev_event is not the fingerprint of the entry before it"
            faults.append(Fault(key, FaultKind.UNLINKED, words))
        if value.get("runbook") != runbook:
            faults.append(Fault(key, FaultKind.WRONG_NAME, f"it is an entry of {value.get('runbook')!r}"))
        return faults

    def _repeated(self, key: str, value: dict[str, Json]) -> list[Fault]:
        attempt = hash((str(value.get("run_id")), str(value.get("attempt"))))
        if attempt in self._seen:
            words = f"run {value.get('run_id')!r}, attempt {value.get('attempt')!r}, has an entry already"
            return [Fault(key, FaultKind.DUPLICATED, words)]
        self._seen.add(attempt)
        return []

    def _step(self, value: dict[str, Json] | None) -> None:
        claimed = value.get("fingerprint") if value is not None and value.get("sequence") == self.sequence else None
        self.fingerprint = claimed if isinstance(claimed, str) else None
        if self.head is not None and self.sequence == self.head.sequence:
            self._at_head = self.fingerprint


def _content(key: str, body: bytes) -> tuple[dict[str, Json] | None, Entry | None, list[Fault]]:
    """Return the JSON object and the entry of a body, as far as it is one, and the faults of its content."""
    value = None
    try:
        found = loads(body)
        value = found if isinstance(found, dict) else None
        if value is None:
            return None, None, [Fault(key, FaultKind.CHANGED, "expected a JSON object")]
        if value.get("fingerprint") != fingerprint(value):
            return value, None, [Fault(key, FaultKind.CHANGED, "its fingerprint is not that of its content")]
        if dumps(value) != body:
            return value, None, [Fault(key, FaultKind.NOT_CANONICAL, "the same content is written in another form")]
        return value, Entry.from_json(value), []
    except TrailbookError as error:
        return value, None, [Fault(key, FaultKind.CHANGED, str(error))]
