"""What compliance needs of a runbook: its mappings, its schedule, and what it asks when nobody chooses otherwise.

Invariant: `Mapped.from_json(mapped.to_json()) == mapped`, so that a roll-up's plan can freeze the collection as it was.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self

from trailbook.canonical import Json
from trailbook.errors import InvalidRequest
from trailbook.runbook.load import Loaded
from trailbook.runbook.model import Schedule
from trailbook.runbook.values import resolve
from trailbook.window import parse_time, text


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a runbook runs and over what; `start` is the day from which on it is scheduled (None: always)."""

    cron: str
    length: timedelta
    settle: timedelta
    start: datetime | None = None

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """Return the cadence of a schedule."""
        start = None if schedule.start_date is None else datetime.combine(schedule.start_date, time(), tzinfo=UTC)
        return cls(schedule.cron, schedule.window_length, schedule.settle_time, start)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A runbook and the controls that it supports. `sha256` is that of its file.

    `comparison_key` names what it asks on its schedule; None where a run needs values that only a person can give.
    """

    id: str
    title: str
    severity: str
    status: str
    sha256: str
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reviewed: bool = True
    cadence: Cadence | None = None
    comparison_key: str | None = None

    @classmethod
    def of(cls, loaded: Loaded) -> Self:
        """Return it of a runbook as read."""
        runbook = loaded.runbook
        return cls(
            id=runbook.id,
            title=runbook.title,
            severity=runbook.severity,
            status=runbook.status,
            sha256=loaded.source.sha256,
            controls={name: tuple(dict.fromkeys(ids)) for name, ids in runbook.controls.items()},
            reviewed=not runbook.unreviewed,
            cadence=None if runbook.schedule is None else Cadence.of(runbook.schedule),
            comparison_key=_asked_on_schedule(loaded),
        )

    def only(self, frameworks: tuple[str, ...]) -> Self:
        """Return it with the controls of some frameworks only."""
        kept = {name: ids for name, ids in self.controls.items() if name in frameworks}
        return type(self)(**{name: getattr(self, name) for name in self.__slots__} | {"controls": kept})

    def to_json(self) -> dict[str, Json]:
        """Return it as plain JSON values."""
        value = asdict(self) | {"controls": {name: list(ids) for name, ids in self.controls.items()}}
        if self.cadence is not None:
            value["cadence"] = {
                "cron": self.cadence.cron,
                "length": round(self.cadence.length.total_seconds()),
                "settle": round(self.cadence.settle.total_seconds()),
                "start": None if self.cadence.start is None else text(self.cadence.start),
            }
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return it of its JSON form."""
        cadence = value["cadence"]
        if cadence is not None:
            start = cadence["start"]
            cadence = Cadence(
                cadence["cron"],
                timedelta(seconds=cadence["length"]),
                timedelta(seconds=cadence["settle"]),
                None if start is None else parse_time(start, "start"),
            )
        controls = {name: tuple(ids) for name, ids in value["controls"].items()}
        return cls(**{**value, "cadence": cadence, "controls": controls})


def _asked_on_schedule(loaded: Loaded) -> str | None:
    try:
        return resolve(loaded.runbook, {}).comparison_key(loaded.runbook.id)
    except InvalidRequest:
        return None
