"""The diff of two result sets by key, in SARIF's states (contract; the implementation follows)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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


@dataclass(frozen=True, slots=True)
class Seen:
    """A run in which a finding was seen, and the end of that run's window."""

    run_id: str
    time: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that people look at. `row` has the result's columns (the baseline's row where the finding is absent);
    `changes` maps a measure to (old, new).
    """

    finding_id: str
    state: State
    row: dict[str, Any]
    reopened: bool
    first_seen: Seen
    last_seen: Seen
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    suppression: Suppression | None = None
