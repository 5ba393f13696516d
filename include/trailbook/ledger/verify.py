"""Verifying a whole ledger: each chain, each key's versions, and each product that the entries name.

Invariant: one object is in memory at a time, and nothing stops at the first fault. What a store has deleted for good,
versions and all, shows as missing only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trailbook.canonical import loads, sha256
from trailbook.errors import ObjectMissing, TrailbookError
from trailbook.ledger.chain import Chain, Fault, FaultKind
from trailbook.ledger.entry import Entry, Head
from trailbook.objects import ObjectStore
from trailbook.outcome import Product


@dataclass(slots=True)
class Verification:
    """What was verified and what is wrong; `heads` are the chains' ends as found, to be kept elsewhere."""

    entries: int = 0
    files: int = 0
    heads: dict[str, Head] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def verify(
    ledger: ObjectStore,
    reports: ObjectStore | None,
    *,
    runbooks: Iterable[str] | None = None,
    heads: Mapping[str, Head] | None = None,
) -> Verification:
    """Verify the chains of some runbooks (None: all, and whatever else lies in the ledger).

    `heads` were kept elsewhere, by runbook; without a store of reports no product is looked at.
    """
    found = Verification()
    kept = dict(heads or {})
    prefixes = [""] if runbooks is None else [f"{runbook}/" for runbook in runbooks]
    for prefix in prefixes:
        wanted = {runbook: head for runbook, head in kept.items() if f"{runbook}/".startswith(prefix)}
        _chains(ledger, reports, prefix, wanted, found)
        found.faults += _versions(ledger, prefix)
    return found


def _chains(
    ledger: ObjectStore, reports: ObjectStore | None, prefix: str, heads: dict[str, Head], found: Verification
) -> None:
    runbook, chain = "", Chain()
    for key in ledger.keys(prefix):
        if key.partition("/")[0] != runbook:
            found.faults += chain.finish()
            runbook = key.partition("/")[0]
            chain = Chain(heads.pop(runbook, None))
        entry, faults = chain.add(key, ledger.get(key))
        found.entries += 1
        found.faults += faults
        if entry is not None:
            found.heads[runbook] = entry.head
            if reports is not None:
                found.faults += _products(reports, entry, found)
    found.faults += chain.finish()
    for name, head in heads.items():  # chains that are gone altogether
        found.faults += Chain(head, last_key=f"{name}/").finish()


def _versions(ledger: ObjectStore, prefix: str) -> Iterator[Fault]:
    """Name what was deleted or written again: a delete marker lets even a conditional write succeed once more."""
    last = ""
    for version in ledger.versions(prefix):
        if version.delete_marker:
            yield Fault(version.key, FaultKind.DELETED, f"it has a delete marker (version {version.version_id})")
        elif version.key == last:
            words = f"it was written more than once (version {version.version_id} is another)"
            yield Fault(version.key, FaultKind.SECOND_VERSION, words)
        else:
            last = version.key


def _products(reports: ObjectStore, entry: Entry, found: Verification) -> Iterator[Fault]:
    record = entry.record
    checked: set[str] = set()
    if record.products is not None:
        manifest = record.products.manifest
        body, faults = _body(reports, manifest, entry)
        found.files += 1
        yield from faults
        try:
            named = _named(manifest, body) if body is not None and not faults else ()
        except (TrailbookError, KeyError, TypeError):
            named = ()
            yield Fault(manifest.key, FaultKind.UNREADABLE, "expected a manifest of files, found another form")
        for product in named:
            checked.add(product.key)
            found.files += 1
            yield from _body(reports, product, entry)[1]
    if record.snapshot is not None and record.snapshot.key not in checked:
        found.files += 1
        yield from _body(reports, record.snapshot, entry)[1]


def _body(reports: ObjectStore, product: Product, entry: Entry) -> tuple[bytes | None, list[Fault]]:
    by = f"entry {entry.key}"
    try:
        body = reports.get(product.key)
    except ObjectMissing:
        return None, [Fault(product.key, FaultKind.MISSING, f"{by} names it, and it is not there")]
    except TrailbookError as error:
        if error.transient:  # a service that does not answer is no fault of the evidence
            raise
        return None, [Fault(product.key, FaultKind.UNREADABLE, f"{by} names it: {error}")]
    if sha256(body) != product.sha256:
        return body, [Fault(product.key, FaultKind.CHANGED, f"{by} names another SHA-256, {product.sha256}")]
    return body, []


def _named(manifest: Product, body: bytes) -> tuple[Product, ...]:
    """Return the files that a manifest names, which lie beside it."""
    value: Any = loads(body)
    folder = manifest.key.rpartition("/")[0]
    return tuple(Product(f"{folder}/{file['name']}", file["sha256"], file["size"]) for file in value["files"])
