"""Messages of runs: through SNS of the embedded AWS into a queue, and through notifiers of a deployment's own."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from cloud import DAY, REGION, Cloud, failed_logins
from notifiers import Failing, FailsOnce, Interrupted, Kept
from runbook_files import QUERY, write

from trailbook.airflow.dag_factory import load
from trailbook.settings import Settings

pytestmark = pytest.mark.airflow

SCHEDULE = {"cron": "0 2 * * *", "window": "1d", "settle": "2h", "start_date": "2025-10-01", "max_active_runs": 4}
INTERVAL_END = DAY + timedelta(days=1, hours=2)
KEPT = {"notifier": "notifiers.Kept", "args": {"text": "{subject}"}}
EVERYTHING = ["new_findings", "fail", "incomplete", "error", "recovery"]


@pytest.fixture
def run(airflow_database: None, cloud: Cloud, runbooks: Any) -> Callable[..., DagRun]:
    def _run(runbook: str, conf: dict[str, Any] | None = None, at: datetime = INTERVAL_END, **changes: Any) -> DagRun:
        write(runbooks, runbook, **({"schedule": SCHEDULE} | changes))
        return load(Settings.from_env())[runbook].test(logical_date=at, run_conf=conf)

    return _run


@pytest.fixture(autouse=True)
def _nothing_told() -> Iterator[None]:
    Kept.told.clear()
    Failing.calls = FailsOnce.calls = Interrupted.calls = 0
    yield


def states(dag_run: DagRun) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}


def topic(cloud: Cloud, name: str) -> tuple[str, Callable[[], list[dict[str, Any]]]]:
    """Make a topic with a queue; return its ARN and what the queue holds, read once."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    arn = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def read() -> list[dict[str, Any]]:
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in got]

    return arn, read


def test_new_findings_reach_a_topic_s_subscriber_and_the_entry_says_so(run: Any, cloud: Cloud) -> None:
    arn, read = topic(cloud, "findings")
    dag_run = run("to-a-topic", notify=[{"on": ["new_findings", "fail"], "sns": {"topic_arn": arn}}])
    assert states(dag_run)["notify"] == "success"
    assert dag_run.state == DagRunState.SUCCESS
    (message,) = read()
    assert message["Subject"] == "Trailbook FAIL: to-a-topic, 1 new finding"
    print(message["Message"])
    (entry,) = cloud.entries("to-a-topic")
    assert entry["notifications"] == [
        {"kind": "sns", "destination": arn, "events": ["new_findings", "fail"], "sent": True, "error": None}
    ]
