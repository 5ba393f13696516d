"""Reading a snapshot for people: findings as plain Python values, or a pandas frame.

Invariant: nothing is rounded on the way (integers above 2**53 and decimals stay exact); rows keep their order.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailbook.athena.resultset import RESERVED, connect, fetch, literal, quoted
from trailbook.diff.model import Finding, Seen, State, Suppression
from trailbook.runbook.model import Allow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

_NULLABLE = {"TINYINT": "Int8", "SMALLINT": "Int16", "INTEGER": "Int32", "BIGINT": "Int64", "BOOLEAN": "boolean"}
_OLD = "tb_was_"


def findings(
    snapshot: Path, allow: Sequence[Allow], *, limit: int | None, states: Collection[State] | None = None
) -> list[Finding]:
    """Return the first `limit` findings (None: all) of some states (None: all) in the snapshot's order.

    `allow` are the runbook's entries as they were when the snapshot was made.
    """
    with connect(threads=1) as duck:
        types = _types(duck, snapshot)
        old = [
            f"CAST(json_extract_string(tb_old, {literal(_path(name))}) AS {types[name]}) AS {quoted(_OLD + name)}"
            for name in _changed(duck, snapshot)
        ]
        changed = "json_keys(tb_old) AS tb_changed"
        found = _rows(duck, snapshot, ", ".join(["*", changed, *old]), limit, states)
    return [_finding(row, allow) for row in found]


def frame(snapshot: Path, *, limit: int | None = None, states: Collection[State] | None = None) -> "DataFrame":
    """Return the snapshot's findings as a pandas frame, with nullable integers and booleans; the rest are objects."""
    import pandas as pd  # here, since DAG parsing imports this module's neighbours and never makes a frame

    with connect(threads=1) as duck:
        types = _types(duck, snapshot)
        found = _rows(duck, snapshot, "*", limit, states)
    columns = {
        name: pd.Series([row[name] for row in found], dtype=_NULLABLE.get(type_, "object"))
        for name, type_ in types.items()
    }
    return pd.DataFrame(columns)


def _types(duck: "DuckDBPyConnection", snapshot: Path) -> dict[str, str]:
    described = fetch(duck, "DESCRIBE SELECT * FROM read_parquet(?)", [str(snapshot)])
    return {row["column_name"]: row["column_type"] for row in described}


def _changed(duck: "DuckDBPyConnection", snapshot: Path) -> list[str]:
    sql = "SELECT DISTINCT unnest(json_keys(tb_old)) AS name FROM read_parquet(?) WHERE tb_old IS NOT NULL ORDER BY 1"
    return [row["name"] for row in fetch(duck, sql, [str(snapshot)])]


def _path(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _rows(
    duck: "DuckDBPyConnection", snapshot: Path, select: str, limit: int | None, states: Collection[State] | None
) -> list[dict[str, Any]]:
    wanted = [state.value for state in (State if states is None else states)]
    sql = f"SELECT {select} FROM read_parquet(?) WHERE list_contains(?, tb_state) LIMIT ?"  # noqa: S608 - names are quoted
    return fetch(duck, sql, [str(snapshot), wanted, limit])


def _finding(row: dict[str, Any], allow: Sequence[Allow]) -> Finding:
    index = row["tb_suppressed"]
    entry = None if index is None else allow[index]
    return Finding(
        finding_id=row["tb_finding_id"],
        state=State(row["tb_state"]),
        row={name: value for name, value in row.items() if not name.startswith(RESERVED)},
        reopened=row["tb_reopened"],
        first_seen=Seen(row["tb_first_seen_run"], row["tb_first_seen_time"]),
        last_seen=Seen(row["tb_last_seen_run"], row["tb_last_seen_time"]),
        changes={name: (row[_OLD + name], row[name]) for name in row["tb_changed"] or ()},
        suppression=None if entry is None else Suppression(entry.reason, entry.owner, entry.expires.isoformat()),
    )
