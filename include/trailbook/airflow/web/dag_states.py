"""What Airflow knows of a DAG and of its runs, as values; `dags` reads them from Airflow's database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UNDER_WAY = ("queued", "running", "restarting")


@dataclass(frozen=True, slots=True)
class DagState:
    """A DAG's schedule as it is now; `next_run` is when Airflow starts the next one, None where it starts none."""

    paused: bool
    next_run: datetime | None = None


@dataclass(frozen=True, slots=True)
class AirflowRun:
    """A DAG run: its state, who asked for it and with what, and the state of each task in the order of the DAG."""

    dag_id: str
    run_id: str
    state: str
    attempt: int
    asked_at: datetime | None
    started: datetime | None
    ended: datetime | None
    kind: str
    by: str | None
    conf: Mapping[str, Any] = field(default_factory=dict)
    tasks: tuple[tuple[str, str], ...] = ()

    @property
    def under_way(self) -> bool:
        """Whether it has not ended."""
        return self.state in UNDER_WAY
