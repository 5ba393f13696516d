import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronDataIntervalTimetable, timezone
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
from runbook_files import spec, write

from trailbook.airflow.dag_factory import build, load
from trailbook.airflow.marks import MARKS, VerdictMark, mark_id
from trailbook.runbook.collection import files
from trailbook.runbook.model import Runbook
from trailbook.settings import Settings

REPO = Path(__file__).resolve().parents[2]


def built(runbook_id: str = "failed-logins", **changes: object) -> DAG:
    return build(Runbook.from_spec(spec(runbook_id, **changes)), Settings())


def bag(monkeypatch: pytest.MonkeyPatch, runbooks: Path, file: str) -> DagBag:
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(runbooks))
    return DagBag(str(REPO / "dags" / file))


def test_a_runbook_becomes_one_dag_with_the_five_tasks_in_their_order() -> None:
    dag = built()
    assert dag.dag_id == "failed-logins"
    marks = [mark_id(verdict) for verdict in MARKS]
    order = ["plan", "query", "compare", "report", "record", *marks]
    assert [task.task_id for task in dag.topological_sort()] == order
    assert [sorted(task.downstream_task_ids) for task in dag.topological_sort()] == [
        ["query"],
        ["compare"],
        ["report"],
        ["record", *sorted(marks)],
        *([[]] * 4),
    ]


def test_tags_owner_and_limits_come_from_the_runbook() -> None:
    schedule = {"cron": "0 2 * * *", "catchup": True, "max_active_runs": 4, "start_date": "2026-03-01"}
    dag = built(schedule=schedule)
    assert dag.tags == {"severity:medium", "status:experimental", "nist-800-53@rev5", "T1110.001"}
    assert dag.owner == "security-operations"
    assert (dag.catchup, dag.max_active_runs) == (True, 4)
    assert dag.start_date == datetime(2026, 3, 1, tzinfo=UTC)


def test_tasks_retry_three_times_with_a_growing_pause_and_end_at_a_timeout() -> None:
    dag = build(Runbook.from_spec(spec("a")), Settings(retry_seconds=20, query_timeout_seconds=600))
    for task in dag.tasks:
        if isinstance(task, VerdictMark):  # which no worker ever runs
            continue
        assert task.retries == 3
        assert task.retry_delay.total_seconds() == 20
        assert task.retry_exponential_backoff == 2.0
        assert task.execution_timeout is not None
        assert task.execution_timeout.total_seconds() == 720


def test_a_scheduled_run_has_the_interval_that_ends_at_its_cron_time() -> None:
    timetable = coerce_to_core_timetable(built().timetable)
    restriction = TimeRestriction(earliest=timezone.datetime(2026, 11, 1), latest=None, catchup=True)
    info = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert info is not None
    assert info.data_interval is not None
    assert info.data_interval.end == timezone.datetime(2026, 11, 2, 2)
    assert info.run_after == timezone.datetime(2026, 11, 2, 2)


def test_a_manual_run_has_the_last_complete_interval() -> None:
    timetable = coerce_to_core_timetable(built().timetable)
    interval = timetable.infer_manual_data_interval(run_after=timezone.datetime(2026, 11, 5, 17, 23))
    assert interval.end == timezone.datetime(2026, 11, 5, 2)


def test_a_runbook_without_a_schedule_is_never_scheduled() -> None:
    dag = built(schedule=None)
    assert not isinstance(dag.timetable, CronDataIntervalTimetable)
    assert dag.schedule is None


def test_no_text_of_a_runbook_is_a_template() -> None:
    dag = built(query="SELECT '{{ 7 * 7 }}' AS account_id, eventid AS event_ids FROM cloudtrail")
    assert all(not task.template_fields and not task.template_ext for task in dag.tasks)
    assert dag.doc_md is not None
    assert "{{ 7 * 7 }}" in dag.doc_md


