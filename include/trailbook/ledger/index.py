"""A local index over the ledger's immutable entries: summaries, pages, filters and trends without reading the ledger.

Invariants: it is a cache that may be deleted at any time, never evidence; it holds a run only where the run's entry was
as it was recorded; what a chain has that cannot be shown is told in a sentence, each time, until it is mended.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Self

from trailbook.ledger.index_file import Damaged, Flaw, IndexFile, Reached
from trailbook.ledger.index_rows import RunSummary, ticks
from trailbook.ledger.index_sync import Ahead, Reading, body_of, look
from trailbook.ledger.ledger import Ledger
from trailbook.ledger.storable import storable
from trailbook.objects import ObjectStore
from trailbook.verdict import Verdict

__all__ = ["LedgerIndex", "RunSummary"]

_READERS = 8  # boto3 keeps 10 connections
_BATCH = 1000  # entries in memory and in one transaction
_WANTED = "FROM json_each(?) AS wanted JOIN runs ON runs.runbook = wanted.value AND runs.sequence"


class LedgerIndex:
    """An SQLite file over a ledger's chains. Thread-safe, and processes may share the file."""

    def __init__(self, path: Path) -> None:
        """Open the file; what is there and is no index of this version is made anew."""
        self._path = path
        self._file = IndexFile(path)
        self._syncing = Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return the index at `path`, whose folder is made for this user alone. Raises DeploymentError."""
        return cls(path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the index."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def sync(self, ledger: Ledger, runbooks: Iterable[str] | None = None) -> tuple[str, ...]:
        """Read what is new in some chains (None: all); return all that is wrong with them, one sentence each.

        Raises ServiceUnavailable and DeploymentError where the ledger's store does not answer; what was read till then
        stays.
        """
        wanted = None if runbooks is None else tuple(runbooks)
        with self._syncing:
            try:
                return self._sync(ledger, wanted)
            except Damaged:
                self._file.close()
                self._file = IndexFile(self._path)
                return self._sync(ledger, wanted)

    def faults(self, runbooks: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return what the last sync found wrong with some chains (None: all), the chain's name first."""
        return tuple(f"{runbook}: {flaw.message}" for runbook, flaw in self._file.flaws(runbooks))

    def chains(self) -> tuple[str, ...]:
        """Return the chains that were found, sorted."""
        return tuple(name for (name,) in self._file.rows("SELECT runbook FROM chains ORDER BY runbook"))

    def latest(self, runbooks: Iterable[str]) -> Mapping[str, RunSummary]:
        """Return the newest entry of each runbook that has one."""
        newest = "= (SELECT max(sequence) FROM runs WHERE runbook = wanted.value)"
        return {run.runbook: run for run in self._file.runs(f"{_WANTED} {newest}", (_list(runbooks),))}

    def latest_good(self, runbooks: Iterable[str], until: datetime | None = None) -> Mapping[str, RunSummary]:
        """Return the newest whole result of each runbook that has one: pass or fail, over a window without gaps.

        With `until` it is the one that counts latest at or before that time, in whatever order they were recorded.
        """
        good = "SELECT sequence FROM runs WHERE runbook = wanted.value AND verdict IN ('pass', 'fail') AND gaps = '[]'"
        which = f"= ({good} ORDER BY sequence DESC LIMIT 1)"
        values: tuple[object, ...] = (_list(runbooks),)
        if until is not None:
            which = f"= ({good} AND placed <= ? ORDER BY placed DESC, sequence DESC LIMIT 1)"
            values += (ticks(until),)
        return {run.runbook: run for run in self._file.runs(f"{_WANTED} {which}", values)}

    def trends(self, runbooks: Iterable[str], runs: int = 30) -> Mapping[str, tuple[RunSummary, ...]]:
        """Return the newest `runs` of each runbook that has any, the oldest first."""
        oldest = (
            ">= coalesce((SELECT sequence FROM runs WHERE runbook = wanted.value ORDER BY sequence DESC "
            "LIMIT 1 OFFSET ?), 0) ORDER BY runs.runbook, runs.sequence"
        )
        found: dict[str, list[RunSummary]] = {}
        for run in self._file.runs(f"{_WANTED} {oldest}", (_list(runbooks), runs - 1)):
            found.setdefault(run.runbook, []).append(run)
        return {runbook: tuple(of) for runbook, of in found.items()}

    def page(
        self, runbook: str, *, before: int | None = None, limit: int = 50, verdicts: Collection[Verdict] = ()
    ) -> tuple[tuple[RunSummary, ...], int | None]:
        """Return runs from the newest back, and the `before` of the next page; None where there is none."""
        where, values = "runbook = ?", [storable(runbook)]
        if before is not None:
            where, values = f"{where} AND sequence < ?", [*values, before]
        if verdicts:
            where += f" AND verdict IN ({', '.join('?' * len(verdicts))})"
            values += [verdict.value for verdict in verdicts]
        found = self._file.runs(f"FROM runs WHERE {where} ORDER BY sequence DESC LIMIT ?", (*values, limit + 1))
        return found[:limit], found[limit - 1].sequence if len(found) > limit else None

    def find(self, runbook: str, run_id: str, attempt: int | None = None) -> RunSummary | None:
        """Return an attempt of a run, the newest where none is named; None where there is none."""
        found = [run for run in self.attempts(runbook, run_id) if attempt in (None, run.attempt)]
        return max(found, key=lambda run: (run.attempt, run.sequence), default=None)

    def attempts(self, runbook: str, run_id: str) -> tuple[RunSummary, ...]:
        """Return all attempts of a run, the first one first."""
        asked = "FROM runs WHERE runbook = ? AND run_id = ? ORDER BY attempt, sequence"
        return self._file.runs(asked, (storable(runbook), storable(run_id)))

    def count(self, runbook: str) -> int:
        """Return how many entries of a runbook are known."""
        (found,) = self._file.rows("SELECT count(*) FROM runs WHERE runbook = ?", (storable(runbook),))
        return int(found[0])

    def between(self, start: datetime, end: datetime, runbooks: Iterable[str]) -> Iterator[RunSummary]:
        """Yield the runs that count in `(start, end]`, by runbook and time.

        A run counts when its window ends; one that ended before it had a window, when it started.
        """
        asked = "> 0 AND runs.placed > ? AND runs.placed <= ? ORDER BY runs.runbook, runs.placed, runs.sequence"
        yield from self._file.runs(f"{_WANTED} {asked}", (_list(runbooks), ticks(start), ticks(end)))

    def _sync(self, ledger: Ledger, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
        names = sorted({*ledger.runbooks(), *self.chains()}) if wanted is None else sorted(set(wanted))
        known = {name: self._file.reached(name) for name in names}
        flaws: dict[str, list[Flaw]] = {name: [] for name in names}
        for name, flaw in self._file.flaws(names):
            flaws[name].append(flaw)
        strays: list[str] = []
        with ThreadPoolExecutor(_READERS) as pool:
            ahead = pool.map(lambda name: look(ledger.store, name, known[name], flaws[name]), names)
            for name, found in zip(names, ahead, strict=True):
                strays += (f"{name}: {stray}" for stray in self._read(ledger.store, name, known[name], found, pool))
        return (*self.faults(names), *strays)

    def _read(
        self, store: ObjectStore, runbook: str, known: Reached, ahead: Ahead, pool: ThreadPoolExecutor
    ) -> list[str]:
        """Read what is ahead in a chain, a batch at a time; return the keys that are no entry's, a clause each."""
        if ahead.changed is not None or ahead.mended:
            if not self._file.restart(runbook, known, ahead.changed):
                return []
            known = Reached()
        keys, strays = iter(ahead.keys), []
        while batch := tuple(islice(keys, _BATCH)):
            reading = Reading(store, runbook, known)
            reading.take(batch, tuple(pool.map(lambda key: body_of(store, key), batch)))
            strays += reading.strays
            if not self._file.add(runbook, reading.runs, reading.flaws, since=known, to=reading.reached):
                break  # another process reads this chain; it tells its faults
            known = reading.reached
        return strays


def _list(runbooks: Iterable[str]) -> str:
    return json.dumps(sorted({storable(runbook) for runbook in runbooks}))
