import json
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.models.asset import AssetEvent
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from cloud import DAY, INTERVAL_END, Cloud, failed_logins
from runbook_files import QUERY
from sqlalchemy import select

from trailbook.airflow import connections
from trailbook.airflow.marks import MARKS, mark_id
from trailbook.settings import Settings

pytestmark = pytest.mark.airflow


def states(dag_run: DagRun) -> dict[str, str | None]:
    return {ti.task_id: None if ti.state is None else str(ti.state) for ti in dag_run.get_task_instances()}


def whole(verdict: str) -> dict[str, str | None]:
    """The states of a run that did all its work: the row of its verdict is marked, the others are skipped."""
    done = dict.fromkeys(("plan", "query", "compare", "report", "record"), "success")
    rows = {mark_id(each): "success" if each == verdict else "skipped" for each in MARKS}
    return {**done, **rows}


def tries(dag_run: DagRun) -> dict[str, int]:
    return {ti.task_id: ti.try_number for ti in dag_run.get_task_instances()}


def xcom(dag_run: DagRun, task: str, key: str = "return_value") -> Any:
    query = select(XComModel.value).where(
        XComModel.dag_id == dag_run.dag_id,
        XComModel.run_id == dag_run.run_id,
        XComModel.task_id == task,
        XComModel.key == key,
    )
    with create_session() as session:
        value = session.scalars(query).one_or_none()
    return json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value


def test_a_run_queries_compares_reports_and_records(run: Callable[..., DagRun], cloud: Cloud) -> None:
    dag_run = run("first-run")
    assert states(dag_run) == whole("fail")
    assert str(dag_run.state) == "success"
    (entry,) = cloud.entries("first-run")
    assert entry["window"] == {"start": "2025-11-01T00:00:00Z", "end": "2025-11-02T00:00:00Z"}
    assert (entry["verdict"], entry["counts"]["new"]) == ("fail", 1)
    folder = "kept/first-run/2025-11-01T000000Z/"
    names = {key.rpartition("/")[2] for key in cloud.keys("reports") if key.startswith(folder)}
    assert names == {
        "report.html",
        "report.json",
        "findings.csv",
        "findings.ocsf.jsonl",
        "result.parquet",
        "manifest.json",
    }


def test_the_report_tells_airflow_what_it_says_in_its_assets_event(run: Callable[..., DagRun], cloud: Cloud) -> None:
    dag_run = run("asset-event")
    with create_session() as session:
        events = session.scalars(select(AssetEvent).where(AssetEvent.source_dag_id == "asset-event")).all()
        (extra,) = (event.extra for event in events)
    (entry,) = cloud.entries("asset-event")
    assert extra["verdict"] == "fail"
    assert extra["counts"]["new"] == 1
    assert extra["run_id"] == dag_run.run_id
    assert extra["manifest_sha256"] == entry["products"]["manifest"]["sha256"]
    assert extra["report"].startswith("s3://reports/kept/asset-event/")


def test_xcom_carries_references_and_no_rows(run: Callable[..., DagRun], cloud: Cloud) -> None:
    dag_run = run("references")
    for task in ("query", "compare", "report", "record"):
        assert "alice" not in json.dumps(xcom(dag_run, task))


def test_the_form_reaches_the_query(run: Callable[..., DagRun], cloud: Cloud) -> None:
    conf = {"threshold": 4, "users": ["bob", "o'hara; --"], "reason": "audit", "start": None, "end": None}
    dag_run = run("with-conf", conf)
    (entry,) = cloud.entries("with-conf")
    assert entry["counts"]["new"] == 1
    assert entry["reason"] == "audit"
    asked = cloud.client("athena").get_query_execution(QueryExecutionId=xcom(dag_run, "query")["query"])
    assert "'o''hara; --'" in asked["QueryExecution"]["Query"]
    assert asked["QueryExecution"]["Query"] == xcom(dag_run, "plan")["sql"]


def test_start_and_end_of_the_form_are_the_window(run: Callable[..., DagRun], cloud: Cloud) -> None:
    run("own-window", {"start": "2025-11-01T12:00:00Z", "end": "2025-11-01T12:03:00+00:00", "threshold": 1})
    (entry,) = cloud.entries("own-window")
    assert entry["window"] == {"start": "2025-11-01T12:00:00Z", "end": "2025-11-01T12:03:00Z"}
    assert entry["counts"]["new"] == 2


def test_braces_in_a_runbooks_sql_reach_athena_as_they_are(run: Callable[..., DagRun], cloud: Cloud) -> None:
    text = "{{ 7 * 7 }} {% raw %} {{ var.value.secret }}"
    query = QUERY.replace("errormessage IS NOT NULL", f"errormessage <> '{text}'")
    dag_run = run("braces", query=query)
    assert str(dag_run.state) == "success"
    asked = cloud.client("athena").get_query_execution(QueryExecutionId=xcom(dag_run, "query")["query"])
    assert text in asked["QueryExecution"]["Query"]


@pytest.mark.parametrize(
    ("runbook", "conf", "said"),
    [
        ("unknown-key", {"treshold": 3}, "did you mean `threshold`?"),
        (
            "future-window",
            {"start": "2999-01-01T00:00:00Z", "end": "2999-01-02T00:00:00Z"},
            "which is not over yet",
        ),
    ],
)
def test_a_wrong_request_ends_in_one_sentence_and_is_recorded(
    run: Callable[..., DagRun], cloud: Cloud, runbook: str, conf: dict[str, Any], said: str
) -> None:
    dag_run = run(runbook, conf)
    assert str(dag_run.state) == "failed"
    assert states(dag_run)["plan"] == "failed"
    assert tries(dag_run)["plan"] == 1
    (entry,) = cloud.entries(runbook)
    assert entry["verdict"] == "error"
    assert said in entry["error"]
    assert entry["run_id"] == dag_run.run_id


