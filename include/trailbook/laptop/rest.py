"""The few calls of Airflow's public REST API that the laptop makes."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trailbook.errors import DeploymentError, ServiceUnavailable
from trailbook.window import text


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
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)

    def runs(self) -> list[DagRun]:
        """Return every DAG run, the oldest logical date first."""
        answer = self._call("POST", "/api/v2/dags/~/dagRuns/list", {"page_limit": 1000, "order_by": "logical_date"})
        return [
            DagRun(run["dag_id"], run["dag_run_id"], run["state"], run["logical_date"] or "")
            for run in answer["dag_runs"]
        ]

    def _call(self, method: str, path: str, body: object = None, *, signed: bool = True) -> Any:
        headers = {"Content-Type": "application/json"}
        if signed:
            headers["Authorization"] = f"Bearer {self._token or self._sign_in()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - loopback http
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")[:500]
            raise DeploymentError(f"Airflow answered {error.code} to {method} {path}: {text}") from error
        except (OSError, ValueError) as error:
            raise ServiceUnavailable(f"Airflow at {self.url} does not answer {method} {path}: {error}") from error

    def _sign_in(self) -> str:
        user, password = self._login
        answer = self._call("POST", "/auth/token", {"username": user, "password": password}, signed=False)
        self._token = answer["access_token"]
        return self._token
