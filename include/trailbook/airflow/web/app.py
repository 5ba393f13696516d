"""The app that the plugin mounts: its pages, its gate, its errors as pages."""

from collections.abc import Mapping

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from trailbook.airflow.web.data import Data
from trailbook.airflow.web.gate import Gate
from trailbook.airflow.web.pages import ROUTERS
from trailbook.airflow.web.render import refuse
from trailbook.errors import (
    DeploymentError,
    EvidenceError,
    InvalidRequest,
    ObjectMissing,
    ServiceUnavailable,
    TrailbookError,
)

_STATUS: tuple[tuple[type[TrailbookError], int], ...] = (
    (InvalidRequest, 400),
    (ObjectMissing, 404),
    (EvidenceError, 409),
    (DeploymentError, 503),
    (ServiceUnavailable, 503),
)
_SAYS = {404: "There is no such page here.", 405: "This page cannot be asked in this way."}


def create_app(defaults: Mapping[str, str] | None = None) -> FastAPI:
    """Return the app; nothing is read or connected before the first request.

    `defaults` are settings that hold where the environment says nothing.
    """
    app = FastAPI(title="Trailbook", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.data = Data(defaults or {})
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Gate, refuse=refuse)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(TrailbookError, _failed)
    return app


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 - the type for which it is registered
    ours = isinstance(error, HTTPException)  # raised by our own routes, with a sentence; the others are the router's
    return refuse(request, error.status_code, error.detail if ours else _SAYS.get(error.status_code, error.detail))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    wrong = sorted({str(part["loc"][-1]) for part in error.errors()})
    return refuse(request, 400, f"Expected another value for: {', '.join(wrong)}.")


def _failed(request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    return refuse(request, status, str(error))
