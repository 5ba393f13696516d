"""One query execution as a record: what was asked, how it went, what it cost. It is kept as plain JSON."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class QueryRun:
    """One execution. Times are epoch seconds and milliseconds; `columns` are (name, type) pairs."""

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
