"""The cache's entries on disk and the index of them: what is held, what goes first.

An entry is a Parquet file of some objects' records and, beside it, a JSON file that says which. The JSON file is
written last, by a rename: an entry is there whole or not at all, and whatever else a killed process left is removed.
"""

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_VERSION = 1
_TOUCH_SECONDS = 60.0
Key = tuple[str, str]
"""A schema's digest and an object's identity."""


@dataclass(slots=True, eq=False)
class Entry:
    """A cached Parquet file. `objects` are identities by FILE's number, `empty` those without a record.

    `used` is in epoch seconds, `size` in bytes; `pins` counts the queries that read it now, `serial` the entries.
    """

    path: Path
    schema: str
    columns: frozenset[str]
    objects: tuple[str, ...]
    empty: tuple[str, ...]
    size: int
    used: float
    pins: int = 0
    serial: int = 0

    @property
    def keys(self) -> set[Key]:
        """The objects that it answers for."""
        return {(self.schema, name) for name in (*self.objects, *self.empty)}


class EntryStore:
    """The entries of one folder; not thread-safe: the cache holds its lock around every call."""

    def __init__(self, directory: Path, limit: int) -> None:
        """Keep at most `limit` bytes below `directory`, which this process has for itself."""
        self.directory = directory
        self._limit = limit
        self._entries: list[Entry] = []
        self._serial = 0
        self._holding: dict[Key, list[Entry]] = {}
        directory.mkdir(parents=True, exist_ok=True)
        self._take_up()

    def _take_up(self) -> None:
        kept: set[Path] = set()
        for about in self.directory.glob("*.json"):
            entry = _read(about)
            if entry is not None:
                kept |= {about, entry.path}
                self._register(entry)
        for path in self.directory.iterdir():
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    def scratch(self) -> Path:
        """Return a new, empty folder for files in between."""
        path = self.directory / f"{uuid.uuid4().hex}.tmp"
        path.mkdir()
        return path

    def holders(self, key: Key) -> Sequence[Entry]:
        """Return the entries that answer for an object."""
        return self._holding.get(key, ())

    def add(
        self, written: Path, schema: str, columns: frozenset[str], objects: Sequence[str], empty: Sequence[str]
    ) -> Entry:
        """Take a Parquet file over as an entry; what it supersedes goes, and what passes the limit."""
        path = self.directory / f"{uuid.uuid4().hex}.parquet"
        size = written.stat().st_size
        os.replace(written, path)
        about = {"version": _VERSION, "schema": schema, "columns": sorted(columns), "size": size}
        new = path.with_suffix(".new")
        new.write_text(json.dumps({**about, "objects": list(objects), "empty": list(empty)}), encoding="utf-8")
        os.replace(new, path.with_suffix(".json"))
        entry = Entry(path, schema, columns, tuple(objects), tuple(empty), size, time.time())
        self._register(entry)
        for other in {e for k in entry.keys for e in self._holding[k]}:
            self.drop_superseded(other)
        return entry

    def superseded(self, entry: Entry) -> bool:
        """Say whether wider or newer entries answer for all that an entry has."""

        def better(other: Entry) -> bool:
            return other.columns > entry.columns or (other.columns == entry.columns and other.serial > entry.serial)

        return all(any(better(e) for e in self._holding.get(k, ())) for k in entry.keys)

    def drop_superseded(self, entry: Entry) -> None:
        """Remove an entry that is superseded and that no query reads."""
        if not entry.pins and entry in self._entries and self.superseded(entry):
            self.remove(entry)

    def touch(self, entry: Entry) -> None:
        """Note that an entry is used now."""
        now = time.time()
        if now - entry.used > _TOUCH_SECONDS:
            entry.used = now
            os.utime(entry.path.with_suffix(".json"), (now, now))
        entry.used = now

    def evict(self) -> None:
        """Remove the least recently used entries that no query reads, until the limit is kept."""
        total = sum(e.size for e in self._entries)
        for entry in sorted((e for e in self._entries if not e.pins), key=lambda e: e.used):
            if total <= self._limit:
                return
            total -= entry.size
            self.remove(entry)

    def remove(self, entry: Entry) -> None:
        """Remove an entry and its files."""
        self._entries.remove(entry)
        for key in entry.keys:
            self._holding[key].remove(entry)
            if not self._holding[key]:
                del self._holding[key]
        entry.path.with_suffix(".json").unlink(missing_ok=True)
        entry.path.unlink(missing_ok=True)

    def _register(self, entry: Entry) -> None:
        self._serial += 1
        entry.serial = self._serial
        self._entries.append(entry)
        for key in entry.keys:
            self._holding.setdefault(key, []).append(entry)

    @property
    def sizes(self) -> Iterable[int]:
        """The sizes in bytes of the entries held."""
        return [e.size for e in self._entries]


def _read(about: Path) -> Entry | None:
    """Return the entry that a JSON file describes, or None where it is not one of this version or not whole."""
    try:
        told = json.loads(about.read_text(encoding="utf-8"))
        path = about.with_suffix(".parquet")
        if told["version"] != _VERSION or path.stat().st_size != told["size"]:
            return None
        lists = (tuple(told["objects"]), tuple(told["empty"]))
        return Entry(path, told["schema"], frozenset(told["columns"]), *lists, told["size"], about.stat().st_mtime)
    except (OSError, ValueError, KeyError, TypeError):
        return None
