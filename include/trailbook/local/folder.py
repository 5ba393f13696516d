"""A folder of CloudTrail files, or a list of records, as an Athena in this process: no server, no AWS.

The files are read once, into Parquet in a temporary folder; then many queries run against them. A file that cannot be
read does not stop the rest: it is a sentence in `problems`.
"""

import hashlib
import json
import os
import shutil
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from trailbook.athena import resultset
from trailbook.athena.execution import Execution
from trailbook.errors import DeploymentError, InvalidRequest, QueryCancelled
from trailbook.local.analyses import Analyses
from trailbook.local.engine.engine import ENGINE_VERSION, Analysed, answer, connect, lock_down
from trailbook.local.engine.loading import Loaded, load
from trailbook.local.engine.results import write_csv
from trailbook.local.engine.scope import Scan, TableColumn
from trailbook.local.engine.types import VARCHAR, identifier
from trailbook.local.kept_plans import KeptPlans
from trailbook.local.records import KINDS, SHOWN, Records
from trailbook.settings import PhysicalTable

Progress = Callable[[int, int], None]


class FolderAthena:
    """Satisfies `trailbook.athena.execution.Athena` over log files or records. Use it from one thread at a time."""

    def __init__(
        self,
        table: PhysicalTable,
        directory: Path,
        connection: duckdb.DuckDBPyConnection,
        *,
        keep_plans: bool = False,
    ) -> None:
        """Serve `table` from the relation `trail` of the connection; `from_folder` and `from_records` make one."""
        self._table = table
        self._directory = directory
        self._connection = connection
        self._executions: dict[str, Execution] = {}
        self._lock = threading.Lock()
        self._bytes = 0
        self._records: Records | None = None
        self._sizes: list[int] = []
        self._plans = KeptPlans(connection, "trail") if keep_plans else None
        self._analyses = Analyses(connection, self, table.database, self._plans)
        self._results = ExitStack()
        self._reader: duckdb.DuckDBPyConnection | None = None
        self.problems: tuple[str, ...] = ()
        self._closer = weakref.finalize(self, _close, connection, directory, self._results)

    @classmethod
    def from_folder(
        cls, paths: Sequence[Path], *, table: PhysicalTable, progress: Progress | None = None
    ) -> "FolderAthena":
        """Read every `*.json` and `*.json.gz` under the paths (files or folders), in any layout.

        `progress` gets bytes read and bytes in total. Raises DeploymentError where a path does not exist.
        """
        missing = [p for p in paths if not p.exists()]
        if missing:
            raise DeploymentError(f"{missing[0]}: expected a folder or a file of CloudTrail logs, found nothing there")
        directory = Path(tempfile.mkdtemp(prefix="trailbook-"))
        connection = connect(threads=max(1, os.cpu_count() or 1))
        athena = cls(table, directory, connection)
        try:
            loaded: Loaded = load(connection, log_files(paths), list(KINDS.items()), directory, progress)
        except BaseException:
            athena.close()
            raise
        athena.problems, athena._bytes = loaded.problems, loaded.bytes
        connection.execute(f"CREATE VIEW trail AS {_with_partitions(table, loaded.source)}")
        lock_down(connection, [str(directory)])
        return athena

    @classmethod
    def from_records(
        cls, records: Iterable[Mapping[str, Any]], *, table: PhysicalTable, keep_plans: bool = False
    ) -> "FolderAthena":
        """Hold CloudTrail records (as in a file's `Records`) in memory.

        `keep_plans` is for many runs of a query over few records: DuckDB plans it once, and does not optimise it.
        """
        directory = Path(tempfile.mkdtemp(prefix="trailbook-"))
        connection = connect(threads=1)
        athena = cls(table, directory, connection, keep_plans=keep_plans)
        athena._records = Records(connection)
        connection.execute(f"CREATE VIEW trail AS {_with_partitions(table, SHOWN)}")
        lock_down(connection, [])
        athena.replace_records(records)
        return athena

    def replace_records(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Hold other records instead, on the same connection. Raises InvalidRequest for what cannot be read in."""
        self.hold_records([records])

    def hold_records(self, sets: Iterable[Iterable[Mapping[str, Any]]]) -> None:
        """Hold these sets of records instead, and show the first: queries read the set that is shown."""
        if self._records is None:
            raise InvalidRequest("this Athena reads a folder, whose records stay")
        texts = [[json.dumps(r, ensure_ascii=False) for r in one] for one in sets]
        with self._lock:
            self._executions.clear()
            self._sizes = [sum(map(len, one)) for one in texts]
            self._records.hold(texts)
            self._bytes = self._sizes[0] if texts else 0

    def show_records(self, number: int) -> None:
        """Show the set of this number, which `hold_records` was given."""
        if self._records is None or not 0 <= number < len(self._sizes):
            raise InvalidRequest(f"expected the number of a set of records that is held, found {number}")
        with self._lock:
            self._executions.clear()
            self._records.show(number)
            self._bytes = self._sizes[number]

    @property
    def events(self) -> int:
        """The number of records held."""
        with self._lock:
            found = self._connection.execute("SELECT count(*) FROM trail").fetchone()
        return int(found[0]) if found else 0

    def span(self) -> tuple[datetime, datetime] | None:
        """Return the first and last event time (UTC), or None where there is no event."""
        times = "TRY(CAST(replace(replace(eventtime, 'T', ' '), 'Z', '') AS TIMESTAMP))"
        with self._lock:
            found = self._connection.execute(f"SELECT min(t), max(t) FROM (SELECT {times} AS t FROM trail)").fetchone()  # noqa: S608  # compiled text only
        if found is None or found[0] is None:
            return None
        return found[0].replace(tzinfo=UTC), found[1].replace(tzinfo=UTC)

    def execute(self, sql: str, *, token: str) -> Execution:
        """Run a query to its end. Raises QueryFailed with Athena's reason, QueryCancelled when interrupted."""
        name = str(uuid.UUID(hashlib.sha256(f"{token}\0{sql}".encode("utf-8", "surrogatepass")).hexdigest()[:32]))
        with self._lock:
            known = self._executions.get(name)
            if known is not None:
                return known
            try:
                ready = self._analyses.of(sql)
                kept = self._plans is not None
                result = answer(self._connection, self, ready.found, ready.query, kept=kept, before=ready.before)
            except duckdb.InterruptException:
                raise QueryCancelled("the query was interrupted") from None
            output = self._directory / f"{name}.csv"
            output.write_bytes(write_csv([c.name for c in result.columns], result.rows))
            execution = Execution(
                name, result.columns, str(output), result.data_scanned_in_bytes, result.engine_ms, ENGINE_VERSION
            )
            self._executions[name] = execution
            return execution

    def prepare(self, texts: Iterable[str]) -> None:
        """Get ready queries that are about to be executed, which is done sooner for many that are alike."""
        with self._lock:
            self._analyses.prepare(texts)

    def analysed(self, sql: str) -> Analysed:
        """Return a query as it was analysed to be run. Raises QueryFailed."""
        with self._lock:
            return self._analyses.of(sql).found

    def rows(self, execution: Execution) -> list[dict[str, Any]]:
        """Return the execution's rows as plain Python values, as `csv_rows` reads them; for small results."""
        return self.rows_of_each([execution])[0]

    def rows_of_each(self, executions: Sequence[Execution]) -> list[list[dict[str, Any]]]:
        """Return the rows of executions that have the same columns, read at once."""
        if self._reader is None:
            self._reader = self._results.enter_context(resultset.connect(threads=1))
        with tempfile.TemporaryDirectory(dir=self._directory) as folder:  # another path each time, so nothing is kept
            paths = [Path(folder) / f"{n}.csv" for n in range(len(executions))]
            for execution, path in zip(executions, paths, strict=True):
                self.download(execution, path)
            return resultset.csv_rows_of_each(paths, executions[0].columns, self._reader)

    def download(self, execution: Execution, to: Path) -> None:
        """Copy the execution's result CSV. Raises InvalidRequest where it is not one of this Athena's."""
        source = Path(execution.output)
        if source.parent != self._directory or not source.is_file():
            raise InvalidRequest(f"query {execution.query_execution_id}: its result is not held here any more")
        shutil.copyfile(source, to)

    def columns(self, database: str, table: str) -> Sequence[TableColumn] | None:
        """Return the columns of the one table there is (the engine's Catalog)."""
        if (database, table) != (self._table.database.lower(), self._table.name.lower()):
            return None
        names = (self._table.account_column, self._table.region_column, self._table.day_column)
        return [
            *(TableColumn(n, k) for n, k in KINDS.items()),
            *(TableColumn(n, VARCHAR, partition=True) for n in names),
        ]

    def has_database(self, database: str) -> bool:
        """Say whether it is the one database there is (the engine's Catalog)."""
        return database == self._table.database.lower()

    def materialise(self, connection: duckdb.DuckDBPyConnection, scan: Scan, used: frozenset[str]) -> int:
        """Show the records under the scan's name (the engine's Tables); every file counts as scanned."""
        if self._plans is not None:
            self._plans.show(scan.name)
        else:
            connection.execute(f"CREATE VIEW {scan.name} AS SELECT * FROM trail")  # noqa: S608  # compiled text only
        return self._bytes

    def seal(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Do nothing: the connection was locked down when the records were there (the engine's Tables)."""

    def release(self) -> None:
        """Do nothing: the records stay (the engine's Tables)."""

    def explain(self, message: str) -> str | None:
        """Return None: files were read before any query ran (the engine's Tables)."""
        return None

    def close(self) -> None:
        """Remove the temporary folder and the connection; closing twice is harmless."""
        self._closer()

    def __enter__(self) -> "FolderAthena":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def log_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files to read: those named, and every `*.json` and `*.json.gz` below the folders named, sorted."""
    found: set[Path] = set()
    for path in paths:
        if path.is_file():
            found.add(path)
        else:
            found.update(p for p in path.rglob("*") if p.name.endswith((".json", ".json.gz")) and p.is_file())
    return sorted(found)


def _with_partitions(table: PhysicalTable, source: str) -> str:
    account, region, day = (identifier(c) for c in (table.account_column, table.region_column, table.day_column))
    return (
        f"SELECT *, coalesce(recipientaccountid, useridentity.accountid) AS {account}, awsregion AS {region}, "  # noqa: S608  # identifiers are quoted
        f"replace(left(eventtime, 10), '-', '/') AS {day} FROM ({source})"
    )


def _close(connection: duckdb.DuckDBPyConnection, directory: Path, results: ExitStack) -> None:
    results.close()
    connection.close()
    shutil.rmtree(directory, ignore_errors=True)
