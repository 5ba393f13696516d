"""The result that a snapshot was made from: its present rows, without what the diff added."""

from pathlib import Path

from trailbook.athena.resultset import RESERVED, connect, fetch, quoted, write_parquet
from trailbook.diff.model import State

_PRESENT = [state.value for state in (State.NEW, State.UPDATED, State.UNCHANGED)]


def present(snapshot: Path, to: Path) -> None:
    """Write the present rows of a snapshot, with the result's own columns, as a Parquet file."""
    with connect(threads=1) as duck:
        described = fetch(duck, "DESCRIBE SELECT * FROM read_parquet(?)", [str(snapshot)])
        names = [row["column_name"] for row in described if not row["column_name"].startswith(RESERVED)]
        columns = ", ".join(map(quoted, names))
        select = f"SELECT {columns} FROM read_parquet(?) WHERE list_contains(?, tb_state)"  # noqa: S608 - quoted names
        write_parquet(duck, select, to, [str(snapshot), _PRESENT])
