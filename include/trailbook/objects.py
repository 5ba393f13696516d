"""Where evidence is kept: a port of five verbs, on S3 or in a folder.

Invariant: `put_new` never overwrites. It answers ObjectExists where the key is taken, whoever won the race.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trailbook.errors import DeploymentError, ObjectExists, ObjectMissing


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of a key; a delete marker is a version without bytes."""

    key: str
    version_id: str
    is_latest: bool
    delete_marker: bool


class ObjectStore(Protocol):
    """A flat space of immutable objects. Keys are relative to the store's own prefix, parted by `/`."""

    def get(self, key: str) -> bytes:
        """Return an object's bytes. Raises ObjectMissing."""
        ...

    def put_new(self, key: str, body: bytes | Path, content_type: str) -> None:
        """Write an object that must not exist yet, whole or not at all. Raises ObjectExists."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in the order of their UTF-8 bytes."""
        ...

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Yield every version and delete marker under `prefix`; nothing where the store keeps no versions."""
        ...

    def uri(self, key: str) -> str:
        """Return the address of a key for people and entries: `s3://bucket/key` or an absolute path."""
        ...


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder on this machine, for runs without AWS. The hard link makes the conditional write one step."""

    root: Path

    def get(self, key: str) -> bytes:
        """See ObjectStore.get."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise ObjectMissing(f"{self.uri(key)}: expected a file, found none") from None
        except OSError as error:
            raise DeploymentError(f"{self.uri(key)}: cannot be read: {error.strerror}") from error

    def put_new(self, key: str, body: bytes | Path, content_type: str) -> None:
        """See ObjectStore.put_new."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-") as file:
                file.write(body.read_bytes() if isinstance(body, Path) else body)
                file.flush()
                os.fsync(file.fileno())
                os.link(file.name, path)
        except FileExistsError:
            raise ObjectExists(f"{self.uri(key)}: exists already and is never overwritten") from None
        except OSError as error:
            raise DeploymentError(f"{self.uri(key)}: cannot be written: {error.strerror}") from error

    def keys(self, prefix: str) -> Iterator[str]:
        """See ObjectStore.keys."""
        root, folder = self.root.resolve(), self._path(prefix.rpartition("/")[0])
        files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".new-"))
        names = (path.relative_to(root).as_posix() for path in files)
        yield from sorted((name for name in names if name.startswith(prefix)), key=str.encode)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """A folder keeps no versions."""
        yield from ()

    def uri(self, key: str) -> str:
        """See ObjectStore.uri."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        root = self.root.resolve()
        path = (root / key).resolve()
        if not path.is_relative_to(root):
            raise DeploymentError(f"{key!r}: a key must stay inside {root}")
        return path
