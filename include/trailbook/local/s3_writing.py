"""Files of this machine put into moto's S3 without a copy in memory, and taken away again."""

import hashlib
import os
from pathlib import Path
from typing import Any

from moto.s3.models import s3_backends

from trailbook.local.engine.errors import SqlError
from trailbook.local.s3_objects import blob, current

_PIECE = 1 << 20


def _place(account: str, uri: str) -> tuple[Any, Any, str]:
    """Return the backend, the bucket and the key of a URI. Raises SqlError."""
    if not uri.startswith("s3://"):
        raise SqlError("INVALID_TABLE_PROPERTY", f"expected an s3:// location, found {uri[:200]!r}")
    name, _, key = uri[5:].partition("/")
    backend = s3_backends[account]["aws"]
    if name not in backend.buckets:
        message = f"The specified bucket does not exist (Bucket: {name}, NoSuchBucket)"
        raise SqlError("PERMISSION_DENIED", message)
    return backend, backend.buckets[name], key


def put_file(account: str, uri: str, path: Path) -> None:
    """Make a file the bytes of a new object; the file is moved. Raises SqlError."""
    backend, bucket, key = _place(account, uri)
    digest, size = hashlib.md5(usedforsecurity=False), path.stat().st_size
    with path.open("rb") as body:
        while piece := body.read(_PIECE):
            digest.update(piece)
    made = backend.put_object(bucket.name, key, b"")
    os.replace(path, blob(made))
    made.contentsize, made.__dict__["md5"] = size, digest.hexdigest()


def remove(account: str, uri: str) -> None:
    """Take an object away without a trace, for an undo."""
    _, bucket, key = _place(account, uri)
    if key in bucket.keys:
        bucket.keys.pop(key)


def taken(account: str, location: str) -> bool:
    """Say whether anything is below a location. Raises SqlError where it is none."""
    _, bucket, prefix = _place(account, location)
    return bool(current(bucket, prefix))
