import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from cloud import DAY, Cloud
from runbook_files import write
from sqlalchemy import select

from trailbook.airflow.dag_factory import load
from trailbook.settings import Settings

pytestmark = pytest.mark.airflow

SCHEDULE = {"cron": "0 2 * * *", "window": "1d", "settle": "2h", "start_date": "2025-10-01", "max_active_runs": 4}
INTERVAL_END = DAY + timedelta(days=1, hours=2)


@pytest.fixture
def run(airflow_database: None, cloud: Cloud, runbooks: Any) -> Callable[..., DagRun]:
    def _run(runbook: str, conf: dict[str, Any] | None = None, at: datetime = INTERVAL_END, **changes: Any) -> DagRun:
        write(runbooks, runbook, **({"schedule": SCHEDULE} | changes))
        return load(Settings.from_env())[runbook].test(logical_date=at, run_conf=conf)

    return _run


def states(dag_run: DagRun) -> dict[str, str | None]:
    return {ti.task_id: None if ti.state is None else str(ti.state) for ti in dag_run.get_task_instances()}


def xcom(dag_run: DagRun, task: str, key: str = "return_value") -> Any:
    query = select(XComModel.value).where(
        XComModel.dag_id == dag_run.dag_id,
        XComModel.run_id == dag_run.run_id,
        XComModel.task_id == task,
        XComModel.key == key,
    )
    with create_session() as session:
        value = session.scalars(query).one_or_none()
    return json.loads(value) if isinstance(value, str) else value


def test_a_run_queries_compares_reports_and_records(run: Callable[..., DagRun], cloud: Cloud) -> None:
    dag_run = run("first-run")
    assert states(dag_run) == dict.fromkeys(("plan", "query", "compare", "report", "record"), "success")
    assert str(dag_run.state) == "success"
    (entry,) = cloud.entries("first-run")
    assert entry["window"] == {"start": "2025-11-01T00:00:00Z", "end": "2025-11-02T00:00:00Z"}
    assert (entry["verdict"], entry["counts"]["new"]) == ("fail", 1)
    folder = "kept/first-run/2025-11-01T000000Z/"
    names = {key.rpartition("/")[2] for key in cloud.keys("reports") if key.startswith(folder)}
    assert names == {"report.html", "report.json", "findings.csv", "result.parquet", "manifest.json"}
