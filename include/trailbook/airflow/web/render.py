"""A view as a page, by the engine of the reports' own pages: it escapes, and marks hidden characters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.api_fastapi.app import API_ROOT_PATH, get_auth_manager
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from trailbook import __version__
from trailbook.airflow.web.assets import assets
from trailbook.airflow.web.freshness import State
from trailbook.airflow.web.links import Links
from trailbook.airflow.web.views import words
from trailbook.report.html import MARKS, environment
from trailbook.verdict import Verdict

TITLES = {
    400: "This address or form is not right",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not as it was recorded",
    415: "Not a form",
    422: "This address or form is not right",
    500: "Something went wrong",
    503: "Not reachable now",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is: which part of the navigation, and which pages lie above this one (name, address)."""

    part: str
    above: tuple[tuple[str, str], ...] = ()


def links(request: Request) -> Links:
    """Return the addresses as this request reached us."""
    return Links(request.scope.get("root_path", "").rstrip("/"), API_ROOT_PATH.rstrip("/"), assets().digest)


def page(
    request: Request,
    template: str,
    view: Any,
    place: Place,
    *,
    status: int = 200,
    ledger: State | None = None,
    more: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    """Return a view rendered; `ledger` says how fresh it is, `more` is for what the report's own page has too."""
    user = getattr(request.state, "trailbook_user", None)
    body = (
        engine()
        .get_template(template)
        .render(
            **(more or {}),
            view=view,
            place=place,
            links=links(request),
            ledger=ledger,
            user=None if user is None else user.get_name(),
            version=__version__,
        )
    )
    return HTMLResponse(body, status_code=status)


def refuse(request: Request, status: int, says: str) -> HTMLResponse:
    """Return an error as a page: what is wrong, in a sentence, and where to go from here."""
    login = None
    if status == 401:
        query = f"?{request.url.query}" if request.url.query else ""
        login = get_auth_manager().get_url_login(next_url=f"{request.url.path}{query}")
    view = {"status": status, "title": TITLES.get(status, "Not possible"), "says": says, "login": login}
    return page(request, "problem.html.j2", view, Place(""), status=status)


def engine() -> Environment:
    """Return the templates' engine."""
    made = environment("trailbook.airflow.web")
    made.filters.setdefault("moment", _moment)
    made.filters.setdefault("clock", words.clock)
    made.filters.setdefault("mark", lambda verdict: MARKS[Verdict(verdict)])
    made.filters.setdefault("short", words.short)
    return made


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"
