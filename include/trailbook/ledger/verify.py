"""Verifying a whole ledger: each chain, each key's versions, the heads in the second place, and each named product.

Invariant: one entry, or one MiB of a product, is in memory at a time, and nothing stops at the first fault. What a
store has deleted for good, versions and all, shows as missing only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trailbook.errors import ObjectMissing, TrailbookError
from trailbook.ledger.chain import WHERE, Chain, Fault, FaultKind
from trailbook.ledger.entry import Entry
from trailbook.ledger.heads import KeptHeads
from trailbook.ledger.products import check
from trailbook.ledger.report_heads import ReportHeads
from trailbook.objects import ObjectStore
from trailbook.plan import Head

_MOST = 64 << 20
"""Bytes of the longest entry that is read: parameters are an operator's lists, and no more than that."""


@dataclass(slots=True)
class Verification:
    """What was verified and what is wrong; `heads` are the chains' ends as found, to be kept elsewhere.

    `compared` is how many entries were compared with a head in the second place, `unrecorded` how many whole reports no
    entry names: runs under way, or what is left of entries that were removed.
    """

    entries: int = 0
    files: int = 0
    heads: dict[str, Head] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    compared: int = 0
    unrecorded: int = 0


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the evidence is, and what was kept elsewhere of it."""

    ledger: ObjectStore
    reports: ObjectStore | None
    second: ObjectStore | None
    heads: Mapping[str, Head]


def verify(
    ledger: ObjectStore,
    reports: ObjectStore | None,
    *,
    runbooks: Iterable[str] | None = None,
    heads: Mapping[str, Head] | None = None,
    second: ObjectStore | None = None,
) -> Verification:
    """Verify the chains of some runbooks (None: all, and whatever else lies in the ledger).

    `heads` were kept elsewhere, by runbook; `second` is the second place, where each append wrote its head. Without a
    store of reports no product is looked at.
    """
    found = Verification()
    places = _Places(ledger, reports, second, heads or {})
    if runbooks is None:
        chains = {*ledger.folders(), *places.heads, *(second.folders() if second is not None else ())}
        found.faults += [_stray(key) for key in ledger.keys("") if "/" not in key]
        prefixes = [""]
    else:
        chains = set(runbooks)
        prefixes = [f"{runbook}/" for runbook in sorted(chains)]
    for runbook in sorted(chains):
        _chain(places, runbook, found)
    for prefix in prefixes:
        found.faults += _versions(ledger, prefix)
        for where, store in (("", reports), (WHERE, second)):
            if store is not None:
                found.faults += _versions(store, prefix, where)
    return found


def _chain(places: _Places, runbook: str, found: Verification) -> None:
    kept = None if places.second is None else KeptHeads(places.second, runbook)
    carried = None if places.reports is None else ReportHeads(places.ledger, places.reports, runbook)
    chain = Chain(places.heads.get(runbook), last_key=f"{runbook}/")
    for key in places.ledger.keys(f"{runbook}/"):
        before = chain.sequence
        entry, faults = _entry(places.ledger, key, chain)
        found.entries += 1
        found.faults += faults
        if kept is not None and chain.sequence > before:
            found.faults += kept.at(chain.sequence, chain.fingerprint)
        if entry is not None:
            found.heads[runbook] = entry.head
        if places.reports is not None and carried is not None:
            carried.passed(chain.sequence, chain.fingerprint)
            if entry is not None:
                checked = check(places.reports, entry)
                found.files += checked.files
                found.faults += (*checked.faults, *carried.at(entry, checked.head))
    found.faults += chain.finish()
    if carried is not None:
        found.faults += carried.finish(chain.sequence)
        found.unrecorded += carried.unrecorded
    if kept is not None:
        found.faults += kept.finish(chain.sequence)
        found.compared += kept.compared


def _entry(ledger: ObjectStore, key: str, chain: Chain) -> tuple[Entry | None, list[Fault]]:
    body = b""
    try:
        for piece in ledger.chunks(key):
            body += piece
            if len(body) > _MOST:
                return None, [*chain.add(key, b"")[1], Fault(key, FaultKind.CHANGED, "it is longer than any entry")]
    except ObjectMissing:
        return None, [*chain.add(key, b"")[1], Fault(key, FaultKind.MISSING, "it was listed, and is not there now")]
    except TrailbookError as error:
        if error.transient:  # a service that does not answer is no fault of the evidence
            raise
        return None, [*chain.add(key, b"")[1], Fault(key, FaultKind.UNREADABLE, str(error))]
    return chain.add(key, body)


def _stray(key: str) -> Fault:
    return Fault(key, FaultKind.WRONG_NAME, "expected <runbook>/<12 digits>.json")


def _versions(store: ObjectStore, prefix: str, where: str = "") -> Iterator[Fault]:
    """Name what was deleted or written again: a delete marker lets even a conditional write succeed once more."""
    last = ""
    for version in store.versions(prefix):
        key = f"{where}{version.key}"
        if version.delete_marker:
            yield Fault(key, FaultKind.DELETED, f"it has a delete marker (version {version.version_id})")
        elif version.key == last:
            words = f"it was written more than once (version {version.version_id} is another)"
            yield Fault(key, FaultKind.SECOND_VERSION, words)
        else:
            last = version.key
