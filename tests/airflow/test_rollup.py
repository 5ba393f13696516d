"""The roll-up through Airflow and the embedded AWS: after runs of a runbook, over the ledger that they left."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import MultipleCronTriggerTimetable
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
from cloud import DAY, Cloud
from runbook_files import write

from trailbook.airflow import rollup_dag
from trailbook.airflow.dag_factory import load
from trailbook.airflow.marks import MARKS, mark_id
from trailbook.airflow.rollup_dag import CHAIN
from trailbook.cli.connections import Clients
from trailbook.ledger import verify
from trailbook.runbook.rollup import SCHEMAS
from trailbook.settings import Settings

pytestmark = pytest.mark.airflow

REPO = Path(__file__).resolve().parents[2]
SCHEDULE = {"cron": "0 2 * * *", "window": "1d", "settle": "2h", "start_date": "2025-10-01"}
WEEK_BEFORE = DAY - timedelta(days=DAY.weekday())
"""The Monday of the week in which there are logs."""


@pytest.fixture
def roll_up(airflow_database: None, cloud: Cloud) -> Iterator[Callable[..., DagRun]]:
    """Run it, from a DAG file where Airflow looks for one."""
    file = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "compliance_rollup.py"
    shutil.copy(REPO / "dags" / file.name, file)

    def _run(at: datetime, conf: dict[str, Any] | None = None) -> DagRun:
        return rollup_dag.load(Settings.from_env())[CHAIN].test(logical_date=at, run_conf=conf)

    yield _run
    file.unlink()


def states(dag_run: DagRun) -> dict[str, str | None]:
    return {ti.task_id: None if ti.state is None else str(ti.state) for ti in dag_run.get_task_instances()}


def whole(verdict: str) -> dict[str, str | None]:
    rows = {mark_id(each): "success" if each == verdict else "skipped" for each in MARKS}
    return {"plan": "success", "report": "success", "record": "success", **rows}


def test_it_runs_weekly_and_monthly_in_utc() -> None:
    dag = rollup_dag.build(Settings())
    assert isinstance(dag.timetable, MultipleCronTriggerTimetable)
    timetable = coerce_to_core_timetable(dag.timetable)
    fired, last = [], None
    for _ in range(6):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=last,
            restriction=TimeRestriction(earliest=datetime(2026, 10, 15, tzinfo=UTC), latest=None, catchup=True),
        )
        assert info is not None
        last = info.data_interval
        fired.append(f"{info.logical_date:%m-%d %H:%M}")
    assert fired == ["10-19 04:00", "10-26 04:00", "11-01 04:30", "11-02 04:00", "11-09 04:00", "11-16 04:00"]


def test_its_form_has_the_period_the_frameworks_and_the_reason_and_demands_none() -> None:
    dag = rollup_dag.build(Settings())
    dag.params.validate()
    assert set(dag.params) == set(SCHEMAS) == {"from", "to", "frameworks", "reason"}
    assert DagSerialization.to_dict(dag)["dag"]["dag_id"] == CHAIN


def test_the_roll_up_says_what_the_runs_left_and_verifies_like_any_run(
    roll_up: Callable[..., DagRun], cloud: Cloud, runbooks: Path
) -> None:
    write(runbooks, "rolled-up", schedule=SCHEDULE, controls={"nist-800-53@rev5": ["AU-6", "SI-4"]})
    write(runbooks, "never-run", schedule=SCHEDULE, controls={"soc2@2017": ["CC7.2"]})
    write(runbooks, "without-controls", controls=None)
    load(Settings.from_env())["rolled-up"].test(logical_date=DAY + timedelta(days=1, hours=2))
    (evidence,) = cloud.entries("rolled-up")
    assert evidence["verdict"] == "fail"

    monday = WEEK_BEFORE + timedelta(days=7, hours=4)
    dag_run = roll_up(monday)
    assert states(dag_run) == whole("fail")
    assert str(dag_run.state) == "success"
    (entry,) = cloud.entries(CHAIN)
    assert entry["window"] == {"start": f"{WEEK_BEFORE:%Y-%m-%d}T00:00:00Z", "end": f"{monday:%Y-%m-%d}T00:00:00Z"}
    assert entry["verdict"] == "fail"
    assert entry["reasons"][0].startswith("1 control of 3 without any evidence: SOC 2")
    assert entry["reasons"][-1] == "1 run of 1 runbook failing: rolled-up"
    settings, clients = Settings.from_env(), Clients({"AWS_ENDPOINT_URL": cloud.endpoint, **KEYS})
    ledger, reports = clients.ledger(settings), clients.store(settings.reports, "TRAILBOOK_REPORTS")
    found = verify(ledger.store, reports, runbooks=[CHAIN, "rolled-up"])
    assert (found.entries, found.files, found.faults) == (2, 4 + 6, [])
    folder = entry["products"]["manifest"]["key"].removesuffix("manifest.json")
    report = json.loads(reports.get(f"{folder}report.json"))
    (run,) = next(of["runs"] for of in report["runbooks"] if of["id"] == "rolled-up")
    assert run["fingerprint"] == evidence["fingerprint"]
    assert report["unmapped"] == ["without-controls"]
    page = reports.get(f"{folder}report.html").decode()
    address = evidence["products"]["report_uri"].removeprefix("s3://reports/kept/")
    assert f'href="../../../{address}"' in page

    again = roll_up(monday + timedelta(hours=1), {"frameworks": ["soc2"], "reason": "for the auditor"})
    assert states(again) == whole("incomplete")
    entry = cloud.entries(CHAIN)[-1]
    assert (entry["verdict"], entry["params"]["frameworks"], entry["reason"]) == (
        "incomplete",
        ["soc2"],
        "for the auditor",
    )
    asked = [sys.executable, "-m", "trailbook", "history", CHAIN, "--format", "json"]
    environment = {"TRAILBOOK_LEDGER": "s3://ledger", "AWS_ENDPOINT_URL": cloud.endpoint, "PATH": "", **KEYS}
    done = subprocess.run(asked, capture_output=True, text=True, check=True, env=environment)
    assert [entry["verdict"] for entry in json.loads(done.stdout)["entries"]] == ["fail", "incomplete"]


KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.mark.parametrize(
    ("hour", "conf", "said"),
    [
        (5, {"framework": ["soc2"]}, "did you mean `frameworks`?"),
        (6, {"frameworks": ["no-such"]}, "no runbook maps to the framework 'no-such'"),
        (7, {"from": "2999-01-01T00:00:00Z", "to": "2999-02-01T00:00:00Z"}, "which is not over yet"),
    ],
)
def test_a_wrong_request_ends_in_one_sentence_and_is_recorded(
    roll_up: Callable[..., DagRun], cloud: Cloud, runbooks: Path, hour: int, conf: dict[str, Any], said: str
) -> None:
    write(runbooks, "any-runbook")
    dag_run = roll_up(WEEK_BEFORE + timedelta(hours=hour), conf)
    assert str(dag_run.state) == "failed"
    assert (states(dag_run)["plan"], states(dag_run)["report"]) == ("failed", "upstream_failed")
    entry = cloud.entries(CHAIN)[-1]
    assert entry["verdict"] == "error"
    assert said in entry["error"]
    assert entry["run_id"] == dag_run.run_id
