"""A run as the index knows it: the short form of one ledger entry, and that form as a row of the index's table.

Invariant: `summary_of(row_of(run)) == run`. Windows are microseconds since 1970 there, since their texts do not sort
(`00.5Z` stands before `00Z`).
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from trailbook.diff import Counts
from trailbook.ledger.entry import Entry
from trailbook.outcome import Product
from trailbook.verdict import Verdict
from trailbook.window import Window, parse_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

COLUMNS = {
    "runbook": "TEXT NOT NULL",
    "sequence": "INTEGER NOT NULL",
    "run_id": "TEXT NOT NULL",
    "attempt": "INTEGER NOT NULL",
    "fingerprint": "TEXT NOT NULL",
    "verdict": "TEXT NOT NULL",
    "severity": "TEXT",
    "window_start": "INTEGER",
    "window_end": "INTEGER",
    "placed": "INTEGER NOT NULL",
    "started": "TEXT NOT NULL",
    "finished": "TEXT NOT NULL",
    "trigger": "TEXT NOT NULL",
    "triggered_by": "TEXT",
    "reason": "TEXT",
    "counts": "TEXT",
    "events": "INTEGER",
    "gaps": "TEXT NOT NULL",
    "truncated": "INTEGER NOT NULL",
    "bytes_scanned": "INTEGER NOT NULL",
    "error": "TEXT",
    "reasons": "TEXT NOT NULL",
    "report_uri": "TEXT",
    "manifest_key": "TEXT",
    "manifest_sha256": "TEXT",
    "manifest_size": "INTEGER",
    "comparison_key": "TEXT",
}
"""The table's columns and their types; `placed` is when a run counts: its window's end, or its start without one."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One attempt of a run, as lists and plots need it. Times are texts as in the entry, UTC.

    `bytes_scanned` is the sum of its queries; `events` is None where the run ended before it had looked.
    """

    runbook: str
    sequence: int
    run_id: str
    attempt: int
    fingerprint: str
    verdict: Verdict
    severity: str | None
    window: Window | None
    started: str
    finished: str
    trigger: str
    triggered_by: str | None
    reason: str | None
    counts: Counts | None
    events: int | None
    gaps: tuple[str, ...]
    truncated: bool
    bytes_scanned: int
    error: str | None
    has_report: bool
    reasons: tuple[str, ...] = ()
    report_uri: str | None = None
    manifest: Product | None = None
    comparison_key: str | None = None
    """What the run asked, by digest: equal for runs with the same parameters, accounts and regions."""

    @property
    def good(self) -> bool:
        """Whether it is a whole result, be it pass or fail: a window that was looked at whole."""
        return self.verdict in (Verdict.PASS, Verdict.FAIL) and not self.gaps

    @property
    def placed(self) -> datetime:
        """When the run counts: the end of its window, or its start where it ended before it had one."""
        return self.window.end if self.window is not None else parse_time(self.started, "started")


def summary_of_entry(entry: Entry) -> RunSummary:
    """Return the short form of an entry."""
    record = entry.record
    looked, written = record.completeness, record.products
    return RunSummary(
        runbook=record.runbook,
        sequence=entry.sequence,
        run_id=record.run.run_id,
        attempt=record.run.attempt,
        fingerprint=entry.fingerprint,
        verdict=record.verdict,
        severity=record.severity,
        window=record.window,
        started=record.started,
        finished=record.finished,
        trigger=record.run.trigger.value,
        triggered_by=record.run.triggered_by,
        reason=record.run.reason,
        counts=record.counts,
        events=None if looked is None else looked.events,
        gaps=() if looked is None else looked.gaps,
        truncated=record.truncated,
        bytes_scanned=sum(query.data_scanned_in_bytes for query in record.queries),
        error=record.error,
        has_report=written is not None,
        reasons=record.reasons,
        report_uri=None if written is None else written.report_uri,
        manifest=None if written is None else written.manifest,
        comparison_key=record.comparison_key,
    )


def row_of(run: RunSummary) -> tuple[Any, ...]:
    """Return the table's row of a run, in the order of COLUMNS.

    Raises InvalidRequest for a start that is no time, and TypeError for counts and sentences that are none.
    """
    counts = {} if run.counts is None else asdict(run.counts)
    if not all(isinstance(count, int) for count in counts.values()):
        raise TypeError(f"expected numbers of findings, found {counts}")
    if not all(isinstance(sentence, str) for sentence in (*run.gaps, *run.reasons)):
        raise TypeError("expected gaps and reasons to be sentences")
    values = {name: getattr(run, name) for name in COLUMNS if name in RunSummary.__slots__} | {
        "window_start": None if run.window is None else ticks(run.window.start),
        "window_end": None if run.window is None else ticks(run.window.end),
        "placed": ticks(run.placed),
        "verdict": run.verdict.value,
        "counts": None if run.counts is None else json.dumps(counts),
        "gaps": json.dumps(run.gaps),
        "reasons": json.dumps(run.reasons),
        "manifest_key": run.manifest and run.manifest.key,
        "manifest_sha256": run.manifest and run.manifest.sha256,
        "manifest_size": run.manifest and run.manifest.size,
    }
    return tuple(values[name] for name in COLUMNS)


def summary_of(row: tuple[Any, ...]) -> RunSummary:
    """Return the run of a row."""
    data = dict(zip(COLUMNS, row, strict=True))
    start, end = data.pop("window_start"), data.pop("window_end")
    manifest = [data.pop(f"manifest_{part}") for part in ("key", "sha256", "size")]
    del data["placed"]
    data |= {
        "verdict": Verdict(data["verdict"]),
        "window": None if start is None or end is None else Window(_moment(start), _moment(end)),
        "counts": _counts(data["counts"]),
        "gaps": _sentences(data["gaps"]),
        "truncated": bool(data["truncated"]),
        "has_report": data["report_uri"] is not None,
        "reasons": _sentences(data["reasons"]),
        "manifest": None if manifest[0] is None else Product(*manifest),
    }
    return RunSummary(**data)


def ticks(moment: datetime) -> int:
    """Return the microseconds from 1970 to a time."""
    return (moment - _EPOCH) // _TICK


def _moment(count: int) -> datetime:
    return _EPOCH + count * _TICK


@lru_cache(maxsize=1024)  # most runs say what the one before said
def _counts(text: str | None) -> Counts | None:
    return None if text is None else Counts(**json.loads(text))


@lru_cache(maxsize=1024)
def _sentences(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
