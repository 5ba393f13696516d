"""The query executions of the embedded Athena: accepted, run in a pool, stopped, remembered.

A finished execution is a plain JSON record, which `remember` writes where a restart finds it. One that was running when
the process died is FAILED afterwards, and its token is free again, so that a retried task starts a new one.
"""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import duckdb
from moto.s3.models import s3_backends

from trailbook.errors import TrailbookError
from trailbook.local.engine.engine import SHARED_MEMORY, connect
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.results import Row, read_csv, write_csv
from trailbook.local.glue_tables import BytesScannedCutoff, spill_folder
from trailbook.local.query_run import QueryRun
from trailbook.local.result_objects import put, put_result
from trailbook.local.s3_objects import blob
from trailbook.local.statement_runs import run_statement

_SLOTS = 4
_QUICK_SLOTS = 1
"""DDL and SHOW wait for one another, never for a query."""
_MOST_KEPT = 32 << 20
_READING = ("SELECT", "EXPLAIN", "UNLOAD")
_CATALOG = "awsdatacatalog"
_PAUSE = 0.02
STOPPED = "Query cancelled by user"
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


class QueryRuns:
    """All executions of one server."""

    def __init__(self, remember: Callable[[str, dict[str, Any] | None], None], save: Callable[[bool], None]) -> None:
        """Keep records through `remember` (id, record or None to drop it).

        `save` keeps what a statement put into S3 and, where it is told so, what it changed in the catalogue.
        """
        self._remember = remember
        self._save = save
        self._runs: dict[str, QueryRun] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._connections: dict[str, duckdb.DuckDBPyConnection] = {}
        self._stopped: set[str] = set()
        self._lock = threading.RLock()
        self._pool = ThreadPoolExecutor(_SLOTS, thread_name_prefix="athena")
        self._read: tuple[Path | None, list[Row]] = None, []
        self._quick = ThreadPoolExecutor(_QUICK_SLOTS, thread_name_prefix="athena-quick")

    def restore(self, records: list[dict[str, Any]]) -> None:
        """Take up what `remember` kept before a restart."""
        known = {f.name for f in fields(QueryRun)}
        for record in records:
            found = QueryRun(**{name: value for name, value in record.items() if name in known})
            if found.state not in ENDED:
                found.state, found.completed = "FAILED", found.submitted
                found.reason = "GENERIC_INTERNAL_ERROR: the local Athena was stopped while this query ran"
                found.token = ""
            self._runs[found.id] = found
            if found.token:
                self._tokens[found.region, found.token] = found.id

    def start(self, wanted: QueryRun) -> QueryRun:
        """Accept an execution, or return the one that has the same token.

        Raises LookupError where the token was used with another statement, context or place. As on Athena, parameters
        and the work group are not compared.
        """
        with self._lock:
            known = self._runs.get(self._tokens.get((wanted.region, wanted.token), "")) if wanted.token else None
            if known is not None:
                asked, had = ((r.sql, r.context, r.location) for r in (wanted, known))
                if asked != had:
                    raise LookupError("Idempotent parameters do not match")
                return known
            wanted.submitted = time.time()
            self._runs[wanted.id] = wanted
            if wanted.token:
                self._tokens[wanted.region, wanted.token] = wanted.id
            self._remember(wanted.id, asdict(wanted))
            reads = wanted.statement == "DML" or wanted.substatement == "CREATE_TABLE_AS_SELECT"
            (self._pool if reads else self._quick).submit(self._execute, wanted)
            return wanted

    def get(self, name: str) -> QueryRun | None:
        """Return an execution, or None."""
        return self._runs.get(name)

    def listed(self, region: str, workgroup: str) -> list[QueryRun]:
        """Return a work group's executions, the newest first."""
        with self._lock:
            return [r for r in reversed(self._runs.values()) if (r.region, r.workgroup) == (region, workgroup)]

    def forget(self, region: str, workgroup: str) -> None:
        """Stop and forget every execution of a work group."""
        for found in self.listed(region, workgroup):
            self.stop(found.id)
            with self._lock:
                self._runs.pop(found.id, None)
                self._tokens.pop((region, found.token), None)
                self._remember(found.id, None)

    def stop(self, name: str) -> None:
        """Cancel an execution that has not ended; a running query is interrupted."""
        with self._lock:
            found = self._runs[name]
            if found.state in ENDED:
                return
            self._stopped.add(name)
            if found.state == "QUEUED":
                self._ended(found, "CANCELLED", STOPPED)
            elif name in self._connections:
                threading.Thread(target=self._interrupt, args=(name,), name="athena-stop", daemon=True).start()

    def _interrupt(self, name: str) -> None:
        """Interrupt a query until it has ended: DuckDB forgets an interrupt that comes between two statements."""
        while True:
            with self._lock:
                connection = self._connections.get(name)
                if connection is None:
                    return
                connection.interrupt()
            time.sleep(_PAUSE)

    def close(self) -> None:
        """Stop every execution and the pool."""
        with self._lock:
            for name, found in list(self._runs.items()):
                if found.state not in ENDED:
                    self.stop(name)
        for pool in (self._pool, self._quick):
            pool.shutdown(wait=True, cancel_futures=True)

    def rows(self, found: QueryRun) -> list[Row]:
        """Return the rows of a SUCCEEDED execution's result object, a query's header first; CTAS and INSERT have none.

        Raises FileNotFoundError where the object is gone.
        """
        if not found.output.endswith((".csv", ".txt")):
            return []
        bucket, _, key = found.output[5:].partition("/")
        held = s3_backends[found.account]["aws"].buckets.get(bucket)
        version = held.keys.get(key) if held is not None else None
        if version is None or not hasattr(version, "contentsize"):
            raise FileNotFoundError(found.output)
        file = blob(version)
        read, rows = self._read  # the pages of a result are asked for one after another
        if read != file:
            body = file.read_bytes()
            rows = read_csv(body) if found.output.endswith(".csv") else _lines(body)
            if len(body) < _MOST_KEPT:
                self._read = file, rows
        return rows

    def _execute(self, found: QueryRun) -> None:
        started = time.time()
        with self._lock:
            if found.state in ENDED:
                return
            found.state, found.queue_ms = "RUNNING", int((started - found.submitted) * 1000)
        try:
            catalog = found.context.get("Catalog", _CATALOG)
            if catalog.lower() != _CATALOG:
                raise SqlError("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found")
            if not self._reuse(found):
                run_statement(found, self._connected, lambda: found.id in self._stopped)
            self._end(found, "SUCCEEDED", "")
        except BytesScannedCutoff:
            self._end(found, "CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded")
        except duckdb.InterruptException:
            self._end(found, "CANCELLED", STOPPED)
        except TrailbookError as error:
            if found.id in self._stopped:
                self._end(found, "CANCELLED", STOPPED)
            else:
                self._fail(found, str(error))
        except Exception as error:  # a defect must end the execution, not hang whoever waits for it
            self._end(found, "FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}")

    def _end(self, found: QueryRun, state: str, reason: str) -> None:
        """Save what the statement did, then its end: who sees an ended execution finds both after a restart."""
        try:
            self._save(found.substatement not in _READING)
        except OSError as error:
            state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: the result was not kept: {error}"
        with self._lock:
            self._ended(found, state, reason)

    def _fail(self, found: QueryRun, reason: str) -> None:
        """End an execution as FAILED; where the result would be a text, the reason is put there, as Athena does."""
        if found.output.endswith(".txt") and found.statement != "DML":
            with contextlib.suppress(SqlError):
                put(found, found.output, reason.encode("utf-8", "surrogatepass"))
        self._end(found, "FAILED", reason)

    def _ended(self, found: QueryRun, state: str, reason: str) -> None:
        if found.state in ENDED:
            return
        found.reason, found.completed = reason, time.time()
        if found.id in self._runs:  # else it was forgotten meanwhile
            self._remember(found.id, asdict(found) | {"state": state})
        found.state = state
        self._stopped.discard(found.id)

    @contextlib.contextmanager
    def _connected(self, found: QueryRun) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection that `stop` can interrupt; it is locked down when its tables are there."""
        with connect(memory=SHARED_MEMORY, spill=spill_folder()) as connection:
            with self._lock:
                self._connections[found.id] = connection
            try:
                if found.id in self._stopped:
                    raise duckdb.InterruptException("stopped")
                yield connection
            finally:
                with self._lock:
                    self._connections.pop(found.id, None)

    def _reuse(self, found: QueryRun) -> bool:
        """Take the result of an equal query that ended within the wanted age, as ResultReuseByAge does."""
        if found.reuse_minutes < 0 or found.substatement != "SELECT":
            return False
        oldest = found.submitted - 60 * found.reuse_minutes
        with self._lock:
            earlier = [
                r
                for r in self._runs.values()
                if _asked(r) == _asked(found)
                and (r.state, r.substatement) == ("SUCCEEDED", "SELECT")
                and not r.reused
                and r.completed >= oldest
            ]
        if not earlier:
            return False
        source = max(earlier, key=lambda r: r.completed)
        try:
            rows = self.rows(source)
        except FileNotFoundError:
            return False
        found.columns, found.rows, found.reused, found.engine_ms = source.columns, source.rows, True, 1
        put_result(found, write_csv([v or "" for v in rows[0]], rows[1:]))
        return True


def _lines(body: bytes) -> list[Row]:
    text = body.decode("utf-8", "surrogatepass")
    return [[line] for line in text.split("\n")] if text else []


def _asked(found: QueryRun) -> tuple[object, ...]:
    return found.region, found.sql, found.database, found.workgroup, found.parameters


def new_id() -> str:
    """Return a new QueryExecutionId."""
    return str(uuid.uuid4())
