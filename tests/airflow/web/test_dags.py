from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from cloud import Cloud
from sqlalchemy import update

from trailbook.airflow.web import dags
from trailbook.airflow.web.dag_states import DagState

pytestmark = pytest.mark.airflow


def test_a_dag_s_schedule_is_as_airflow_has_it_now(place: Cloud) -> None:
    at = datetime(2026, 12, 1, 2, tzinfo=UTC)

    def known(**changes: Any) -> DagState | None:
        with create_session() as session:
            session.execute(update(DagModel).where(DagModel.dag_id == "failed-logins").values(**changes))
        return dags.states(["failed-logins", "no-such-dag"]).get("failed-logins")

    assert known(is_paused=True, is_stale=False, next_dagrun_create_after=at) == DagState(True, at)
    assert known(is_paused=False, next_dagrun_create_after=None) == DagState(False, None)
    assert known(is_stale=True) is None
    assert dags.states(["no-such-dag"]) == {}


def test_a_run_has_the_state_of_each_task_in_the_order_of_the_dag(place: Cloud, runs: list[dict[str, Any]]) -> None:
    run = dags.run("failed-logins", runs[0]["run_id"])
    assert run is not None
    assert (run.state, run.under_way, run.attempt) == ("success", False, 1)
    assert run.conf == {"reason": "quarterly <b>audit</b>"}
    assert dict(run.tasks) == dict.fromkeys(("plan", "query", "compare", "report", "record"), "success")
    assert [task for task, _ in run.tasks] == [task for task in dags.TASKS if task != "notify"], "it notifies nobody"
    assert dags.run("failed-logins", "no such run") is None
    assert dags.run("no-such-dag", runs[0]["run_id"]) is None
