"""QueryOperator against the embedded AWS. The task instance is a stand-in for Airflow's: an XCom and a try number."""

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from cloud import ACCOUNT, DAY, REGION, Cloud
from runbook_files import spec

from trailbook.airflow import connections
from trailbook.airflow.carried import EXECUTIONS
from trailbook.airflow.failures import FAILURE
from trailbook.airflow.operators import QueryOperator
from trailbook.airflow.runs import run_of
from trailbook.airflow.tasks import stop_queries
from trailbook.plan import Baseline, Plan, Run
from trailbook.settings import Settings
from trailbook.window import Window


class TaskInstance:
    """What a task reads of its Airflow task instance: what was left before it, and which try this is."""

    def __init__(self, left: dict[tuple[str, str], Any], try_number: int = 1) -> None:
        self.left = left
        self.try_number = try_number

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        return self.left.get((task_ids, key))

    def xcom_push(self, key: str, value: Any) -> None:
        self.left["query", key] = value


class DagRun:
    """A first, manual run."""

    run_id = "manual__1"
    clear_number = 0
    run_type = "manual"
    triggering_user_name = "alice"
    logical_date = None
    conf: dict[str, Any] | None = None


COUNT = 'SELECT count(*) AS n FROM "trailbook"."cloudtrail_logs" WHERE "timestamp" = \'2025/11/01\''


def planned(sql: str, run_id: str) -> Plan:
    return Plan(
        runbook="a",
        spec=spec("a"),
        run=Run(run_id),
        window=Window(DAY, DAY.replace(day=2)),
        params={},
        accounts=(ACCOUNT,),
        regions=(REGION,),
        expected_accounts=(),
        expected_regions=(),
        row_limit=10,
        compare_with=None,
        sql=sql,
        coverage_sql=COUNT,
        baseline=Baseline("first_run"),
        rerun_of=None,
        runbook_sha256="0" * 64,
        template_sha256="0" * 64,
        sql_sha256="0" * 64,
        comparison_key="0" * 64,
    )


def context(plan: Plan, try_number: int = 1, left: dict[tuple[str, str], Any] | None = None) -> Any:
    left = {} if left is None else left
    left["plan", "return_value"] = plan.to_json()
    return {"ti": TaskInstance(left, try_number), "dag_run": DagRun()}


def operator(**changes: Any) -> QueryOperator:
    return QueryOperator(task_id="query", runbook="a", settings=replace(Settings.from_env(), **changes))


def test_both_queries_run_and_their_ids_are_all_that_is_handed_on(cloud: Cloud) -> None:
    refs = operator().execute(context(planned(COUNT + " AND 1 = 1", "both")))
    assert set(refs) == {"query", "coverage"}
    asked = cloud.client("athena").get_query_execution(QueryExecutionId=refs["query"])["QueryExecution"]
    assert asked["Query"] == COUNT + " AND 1 = 1"
    assert asked["Status"]["State"] == "SUCCEEDED"


def test_a_retry_attaches_to_the_query_of_the_try_before(cloud: Cloud) -> None:
    plan = planned(COUNT + " AND 2 = 2", "retried")
    first = operator().execute(context(plan))
    before = cloud.executions()
    assert operator().execute(context(plan, try_number=2)) == first
    assert cloud.executions() == before


def test_another_attempt_of_the_run_asks_anew(cloud: Cloud) -> None:
    plan = planned(COUNT + " AND 3 = 3", "cleared")
    again = context(plan)
    again["dag_run"].clear_number = 1
    assert run_of(again).attempt == 2
    assert operator().execute(context(plan))["query"] != operator().execute(again)["query"]


def test_a_query_that_athena_refuses_ends_in_its_reason_and_is_not_retried(cloud: Cloud) -> None:
    left: dict[tuple[str, str], Any] = {}
    with pytest.raises(AirflowFailException, match="COLUMN_NOT_FOUND"):
        operator().execute(context(planned("SELECT nope FROM trailbook.cloudtrail_logs", "refused"), left=left))
    assert "COLUMN_NOT_FOUND" in left["query", FAILURE]


def test_a_service_that_does_not_answer_is_retried(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Cloud("http://127.0.0.1:9")
    monkeypatch.setitem(connections.CLIENT_CONFIG, "retries", {"mode": "standard", "max_attempts": 1})
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", gone.environment()["AIRFLOW_CONN_AWS_DEFAULT"])
    left: dict[tuple[str, str], Any] = {}
    with pytest.raises(AirflowException) as caught:
        operator().execute(context(planned(COUNT, "unanswered"), left=left))
    assert not isinstance(caught.value, AirflowFailException)
    assert left["query", FAILURE] == str(caught.value)


SLOW = (
    "SELECT count(*) AS n FROM UNNEST(sequence(1, 10000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b (y) "
    "CROSS JOIN UNNEST(sequence(1, 10000)) AS c (z) WHERE x * y * z % 7 = 3"
)


def test_a_killed_task_stops_its_query_and_the_retry_starts_another(cloud: Cloud) -> None:
    athena = cloud.client("athena")
    plan = planned(SLOW, "killed")
    task, caught = operator(), []

    def execute() -> None:
        try:
            task.execute(context(plan))
        except AirflowFailException as error:
            caught.append(str(error))

    thread = threading.Thread(target=execute)
    thread.start()
    deadline = time.monotonic() + 20
    while set(task.started) != {"query", "coverage"} and time.monotonic() < deadline:
        time.sleep(0.02)
    task.on_kill()
    thread.join(20)
    assert len(caught) == 1
    assert "the task was stopped in Airflow, and its query with it" in caught[0]
    stopped = task.started["query"]
    assert athena.get_query_execution(QueryExecutionId=stopped)["QueryExecution"]["Status"]["State"] == "CANCELLED"
    retried = operator(query_timeout_seconds=0.3)
    with pytest.raises(AirflowFailException, match="TRAILBOOK_QUERY_TIMEOUT_SECONDS"):
        retried.execute(context(plan, try_number=2))
    assert retried.started["query"] != stopped
    assert retried.started["coverage"] == task.started["coverage"]


def test_record_stops_what_a_query_task_left_running_when_it_was_killed_outright(cloud: Cloud) -> None:
    athena = operator().athena
    left = athena.start(SLOW, "left-by-a-killed-task-" + "0" * 32)
    state: dict[tuple[str, str], Any] = {("query", EXECUTIONS): {"query": left}}
    stop_queries(Settings.from_env(), context(planned(SLOW, "left"), left=state))
    deadline = time.monotonic() + 30  # stopping is asked for, and happens soon after
    while athena.state(left) == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert athena.state(left) == "CANCELLED"


def test_no_text_of_the_plan_is_read_as_a_template(cloud: Cloud, tmp_path: Path) -> None:
    sql = "SELECT '{{ 7 * 7 }} {% raw %}' AS text"
    task = operator()
    task.render_template_fields(context={}, jinja_env=None)
    refs = task.execute(context(planned(sql, "verbatim")))
    asked = cloud.client("athena").get_query_execution(QueryExecutionId=refs["query"])["QueryExecution"]
    assert asked["Query"] == sql
