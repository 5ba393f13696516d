"""The index's file: an SQLite database in a folder that only this user may enter, made anew where it is not ours.

Invariants: what is in it came from entries that were read and checked; a chain's rows and how far they reach change in
one transaction; threads and processes may share it, and whoever comes second leaves a chain to the first.
"""

import contextlib
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from trailbook.errors import DeploymentError, InvalidRequest
from trailbook.ledger.entry import FIRST
from trailbook.ledger.index_rows import COLUMNS, RunSummary, row_of, summary_of

_APPLICATION = 0x54424C31  # "TBL1", by which SQLite files say whose they are
_VERSION = 2
"""Of the tables below: a file with another is made anew."""

_WAIT = 30.0  # seconds for another process that writes
_TABLES = f"""
CREATE TABLE runs ({", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())},
  PRIMARY KEY (runbook, sequence)) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_id ON runs (runbook, run_id, attempt);
CREATE INDEX runs_by_place ON runs (runbook, placed);
CREATE INDEX runs_by_verdict ON runs (runbook, verdict, sequence);
CREATE TABLE chains (runbook TEXT PRIMARY KEY, sequence INTEGER NOT NULL, fingerprint TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE flaws (runbook TEXT NOT NULL, sequence INTEGER NOT NULL, message TEXT NOT NULL, witness TEXT) STRICT;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
"""
_INSERT = f"INSERT INTO runs VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our own column names


class Damaged(DeploymentError):
    """The file is no longer the database that it was: opened again, it is made anew."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a chain was read; `fingerprint` is that of the last entry, None where that one cannot be read."""

    sequence: int = 0
    fingerprint: str | None = FIRST


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with an entry. `witness` is the digest of what is under its key (empty: nothing is).

    With None it stays until the index is made anew: what once was different cannot be asked for again.
    """

    sequence: int
    message: str
    witness: str | None


class IndexFile:
    """The open file: one connection that reads and one that writes, each used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open it; make it, also where what is there is damaged or not ours. Raises DeploymentError."""
        self._path = path
        self._reading, self._writing = Lock(), Lock()
        with self._speaking():
            _private(path.parent)
            with _alone(path):
                self._writer = _opened(path)
                self._reader = _connect(path)

    def close(self) -> None:
        """Close both connections."""
        with self._reading, self._writing:
            self._reader.close()
            self._writer.close()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._speaking(), self._reading:
            return self._reader.execute(sql, values).fetchall()

    def runs(self, rest: str, values: Sequence[object] = ()) -> tuple[RunSummary, ...]:
        """Return the runs of `SELECT <all columns of runs> <rest>`."""
        columns = ", ".join(f"runs.{name}" for name in COLUMNS)
        return tuple(map(summary_of, self.rows(f"SELECT {columns} {rest}", values)))

    def reached(self, runbook: str) -> Reached:
        """Return how far a chain was read."""
        found = self.rows("SELECT sequence, fingerprint FROM chains WHERE runbook = ?", (runbook,))
        return Reached(*found[0]) if found else Reached()

    def flaws(self, runbooks: Iterable[str] | None = None) -> list[tuple[str, Flaw]]:
        """Return what is wrong with some chains (None: all), by chain and place."""
        found = self.rows("SELECT runbook, sequence, message, witness FROM flaws ORDER BY runbook, sequence, rowid")
        wanted = None if runbooks is None else set(runbooks)
        return [(runbook, Flaw(*flaw)) for runbook, *flaw in found if wanted is None or runbook in wanted]

    def add(
        self, runbook: str, runs: Iterable[RunSummary], flaws: Iterable[Flaw], *, since: Reached, to: Reached
    ) -> bool:
        """Add what was read of a chain from `since` on; False, and nothing added, where another has read on meanwhile.

        A run that the table cannot hold, since its entry's values have other types, becomes a flaw.
        """
        with self._changing() as writer:
            if self._at(runbook) != since:
                return False
            found = [*flaws]
            for run in runs:
                try:
                    writer.execute(_INSERT, row_of(run))
                except _NO_ROW as error:
                    found.append(Flaw(run.sequence, f"entry {run.sequence} has a field of another type: {error}", None))
            self._put(runbook, found, to)
        return True

    def restart(self, runbook: str, since: Reached, flaw: Flaw | None) -> bool:
        """Forget a chain's runs and put a flaw in their place; False where another has read on meanwhile."""
        with self._changing() as writer:
            if self._at(runbook) != since:
                return False
            writer.execute("DELETE FROM runs WHERE runbook = ?", (runbook,))
            writer.execute("DELETE FROM flaws WHERE runbook = ? AND witness IS NOT NULL", (runbook,))
            self._put(runbook, [] if flaw is None else [flaw], Reached())
        return True

    def _at(self, runbook: str) -> Reached:
        found = self._writer.execute(
            "SELECT sequence, fingerprint FROM chains WHERE runbook = ?", (runbook,)
        ).fetchone()
        return Reached(*found) if found else Reached()

    def _put(self, runbook: str, flaws: Iterable[Flaw], to: Reached) -> None:
        rows = [(runbook, flaw.sequence, flaw.message, flaw.witness) for flaw in flaws]
        self._writer.executemany("INSERT INTO flaws VALUES (?, ?, ?, ?)", rows)
        self._writer.execute("INSERT OR REPLACE INTO chains VALUES (?, ?, ?)", (runbook, to.sequence, to.fingerprint))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which waits for that of another process."""
        with self._speaking(), self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise (Damaged if _is_damage(error) else DeploymentError)(
                f"{self._path}: the index of the ledger cannot be used: {error}: it may be deleted, and is made anew"
            ) from error


_NO_ROW = (
    *(InvalidRequest, TypeError, ValueError, OverflowError),
    *(sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError),
)


def _private(folder: Path) -> None:
    """Make the folder, or refuse one in which another user could put a file of that name."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise DeploymentError(
            f"{folder}: expected a folder of this user's own that nobody else may write, for the index of the ledger: "
            "name another, or take the others' rights away"
        )


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from opening the file meanwhile: two that make it anew at once would make two of it."""
    with open(f"{path}.lock", "w", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _opened(path: Path) -> sqlite3.Connection:
    """Return a connection to the file with our tables; what is under its name and is not ours is removed."""
    try:
        connection = _connect(path)
        if _is_ours(connection):
            return connection
        connection.close()
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    connection = _connect(path)
    connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a cache: what a crash takes is read again
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_ours(connection: sqlite3.Connection) -> bool:
    asked = ("application_id", "user_version", "quick_check(1)")
    return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked] == [_APPLICATION, _VERSION, "ok"]


def _is_damage(error: Exception) -> bool:
    """Whether it is the file's content that is at fault: not a database, or a malformed one."""
    return type(error) is sqlite3.DatabaseError
