"""The files that an entry names, hashed again: the manifest, what the manifest names, and the snapshot.

Invariant: a product is hashed in pieces; only a manifest that is the recorded one is kept in memory and read.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trailbook.canonical import loads
from trailbook.errors import ObjectMissing, TrailbookError
from trailbook.ledger.chain import Fault, FaultKind
from trailbook.ledger.entry import Entry
from trailbook.objects import ObjectStore
from trailbook.outcome import Product
from trailbook.plan import Head


@dataclass(frozen=True, slots=True)
class Checked:
    """How many files an entry names, what is wrong with them, and the chain's end that the manifest carries."""

    files: int
    faults: tuple[Fault, ...]
    head: Head | None


def check(reports: ObjectStore, entry: Entry) -> Checked:
    """Hash the files that an entry names. Raises ServiceUnavailable."""
    named = {} if entry.record.snapshot is None else {entry.record.snapshot.key: entry.record.snapshot}
    faults: list[Fault] = []
    count, head = 0, None
    if entry.record.products is not None:
        manifest = entry.record.products.manifest
        count += 1
        faults = _faults(reports, manifest, entry)
        if not faults:
            try:
                value: Any = loads(reports.get(manifest.key))
                named |= {product.key: product for product in _named(manifest, value)}
                head = head_in(value)
            except (TrailbookError, KeyError, TypeError):
                words = "expected a manifest of files, found another form"
                faults = [Fault(manifest.key, FaultKind.UNREADABLE, words)]
    for product in named.values():
        faults += _faults(reports, product, entry)
    return Checked(count + len(named), tuple(faults), head)


def head_in(manifest: Any) -> Head | None:
    """Return the chain's end that a manifest names; None where it names none."""
    value = manifest.get("ledger_head") if isinstance(manifest, Mapping) else None
    if not isinstance(value, Mapping):
        return None
    sequence, fingerprint = value.get("sequence"), value.get("fingerprint")
    return Head(sequence, fingerprint) if isinstance(sequence, int) and isinstance(fingerprint, str) else None


def _faults(reports: ObjectStore, product: Product, entry: Entry) -> list[Fault]:
    by, digest = f"entry {entry.key}", hashlib.sha256()
    try:
        for piece in reports.chunks(product.key):
            digest.update(piece)
    except ObjectMissing:
        return [Fault(product.key, FaultKind.MISSING, f"{by} names it, and it is not there")]
    except TrailbookError as error:
        if error.transient:  # a service that does not answer is no fault of the evidence
            raise
        return [Fault(product.key, FaultKind.UNREADABLE, f"{by} names it: {error}")]
    if digest.hexdigest() != product.sha256:
        return [Fault(product.key, FaultKind.CHANGED, f"{by} names another SHA-256, {product.sha256}")]
    return []


def _named(manifest: Product, value: Any) -> tuple[Product, ...]:
    """Return the files that a manifest names, which lie beside it."""
    folder = manifest.key.rpartition("/")[0]
    return tuple(Product(f"{folder}/{file['name']}", file["sha256"], file["size"]) for file in value["files"])
