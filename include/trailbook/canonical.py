"""Canonical JSON (RFC 8785) and SHA-256: one value, one text, one digest, on every machine.

Invariant: `loads(dumps(x))` equals `x`, and `dumps` of equal values is the same bytes.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import TypeAlias

import rfc8785

from trailbook.errors import EvidenceError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_UNSAFE = re.compile(r"[^A-Za-z0-9._=-]")
_MOST_NAME = 96


def dumps(value: Json) -> bytes:
    """Return the RFC 8785 bytes of a value. Raises EvidenceError for what that cannot hold (NaN, 2**53 and over)."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError) as error:
        raise EvidenceError(f"a value cannot be written as canonical JSON: {error}") from error


def loads(body: bytes) -> Json:
    """Return the value of a JSON text. Raises EvidenceError where it is not JSON or names a key twice."""

    def unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise EvidenceError("a JSON object names a key twice, which canonical JSON never does")
        return found

    try:
        value: Json = json.loads(body, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"expected canonical JSON, found something else: {error}") from error
    return value


def sha256(body: bytes) -> str:
    """Return the SHA-256 of bytes as 64 lower-case hex digits."""
    return hashlib.sha256(body).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 lower-case hex digits, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    return sha256(dumps(value))


def safe_name(text: str) -> str:
    """Return `text` as one path segment for object keys and file names; a changed text keeps a digest, so none collide.

    A run id is an operator's text: `../`, slashes, colons and control characters must not reach a key.
    """
    safe = _UNSAFE.sub("-", text)[:_MOST_NAME].lstrip(".")
    return safe if safe == text and safe else f"{safe}-{sha256(text.encode('utf-8', 'surrogatepass'))[:12]}"
