"""The frozen plan of one run: made by its first step, carried through the others, and never looked up again.

Invariant: everything that decides the result is in it, so editing the runbook, a lookup or a setting during a run
changes nothing in that run. It is plain JSON on the way (Airflow's XCom), and `from_json(to_json(p)) == p`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from trailbook.athena.execution import Column
from trailbook.canonical import Json, digest
from trailbook.window import Window, parse_time, text


class Trigger(StrEnum):
    """How a run came to be."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    BACKFILL = "backfill"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class Run:
    """Which run this is, who started it and why. `attempt` counts from 1 and rises when the run is cleared.

    `dag_id` may differ from the runbook's id only where a run could not be planned at all.
    """

    run_id: str
    attempt: int = 1
    trigger: Trigger = Trigger.CLI
    triggered_by: str | None = None
    reason: str | None = None
    logical_date: str | None = None


@dataclass(frozen=True, slots=True)
class LookupUse:
    """One lookup as this run saw it: where its rows came from (`file` or `param`), how many, and their digest."""

    name: str
    source: str
    rows: int
    sha256: str
    required: bool


@dataclass(frozen=True, slots=True)
class Baseline:
    """The prior run to compare with, or why there is none.

    `absence` is one of first_run, params_changed, query_changed, columns_changed, prior_truncated; `snapshot` is the
    key of the prior run's Parquet file in the reports store.
    """

    absence: str | None = None
    run_id: str | None = None
    sequence: int | None = None
    window: Window | None = None
    snapshot: str | None = None
    snapshot_sha256: str | None = None
    columns: tuple[Column, ...] = ()
    """The result columns of that run; the diff needs them to be this run's too."""
    note: str | None = None
    """A sentence for the report, such as which lookups have changed since."""

    def to_json(self) -> dict[str, Json]:
        """Return the baseline as plain JSON values."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Baseline":
        """Return the baseline of its JSON form."""
        data = dict(value)
        columns = tuple(Column(**column) for column in data["columns"])
        return cls(**data | {"window": _window(data["window"]), "columns": columns})


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain as someone saw it: kept elsewhere, it shows that a tail was cut or rewritten."""

    sequence: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run will do, exactly. `spec` is the runbook as JSON (`Runbook.spec()`)."""

    runbook: str
    spec: Mapping[str, Any]
    run: Run
    window: Window
    params: Mapping[str, Any]
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    expected_accounts: tuple[str, ...]
    expected_regions: tuple[str, ...]
    row_limit: int
    compare_with: str | None
    sql: str
    coverage_sql: str
    baseline: Baseline
    rerun_of: str | None
    runbook_sha256: str
    template_sha256: str
    sql_sha256: str
    comparison_key: str
    lookups: tuple[LookupUse, ...] = field(default=())
    warnings: tuple[str, ...] = ()
    """What already makes this run less than complete, a sentence each."""
    started: str = ""
    """When the plan was made, UTC; it names the attempt in the ledger and decides nothing."""
    head: Head | None = None
    """The end of the runbook's chain when the plan was made; the report carries it, so that a cut chain shows."""

    @property
    def token(self) -> str:
        """The ClientRequestToken of the query: the same for a retry, another for another run, attempt or SQL.

        Athena wants 32 to 128 characters.
        """
        return f"{self.sql_sha256[:32]}-{self.run_digest[:32]}"

    @property
    def run_digest(self) -> str:
        """SHA-256 over runbook, run id and attempt."""
        return digest([self.runbook, self.run.run_id, self.run.attempt])

    def request_params(self) -> dict[str, Any]:
        """Return what the operator could choose, under the names of the form, for the ledger."""
        common = {
            "accounts": list(self.accounts),
            "regions": list(self.regions),
            "row_limit": self.row_limit,
            "compare_with": self.compare_with,
        }
        return dict(self.params) | common

    def to_json(self) -> dict[str, Json]:
        """Return the plan as plain JSON values."""
        value = {name: _plain(getattr(self, name)) for name in self.__slots__}
        if self.head is None:  # the first run of all, or a run without a ledger
            del value["head"]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Plan":
        """Return the plan of its JSON form."""
        data = dict(value)
        run = dict(data["run"])
        run["trigger"] = Trigger(run["trigger"])
        data |= {
            "baseline": Baseline.from_json(data["baseline"]),
            "run": Run(**run),
            "window": _window(data["window"]),
            "head": Head(**data["head"]) if data.get("head") else None,
            "lookups": tuple(LookupUse(**use) for use in data["lookups"]),
        }
        for name in ("accounts", "regions", "expected_accounts", "expected_regions", "warnings"):
            data[name] = tuple(data[name])
        return cls(**data)


def _plain(value: Any) -> Any:
    if isinstance(value, Window):
        return {"start": text(value.start), "end": text(value.end)}
    if isinstance(value, (Run, LookupUse, Column, Head)):
        return asdict(value)
    if isinstance(value, Baseline):
        return value.to_json()
    if isinstance(value, datetime):
        return text(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _window(value: Mapping[str, str] | None) -> Window | None:
    return None if value is None else Window(parse_time(value["start"], "start"), parse_time(value["end"], "end"))
