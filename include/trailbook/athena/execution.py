"""Running SQL on Athena: the port that the steps use, its values, and the states that AWS names.

Two adapters satisfy `Athena`: `athena.api.AthenaApi` (a boto3-shaped client: AWS or the embedded AWS) and
`local.folder.FolderAthena` (a folder of log files, in this process).
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class QueryState(StrEnum):
    """QueryExecution.Status.State of the Athena API."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Column:
    """A result column: its name and its type as in ResultSetMetadata (`varchar`, `bigint`, `array`, `row` …)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Execution:
    """One finished, successful query execution. Times are milliseconds, sizes bytes, `output` a URI or path."""

    query_execution_id: str
    columns: tuple[Column, ...]
    output: str
    data_scanned_in_bytes: int
    engine_ms: int
    engine_version: str
    reused: bool = False


class Athena(Protocol):
    """What the steps need of Athena."""

    def execute(self, sql: str, *, token: str) -> Execution:
        """Run `sql` to its end; the same `token` and SQL attach to the same execution.

        Raises QueryFailed or QueryCancelled with Athena's reason, ServiceUnavailable for throttling and timeouts,
        DeploymentError for missing rights, buckets, databases or tables.
        """
        ...

    def download(self, execution: Execution, to: Path) -> None:
        """Write the execution's result CSV, byte for byte, to a file."""
        ...
