"""Airflow's own API app with our plugin, real runs in the ledger of the embedded AWS, and users with their rights."""

import os
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "report")]

os.environ |= {
    "AIRFLOW__CORE__AUTH_MANAGER": "rights.ByName",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,vera:viewer,nina:user",
}

if TYPE_CHECKING:
    from cloud import Cloud
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

ROLES = {"admin": "ADMIN", "vera": "VIEWER", "nina": "USER", "nobody": None}
HOST = "http://localhost:8080"
TIMELINE = "SELECT eventid AS event_id FROM cloudtrail WHERE useridentity.username = :user_name"
SCHEDULE = {"cron": "0 2 * * *", "window": "1d", "settle": "2h", "start_date": "2025-10-01"}


@pytest.fixture(scope="session")
def airflow_app(airflow_database: None) -> "FastAPI":
    """Airflow's root app: the very one that its API server serves, which our form calls."""
    from airflow.api_fastapi.main import app

    return app


@pytest.fixture(scope="session")
def pages(airflow_app: "FastAPI") -> "FastAPI":
    """Our app, as the plugin has mounted it."""
    return next(route.app for route in airflow_app.routes if getattr(route, "path", "") == "/trailbook")  # type: ignore[attr-defined, no-any-return]  # a mount has an app


@pytest.fixture(scope="session")
def signed_in(airflow_app: "FastAPI") -> Callable[[str | None], "TestClient"]:
    """Return a browser of a user; of nobody at all where the name is None."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    def browser(name: str | None) -> TestClient:
        client = TestClient(airflow_app, base_url=HOST, follow_redirects=False)
        if name is not None:
            user = SimpleAuthManagerUser(username=name, role=ROLES[name])
            client.cookies.set("_token", get_auth_manager().generate_jwt(user))
        return client

    return browser


@pytest.fixture(scope="module")
def place(
    airflow_database: None, served: "Cloud", pages: "FastAPI", tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Cloud"]:
    """Two real days of one runbook, beside runbooks that have not run; the app reads them afresh."""
    from cloud import DAY, failed_logins
    from runbook_files import write

    from trailbook.airflow.dag_factory import load
    from trailbook.airflow.web.data import Data
    from trailbook.settings import Settings

    folder = tmp_path_factory.mktemp("runbooks")
    write(
        folder,
        "failed-logins",
        schedule=SCHEDULE,
        pivots=[{"runbook": "user-timeline", "with": {"user_name": "{user_name}"}, "title": "All that this user did"}],
        allow=[
            {"match": {"user_name": "canary-*"}, "reason": "Login canary", "owner": "platform", "expires": "2099-01-01"}
        ],
    )
    write(
        folder,
        "user-timeline",
        title="All that a user did",
        severity="low",
        schedule=None,
        params={"user_name": {"type": "string", "title": "User"}},
        query=TIMELINE,
        result={"kind": "events", "key": ["event_id"]},
        controls={"soc2@2017": ["CC7.2"]},
        attack=None,
    )
    write(folder, "net-changes", title="Changes of the network", severity="high", guide="")
    next_day = DAY + timedelta(days=1)
    served.log(failed_logins("alice", 9, next_day) + failed_logins("canary-1", 7, next_day), next_day, "b")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in served.environment().items():
            patch.setenv(name, value)
        patch.setenv("TRAILBOOK_RUNBOOKS", str(folder))
        patch.setenv("TRAILBOOK_WEB_CACHE", str(tmp_path_factory.mktemp("cache")))
        dag = load(Settings.from_env())["failed-logins"]
        for end in (next_day, next_day + timedelta(days=1)):
            dag.test(logical_date=end + timedelta(hours=2), run_conf={"reason": "quarterly <b>audit</b>"})
        kept, pages.state.data = pages.state.data, Data({})
        yield served
        pages.state.data = kept


@pytest.fixture
def admin(place: "Cloud", signed_in: Callable[[str | None], "TestClient"]) -> "TestClient":
    return signed_in("admin")


@pytest.fixture
def runs(place: "Cloud") -> list[dict[str, Any]]:
    """The ledger's entries of the runbook that has run, the oldest first."""
    return place.entries("failed-logins")
