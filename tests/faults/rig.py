"""Runs of a real DAG's tasks against an embedded AWS in another process, one process per try, any of which may die.

The tasks are the DAG's own operators; what stands in for Airflow is the task instance (XCom in files), the order of the
tasks, and the rule for retries: a killed or transient try is tried again, anything else ends the task, and `record`
runs however the others ended.
"""

import gzip
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import pytest
import yaml
from calls import Strike, watch

RUNBOOK = "struck"
ORDER = ("plan", "query", "compare", "report", "record")
BUCKETS = ("trail", "results", "reports", "ledger", "heads")
DAY = datetime(2025, 11, 1, tzinfo=UTC)
_LONGEST_TRY = 120  # seconds
ACCOUNT, REGION = "111122223333", "us-east-1"
QUERY = """\
SELECT recipientaccountid AS account_id, useridentity.username AS user_name, count(*) AS failures,
       slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids
FROM cloudtrail WHERE eventname = 'ConsoleLogin' GROUP BY 1, 2
"""


@dataclass
class TaskInstance:
    """What a task reads and writes of its Airflow task instance."""

    folder: Path
    task_id: str
    try_number: int
    run_id: str
    start_date: datetime
    states: dict[str, str]
    task: Any
    dag_id: str = RUNBOOK
    map_index: int = -1

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        path = self.folder / f"{task_ids}.{key}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def xcom_push(self, key: str, value: Any) -> None:
        path = self.folder / f"{self.task_id}.{key}.json"
        path.with_suffix(".part").write_text(json.dumps(value))
        path.with_suffix(".part").replace(path)

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {self.run_id: self.states}


@dataclass(frozen=True)
class DagRun:
    """What a task reads of its DAG run."""

    run_id: str
    clear_number: int
    start_date: datetime
    run_type: str = "scheduled"
    triggering_user_name: str | None = None
    logical_date: datetime = DAY
    data_interval_end: datetime = DAY + timedelta(days=1, hours=2)
    conf: dict[str, Any] | None = None


@dataclass(frozen=True)
class Rig:
    """A running embedded AWS, filled, and the DAG whose tasks are run."""

    endpoint: str
    folder: Path
    tasks: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            self.clients[service] = boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **keys)
        return self.clients[service]

    def run(self, run_id: str, strike: Strike | None = None, *, clear_number: int = 0) -> dict[str, str]:
        """Run every task once (with its retries) and return the tasks' states."""
        folder = self.folder / f"{run_id}-{clear_number}"
        folder.mkdir()
        began = datetime.now(UTC)
        states: dict[str, str] = {}
        for task in ORDER:
            if task != "record" and not all(state == "success" for state in states.values()):
                states[task] = "upstream_failed"
                continue
            states[task] = self._task(folder, task, DagRun(run_id, clear_number, began), states, strike)
        return states

    def calls(self, run_id: str, task: str) -> list[str]:
        """Return the calls of the first try of a task of a run."""
        path = self.folder / f"{run_id}-0" / f"{task}.1.journal"
        return path.read_text().splitlines() if path.exists() else []

    def errors(self) -> str:
        """Return what the tries that failed said last."""
        return "\n".join(path.read_text()[-500:] for path in self.folder.rglob("*.error"))

    def _task(self, folder: Path, task: str, dag_run: DagRun, states: dict[str, str], strike: Strike | None) -> str:
        for try_number in (1, 2, 3):
            for path in folder.glob(f"{task}.*.json"):
                path.unlink()  # as Airflow clears a task's XComs before each try
            struck = strike if strike and strike.task == task and try_number == 1 and not dag_run.clear_number else None
            pid = os.fork()
            if pid == 0:
                instance = TaskInstance(
                    folder, task, try_number, dag_run.run_id, datetime.now(UTC), states, self.tasks[task]
                )
                self._child(instance, dag_run, struck)
            _, status = os.waitpid(pid, 0)
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 2):
                return "success" if os.WEXITSTATUS(status) == 0 else "failed"
        return "failed"

    def _child(self, instance: TaskInstance, dag_run: DagRun, strike: Strike | None) -> None:
        """Execute the task and end this process: 0 done, 1 may be tried again, 2 failed for good."""
        from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

        signal.alarm(_LONGEST_TRY)  # a try that hangs is a try that was killed
        code, task = 1, instance.task
        try:
            watch(instance.folder / f"{instance.task_id}.{instance.try_number}.journal", strike)
            events = {asset: type("Event", (), {"extra": {}})() for asset in task.outlets}
            context = {"ti": instance, "dag_run": dag_run, "dag": task.dag, "task": task, "outlet_events": events}
            value = task.execute(context)
            instance.xcom_push("return_value", value)
            code = 0
        except DownstreamTasksSkipped:  # how a task that has succeeded skips others
            code = 0
        except AirflowFailException:
            code = 2
            self._said(instance)
        except BaseException:
            self._said(instance)
        finally:
            os._exit(code)

    def _said(self, instance: TaskInstance) -> None:
        path = instance.folder / f"{instance.task_id}.{instance.try_number}.error"
        path.write_text(traceback.format_exc())


