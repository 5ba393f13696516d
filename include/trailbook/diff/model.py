"""The values of a diff: what is asked of it, its states and counts, and the findings that people look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from trailbook.runbook.model import Allow
from trailbook.window import Window

EVENT_TIME = "event_time"
"""The column by which findings of the kind `events` stand within their state, where the result has it."""


class State(StrEnum):
    """SARIF's baselineState of a finding."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by state; `suppressed` of them (of any state) match an allow entry in force, `reopened` are new again.

    `open_new` and `open_present` are the new, and the new + updated + unchanged, that nothing suppresses.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    absent: int = 0
    suppressed: int = 0
    reopened: int = 0
    open_new: int = 0
    open_present: int = 0


@dataclass(frozen=True, slots=True)
class Suppression:
    """The allow entry that a finding matches."""

    reason: str
    owner: str
    expires: str


STALE_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class AllowUse:
    """How an allow entry has fared until a run: how many present findings it matched, when last, and idle since.

    `match_sha256` names what it matches, `last_matched` is the end of a window; `idle_seconds` is the length of the
    windows looked at since then (or since the entry was first in force) in which it matched nothing.
    """

    match_sha256: str
    matches: int
    last_matched: str | None
    idle_seconds: int

    @property
    def stale(self) -> bool:
        """Whether it has matched nothing for 90 days of runs."""
        return timedelta(seconds=self.idle_seconds) >= STALE_AFTER

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "AllowUse":
        """Return the use of its JSON form (its fields). Raises TypeError where it is none."""
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Seen:
    """A run in which a finding was seen, and the end of that run's window."""

    run_id: str
    time: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that people look at.

    `row` has the result's columns (the baseline's row where the finding is absent); `changes` maps a measure to
    (old, new).
    """

    finding_id: str
    state: State
    row: dict[str, Any]
    reopened: bool
    first_seen: Seen
    last_seen: Seen
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    suppression: Suppression | None = None


@dataclass(frozen=True, slots=True)
class DiffSpec:
    """What to compare and how: `key` and `measures` are result columns, `window` and `run_id` those of this run.

    `no_absent` is for a result that is not whole: a row that is missing from it was perhaps only not looked at. It is
    neither absent nor present then but carried on unseen, and a later whole run finds it again or reports it absent.
    """

    runbook: str
    kind: Literal["events", "aggregate", "state"]
    key: tuple[str, ...]
    measures: tuple[str, ...]
    allow: tuple[Allow, ...]
    run_id: str
    window: Window
    no_absent: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """A finished diff.

    `allow_matches` says for each allow entry how many findings it suppresses (of any state); `expired_allow` holds the
    indexes of those no longer in force; `allow` says how each has fared until now.
    """

    snapshot: Path
    counts: Counts
    allow_matches: tuple[int, ...]
    expired_allow: tuple[int, ...]
    allow: tuple[AllowUse, ...] = ()
