"""Messages of runs: through SNS of the embedded AWS into a queue, and through notifiers of a deployment's own."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from cloud import DAY, INTERVAL_END, Cloud, failed_logins
from notifiers import Failing, FailsOnce, Interrupted, Kept
from runbook_files import write

from trailbook.airflow.dag_factory import load
from trailbook.settings import Settings

pytestmark = pytest.mark.airflow

EVERYTHING = ["new_findings", "fail", "incomplete", "error", "recovery"]


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    Kept.told.clear()
    Failing.calls = FailsOnce.calls = Interrupted.calls = 0


def states(dag_run: DagRun) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}


def tries(dag_run: DagRun) -> dict[str, int]:
    return {ti.task_id: ti.try_number for ti in dag_run.get_task_instances()}


def notifications(cloud: Cloud, runbook: str) -> list[tuple[str, list[str], bool, str | None]]:
    """What the runbook's newest entry says of its messages."""
    told = cloud.entries(runbook)[-1]["notifications"]
    return [(each["destination"], each["events"], each["sent"], each["error"]) for each in told]


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


def to(name: str, *on: str, **args: Any) -> dict[str, Any]:
    """An entry of `notify` for one of this folder's notifiers."""
    return {"on": list(on or EVERYTHING), "notifier": f"notifiers.{name}"} | ({"args": args} if args else {})


def test_only_a_runbook_that_says_whom_to_tell_has_the_task(runbooks: Any) -> None:
    write(runbooks, "silent")
    write(runbooks, "telling", notify=[to("Kept", text="x")])
    dags = load(Settings(runbooks=runbooks))
    assert "notify" not in dags["silent"].task_ids
    notify = dags["telling"].get_task("notify")
    assert (notify.upstream_task_ids, notify.downstream_task_ids) == ({"report"}, {"record"})
    assert dags["telling"].get_task("report").downstream_task_ids > {"record", "notify"}


def test_new_findings_reach_a_topic_s_subscriber_and_the_entry_says_so(run: Any, cloud: Cloud) -> None:
    arn, read = topic(cloud, "findings")
    dag_run = run("to-a-topic", notify=[{"on": ["new_findings", "fail"], "sns": {"topic_arn": arn}}])
    assert states(dag_run)["notify"] == "success"
    assert str(dag_run.state) == "success"
    (message,) = read()
    assert message["Subject"] == "Trailbook FAIL: to-a-topic, 1 new finding"
    assert "\nFindings: 1 new\n" in message["Message"]
    assert "\nRead: 10 events of 1 account in 1 region" in message["Message"]
    assert "\n  new: account_id 111122223333, user_name alice, failures 6\n" in message["Message"]
    assert f"\nReport: {cloud.endpoint}/reports/kept/to-a-topic/" in message["Message"]
    (entry,) = cloud.entries("to-a-topic")
    assert entry["notifications"] == [
        {"kind": "sns", "destination": arn, "events": ["new_findings", "fail"], "sent": True, "error": None}
    ]


