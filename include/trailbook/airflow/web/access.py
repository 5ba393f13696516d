"""Who may see and start what: Airflow's own auth manager decides, by the DAG, as for Airflow's own pages."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, cast

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.batch_apis import IsAuthorizedDagRequest
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request

NOT_YOURS = "There is no such runbook here, or you may not see it."
"""One sentence for both, so that an address tells nobody which runbooks there are."""

Method = Literal["GET", "POST"]


def current_user(request: Request) -> BaseUser:
    """Return the user whom the gate let in."""
    return cast("BaseUser", request.state.trailbook_user)


UserDep = Annotated[BaseUser, Depends(current_user)]


def may(user: BaseUser, method: Method, dag_id: str) -> bool:
    """Whether a user may read (GET) or start (POST) the runs of a DAG, which need not exist any more."""
    return _allowed(user, method, dag_id, DagModel.get_team_name(dag_id))


def require_read(user: BaseUser, dag_id: str) -> None:
    """Raise HTTPException (403), without a word on what is there, where a user may not read a DAG's runs."""
    if not may(user, "GET", dag_id):
        raise HTTPException(403, NOT_YOURS)


def readable(user: BaseUser, dag_ids: Iterable[str]) -> frozenset[str]:
    """Return those of some DAGs whose runs a user may read.

    Airflow names the ones that it knows; a DAG that it no longer knows (its runbook was removed, its history is still
    evidence) is asked for by itself.
    """
    asked = set(dag_ids)
    teams = DagModel.get_dag_id_to_team_name_mapping(sorted(asked))
    known = asked & _auth().get_authorized_dag_ids(user=user, method="GET")
    runs: list[IsAuthorizedDagRequest] = [_request(dag_id, teams.get(dag_id)) for dag_id in sorted(known)]
    if not known or not _auth().batch_is_authorized_dag(runs, user=user):
        known = {dag_id for dag_id in known if _allowed(user, "GET", dag_id, teams.get(dag_id))}
    strangers = asked - known - _known(asked)
    return frozenset(known | {dag_id for dag_id in strangers if _allowed(user, "GET", dag_id, None)})


def _known(dag_ids: Iterable[str]) -> set[str]:
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return set(session.scalars(select(DagModel.dag_id).where(DagModel.dag_id.in_(sorted(dag_ids)))))


def _allowed(user: BaseUser, method: Method, dag_id: str, team: str | None) -> bool:
    details = DagDetails(id=dag_id, team_name=team)
    return bool(_auth().is_authorized_dag(method=method, access_entity=DagAccessEntity.RUN, details=details, user=user))


def _request(dag_id: str, team: str | None) -> IsAuthorizedDagRequest:
    details = DagDetails(id=dag_id, team_name=team)
    return {"method": "GET", "access_entity": DagAccessEntity.RUN, "details": details}


def _auth() -> BaseAuthManager[Any]:
    return get_auth_manager()
