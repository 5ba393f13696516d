"""What was read stays as Parquet: each object version is parsed once for the columns asked, once more for all of them.

An object version never changes, so no entry ever becomes wrong: an object that was replaced or deleted is no longer
asked for, a new one is read. Queries that want the same object wait for the one that is reading it.

The first query reads only its own columns, since that is all it needs to be fast; a second with other columns reads
all, for then a third is likely (docs/decisions/0007-cache.md).
"""

import contextlib
import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from trailbook.local.engine.cache_entries import Entry, EntryStore
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.formats import Format
from trailbook.local.engine.spelling import ALWAYS
from trailbook.local.engine.types import text
from trailbook.local.engine.writing import Columns, StoredObject, merge, write_objects

DEFAULT_BYTES = 4 * 1024**3
"""How much an endpoint keeps on disk."""

_BATCH_BYTES = 128 * 1024 * 1024
_BATCH_OBJECTS = 4000
_SMALL_BYTES = 4 * 1024 * 1024
_MOST_SMALL = 24
_PAUSE = 0.05
_PARSING_MB = 600
"""What the one query that is parsing may have: below 500 MB DuckDB gives buffers back and takes them anew all the time,
which costs a third more."""


@dataclass(frozen=True, slots=True)
class Part:
    """An entry that a query reads, and the objects asked for (indexes) by FILE's number."""

    entry: Entry
    asked: tuple[tuple[int, int], ...]

    @property
    def whole(self) -> bool:
        """Say whether each record of the entry is asked for, once."""
        return len(self.asked) == len(self.entry.objects) == len({number for number, _ in self.asked})


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one query wants of a table: `every` column there is, the `used` ones, and whether it was stopped."""

    connection: duckdb.DuckDBPyConnection
    form: Format
    every: Columns
    used: frozenset[str]
    schema: str
    stopped: Callable[[], bool]


class RecordCache:
    """The cache of one folder, for the threads of one process."""

    def __init__(self, directory: Path, limit: int = DEFAULT_BYTES) -> None:
        """Keep at most `limit` bytes below `directory`; what an earlier process left whole is taken up."""
        self._store = EntryStore(directory, limit)
        self._changed = threading.Condition()
        self._busy: set[tuple[str, str]] = set()
        self._turns: list[object] = []
        self.parsed = 0
        """How many times an object was parsed since the start."""

    @property
    def bytes(self) -> int:
        """The size of the entries held."""
        with self._changed:
            return sum(self._store.sizes)

    @contextlib.contextmanager
    def read(
        self,
        connection: duckdb.DuckDBPyConnection,
        objects: Sequence[StoredObject],
        form: Format,
        columns: Columns,
        used: frozenset[str],
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Sequence[Part]]:
        """Hold entries that have the `used` ones of all `columns` of the objects, parsing what is missing.

        Raises SqlError naming an object that cannot be read, InterruptException where `stopped` says so.
        """
        wanted = used or frozenset([next((n for n, _ in columns if n == ALWAYS[0]), columns[0][0])])
        wish = _Wish(connection, form, columns, wanted, _schema(form, columns), stopped)
        held: list[Entry] = []
        try:
            while missing := self._missing(objects, wish, held):
                try:
                    self._fill(missing, wish, held)
                finally:
                    with self._changed:
                        self._busy -= {(wish.schema, o.identity) for o in missing}
                        self._changed.notify_all()
            parts = _parts(objects, held, wish)
            for small in _small(parts):
                self._merge(small, wish, held)
            yield _parts(objects, held, wish)
        finally:
            with self._changed:
                for entry in held:
                    entry.pins -= 1
                    self._store.drop_superseded(entry)
                self._store.evict()

    def _missing(self, objects: Sequence[StoredObject], wish: _Wish, held: list[Entry]) -> list[StoredObject]:
        """Return the objects that this caller must parse, once nobody else parses them; pin the others' entries."""
        with self._changed:
            while True:
                missing = {}
                for found in objects:
                    entry = _best(self._store.holders((wish.schema, found.identity)), held, wish)
                    if entry is None:
                        missing[found.identity] = found
                    elif entry not in held:
                        self._pin(entry, held)
                keys = {(wish.schema, name) for name in missing}
                if not keys & self._busy:
                    self._busy |= keys
                    return list(missing.values())
                self._changed.wait(_PAUSE)
                if wish.stopped():
                    raise duckdb.InterruptException("stopped")

    def _pin(self, entry: Entry, held: list[Entry]) -> None:
        entry.pins += 1
        held.append(entry)
        self._store.touch(entry)

    def _fill(self, missing: Sequence[StoredObject], wish: _Wish, held: list[Entry]) -> None:
        with self._changed:
            again = {o.identity for o in missing if self._store.holders((wish.schema, o.identity))}
        for batch in _batches([o for o in missing if o.identity in again]):
            try:
                self._parse(batch, frozenset(n for n, _ in wish.every), wish, held)
            except SqlError:  # it may be a column that this query does not read
                self._parse(batch, wish.used, wish, held)
        for batch in _batches([o for o in missing if o.identity not in again]):
            self._parse(batch, wish.used, wish, held)

    def _parse(self, batch: Sequence[StoredObject], columns: frozenset[str], wish: _Wish, held: list[Entry]) -> None:
        """Parse a batch into an entry, one batch at a time in the process: it takes every core and much memory."""
        with self._turn(wish.stopped), self._scratch() as scratch, _roomy(wish.connection):
            written = scratch / "records.parquet"
            picked = [(n, k) for n, k in wish.every if n in columns]
            numbers = write_objects(wish.connection, batch, wish.form, picked, written, scratch)
            full = set(numbers)
            empty = [o.identity for i, o in enumerate(batch) if i not in full]
            with self._changed:
                self.parsed += len(batch)
                entry = self._store.add(written, wish.schema, columns, [batch[i].identity for i in numbers], empty)
                self._pin(entry, held)
                self._store.evict()

    def _merge(self, small: Sequence[Entry], wish: _Wish, held: list[Entry]) -> None:
        """Write many small entries of the same columns as one, unless somebody else did meanwhile."""
        with self._turn(wish.stopped), self._scratch() as scratch:
            with self._changed:
                if any(self._store.superseded(entry) for entry in small):
                    return
            written = scratch / "records.parquet"
            merge([entry.path for entry in small], [len(e.objects) for e in small], wish.connection, written)
            numbered = [name for entry in small for name in entry.objects]
            empty = [name for entry in small for name in entry.empty]
            with self._changed:
                self._pin(self._store.add(written, wish.schema, small[0].columns, numbered, empty), held)

    @contextlib.contextmanager
    def _turn(self, stopped: Callable[[], bool]) -> Iterator[None]:
        """Wait for this caller's turn to parse, first come first served; a caller with many batches queues for each."""
        ticket = object()
        with self._changed:
            self._turns.append(ticket)
        try:
            with self._changed:
                while self._turns[0] is not ticket:
                    self._changed.wait(_PAUSE)
                    if stopped():
                        raise duckdb.InterruptException("stopped")
            yield
        finally:
            with self._changed:
                self._turns.remove(ticket)
                self._changed.notify_all()

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        scratch = self._store.scratch()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _roomy(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let a connection have the memory that parsing needs; only one parses at a time."""
    row = connection.execute("SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'").fetchone()
    before = str(row[0]) if row else ""
    connection.execute(f"SET memory_limit = '{_PARSING_MB}MB'")
    try:
        yield
    finally:
        with contextlib.suppress(duckdb.Error):  # an interrupted statement says why itself
            connection.execute(f"SET memory_limit = {text(before)}")


def _best(holders: Sequence[Entry], held: Sequence[Entry], wish: _Wish) -> Entry | None:
    fitting = [e for e in holders if wish.used <= e.columns]
    return min(fitting, key=lambda e: (e not in held, -len(e.columns))) if fitting else None


def _parts(objects: Sequence[StoredObject], held: Sequence[Entry], wish: _Wish) -> list[Part]:
    """Say from which entry each object's records are read: one entry for each object."""
    asked: dict[str, list[int]] = {}
    for index, found in enumerate(objects):
        asked.setdefault(found.identity, []).append(index)
    parts = []
    done: set[str] = set()
    for entry in sorted((e for e in held if wish.used <= e.columns), key=lambda e: (-len(e.columns), -len(e.keys))):
        mine = {name for name in (*entry.objects, *entry.empty) if name in asked and name not in done}
        done |= mine
        numbers = [(n, i) for n, name in enumerate(entry.objects) if name in mine for i in asked[name]]
        if numbers:
            parts.append(Part(entry, tuple(numbers)))
    return parts


def _small(parts: Sequence[Part]) -> list[list[Entry]]:
    """Return the entries that are better written as one: many small ones of the same columns."""
    found: dict[frozenset[str], list[Entry]] = {}
    for entry in (p.entry for p in parts if p.entry.size < _SMALL_BYTES):
        found.setdefault(entry.columns, []).append(entry)
    return [entries for entries in found.values() if len(entries) > _MOST_SMALL]


def _batches(objects: Sequence[StoredObject]) -> Iterator[list[StoredObject]]:
    """Yield the objects in the order of their partitions, in batches of a bounded size."""
    batch: list[StoredObject] = []
    size = 0
    for found in sorted(objects, key=lambda o: (o.values, o.uri)):
        if batch and (len(batch) == _BATCH_OBJECTS or size + found.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(found)
        size += found.size
    if batch:
        yield batch


def _schema(form: Format, columns: Columns) -> str:
    """Return a digest of all that decides what a cached record is."""
    told = repr((form, [(n, str(k)) for n, k in columns], duckdb.__version__))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
