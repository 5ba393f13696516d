"""Results and diffs in a few words: a table is a folder's Parquet file, a chain of diffs is a list of tables."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trailbook.diff import Diff, DiffSpec, compare
from trailbook.window import Window

Row = tuple[Any, ...]
COLUMNS = {"k": "VARCHAR", "n": "BIGINT", "note": "VARCHAR"}


def window(day: int) -> Window:
    start = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day)
    return Window(start, start + timedelta(days=1))


def spec(day: int = 0, **changes: Any) -> DiffSpec:
    given: dict[str, Any] = {
        "runbook": "auth-failed-logins",
        "kind": "aggregate",
        "key": ("k",),
        "measures": ("n",),
        "allow": (),
        "run_id": f"run-{day}",
        "window": window(day),
    }
    return DiffSpec(**given | changes)


class Bench:
    """A folder in which results are written and compared."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()

    def path(self) -> Path:
        return self.folder / f"{next(self.numbers)}.parquet"

    def table(self, rows: Sequence[Row], columns: dict[str, str] | None = None) -> Path:
        columns = columns or COLUMNS
        path = self.path()
        with duckdb.connect() as duck:
            duck.execute("SET TimeZone = 'UTC'")
            named = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
            duck.execute(f"CREATE TABLE t ({named})")
            if rows:
                duck.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(columns))})", list(rows))  # noqa: S608 - ours
            duck.execute(f"COPY t TO '{path}' (FORMAT parquet)")
        return path

    def diff(
        self, rows: Sequence[Row], baseline: Diff | None = None, columns: dict[str, str] | None = None, **changes: Any
    ) -> Diff:
        before = baseline.snapshot if baseline else None
        return compare(self.table(rows, columns), before, spec=spec(**changes), to=self.path())

    def days(self, *tables: Sequence[Row], **changes: Any) -> list[Diff]:
        """Compare each day's rows with the day before."""
        found: list[Diff] = []
        for day, rows in enumerate(tables):
            found.append(self.diff(rows, found[-1] if found else None, day=day, **changes))
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def new_bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Bench]:
    return lambda: Bench(tmp_path_factory.mktemp("diff"))
