"""A chain's end, and the way back from it, without listing the chain: a page of keys for a short one, else a search.

Invariant: the answer is the last entry that the store lists, holes or not. The search only says where to begin the list
that decides, so neither a hole that someone made nor an append at the same moment can lead to a lower end.
"""

from collections.abc import Iterator
from itertools import islice

from trailbook.errors import EvidenceError, ObjectMissing
from trailbook.ledger.entry import key_of, sequence_of
from trailbook.objects import ObjectStore

_PAGE = 1000  # keys in one answer of S3


def end_of(store: ObjectStore, runbook: str, known: int = 0) -> int:
    """Return the sequence of a chain's last entry, 0 where it has none; entry `known` is known to be there.

    Raises EvidenceError where the last key of the chain is no entry's.
    """
    prefix = f"{runbook}/"
    page = list(islice(store.keys(prefix, after=key_of(runbook, known)), _PAGE))
    last = page[-1] if page else ""
    if len(page) == _PAGE:
        low = _low_end(store, runbook, max(known, sequence_of(last) or 0))
        last = max(store.keys(prefix, after=key_of(runbook, low)), key=str.encode, default=key_of(runbook, low))
    if not last:
        return known
    found = sequence_of(last)
    if found is None or last != key_of(runbook, found):
        raise EvidenceError(f"{store.uri(last)}: the chain does not end in an entry: run `trailbook verify`")
    return found


def downwards(store: ObjectStore, runbook: str, end: int, known: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield key and bytes of a chain's entries from `end` down to the one after `known`; holes are passed over."""
    for sequence in range(end, known, -1):
        key = key_of(runbook, sequence)
        try:
            yield key, store.get(key)
        except ObjectMissing:  # a hole may be of any size, so what is left is listed
            break
    else:
        return
    listed = [key for key in store.keys(f"{runbook}/", after=key_of(runbook, known)) if sequence_of(key) is not None]
    for key in reversed(listed):
        if known < (sequence_of(key) or 0) < sequence:
            yield key, store.get(key)


def _low_end(store: ObjectStore, runbook: str, low: int) -> int:
    """Return an entry with none after it, by doubling steps and then halving them: the end, but for holes."""
    step = _PAGE
    while store.exists(key_of(runbook, low + step)):
        low, step = low + step, step * 2
    while (step := step // 2) >= 1:
        if store.exists(key_of(runbook, low + step)):
            low += step
    return low
