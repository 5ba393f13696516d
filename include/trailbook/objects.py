"""Where evidence is kept: a port of few verbs, on S3 or in a folder.

Invariant: `put_new` never overwrites. It answers ObjectExists where the key is taken, whoever won the race.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trailbook.errors import DeploymentError, ObjectExists, ObjectMissing

CHUNK = 1 << 20
"""Bytes that are in memory at a time where an object is read in pieces."""

_BEING_WRITTEN = ".new-"


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

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes in pieces of at most 1 MiB. Raises ObjectMissing, at the first piece."""
        ...

    def exists(self, key: str) -> bool:
        """Return whether there is an object under the key."""
        ...

    def put_new(self, key: str, body: bytes | Path, content_type: str) -> None:
        """Write an object that must not exist yet, whole or not at all. Raises ObjectExists."""
        ...

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Yield the keys that begin with `prefix` and stand behind `after`, in the order of their UTF-8 bytes."""
        ...

    def folders(self) -> Iterator[str]:
        """Yield what stands before the first `/` of the keys that have one, each once, in no certain order."""
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

    def chunks(self, key: str) -> Iterator[bytes]:
        """See ObjectStore.chunks."""
        try:
            with self._path(key).open("rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise ObjectMissing(f"{self.uri(key)}: expected a file, found none") from None
        except OSError as error:
            raise DeploymentError(f"{self.uri(key)}: cannot be read: {error.strerror}") from error

    def exists(self, key: str) -> bool:
        """See ObjectStore.exists."""
        return self._path(key).is_file()

    def put_new(self, key: str, body: bytes | Path, content_type: str) -> None:
        """See ObjectStore.put_new."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_BEING_WRITTEN) as file:
                file.write(body.read_bytes() if isinstance(body, Path) else body)
                file.flush()
                os.fsync(file.fileno())
                os.link(file.name, path)
        except FileExistsError:
            raise ObjectExists(f"{self.uri(key)}: exists already and is never overwritten") from None
        except OSError as error:
            raise DeploymentError(f"{self.uri(key)}: cannot be written: {error.strerror}") from error

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """See ObjectStore.keys."""
        root, folder, behind = str(self.root.resolve()), self._path(prefix.rpartition("/")[0]), after.encode()
        found = []
        for place, _, names in os.walk(folder):
            inside = os.path.relpath(place, root).replace(os.sep, "/") + "/"
            inside = inside.removeprefix("./")
            for name in names:
                key = inside + name
                if not name.startswith(_BEING_WRITTEN) and key.startswith(prefix) and key.encode() > behind:
                    found.append(key)
        yield from sorted(found, key=str.encode)

    def folders(self) -> Iterator[str]:
        """See ObjectStore.folders."""
        root = self.root.resolve()
        with os.scandir(root) if root.is_dir() else nullcontext(()) as found:
            names = [item.name for item in found if item.is_dir()]
        yield from (name for name in names if next(self.keys(f"{name}/"), None))

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
