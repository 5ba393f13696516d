"""Airflow's own database on the runbooks' DAGs: schedules and runs, one query a page."""

from collections.abc import Iterable, Mapping

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from trailbook.airflow.carried import ORDER
from trailbook.airflow.web.dag_states import UNDER_WAY, AirflowRun, DagState

TASKS = (*ORDER, "notify", "record")


def states(dag_ids: Iterable[str]) -> Mapping[str, DagState]:
    """Return the state of those DAGs that Airflow has now."""
    columns = (DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after)
    asked = select(*columns).where(DagModel.dag_id.in_(sorted(dag_ids)), ~DagModel.is_stale)
    with create_session() as session:
        return {dag_id: DagState(paused, after) for dag_id, paused, after in session.execute(asked)}


def run(dag_id: str, run_id: str) -> AirflowRun | None:
    """Return a run with the states of its tasks; None where Airflow has none of this id."""
    asked = select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
    tasks = select(TaskInstance.task_id, TaskInstance.state).where(
        TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.task_id.in_(TASKS)
    )
    with create_session() as session:
        found = session.scalar(asked)
        if found is None:
            return None
        at = {task: _name(state, "waiting") for task, state in session.execute(tasks)}
        return _run(found, tuple((task, at[task]) for task in TASKS if task in at))


def under_way(dag_id: str, most: int = 20) -> tuple[AirflowRun, ...]:
    """Return the runs of a DAG that have not ended, the newest first."""
    asked = (
        select(DagRun)
        .where(DagRun.dag_id == dag_id, DagRun.state.in_(UNDER_WAY))
        .order_by(DagRun.id.desc())
        .limit(most)
    )
    with create_session() as session:
        return tuple(_run(found) for found in session.scalars(asked))


def _run(found: DagRun, tasks: tuple[tuple[str, str], ...] = ()) -> AirflowRun:
    return AirflowRun(
        dag_id=found.dag_id,
        run_id=found.run_id,
        state=_name(found.state),
        attempt=(found.clear_number or 0) + 1,
        asked_at=found.queued_at,
        started=found.start_date,
        ended=found.end_date,
        kind=_name(found.run_type),
        by=found.triggering_user_name,
        conf=dict(found.conf or {}),
        tasks=tasks,
    )


def _name(value: object, without: str = "") -> str:
    return without if value is None else str(getattr(value, "value", value))
