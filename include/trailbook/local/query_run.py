"""One query execution as a record: what was asked, how it went, what it cost. It is kept as plain JSON."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class QueryRun:
    """One execution. Times are epoch seconds and milliseconds; `columns` are (name, type) pairs.

    `output` is below `location`. `context` is the QueryExecutionContext as asked for; `settings` is the rest of the
    result configuration.
    `update_count` is what GetQueryResults says (None: nothing); `manifest` the URI of the list of files written.
    """

    id: str
    sql: str
    database: str
    workgroup: str
    output: str
    account: str
    region: str
    token: str = ""
    statement: str = "DML"
    substatement: str = "SELECT"
    reuse_minutes: int = -1
    cutoff: int = 0
    state: str = "QUEUED"
    reason: str = ""
    submitted: float = 0.0
    completed: float = 0.0
    columns: list[list[str]] = field(default_factory=list)
    rows: int = 0
    scanned: int = 0
    queue_ms: int = 0
    planning_ms: int = 0
    engine_ms: int = 0
    reused: bool = False
    location: str = ""
    context: dict[str, str] = field(default_factory=dict)
    parameters: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    update_count: int | None = None
    manifest: str = ""

    @property
    def schema(self) -> str:
        """The database that names without one are in; some clients quote it as in DDL."""
        return self.database.strip('`"').lower() or "default"
