"""moto's S3 with its bytes on disk: each object version is one file, which DuckDB reads directly.

Files are never shared and never deleted while the server runs (moto copies and disposes of keys freely); those that no
version refers to are swept at the next start. `install` changes moto's classes once, in this process.
"""

import threading
import uuid
from pathlib import Path
from typing import Any

from moto.s3 import utils
from moto.s3.exceptions import AccessDeniedByLock
from moto.s3.models import FakeKey, S3Backend
from moto.utilities.utils import md5_hash


class Disk:
    """Where bytes go; which keys changed, and which buckets were made by no request, since the last save.

    One per process, as moto's backends are.
    """

    def __init__(self) -> None:
        """Start without a folder; `use` names one before any object is written."""
        self.root = Path()
        self.lock = threading.RLock()
        self.changed: set[tuple[int, str]] = set()
        self.made: set[str] = set()

    def use(self, root: Path) -> None:
        """Write new objects below `root`."""
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.changed.clear()

    def new_file(self, key_name: str) -> Path:
        """Return a new file's path; `.gz` is kept, since DuckDB goes by it."""
        name = uuid.uuid4().hex
        folder = self.root / name[:2]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / (name + (".gz" if key_name.endswith(".gz") else ".data"))


DISK = Disk()
_installed = False


def install() -> None:
    """Change moto's S3 classes so that bytes, versions and locks behave as S3's do. Idempotent."""
    global _installed  # moto's classes are process-wide, so is this
    if _installed:
        return
    _installed = True
    FakeKey.value = property(_read, _write)  # replaces moto's in-memory buffer
    FakeKey.etag = property(_etag)  # moto hashes that buffer
    FakeKey.__getstate__ = _getstate  # a version is its metadata plus the file's path
    FakeKey.__setstate__ = _setstate  # see above
    FakeKey.__del__ = lambda self: None  # moto closes the buffer; there is none
    FakeKey.dispose = lambda self, garbage=False: None  # files are swept at the next start
    _watch(utils._VersionedKeyStore)
    S3Backend.put_object_retention = _put_object_retention  # moto lets COMPLIANCE be shortened


def blob(key: FakeKey) -> Path:
    """Return the file that holds a version's bytes."""
    return Path(key.__dict__["blob"])


def _read(self: Any) -> bytes:
    return Path(self.__dict__["blob"]).read_bytes()


def _write(self: Any, value: bytes | str) -> None:
    body = value.encode() if isinstance(value, str) else bytes(value)
    path = DISK.new_file(self.name if isinstance(self.name, str) else "")
    path.write_bytes(body)
    self.__dict__["blob"] = str(path)
    self.contentsize = len(body)
    digest = md5_hash()
    digest.update(body)
    self.__dict__["md5"] = digest.hexdigest()


def _etag(self: Any) -> str:
    return f'"{self._etag if self._etag is not None else self.__dict__["md5"]}"'


def _getstate(self: Any) -> dict[str, Any]:
    state = dict(self.__dict__)
    for name in ("_value_buffer", "lock", "multipart"):
        state.pop(name, None)
    return state


def _setstate(self: Any, state: dict[str, Any]) -> None:
    self.__dict__.update(state)
    self._value_buffer = None
    self.multipart = None
    self.lock = threading.Lock()


def _watch(store: type) -> None:
    """Note every key of a key store that is set or removed."""
    for name in ("__setitem__", "setlist", "pop", "__delitem__"):
        original = getattr(store, name)

        def noted(self: Any, key: str, *args: Any, original: Any = original) -> Any:
            DISK.changed.add((id(self), key))
            return original(self, key, *args)

        setattr(store, name, noted)


def _put_object_retention(
    self: Any, bucket_name: str, key_name: str, version_id: str | None, retention: tuple[str | None, str | None]
) -> None:
    key = self.get_object(bucket_name, key_name, version_id=version_id)
    mode, until = retention
    if (
        key.lock_mode == "COMPLIANCE"
        and key.is_locked(False)
        and (mode != "COMPLIANCE" or (until or "") < key.lock_until)
    ):
        raise AccessDeniedByLock
    key.lock_mode, key.lock_until = mode, until


def current(bucket: Any, prefix: str) -> list[Any]:
    """Return a bucket's current object versions under a prefix, in key order."""
    found = []
    for name, versions in list(dict.items(bucket.keys)):  # moto's own items() trips over a key deleted meanwhile
        if name.startswith(prefix) and versions and isinstance(versions[-1], FakeKey):
            found.append(versions[-1])
    return sorted(found, key=lambda k: k.name)
