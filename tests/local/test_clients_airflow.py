"""Airflow's AthenaOperator against a running endpoint: waiting in the worker, and deferred to the triggerer."""

import asyncio
import os
import tempfile

import boto3
import pytest

from trailbook.local.server import serve

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="trailbook-airflow-"))  # Airflow reads it when imported
pytest.importorskip("airflow.providers.amazon.aws.operators.athena", reason="the extra `airflow` is not installed")
pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def endpoint():
    with pytest.MonkeyPatch.context() as environment, serve(None) as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "any")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        boto3.client("s3").create_bucket(Bucket="results")
        yield server.endpoint_url


def operator(sql, **more):
    from airflow.providers.amazon.aws.operators.athena import AthenaOperator

    return AthenaOperator(
        task_id="ask", query=sql, database="default", output_location="s3://results/airflow/", aws_conn_id=None,
        region_name="us-east-1", sleep_time=0, **more,
    )  # fmt: skip


def value(name):
    rows = boto3.client("athena").get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
    return rows[1]["Data"][0]["VarCharValue"]


def test_the_operator_waits_for_its_query(endpoint):
    name = operator("SELECT 6 * 7 AS answer").execute({})
    assert value(name) == "42"


def test_the_operator_fails_with_athenas_reason(endpoint):
    with pytest.raises(Exception, match="DIVISION_BY_ZERO"):
        operator("SELECT 1/0 AS never").execute({})


def test_the_operator_defers_to_a_trigger_and_ends_with_its_event(endpoint):
    from airflow.sdk.exceptions import TaskDeferred

    deferred = operator("SELECT 6 * 7 AS answer", deferrable=True)
    with pytest.raises(TaskDeferred) as left:
        deferred.execute({})
    trigger = left.value.trigger
    trigger.attempts, trigger.waiter_delay = 100, 1

    async def first():
        async for event in trigger.run():
            return event.payload
        return {}

    event = asyncio.run(first())
    assert event["status"] == "success"
    name = getattr(deferred, left.value.method_name)({}, event)
    assert value(name) == "42"


def test_a_killed_task_stops_its_query(endpoint):
    from airflow.sdk.exceptions import TaskDeferred

    numbers = "UNNEST(sequence(1, 10000)) a (x), UNNEST(sequence(1, 10000)) b (y), UNNEST(sequence(1, 1000)) c (z)"
    slow = operator(f"SELECT count(*) FROM {numbers} WHERE x * y % 7 = 3", deferrable=True)  # noqa: S608  # a constant
    with pytest.raises(TaskDeferred):
        slow.execute({})
    slow.on_kill()
    found = boto3.client("athena").get_query_execution(QueryExecutionId=slow.query_execution_id)
    assert found["QueryExecution"]["Status"]["State"] == "CANCELLED"
    assert found["QueryExecution"]["Status"]["StateChangeReason"] == "Query cancelled by user"
