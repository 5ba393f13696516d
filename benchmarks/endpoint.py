"""An endpoint of the embedded AWS as a process of its own, a client of it, and its peak memory."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import boto3
import psutil
from botocore.config import Config

CREDENTIALS = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
MIB = 1024 * 1024


@contextmanager
def endpoint(state: Path | None = None) -> Iterator[tuple[str, psutil.Process, float]]:
    """Run `trailbook local` as a process; give its URL, the process, and how long it took to start.

    Without `state` it holds all in memory.
    """
    kept = [] if state is None else ["--state", str(state)]
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own executable
        [sys.executable, "-m", "trailbook", "local", *kept], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    out = cast("IO[str]", process.stdout)
    try:
        url = out.readline().strip()
        yield url, psutil.Process(process.pid), time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(30)


class Client:
    """Athena and S3 of an endpoint through boto3."""

    def __init__(self, url: str) -> None:
        """Connect to the endpoint."""
        config = Config(max_pool_connections=64)
        self.athena = boto3.client("athena", endpoint_url=url, config=config, **CREDENTIALS)
        self.s3 = boto3.client("s3", endpoint_url=url, config=config, **CREDENTIALS)

    def fill(self, logs: Path) -> None:
        """Upload the logs to the bucket `logs`; results go to the bucket `results`."""
        for bucket in ("logs", "results"):
            self.s3.create_bucket(Bucket=bucket)
        for file in sorted(logs.rglob("*.gz")):
            self.s3.put_object(Bucket="logs", Key=str(file.relative_to(logs)), Body=file.read_bytes())

    def query(self, sql: str) -> tuple[float, list[list[str]]]:
        """Run a statement to its end; return the seconds from start to rows, and the rows."""
        began = time.perf_counter()
        pause = 0.005
        name = self.athena.start_query_execution(
            QueryString=sql, ResultConfiguration={"OutputLocation": "s3://results/"}
        )["QueryExecutionId"]
        while True:
            found = self.athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]
            if found["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                break
            time.sleep(pause)
            pause = min(0.1, pause * 1.2)
        if found["State"] != "SUCCEEDED":
            raise SystemExit(f"{sql}\n{found}")
        rows = self.athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"][1:]
        return time.perf_counter() - began, [[c.get("VarCharValue", "") for c in r["Data"]] for r in rows]


class Peak:
    """The largest resident set of a process while the block runs, in MiB."""

    def __init__(self, process: psutil.Process) -> None:
        """Watch a process."""
        self._process = process
        self._ended = threading.Event()
        self.mib = 0.0

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self.mib = max(self.mib, self._process.memory_info().rss / MIB)

    def __enter__(self) -> "Peak":
        """Begin."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join()