def test_equal_files_give_equal_dags_after_serialising() -> None:
    first, second = (json.dumps(DagSerialization.serialize_dag(built()), sort_keys=True) for _ in range(2))
    assert first == second


def test_a_serialised_dag_keeps_form_tags_and_the_teardown() -> None:
    again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(built()))
    assert again.params.dump()["threshold"] == 5
    assert "severity:medium" in again.tags
    record = again.get_task("record")
    assert record.is_teardown
    assert record.on_failure_fail_dagrun


def test_the_report_task_updates_the_runbooks_asset() -> None:
    (asset,) = built().get_task("report").outlets
    assert (asset.name, asset.uri) == ("trailbook_report_failed-logins", "trailbook://reports/failed-logins")


def test_the_shipped_runbooks_import_without_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    found = bag(monkeypatch, REPO / "runbooks", "runbook_dags.py")
    assert found.import_errors == {}
    ids = {path.stem for path in files(REPO / "runbooks")}
    assert set(found.dags) == ids
    for dag in found.dags.values():
        if dag.schedule is not None:  # the others ask a person for a value, and have none of their own
            dag.params.validate()


def test_the_shipped_runbooks_have_no_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bag(monkeypatch, REPO / "runbooks", "runbook_problems.py").import_errors == {}


def test_a_broken_file_beside_four_good_ones_removes_no_dag_and_shows_its_place(
    monkeypatch: pytest.MonkeyPatch, runbooks: Path
) -> None:
    for name in ("one", "two", "three", "four"):
        write(runbooks, name)
    (runbooks / "five.yaml").write_text("id: five\ntitle: Five\nseverity: enormous\n")
    found = bag(monkeypatch, runbooks, "runbook_dags.py")
    assert set(found.dags) == {"one", "two", "three", "four"}
    assert found.import_errors == {}
    problems = bag(monkeypatch, runbooks, "runbook_problems.py")
    (error,) = problems.import_errors.values()
    assert f"{runbooks / 'five.yaml'}:3:11: severity:" in error
    assert not problems.dags


def test_wrong_sql_keeps_its_dag_and_shows_its_line(monkeypatch: pytest.MonkeyPatch, runbooks: Path) -> None:
    path = write(runbooks, "one", query="SELECT eventid AS event_ids\nFROM cloudtrial\n", params={})
    assert set(bag(monkeypatch, runbooks, "runbook_dags.py").dags) == {"one"}
    (error,) = bag(monkeypatch, runbooks, "runbook_problems.py").import_errors.values()
    assert f"{path}:" in error
    assert "cloudtrial" in error


def test_a_task_process_builds_its_own_dag_only_and_without_a_form(
    monkeypatch: pytest.MonkeyPatch, runbooks: Path
) -> None:
    write(runbooks, "one")
    write(runbooks, "two")
    (runbooks / "broken.yaml").write_text("id: [")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "two")
    dags = load(Settings(runbooks=runbooks))
    assert set(dags) == {"two"}
    assert not dags["two"].params


PARSE = """
import socket, sys
def refuse(*args, **kwargs):
    raise OSError("parsing must not touch the network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert bag.import_errors == {}, bag.import_errors
print(sorted(bag.dags), [name for name in ("pandas", "duckdb", "sqlglot", "moto") if name in sys.modules])
"""


def test_parsing_needs_no_network_no_aws_and_no_heavy_library(runbooks: Path, tmp_path: Path) -> None:
    write(runbooks, "one")
    home = tmp_path / "home"
    # What dag-factory (installed for the benchmark only) registers with Airflow would load what it likes.
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True",
        "TRAILBOOK_RUNBOOKS": str(runbooks),
        "TRAILBOOK_REPORTS": "s3://no-such-bucket/reports",
        "TRAILBOOK_LEDGER": "s3://no-such-bucket/ledger",
    }
    dags = tmp_path / "dags"
    shutil.copytree(REPO / "dags", dags, ignore=shutil.ignore_patterns("runbook_problems.py", "__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(dags)], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['compliance_rollup', 'one'] []"
