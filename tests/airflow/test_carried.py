"""How a failed run is explained: by what its tasks left, or by their states where one could leave nothing."""

from dataclasses import dataclass
from typing import Any

import pytest

from trailbook.airflow.carried import NOTIFICATIONS, failure_of, left_by, notified
from trailbook.airflow.failures import FAILURE
from trailbook.errors import InvalidRequest
from trailbook.ledger import Notification
from trailbook.runbook.notify import Notify, Sns
from trailbook.steps import Failure


class TaskInstance:
    """What `record` reads of its Airflow task instance."""

    dag_id = "a"
    run_id = "manual__1"

    def __init__(self, states: dict[str, str], said: dict[str, str]) -> None:
        self.states = states
        self.said = said
        self.left: dict[tuple[str, str], Any] = {}

    def get_task_states(self, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, dict[str, str]]:
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        return {self.run_id: {task: state for task, state in self.states.items() if task in task_ids}}

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        return self.said.get(task_ids) if key == FAILURE else self.left.get((task_ids, key))


LEFT = {"plan": {}, "query": {}, "compare": {}, "report": {}}


def failure(states: dict[str, str], said: dict[str, str] | None = None, left: Any = None) -> Failure | None:
    everything = dict.fromkeys(LEFT, "success") | states
    context: Any = {"ti": TaskInstance(everything, said or {})}
    return failure_of(context, LEFT | (left or {}))


def test_a_run_whose_tasks_all_did_their_work_has_no_failure() -> None:
    assert failure({}) is None


def test_the_first_failed_task_gives_its_own_sentence() -> None:
    states = {"query": "failed", "compare": "upstream_failed", "report": "upstream_failed"}
    assert failure(states, {"query": "the table is missing"}) == Failure("query", "the table is missing")


def test_a_task_that_was_killed_leaves_no_sentence_and_one_is_made() -> None:
    found = failure({"query": "failed", "compare": "upstream_failed"}, left={"query": None})
    assert found is not None
    assert found.task == "query"
    assert "task query was killed or lost" in found.error


def test_an_old_sentence_of_a_task_that_succeeded_in_the_end_does_not_count() -> None:
    assert failure({}, {"query": "it was throttled"}) is None


@pytest.mark.parametrize(
    ("state", "said"),
    [("skipped", "stopped by hand"), ("success", "marked as success by hand"), ("removed", "no longer")],
)
def test_what_a_person_did_by_hand_is_said(state: str, said: str) -> None:
    found = failure({"compare": state}, left={"compare": None})
    assert found is not None
    assert found.task == "compare"
    assert said in found.error


def test_a_task_that_finds_nothing_says_which_task_to_clear() -> None:
    context: Any = {"ti": TaskInstance({}, {})}
    with pytest.raises(InvalidRequest, match="task query left no result"):
        left_by(context, "query")


TOPIC = "arn:aws:sns:eu-central-1:111122223333:findings"


@dataclass
class Dag:
    """What `record` reads of its DAG."""

    task_dict: dict[str, Any]


@dataclass
class Task:
    """The task `notify`, as the DAG has it."""

    asked: tuple[Notify, ...] = (
        Notify(on=["fail"], sns=Sns(topic_arn=TOPIC)),
        Notify(on=["fail"], notifier="chat.Notifier", args={"token": "s3cr3t"}),
    )


def told(state: str, said: str | None = None, left: Any = None) -> tuple[Notification, ...]:
    ti = TaskInstance({"notify": state}, {} if said is None else {"notify": said})
    ti.left["notify", NOTIFICATIONS] = left
    context: Any = {"ti": ti, "dag": Dag({"notify": Task()})}
    return notified(context)


def test_without_the_task_nobody_was_to_be_told() -> None:
    context: Any = {"ti": TaskInstance({}, {}), "dag": Dag({})}
    assert notified(context) == ()


def test_what_the_task_kept_of_each_message_is_recorded_also_where_it_was_killed_then() -> None:
    left = [{"kind": "sns", "destination": TOPIC, "events": ["fail"], "sent": True, "error": None}]
    assert told("failed", left=left) == (Notification("sns", TOPIC, ("fail",), sent=True),)


@pytest.mark.parametrize(
    ("state", "said", "error"),
    [
        ("failed", "the ledger cannot be reached", "the ledger cannot be reached"),
        ("failed", None, "task notify was killed or lost"),
        ("skipped", None, "the run was stopped by hand"),
        ("success", None, "marked as success by hand"),
    ],
)
def test_a_task_that_left_nothing_told_nobody_and_the_entry_says_why(state: str, said: str | None, error: str) -> None:
    first, second = told(state, said)
    assert (first.destination, second.destination) == (TOPIC, "chat.Notifier")
    assert not first.sent
    assert error in (first.error or "")
    assert "s3cr3t" not in str(second)
