"""The outcome of a run's comparison: what the report is rendered from and the ledger records; references, never rows.

Invariant: `from_json(to_json(o)) == o`, so it can travel between tasks.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trailbook.athena.execution import Column
from trailbook.canonical import Json
from trailbook.diff import AllowUse, Counts
from trailbook.plan import Baseline
from trailbook.verdict import Completeness, Judgement, Verdict


@dataclass(frozen=True, slots=True)
class QueryStatistics:
    """One query execution as the ledger names it: `name` is `query` or `coverage`."""

    name: str
    query_execution_id: str
    data_scanned_in_bytes: int
    engine_ms: int
    engine_version: str
    reused: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """One file of a report in the reports store."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished comparison. `prefix` is the report's folder in the reports store, `snapshot` its `result.parquet`."""

    prefix: str
    columns: tuple[Column, ...]
    counts: Counts
    judgement: Judgement
    completeness: Completeness
    queries: tuple[QueryStatistics, ...]
    snapshot: Product
    baseline: Baseline
    """What the result was really compared with: the plan's baseline, or none where its columns turned out to differ."""
    allow: tuple[AllowUse, ...] = ()
    """How each allow entry of the runbook has fared, in their order."""

    def to_json(self) -> dict[str, Json]:
        """Return the outcome as plain JSON values."""
        return {
            "prefix": self.prefix,
            "columns": [asdict(column) for column in self.columns],
            "counts": asdict(self.counts),
            "verdict": self.judgement.verdict.value,
            "reasons": list(self.judgement.reasons),
            "completeness": self.completeness.to_json(),
            "queries": [asdict(query) for query in self.queries],
            "snapshot": asdict(self.snapshot),
            "baseline": self.baseline.to_json(),
            "allow": [asdict(use) for use in self.allow],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Outcome":
        """Return the outcome of its JSON form."""
        return cls(
            prefix=value["prefix"],
            columns=tuple(Column(**column) for column in value["columns"]),
            counts=Counts(**value["counts"]),
            judgement=Judgement(Verdict(value["verdict"]), tuple(value["reasons"])),
            completeness=Completeness.from_json(value["completeness"]),
            queries=tuple(QueryStatistics(**query) for query in value["queries"]),
            snapshot=Product(**value["snapshot"]),
            baseline=Baseline.from_json(value["baseline"]),
            allow=tuple(AllowUse(**use) for use in value["allow"]),
        )
