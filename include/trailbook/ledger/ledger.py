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
from trailbook.errors import (
    EvidenceError,
    InvalidRequest,
    ObjectExists,
    ServiceUnavailable,
    TrailbookError,
)
from trailbook.ledger.baseline import Question, baseline_of, choose, flaw, successful
from trailbook.ledger.end import downwards, end_of
from trailbook.ledger.entry import FIRST, Entry, Record, key_of
from trailbook.ledger.heads import keep
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
    heads: ObjectStore | None = None
    """The second place, where each entry's head is written as well."""

    def append(self, record: Record, *, begun: str | None = None) -> Entry:
        """Append a record and return its entry; the same attempt (run id and number) again returns the entry there is.

        `begun` is a time at or before which the attempt began: no entry from a day before it is looked at; without it
        that is the record's `started`, or nothing where the record took no time at all. Raises ServiceUnavailable where
        other writers are always faster, and EvidenceError where the second place holds another head for this entry,
        which is recorded all the same.
        """
        if safe_name(record.runbook) != record.runbook:
            raise InvalidRequest(f"{record.runbook!r} cannot name a chain: expected a runbook's id")
        since = begun or (record.started if record.started != record.finished else "")
        end = known = 0
        for _ in range(_TRIES):
            end = end_of(self.store, record.runbook, end)
            entry = self._recorded(record, end, known, since)
            if entry is None:
                entry = self._next(record, end)
                try:
                    self.store.put_new(entry.key, entry.to_bytes(), "application/json")
                except ObjectExists:
                    known = end
                    continue
            if self.heads is not None:
                keep(self.heads, entry)
            return entry
        raise ServiceUnavailable(f"the chain of {record.runbook} had another writer at each of {_TRIES} tries")

    def entries(self, runbook: str) -> Iterator[Entry]:
        """Yield a chain from its first entry. Raises EvidenceError at one that is not as it was recorded."""
        yield from map(self._read, self.store.keys(f"{runbook}/"))

    def backwards(self, runbook: str) -> Iterator[Entry]:
        """Yield a chain from its newest entry; one that is not there is passed over, as verification says."""
        for key, body in downwards(self.store, runbook, end_of(self.store, runbook)):
            yield Entry.from_bytes(body, self.store.uri(key))

    def head(self, runbook: str) -> Entry | None:
        """Return a chain's newest entry."""
        return next(self.backwards(runbook), None)

    def runbooks(self) -> tuple[str, ...]:
        """Return the runbooks that have a chain, sorted."""
        return tuple(sorted(self.store.folders()))

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

    def _read(self, key: str) -> Entry:
        return Entry.from_bytes(self.store.get(key), self.store.uri(key))

    def _next(self, record: Record, end: int) -> Entry:
        """Return the entry after the chain's end.

        The end is taken at its word: a run must be recorded even where someone has changed the entry before it, and
        verification names that one.
        """
        if not end:
            return Entry.after(record, 0, FIRST, None)
        key = key_of(record.runbook, end)
        last = _raw(self.store.get(key))
        fingerprint, latest = last.get("fingerprint"), last.get("latest_window_end")
        if not isinstance(fingerprint, str):
            raise EvidenceError(f"{self.store.uri(key)}: the chain does not end in an entry: run `trailbook verify`")
        return Entry.after(record, end, fingerprint, None if latest is None else parse_time(latest, key))

    def _recorded(self, record: Record, end: int, known: int, since: str) -> Entry | None:
        """Return the entry of this attempt, looking from entry `end` back to `known`, which was seen before.

        An attempt's entry was finished after the attempt began, so the search ends at entries from well before that.
        """
        attempt = (storable(record.run.run_id), record.run.attempt)
        for key, body in downwards(self.store, record.runbook, end, known):
            found = _raw(body)
            if (found.get("run_id"), found.get("attempt")) == attempt:
                return Entry.from_bytes(body, self.store.uri(key))
            if _long_before(found.get("finished"), since):
                return None
        return None


def _long_before(finished: object, started: str) -> bool:
    try:
        return parse_time(str(finished), "finished") + _CLOCKS_DIFFER < parse_time(started, "started")
    except (TrailbookError, OverflowError):
        return False


def _raw(body: bytes) -> Mapping[str, Any]:
    try:
        value = loads(body)
    except EvidenceError:
        return {}
    return value if isinstance(value, dict) else {}
