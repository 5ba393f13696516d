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
from dataclasses import asdict
from typing import Any

import duckdb
from moto.s3.models import s3_backends

from trailbook.errors import TrailbookError
from trailbook.local.engine.engine import connect, lock_down
from trailbook.local.engine.results import Row, read_csv, write_csv
from trailbook.local.glue_tables import BytesScannedCutoff
from trailbook.local.query_run import QueryRun
from trailbook.local.s3_objects import DISK, blob
from trailbook.local.statement_runs import put_result, run_statement

_SLOTS = 4
_PAUSE = 0.02
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


class QueryRuns:
    """All executions of one server."""

    def __init__(self, remember: Callable[[str, dict[str, Any]], None], save_s3: Callable[[], None]) -> None:
        """Keep records through `remember` (id, record); `save_s3` and the catalogue's save follow each execution."""
        self._remember = remember
        self._save = save_s3
        self._runs: dict[str, QueryRun] = {}
        self._tokens: dict[str, str] = {}
        self._connections: dict[str, duckdb.DuckDBPyConnection] = {}
        self._stopped: set[str] = set()
        self._lock = threading.RLock()
        self._pool = ThreadPoolExecutor(_SLOTS, thread_name_prefix="athena")

    def restore(self, records: list[dict[str, Any]]) -> None:
        """Take up what `remember` kept before a restart."""
        for record in records:
            found = QueryRun(**record)
            if found.state not in ENDED:
                found.state, found.completed = "FAILED", found.submitted
                found.reason = "GENERIC_INTERNAL_ERROR: the local Athena was stopped while this query ran"
                found.token = ""
            self._runs[found.id] = found
            if found.token:
                self._tokens[found.token] = found.id

    def start(self, wanted: QueryRun) -> QueryRun:
        """Accept an execution, or return the one that has the same token.

        Raises LookupError where the token was used with another request.
        """
        with self._lock:
            known = self._runs.get(self._tokens.get(wanted.token, "")) if wanted.token else None
            if known is not None:
                asked, had = ((r.sql, r.database, r.workgroup, _place(r)) for r in (wanted, known))
                if asked != had:
                    raise LookupError("Idempotent parameters do not match")
                return known
            wanted.submitted = time.time()
            self._runs[wanted.id] = wanted
            if wanted.token:
                self._tokens[wanted.token] = wanted.id
            self._remember(wanted.id, asdict(wanted))
            self._pool.submit(self._execute, wanted)
            return wanted

    def get(self, name: str) -> QueryRun | None:
        """Return an execution, or None."""
        return self._runs.get(name)

    def listed(self, workgroup: str) -> list[QueryRun]:
        """Return a work group's executions, the newest first."""
        with self._lock:
            return [r for r in reversed(list(self._runs.values())) if r.workgroup == workgroup]

    def stop(self, name: str) -> None:
        """Cancel an execution that has not ended; a running query is interrupted."""
        with self._lock:
            found = self._runs[name]
            if found.state in ENDED:
                return
            self._stopped.add(name)
            if found.state == "QUEUED":
                self._end(found, "CANCELLED", "")
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
        self._pool.shutdown(wait=True, cancel_futures=True)

    def rows(self, found: QueryRun) -> list[Row]:
        """Return the rows of a SUCCEEDED execution's result object, a query's header first.

        Raises FileNotFoundError where the object is gone.
        """
        bucket, _, key = found.output[5:].partition("/")
        held = s3_backends[found.account]["aws"].buckets.get(bucket)
        version = held.keys.get(key) if held is not None else None
        if version is None or not hasattr(version, "contentsize"):
            raise FileNotFoundError(found.output)
        body = blob(version).read_bytes()
        if found.statement == "DML":
            return read_csv(body)
        return [[line] for line in body.decode().split("\n")[:-1]]

    def _execute(self, found: QueryRun) -> None:
        started = time.time()
        with self._lock:
            if found.state in ENDED:
                return
            found.state, found.queue_ms = "RUNNING", int((started - found.submitted) * 1000)
        try:
            if not self._reuse(found):
                run_statement(found, self._connected)
            self._end(found, "SUCCEEDED", "")
        except BytesScannedCutoff:
            self._end(found, "CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded")
        except duckdb.InterruptException:
            self._end(found, "CANCELLED", "")
        except TrailbookError as error:
            self._end(found, "CANCELLED" if found.id in self._stopped else "FAILED", str(error))
        except Exception as error:  # a defect must end the execution, not hang whoever waits for it
            self._end(found, "FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}")

    def _end(self, found: QueryRun, state: str, reason: str) -> None:
        with self._lock:
            if found.state in ENDED:
                return
            found.reason, found.completed = reason, time.time()
            try:
                self._save()
                found.state = state
            except OSError as error:
                found.state, found.reason = "FAILED", f"GENERIC_INTERNAL_ERROR: the result was not kept: {error}"
            self._remember(found.id, asdict(found))

    @contextlib.contextmanager
    def _connected(self, found: QueryRun) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a locked-down connection that `stop` can interrupt."""
        with connect() as connection:
            lock_down(connection, [str(DISK.root)])
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
        if found.reuse_minutes < 0 or found.statement != "DML":
            return False
        oldest = found.submitted - 60 * found.reuse_minutes
        with self._lock:
            earlier = [
                r
                for r in self._runs.values()
                if (r.sql, r.database, r.workgroup) == (found.sql, found.database, found.workgroup)
                and (r.state, r.statement) == ("SUCCEEDED", "DML")
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


def _place(found: QueryRun) -> str:
    return found.output.rpartition("/")[0]


def new_id() -> str:
    """Return a new QueryExecutionId."""
    return str(uuid.uuid4())
