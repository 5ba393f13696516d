"""Airflow's own public API, called in this process as the user who asked us: so Airflow checks rights and logs.

Invariant: the user's own cookie or token goes with the call and nothing else of ours; what Airflow refuses is a
sentence, and nothing was started.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from fastapi import Request

_PASSED_ON = ("cookie", "authorization", "referer")
_SECONDS = 30.0
_SAYS = {
    401: "You are no longer signed in: sign in to Airflow in another tab, then send this form again.",
    403: "Airflow says that you may not do this, so nothing was started.",
    404: "Airflow does not know this runbook’s DAG, so nothing was started. It reads new files every few minutes.",
    409: "Airflow has a run of this name already, so nothing was started.",
}


class Refused(Exception):
    """Airflow refused: with which status, and what to tell the reader."""

    def __init__(self, status: int, says: str) -> None:
        """Keep both."""
        super().__init__(says)
        self.status = status
        self.says = says


async def start(request: Request, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> str:
    """Start a run of a DAG and return its id. Raises Refused."""
    body = {"dag_run_id": run_id, "conf": dict(conf), "logical_date": None}
    answer = await _call(request, "POST", f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns", body)
    return str(answer["dag_run_id"])


async def unpause(request: Request, dag_id: str) -> None:
    """Let a DAG's runs run. Raises Refused."""
    await _call(request, "PATCH", f"/api/v2/dags/{quote(dag_id, safe='')}?update_mask=is_paused", {"is_paused": False})


async def _call(request: Request, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    # The very app that serves us: `cached_app()` with other arguments than this module's would make a second one.
    from airflow.api_fastapi.main import app

    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    client = request.client
    transport = httpx.ASGITransport(
        app=app, raise_app_exceptions=False, client=("127.0.0.1", 0) if client is None else (client.host, client.port)
    )
    base = f"{request.url.scheme}://{request.url.netloc}"
    async with httpx.AsyncClient(transport=transport, base_url=base, timeout=_SECONDS) as caller:
        answer = await caller.request(method, path, json=body, headers=headers)
    if answer.is_success:
        found: Mapping[str, Any] = answer.json()
        return found
    raise Refused(answer.status_code, _SAYS.get(answer.status_code) or f"Airflow refused: {_detail(answer)}")


def _detail(answer: httpx.Response) -> str:
    """Return what Airflow says is wrong, as text on one line."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"it answered {answer.status_code}; the API server's log says more"
    if isinstance(detail, list):
        detail = "; ".join(str(part.get("msg", part)) if isinstance(part, dict) else str(part) for part in detail)
    return " ".join(str(detail).split())