def test_a_runbook_whose_sql_is_wrong_does_not_run_and_says_where(run: Callable[..., DagRun], cloud: Cloud) -> None:
    dag_run = run("wrong-sql", query=QUERY.replace("eventname", "eventnane"))
    assert states(dag_run)["plan"] == "failed"
    (entry,) = cloud.entries("wrong-sql")
    assert "wrong-sql.yaml:" in entry["error"]
    assert "eventnane" in entry["error"]


def test_a_query_that_fails_is_not_retried_is_recorded_and_fails_the_run(
    run: Callable[..., DagRun], cloud: Cloud
) -> None:
    broken = QUERY.replace("HAVING count(*)", "HAVING max(CAST(eventname AS bigint)) >= 0 AND count(*)")
    dag_run = run("failed-query", query=broken)
    assert str(dag_run.state) == "failed"
    assert states(dag_run) == {
        "plan": "success",
        "query": "failed",
        "compare": "upstream_failed",
        "report": "upstream_failed",
        "record": "failed",
        **dict.fromkeys(("verdict_pass", "verdict_fail", "verdict_incomplete"), "upstream_failed"),
    }
    assert tries(dag_run)["query"] == 1
    (entry,) = cloud.entries("failed-query")
    assert entry["verdict"] == "error"
    assert entry["error"].startswith("query: ")
    assert "INVALID_CAST_ARGUMENT" in entry["error"]
    assert not [key for key in cloud.keys("reports") if "/failed-query/" in key]


def test_a_missing_table_says_what_is_missing(
    run: Callable[..., DagRun], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAILBOOK_TABLE", "no_such_table")
    assert str(run("missing-table").state) == "failed"
    (entry,) = cloud.entries("missing-table")
    assert "no_such_table" in entry["error"]


def test_without_a_reports_bucket_the_run_fails_at_compare_and_is_recorded(
    run: Callable[..., DagRun], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAILBOOK_REPORTS", "s3://no-such-bucket")
    dag_run = run("missing-bucket")
    assert states(dag_run)["compare"] == "failed"
    assert tries(dag_run)["compare"] == 1
    (entry,) = cloud.entries("missing-bucket")
    assert "no-such-bucket" in entry["error"]


def test_a_finding_fails_the_run_only_where_the_runbook_says_so(run: Callable[..., DagRun], cloud: Cloud) -> None:
    assert str(run("reporting").state) == "success"
    dag_run = run("failing", on_findings="fail")
    assert str(dag_run.state) == "failed"
    assert states(dag_run)["report"] == "success"
    assert cloud.entries("failing")[0]["verdict"] == "fail"
    assert cloud.entries("failing")[0]["error"] is None


def test_a_second_day_is_compared_with_the_first(run: Callable[..., DagRun], cloud: Cloud) -> None:
    second = DAY + timedelta(days=1)
    cloud.log(failed_logins("alice", 7, second), second)
    run("two-days")
    run("two-days", at=INTERVAL_END + timedelta(days=1))
    _, entry = cloud.entries("two-days")
    assert entry["counts"]["updated"] == 1
    assert entry["verdict"] == "pass"


def test_a_deferred_query_comes_back_from_the_triggerer(
    run: Callable[..., DagRun], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAILBOOK_DEFERRABLE", "true")
    monkeypatch.setenv("TRAILBOOK_POLL_SECONDS", "1")
    dag_run = run("deferred")
    assert states(dag_run) == whole("fail")
    assert len(cloud.entries("deferred")) == 1


@pytest.mark.parametrize(
    ("name", "changes", "verdict"),
    [
        ("grid-fail", {}, "fail"),
        ("grid-pass", {"expect": "anything"}, "pass"),
        ("grid-incomplete", {"at": INTERVAL_END - timedelta(days=3)}, "incomplete"),
    ],
)
def test_the_grid_shows_the_verdict_in_a_row_of_its_own(
    run: Callable[..., DagRun], name: str, changes: dict[str, Any], verdict: str
) -> None:
    dag_run = run(name, **changes)
    assert states(dag_run) == whole(verdict)
    assert str(dag_run.state) == "success"
    told = xcom(dag_run, "record")
    assert told["verdict"] == verdict
    assert told["reasons"]
    assert told["report"].startswith(f"s3://reports/kept/{name}/")


def test_a_button_on_the_report_task_leads_to_the_report(run: Callable[..., DagRun], cloud: Cloud) -> None:
    dag_run = run("button")
    address = xcom(dag_run, "report", "_link_ReportLink")
    assert address.startswith(f"{cloud.endpoint}/reports/kept/button/2025-11-01T000000Z/")
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - the embedded AWS
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert b"FAIL" in answer.read()


@pytest.mark.parametrize(
    ("region", "address"),
    [
        (
            "eu-central-1",
            "https://eu-central-1.console.aws.amazon.com/s3/object/b?region=eu-central-1&prefix=k%20k/r.html",
        ),
        (
            "us-gov-west-1",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/s3/object/b?region=us-gov-west-1&prefix=k%20k/r.html",
        ),
    ],
)
def test_a_report_s_address_is_the_console_s_of_its_partition(
    monkeypatch: pytest.MonkeyPatch, region: str, address: str
) -> None:
    connection = {"conn_type": "aws", "login": "x", "password": "y", "extra": {"region_name": region}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    assert connections.browser_address(Settings(), "s3://b/k k/r.html") == address
    assert connections.browser_address(Settings(), "/some/folder/report.html") == ""
