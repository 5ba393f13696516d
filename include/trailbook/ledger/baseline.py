"""The baseline: which prior entry a run compares with, or why there is none. Pure, over entries from the newest back.

Invariants: it is the entry with the latest window that ends at or before this run's end, among the successful ones
that ask the same question (SQL template, params, result columns); the order in which runs were recorded decides
between equal windows only, so a backfill out of order finds the same baselines. Of equal windows, a run that was told
what to compare with (`compare_with`) comes last: what it calls new may be older. A run of this very window is never
one: a re-run compares with the window before, as the first run did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trailbook.athena.execution import Column
from trailbook.ledger.entry import Entry
from trailbook.plan import Baseline
from trailbook.verdict import Verdict
from trailbook.window import Window, text

_TRUNCATED = "prior_truncated"


@dataclass(frozen=True, slots=True)
class Question:
    """What a run asks. Without `columns` (they are known after the query only) any columns will do."""

    run_id: str
    window: Window
    comparison_key: str
    template_sha256: str
    columns: tuple[Column, ...] | None = None


def columns_match(before: Sequence[Column], now: Sequence[Column]) -> bool:
    """Return whether two results have the same columns: names and types; their order does not matter."""
    return {(c.name, c.type) for c in before} == {(c.name, c.type) for c in now} and len(before) == len(now)


def successful(entry: Entry) -> bool:
    """Return whether an entry has a result that a later run could compare with, were it whole."""
    return entry.record.verdict is not Verdict.ERROR and entry.record.snapshot is not None


def flaw(entry: Entry) -> str | None:
    """Return why a successful entry is no baseline for anyone, as the end of a sentence; None where it is one."""
    record = entry.record
    if record.truncated:
        return "was cut at its row limit"
    return "found no logs" if record.completeness is not None and not record.completeness.events else None


def choose(newest_first: Iterable[Entry], question: Question) -> tuple[Baseline, str | None]:
    """Return the baseline, and the id of the first run of this very window and question (None: this is the first).

    It reads no further back than it must.
    """
    best: Entry | None = None
    passed: tuple[str, Entry] | None = None
    rerun_of: str | None = None
    for entry in newest_first:
        if best is not None and _nothing_better_before(entry, best, question.window):
            break
        if _same_window(entry, question):
            rerun_of = entry.record.run.run_id
        reason = _objection(entry, question)
        if reason is None and _later(entry, best):
            best = entry
        elif reason and _later(entry, passed and passed[1]):
            passed = reason, entry
    return _answer(best, passed), rerun_of


def baseline_of(entry: Entry, note: str | None = None) -> Baseline:
    """Return an entry as the baseline of another run."""
    record = entry.record
    return Baseline(
        run_id=record.run.run_id,
        sequence=entry.sequence,
        window=record.window,
        snapshot=record.snapshot.key if record.snapshot else None,
        snapshot_sha256=record.snapshot.sha256 if record.snapshot else None,
        columns=record.columns,
        note=note,
    )


def _nothing_better_before(entry: Entry, best: Entry, window: Window) -> bool:
    """Whether neither a later baseline nor a run of this window can stand at or before `entry`."""
    latest = entry.latest_window_end
    if latest is None or best.record.window is None:
        return latest is None
    end = best.record.window.end
    return latest < window.end and (latest < end or (latest == end and not _told_what_to_compare_with(best)))


def _told_what_to_compare_with(entry: Entry) -> bool:
    """Whether an operator chose the run's baseline: its findings then know no history but that run's."""
    return entry.record.params.get("compare_with") is not None


def _same_window(entry: Entry, question: Question) -> bool:
    record = entry.record
    same = record.window == question.window and record.comparison_key == question.comparison_key
    return same and record.run.run_id != question.run_id


def _later(entry: Entry, than: Entry | None) -> bool:
    """Whether an entry is better: a later end, then a baseline found and not told, then the newer (met first)."""
    if than is None or than.record.window is None:
        return True
    if entry.record.window is None or entry.record.window.end < than.record.window.end:
        return False
    if entry.record.window.end > than.record.window.end:
        return True
    return _told_what_to_compare_with(than) and not _told_what_to_compare_with(entry)


def _objection(entry: Entry, question: Question) -> str | None:
    """Return why an entry cannot serve: one of Baseline's reasons; empty where it does not even come near."""
    record = entry.record
    near = successful(entry) and record.window is not None and record.window.end <= question.window.end
    if not near or record.window == question.window or record.run.run_id == question.run_id:
        return ""
    if record.materials.template_sha256 != question.template_sha256:
        return "query_changed"
    if record.comparison_key != question.comparison_key:
        return "params_changed"
    if question.columns is not None and not columns_match(record.columns, question.columns):
        return "columns_changed"
    return _TRUNCATED if flaw(entry) else None


def _answer(best: Entry | None, passed: tuple[str, Entry] | None) -> Baseline:
    note = None
    if passed is not None and passed[0] == _TRUNCATED and (best is None or _later(passed[1], best)):
        record = passed[1].record
        ended = f" (window to {text(record.window.end)})" if record.window else ""
        note = f"run {record.run.run_id}{ended} {flaw(passed[1])}, so nothing is compared with it"
    if best is not None:
        return baseline_of(best, note)
    return Baseline(absence="first_run" if passed is None else passed[0], note=note)
