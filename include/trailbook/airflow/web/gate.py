"""The gate that every request passes: the signed-in user, the origin of a form, the headers, the last error.

Invariants: whatever the path (a page, a file, an unknown route, `/docs`), an answer to a request without a user is 401
and says nothing of what is behind it; every answer has the security headers; no answer has a traceback.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.configuration import conf
from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'self'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser would post our forms from the origin `null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FORM = "application/x-www-form-urlencoded"
_READS = ("GET", "HEAD")

Refusal = Callable[[Request, int, str], Response]
_log = logging.getLogger(__name__)


class Gate:
    """ASGI middleware around the whole app; `refuse` renders an error's page from its status and sentence."""

    def __init__(self, app: ASGIApp, refuse: Refusal) -> None:
        """Keep what is behind the gate."""
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._app(scope, receive, send)
            return
        request, answer = Request(scope, receive), _Answer(send)
        try:
            refused = await self._objection(request)
            await (self._app if refused is None else refused)(scope, receive, answer)
        except Exception:
            reference = secrets.token_hex(4)
            _log.exception("A page of Trailbook failed (reference %s)", reference)
            if answer.started:
                raise
            says = f"A bug in Trailbook or its setup: the API server's log has it as {reference}."
            await self._refuse(request, 500, says)(scope, receive, answer)

    async def _objection(self, request: Request) -> Response | None:
        user = await signed_in(request)
        if user is None:
            return self._refuse(request, 401, "Sign in to Airflow first.")
        request.state.trailbook_user = user
        if request.method in _READS:
            return None
        if not from_here(request):
            return self._refuse(
                request, 403, "This form was not sent from a page of this Airflow, so nothing was done."
            )
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != FORM:
            return self._refuse(request, 415, f"Expected a form ({FORM}), found another kind of content.")
        return None


class _Answer:
    """A `send` that puts the headers on, and knows whether an answer has begun."""

    def __init__(self, send: Callable[[Message], Awaitable[None]]) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            headers.add_vary_header("Cookie")
        await self._send(message)


async def signed_in(request: Request) -> BaseUser | None:
    """Return the user whom Airflow's own check finds in the request; None where it finds none or refuses the token."""
    try:
        return await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        return None


def from_here(request: Request) -> bool:
    """Whether a browser sent the request from a page of this host. A request that does not say is not from here."""
    told = request.headers.get("origin") or request.headers.get("referer")
    if told is None:
        return False
    try:
        place = urlsplit(told)
    except ValueError:
        return False
    return place.scheme in ("http", "https") and place.netloc.lower() in set(_hosts(request))


def _hosts(request: Request) -> Iterable[str]:
    """Yield the names of this host: as asked for, and as Airflow's own settings say (a proxy may ask by another)."""
    names = (request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="") or "").netloc)
    yield from (name.lower() for name in names if name)