def test_what_a_log_says_is_neither_a_template_nor_a_file_nor_a_placeholder(
    run: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
    day = DAY + timedelta(days=3)
    user = "{{ 7 * 7 }} {report} <b>{% raw %}/etc/x.html"
    cloud.log(failed_logins(user, 6, day), day)
    more = {"page": "{html}", "where": ["{run}"], "count": 3}
    dag_run = run(
        "hostile", at=INTERVAL_END + timedelta(days=3), notify=[to("Kept", text="{text}{runbook}.html", more=more)]
    )
    ((text, filled, told),) = Kept.told
    shown = "user_name {{ 7 * 7 }} {report} ‹b›{% raw %}/etc/x.html, failures 6"
    assert shown in text
    assert text.endswith("hostile.html")
    assert shown in filled["page"]
    assert filled["where"][0] == f"https://airflow.example/trailbook/runbooks/hostile/runs/{told['run_id']}".replace(
        ":", "%3A"
    ).replace("https%3A", "https:").replace("+", "%2B")
    assert filled["count"] == 3
    assert told["counts"]["new"] == 1
    assert str(dag_run.state) == "success"


def test_a_run_that_failed_before_its_report_is_told_and_stays_failed(run: Any, cloud: Cloud) -> None:
    dag_run = run("mistyped", {"treshold": 3}, notify=[to("Kept", "error", text="{text}"), to("Failing", "fail")])
    assert (states(dag_run)["plan"], states(dag_run)["notify"], states(dag_run)["record"]) == (
        "failed",
        "success",
        "failed",
    )
    assert str(dag_run.state) == "failed"
    ((text, _, _),) = Kept.told
    assert text.startswith("ERROR: Failed sign-ins (mistyped)\nThe task plan failed: ")
    assert "did you mean ˋthresholdˋ?" in text
    assert notifications(cloud, "mistyped") == [("notifiers.Kept", ["error"], True, None)]
    assert cloud.entries("mistyped")[0]["verdict"] == "error"


def test_a_missing_setting_that_fails_the_run_does_not_hinder_telling_of_it(
    run: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAILBOOK_REPORTS", "")
    assert str(run("no-reports", notify=[to("Kept", text="{text}")]).state) == "failed"
    ((text, _, _),) = Kept.told
    assert "TRAILBOOK_REPORTS" in text


def test_a_notifier_that_fails_is_tried_again_and_recorded_without_its_words_and_fails_no_run(
    run: Any, cloud: Cloud
) -> None:
    dag_run = run("failing-notifier", notify=[to("Failing"), to("Kept", text="x"), to("FailsOnce", "fail")])
    assert (states(dag_run)["notify"], tries(dag_run)["notify"]) == ("failed", 3)
    assert states(dag_run)["record"] == "success"
    assert str(dag_run.state) == "success"
    assert Failing.calls == 3
    assert [told[0] for told in Kept.told] == ["x", "fails once"]
    assert notifications(cloud, "failing-notifier") == [
        (
            "notifiers.Failing",
            ["new_findings", "fail"],
            False,
            "notifiers.Failing raised RuntimeError: see the log of the task notify",
        ),
        ("notifiers.Kept", ["new_findings", "fail"], True, None),
        ("notifiers.FailsOnce", ["fail"], True, None),
    ]


def test_what_only_a_person_can_mend_is_said_at_once_and_not_tried_again(run: Any, cloud: Cloud) -> None:
    gone = "arn:aws:sns:us-east-1:123456789012:gone"
    dag_run = run(
        "wrong-destinations",
        notify=[
            {"on": ["fail"], "sns": {"topic_arn": gone}},
            {"on": ["fail"], "notifier": "no_such_module.Notifier"},
            {"on": ["fail"], "notifier": "pathlib.Path"},
            to("Kept", txt="x"),
        ],
    )
    assert (states(dag_run)["notify"], tries(dag_run)["notify"]) == ("failed", 1)
    assert str(dag_run.state) == "success"
    errors = [error or "" for _, _, sent, error in notifications(cloud, "wrong-destinations") if not sent]
    assert errors[0].startswith(f"publishing to {gone}: NotFound")
    assert "no_such_module.Notifier cannot be imported" in errors[1]
    assert errors[2] == "expected a subclass of Airflow's BaseNotifier, found pathlib.Path"
    assert "Kept takes other `args`" in errors[3]


def test_a_task_that_is_lost_while_it_sends_sends_that_message_again_and_says_so_and_no_other(
    run: Any, cloud: Cloud
) -> None:
    dag_run = run("lost-while-sending", notify=[to("Kept", text="before"), to("Interrupted"), to("Kept", text="after")])
    assert (states(dag_run)["notify"], tries(dag_run)["notify"]) == ("success", 2)
    assert [told[0] for told in Kept.told] == ["before", "interrupted", "interrupted", "after"]
    texts = [told[2]["text"] for told in Kept.told]
    again = ["so it may come twice" in text for text in texts]
    assert again == [False, False, True, False]
    assert [sent for _, _, sent, _ in notifications(cloud, "lost-while-sending")] == [True, True, True]


def test_a_pass_after_a_fail_is_a_recovery_and_a_second_pass_is_not(run: Any, cloud: Cloud) -> None:
    entry = to("Kept", "recovery", text="{subject}")
    day = timedelta(days=1)
    for number in (1, 2):
        cloud.log(failed_logins("alice", 6, DAY + number * day), DAY + number * day)
    for number in (0, 1, 2):
        run("recovering", at=INTERVAL_END + number * day, notify=[entry])
    assert [told[0] for told in Kept.told] == ["Trailbook RECOVERED, PASS: recovering"]
    told = [entry["notifications"] for entry in cloud.entries("recovering")]
    assert [len(each) for each in told] == [0, 1, 0]
