"""The evidence of a run as the ledger names it: files checked against the manifest, the manifest against the entry.

Invariants: nothing of a file is shown or handed out unless its SHA-256 is the recorded one; a key is made of the key of
the entry's manifest and a name that the manifest lists, never of a name that somebody asked for.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

from trailbook.canonical import loads, sha256
from trailbook.errors import EvidenceError, ObjectMissing
from trailbook.ledger import Entry
from trailbook.objects import CHUNK, ObjectStore
from trailbook.report import Report
from trailbook.report import json as report_json
from trailbook.report.manifest import MEDIA_TYPES

REPORT = "report.json"
MANIFEST = "manifest.json"
_IN_MEMORY = 8 << 20
_FORMAT = f'"format":"{report_json.FORMAT}"'.encode()  # as canonical JSON always has it


@dataclass(frozen=True, slots=True)
class File:
    """One file of a report as the manifest lists it (the manifest itself as the entry does)."""

    name: str
    key: str
    sha256: str
    size: int
    media_type: str


def listed(reports: ObjectStore, entry: Entry) -> tuple[File, ...]:
    """Return the files of a run's report, none where it wrote none. Raises EvidenceError for another manifest."""
    if entry.record.products is None:
        return ()
    manifest = entry.record.products.manifest
    own = File(MANIFEST, manifest.key, manifest.sha256, manifest.size, MEDIA_TYPES[MANIFEST])
    value: Any = loads(body_of(reports, own))
    folder = manifest.key.rpartition("/")[0]
    try:
        found = [
            File(part["name"], f"{folder}/{part['name']}", part["sha256"], part["size"], MEDIA_TYPES[part["name"]])
            for part in value["files"]
        ]
    except (KeyError, TypeError) as error:
        raise EvidenceError(f"{reports.uri(manifest.key)}: expected a manifest of files, found another form") from error
    return (*found, own)


def report_of(reports: ObjectStore, files: tuple[File, ...]) -> Report | None:
    """Return the report that the files hold; None where they are not a runbook's. Raises EvidenceError."""
    file = next((file for file in files if file.name == REPORT), None)
    body = b"" if file is None else body_of(reports, file)
    return report_json.loads(body) if _FORMAT in body else None


def body_of(reports: ObjectStore, file: File) -> bytes:
    """Return a file's bytes. Raises EvidenceError where they are not the recorded ones or not there."""
    try:
        body = reports.get(file.key)
    except ObjectMissing:
        raise EvidenceError(f"{reports.uri(file.key)}: the ledger names this file, and it is not there") from None
    if sha256(body) != file.sha256:
        raise _another(reports, file)
    return body


def pieces(reports: ObjectStore, file: File) -> Iterator[bytes]:
    """Return a file's bytes in pieces, of which the first comes when all have been hashed. Raises EvidenceError."""
    kept = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed below, or by the iterator that goes on with it
    digest = hashlib.sha256()
    try:
        for piece in reports.chunks(file.key):
            digest.update(piece)
            kept.write(piece)
    except ObjectMissing:
        kept.close()
        raise EvidenceError(f"{reports.uri(file.key)}: the ledger names this file, and it is not there") from None
    if digest.hexdigest() != file.sha256:
        kept.close()
        raise _another(reports, file)
    kept.seek(0)
    return _from(kept)


def _from(kept: "SpooledTemporaryFile[bytes]") -> Iterator[bytes]:
    with kept:
        while piece := kept.read(CHUNK):
            yield piece


def _another(reports: ObjectStore, file: File) -> EvidenceError:
    return EvidenceError(
        f"{reports.uri(file.key)}: its SHA-256 is not the recorded one ({file.sha256}): it was changed or replaced"
    )