@contextmanager
def running(folder: Path) -> Iterator[Rig]:
    """Serve an embedded AWS in another process, fill it, and load the DAG in this one."""
    command = [sys.executable, "-m", "trailbook", "local", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            endpoint = server.stdout.readline().strip()
            runbooks = folder / "runbooks"
            runbooks.mkdir()
            (runbooks / f"{RUNBOOK}.yaml").write_text(yaml.safe_dump(_spec()))
            rig = Rig(endpoint, folder)
            with pytest.MonkeyPatch.context() as patch:
                for name, value in _environment(endpoint, runbooks).items():
                    patch.setenv(name, value)
                _fill(rig)
                rig.tasks.update(_load(patch))
                yield rig
        finally:
            server.terminate()


def _spec() -> dict[str, Any]:
    return {
        "id": RUNBOOK,
        "title": "Sign-ins",
        "description": "Who signed in, by account.",
        "severity": "low",
        "owner": "security",
        "schedule": {"cron": "0 2 * * *", "window": "1d", "settle": "2h", "start_date": "2025-10-01"},
        "query": QUERY,
        "result": {"kind": "aggregate", "key": ["account_id", "user_name"], "measures": ["failures"]},
    }


def _environment(endpoint: str, runbooks: Path) -> dict[str, str]:
    extra = {"endpoint_url": endpoint, "region_name": REGION}
    connection = {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
    return {
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        "TRAILBOOK_RUNBOOKS": str(runbooks),
        "TRAILBOOK_TRAIL": "s3://trail/AWSLogs",
        "TRAILBOOK_RESULTS": "s3://results/athena/",
        "TRAILBOOK_REPORTS": "s3://reports/kept",
        "TRAILBOOK_LEDGER": "s3://ledger/chains",
        "TRAILBOOK_HEADS": "s3://heads",
        "TRAILBOOK_POLL_SECONDS": "0.02",
        "TRAILBOOK_REGION": REGION,
    }


def _load(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    from trailbook.airflow import connections, tasks
    from trailbook.airflow.dag_factory import load
    from trailbook.settings import Settings

    # Imported and read before the first fork, so that no try pays for it.
    assert tasks.STEPS
    for name in ("duckdb", "markdown_it", "trailbook.report.html"):
        importlib.import_module(name)
    read = cache(partial(botocore.loaders.JSONFileLoader.load_file, botocore.loaders.JSONFileLoader()))
    patch.setattr(botocore.loaders.JSONFileLoader, "load_file", lambda _, path: read(path))
    for service in ("s3", "athena", "sts"):
        boto3.Session().client(service, region_name=REGION)
    # A call that fails must reach our code: botocore would send it again and hide it.
    patch.setitem(connections.CLIENT_CONFIG, "retries", {"total_max_attempts": 1})
    return dict(load(Settings.from_env())[RUNBOOK].task_dict)


def _fill(rig: Rig) -> None:
    from trailbook.athena.api import AthenaApi
    from trailbook.settings import Settings
    from trailbook.steps.init import init, statements

    s3 = rig.client("s3")
    for bucket in BUCKETS:
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    records = [
        {
            "eventID": f"{user}-{number}",
            "eventTime": f"{DAY + timedelta(hours=9, minutes=number):%Y-%m-%dT%H:%M:%SZ}",
            "eventName": "ConsoleLogin",
            "eventSource": "signin.amazonaws.com",
            "awsRegion": REGION,
            "recipientAccountId": ACCOUNT,
            "userIdentity": {"type": "IAMUser", "userName": user},
        }
        for user, times in (("alice", 3), ("bob", 1))
        for number in range(times)
    ]
    key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{DAY:%Y/%m/%d}/a.json.gz"
    s3.put_object(Bucket="trail", Key=key, Body=gzip.compress(json.dumps({"Records": records}).encode()))
    settings = Settings.from_env()
    athena = AthenaApi(rig.client("athena"), s3, "primary", settings.table.database, settings.results, 0.05)
    init(athena, statements(settings, accounts=[ACCOUNT], regions=[REGION], first_day=DAY.date()))
