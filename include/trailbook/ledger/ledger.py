"""The ledger on an object store: appending to a runbook's chain, reading it, and finding baselines in it.

Invariant: an append either adds one entry after the chain's head or finds the attempt's entry there already; many
writers lose nothing and fork nothing, since the store refuses the second object under a key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from trailbook.athena.execution import Column
from trailbook.canonical import loads, safe_name
from trailbook.errors import EvidenceError, InvalidRequest, ObjectExists, ServiceUnavailable, TrailbookError
from trailbook.ledger.baseline import Question, baseline_of, choose, flaw, successful
from trailbook.ledger.entry import FIRST, Entry, Record, key_of
from trailbook.ledger.storable import storable
from trailbook.objects import ObjectStore
from trailbook.plan import Baseline
from trailbook.window import Window, parse_time

_TRIES = 1000
_CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ledger:
    """All chains of a deployment. Keys are relative to the store's prefix: `<runbook>/<sequence, 12 digits>.json`."""

    store: ObjectStore

    def append(self, record: Record) -> Entry:
        """Append a record and return its entry; the same attempt (run id and number) again returns the entry there is.

        Raises ServiceUnavailable where other writers are always faster.
        """
        if safe_name(record.runbook) != record.runbook:
            raise InvalidRequest(f"{record.runbook!r} cannot name a chain: expected a runbook's id")
        known = 0
        for _ in range(_TRIES):
            keys = self._keys(record.runbook)
            found = self._recorded(record, keys, known)
            if found is not None:
                return found
            entry = self._next(record, keys)
            try:
                self.store.put_new(entry.key, entry.to_bytes(), "application/json")
            except ObjectExists:
                known = len(keys)
                continue
            return entry
        raise ServiceUnavailable(f"the chain of {record.runbook} had another writer at each of {_TRIES} tries")

    def entries(self, runbook: str) -> Iterator[Entry]:
        """Yield a chain from its first entry. Raises EvidenceError at one that is not as it was recorded."""
        yield from map(self._read, self._keys(runbook))

    def backwards(self, runbook: str) -> Iterator[Entry]:
        """Yield a chain from its newest entry."""
        yield from map(self._read, reversed(self._keys(runbook)))

    def head(self, runbook: str) -> Entry | None:
        """Return a chain's newest entry."""
        return next(self.backwards(runbook), None)

    def runbooks(self) -> tuple[str, ...]:
        """Return the runbooks that have a chain, sorted."""
        return tuple(sorted({key.partition("/")[0] for key in self.store.keys("") if "/" in key}))

    def find(self, runbook: str, run_id: str) -> Entry | None:
        """Return the newest entry of a run, whatever became of it."""
        return next((entry for entry in self.backwards(runbook) if entry.record.run.run_id == run_id), None)

    def baseline(
        self,
        runbook: str,
        *,
        comparison_key: str,
        template_sha256: str,
        window: Window,
        run_id: str,
        compare_with: str | None = None,
        columns: Sequence[Column] | None = None,
    ) -> tuple[Baseline, str | None]:
        """Return what a run compares with, and the id of the first run of this very window (None: this is the first).

        Without `columns` any will do, and the caller checks `columns_match` when it has a result. Raises
        InvalidRequest where `compare_with` names no run that can serve.
        """
        asked = None if columns is None else tuple(columns)
        question = Question(run_id, window, comparison_key, template_sha256, asked)
        found, rerun_of = choose(self.backwards(runbook), question)
        if compare_with is not None:
            found = self._chosen(runbook, compare_with, question)
        return found, rerun_of

    def _chosen(self, runbook: str, run_id: str, question: Question) -> Baseline:
        if run_id == question.run_id:
            raise InvalidRequest(f"compare_with: run {run_id} cannot be compared with itself")
        runs = [entry for entry in self.backwards(runbook) if entry.record.run.run_id == run_id]
        if not runs:
            raise InvalidRequest(
                f"compare_with: {runbook} has no run {run_id!r}: `trailbook history {runbook}` lists them"
            )
        entry = next(filter(successful, runs), None)
        if entry is None:
            raise InvalidRequest(f"compare_with: run {run_id} ended without a result: choose another")
        if flaw(entry) is not None:
            raise InvalidRequest(f"compare_with: run {run_id} {flaw(entry)}: choose another")
        differs = [
            words
            for words, same in (
                ("another query", entry.record.materials.template_sha256 == question.template_sha256),
                ("other parameters", entry.record.comparison_key == question.comparison_key),
            )
            if not same
        ]
        note = (
            f"chosen with compare_with; that run had {' and '.join(differs)}" if differs else "chosen with compare_with"
        )
        return baseline_of(entry, note)

    def _keys(self, runbook: str) -> list[str]:
        """Return a chain's keys in order. This is the one place that lists, should an index ever be worth it."""
        return list(self.store.keys(f"{runbook}/"))

    def _read(self, key: str) -> Entry:
        return Entry.from_bytes(self.store.get(key), self.store.uri(key))

    def _next(self, record: Record, keys: Sequence[str]) -> Entry:
        """Return the entry after the chain's end.

        The end is taken at its word: a run must be recorded even where someone has changed the entry before it, and
        verification names that one.
        """
        if not keys:
            return Entry.after(record, 0, FIRST, None)
        key = keys[-1]
        last = self._raw(key)
        fingerprint, end = last.get("fingerprint"), last.get("latest_window_end")
        name = key.rpartition("/")[2].removesuffix(".json")
        if not (isinstance(fingerprint, str) and name.isdecimal() and key == key_of(record.runbook, int(name))):
            raise EvidenceError(f"{self.store.uri(key)}: the chain does not end in an entry: run `trailbook verify`")
        return Entry.after(record, int(name), fingerprint, None if end is None else parse_time(end, key))

    def _recorded(self, record: Record, keys: Sequence[str], known: int) -> Entry | None:
        """Return the entry of this attempt, looking from the end back to the `known` first entries, seen before.

        An attempt's entry was finished after the attempt began, so the search ends at entries from well before that;
        a record that took no time at all does not know when its attempt began.
        """
        attempt = (storable(record.run.run_id), record.run.attempt)
        for key in reversed(keys[known:]):
            found = self._raw(key)
            if (found.get("run_id"), found.get("attempt")) == attempt:
                return self._read(key)
            if record.started != record.finished and _long_before(found.get("finished"), record.started):
                return None
        return None

    def _raw(self, key: str) -> Mapping[str, Any]:
        try:
            value = loads(self.store.get(key))
        except EvidenceError:
            return {}
        return value if isinstance(value, dict) else {}


def _long_before(finished: object, started: str) -> bool:
    try:
        return parse_time(str(finished), "finished") + _CLOCKS_DIFFER < parse_time(started, "started")
    except (TrailbookError, OverflowError):
        return False
