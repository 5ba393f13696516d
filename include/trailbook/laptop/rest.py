"""The few calls of Airflow's public REST API that the laptop makes."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trailbook.errors import DeploymentError, ServiceUnavailable
from trailbook.window import text

_CONFLICT, _SERVER_ERROR = 409, 500
_PAUSES = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class DagRun:
    """A DAG run as the API tells it."""

    dag_id: str
    run_id: str
    state: str
    logical_date: str


class AirflowRest:
    """A signed-in client of one Airflow on loopback."""

    def __init__(self, url: str, login: tuple[str, str]) -> None:
        """Sign in at first use."""
        self.url, self._login, self._token = url, login, ""

    def healthy(self) -> bool:
        """Tell whether the API, the scheduler and the DAG processor say that they are well."""
        try:
            health = self._call("GET", "/api/v2/monitor/health", signed=False)
        except (ServiceUnavailable, DeploymentError):
            return False
        parts = ("metadatabase", "scheduler", "dag_processor")
        return all((health.get(part) or {}).get("status") == "healthy" for part in parts)

    def dag_ids(self) -> list[str]:
        """Return the ids of all DAGs that Airflow has read."""
        return [dag["dag_id"] for dag in self._call("GET", "/api/v2/dags?limit=1000")["dags"]]

    def import_errors(self) -> list[str]:
        """Return what the import-error banner shows."""
        return [error["stack_trace"] for error in self._call("GET", "/api/v2/importErrors")["import_errors"]]

    def unpause(self, dag_id: str) -> None:
        """Let a DAG's runs start."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, logical_date: datetime, reason: str) -> None:
        """Start a run as a person's press of Trigger does, for the last whole data interval before `logical_date`."""
        body = {"dag_run_id": run_id, "logical_date": text(logical_date), "conf": {"reason": reason}}
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body, there=_CONFLICT)

    def runs(self) -> list[DagRun]:
        """Return every DAG run, the oldest logical date first."""
        answer = self._call("POST", "/api/v2/dags/~/dagRuns/list", {"page_limit": 1000, "order_by": "logical_date"})
        return [
            DagRun(run["dag_id"], run["dag_run_id"], run["state"], run["logical_date"] or "")
            for run in answer["dag_runs"]
        ]

    def _call(self, method: str, path: str, body: object = None, *, signed: bool = True, there: int = 0) -> Any:
        """Call the API; `there` is the status that says that an earlier try, whose answer was lost, did it.

        On SQLite a write of the scheduler's can make any call fail for a moment, so those are tried again.
        """
        for pause in _PAUSES:
            try:
                return self._once(method, path, body, signed=signed, there=there)
            except ServiceUnavailable:
                if not signed:  # asking for health is its caller's loop
                    raise
                time.sleep(pause)
        return self._once(method, path, body, signed=signed, there=there)

    def _once(self, method: str, path: str, body: object, *, signed: bool, there: int) -> Any:
        headers = {"Content-Type": "application/json"}
        if signed:
            headers["Authorization"] = f"Bearer {self._token or self._sign_in()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - loopback http
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == there:
                return None
            text_of = error.read().decode(errors="replace")[:500]
            kind = ServiceUnavailable if error.code >= _SERVER_ERROR else DeploymentError
            raise kind(f"Airflow answered {error.code} to {method} {path}: {text_of}") from error
        except (OSError, ValueError) as error:
            raise ServiceUnavailable(f"Airflow at {self.url} does not answer {method} {path}: {error}") from error

    def _sign_in(self) -> str:
        user, password = self._login
        answer = self._call("POST", "/auth/token", {"username": user, "password": password}, signed=False)
        self._token = answer["access_token"]
        return self._token
