"""Athena through its API: start, poll, stop, describe and download with boto3-shaped clients that are handed in.

Invariants: the same token and SQL are the same execution, so a retried task attaches to its query instead of paying
twice; whoever stops waiting (a timeout, Ctrl-C, a killed task) stops the query.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailbook.athena.execution import Column, Execution, QueryState
from trailbook.aws_errors import of_failed_query, speaking
from trailbook.errors import DeploymentError, QueryCancelled, ServiceUnavailable, TrailbookError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import ColumnInfoTypeDef, QueryExecutionTypeDef
    from mypy_boto3_s3 import S3Client

_FIRST_PAUSE = 0.25
_CHUNK = 1 << 20
_SYSTEM_ERROR = 1  # AthenaError.ErrorCategory: 1 system, 2 user, 3 other


@dataclass(frozen=True, slots=True)
class AthenaApi:
    """One workgroup and database. `output` is `s3://bucket/prefix/`, or empty where the workgroup has its own.

    Implements `athena.execution.Athena`; every method raises as that port says.
    """

    client: "AthenaClient"
    s3: "S3Client"
    workgroup: str
    database: str
    output: str
    poll_seconds: float = 2.0
    timeout_seconds: float = 1800.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def execute(self, sql: str, *, token: str, reuse_minutes: int = 0) -> Execution:
        """Run `sql` to its end; see `start` for `reuse_minutes`."""
        return self.wait(self.start(sql, token, reuse_minutes=reuse_minutes))

    def start(self, sql: str, token: str, *, reuse_minutes: int = 0) -> str:
        """Start a query and return its QueryExecutionId; `token` has 32 to 128 characters.

        With `reuse_minutes`, Athena may answer with the result that the same SQL had within that time, at no cost.
        """
        request: dict[str, Any] = {
            "QueryString": sql,
            "ClientRequestToken": token,
            "WorkGroup": self.workgroup,
        }
        if not sql.startswith("CREATE DATABASE"):  # which may be about to make the very database
            request["QueryExecutionContext"] = {"Database": self.database}
        if self.output:
            request["ResultConfiguration"] = {"OutputLocation": self.output}
        if reuse_minutes:
            by_age = {"Enabled": True, "MaxAgeInMinutes": reuse_minutes}
            request["ResultReuseConfiguration"] = {"ResultReuseByAgeConfiguration": by_age}
        with speaking(f"starting a query in workgroup {self.workgroup}"):
            return self.client.start_query_execution(**request)["QueryExecutionId"]

    def wait(self, query_execution_id: str) -> Execution:
        """Return the execution when it has succeeded. Raises QueryCancelled, and stops it, after `timeout_seconds`."""
        deadline = self.clock() + self.timeout_seconds
        pause = min(_FIRST_PAUSE, self.poll_seconds)
        try:
            while not _finished(query := self._get(query_execution_id)):
                if self.clock() >= deadline:
                    raise QueryCancelled(
                        f"query {query_execution_id} had no result after {self.timeout_seconds:g} s and was stopped: "
                        "narrow the window, or raise TRAILBOOK_QUERY_TIMEOUT_SECONDS"
                    )
                self.sleep(pause)
                pause = min(pause * 2, self.poll_seconds)
        except (QueryCancelled, KeyboardInterrupt, SystemExit):
            self.stop(query_execution_id)
            raise
        return self._succeeded(query)

    def describe(self, query_execution_id: str) -> Execution:
        """Return a finished, successful execution. Raises ServiceUnavailable where it still runs."""
        query = self._get(query_execution_id)
        if not _finished(query):
            raise ServiceUnavailable(f"query {query_execution_id} is still {_state(query)}")
        return self._succeeded(query)

    def state(self, query_execution_id: str) -> QueryState:
        """Return the state that the execution is in now."""
        return _state(self._get(query_execution_id))

    def stop(self, query_execution_id: str) -> None:
        """Stop a query; one that has finished stays as it is."""
        with speaking(f"stopping query {query_execution_id}"):
            self.client.stop_query_execution(QueryExecutionId=query_execution_id)

    def download(self, execution: Execution, to: Path) -> None:
        """Write the execution's result CSV to a file, whole or not at all."""
        bucket, _, key = execution.output.removeprefix("s3://").partition("/")
        part = to.with_name(f"{to.name}.part")
        try:
            with speaking(f"reading the result {execution.output}"), part.open("wb") as file:
                for chunk in self.s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(_CHUNK):
                    file.write(chunk)
            part.replace(to)
        except OSError as error:
            raise DeploymentError(f"{to}: cannot be written: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)

    def _get(self, query_execution_id: str) -> "QueryExecutionTypeDef":
        with speaking(f"asking for query {query_execution_id}"):
            return self.client.get_query_execution(QueryExecutionId=query_execution_id)["QueryExecution"]

    def _succeeded(self, query: "QueryExecutionTypeDef") -> Execution:
        identifier = query["QueryExecutionId"]
        if _state(query) is not QueryState.SUCCEEDED:
            raise _failure(query)
        statistics = query.get("Statistics", {})
        with speaking(f"asking for the columns of query {identifier}"):
            answer = self.client.get_query_results(QueryExecutionId=identifier, MaxResults=1)
        columns = answer["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])  # DDL has none
        return Execution(
            query_execution_id=identifier,
            columns=tuple(map(_column, columns)),
            output=query["ResultConfiguration"]["OutputLocation"],
            data_scanned_in_bytes=statistics.get("DataScannedInBytes", 0),
            engine_ms=statistics.get("EngineExecutionTimeInMillis", 0),
            engine_version=query.get("EngineVersion", {}).get("EffectiveEngineVersion", ""),
            reused=statistics.get("ResultReuseInformation", {}).get("ReusedPreviousResult", False),
        )


def _state(query: "QueryExecutionTypeDef") -> QueryState:
    return QueryState(query["Status"]["State"])


def _finished(query: "QueryExecutionTypeDef") -> bool:
    return _state(query) not in (QueryState.QUEUED, QueryState.RUNNING)


def _failure(query: "QueryExecutionTypeDef") -> TrailbookError:
    status = query["Status"]
    what = f"query {query['QueryExecutionId']}"
    reason = status.get("StateChangeReason") or "Athena gave no reason"
    if _state(query) is QueryState.CANCELLED:
        return QueryCancelled(f"{what} was cancelled: {reason}")
    error = status.get("AthenaError", {})
    system = error.get("ErrorCategory") == _SYSTEM_ERROR
    return of_failed_query(what, reason, system=system, retryable=bool(error.get("Retryable")))


def _column(info: "ColumnInfoTypeDef") -> Column:
    kind = info["Type"]
    return Column(info["Name"], f"decimal({info['Precision']},{info['Scale']})" if kind == "decimal" else kind)
