"""The embedded AWS as one endpoint on loopback: moto's S3, Glue and SNS, our Athena, and state that survives.

A write is answered after it is saved, one write at a time: so an acknowledged write outlives `kill -9`, and of two
conditional writes to one key exactly one wins. moto's backends are one set in a process, hence one server in a process.
"""

import contextlib
import io
import logging
import re
import shutil
import tempfile
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from trailbook.errors import DeploymentError
from trailbook.local import s3_requests
from trailbook.local.athena_api import AthenaApi
from trailbook.local.engine.cache import DEFAULT_BYTES
from trailbook.local.glue_tables import open_cache
from trailbook.local.query_runs import QueryRuns, new_id
from trailbook.local.s3_objects import DISK
from trailbook.local.state import State

_SCOPE = re.compile(r"Credential=[^/]*/[^/]*/([^/]*)/([^/]*)/aws4_request")
_READS = ("Get", "List", "BatchGet", "Search", "Describe", "Query")
_REGION = "us-east-1"
_JSON = "application/x-amz-json-1.1"
_OWN_DOORS = ("moto-api", "latest/meta-data", "latest/api")
"""Paths by which moto empties everything, and hands out credentials, whoever asks."""
_ONE = threading.Lock()

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class _Quiet(MotoRequestHandler):  # type: ignore[misc]  # moto publishes no types
    """Answers without a line of log for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # werkzeug's own parameter name
        """Write nothing."""


class _Front:
    """The WSGI application before moto: it orders writes, saves what they changed, and answers what moto cannot."""

    def __init__(self, state: State, runs: QueryRuns) -> None:
        self._state = state
        self._athena = AthenaApi(runs, state.save_athena)
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_ORIGIN"):  # a web page asks through somebody's browser; moto would let every one of them
            return _xml(start_response, "403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")
        if str(environ.get("PATH_INFO", "")).lstrip("/").startswith(_OWN_DOORS):
            return _xml(start_response, "404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>")
        region, service = _signed_for(environ)
        if service == "athena":
            return self._ask_athena(region, environ, start_response)
        query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if service == "s3":
            s3_requests.path_style(environ)
            answer = s3_requests.answered(environ, query)
            if answer is not None:
                return _xml(start_response, *answer)
        if not _writes(service, environ["REQUEST_METHOD"], environ):
            if service == "s3" and s3_requests.target(environ)[1]:
                return self._moto(environ, start_response)  # type: ignore[no-any-return]  # moto publishes no types
            with DISK.lock:  # moto's lists trip over what is written meanwhile
                return [bytes(chunk) for chunk in self._moto(environ, start_response)]
        return self._write(service, environ, start_response, bool(query.keys() & {"uploads", "uploadId"}))

    def _ask_athena(self, region: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        _read_body(environ)
        kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
        if kind != _JSON:
            return _xml(start_response, "404 Not Found", "<UnknownOperationException/>")
        body = environ["wsgi.input"].read() if isinstance(environ["wsgi.input"], io.BytesIO) else b""
        status, answer = self._athena.answer(region, str(environ.get("HTTP_X_AMZ_TARGET", "")), body)
        headers = [("Content-Type", _JSON), ("Content-Length", str(len(answer))), ("x-amzn-RequestId", new_id())]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [answer]

    def _write(self, service: str, environ: Environ, start_response: StartResponse, parts: bool) -> Iterable[bytes]:
        _read_body(environ)  # before the lock is taken: a slow client must not hold up the others
        answered: list[Any] = []

        def keep(status: str, headers: Any, exc_info: Any = None) -> None:
            answered[:] = [status, headers]

        with DISK.lock:
            body = [bytes(chunk) for chunk in self._moto(environ, keep)]
            if service == "s3":
                bucket, key = s3_requests.target(environ)
                self._state.save_s3(bucket, key)
                if parts:
                    self._state.save_uploads(bucket)
            else:
                self._state.save_service(service)
        start_response(*answered)
        return body


def _signed_for(environ: Environ) -> tuple[str, str]:
    """Return the region and the service that a request is for, by its signature, else by its target."""
    found = _SCOPE.search(
        environ.get("HTTP_AUTHORIZATION", "") or urllib.parse.unquote(environ.get("QUERY_STRING", ""))
    )
    if found:
        return found[1].lower(), found[2].lower()
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    return _REGION, {"AmazonAthena": "athena", "AWSGlue": "glue"}.get(target.split(".")[0], "" if target else "s3")


def _writes(service: str, method: str, environ: Environ) -> bool:
    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if service == "s3":
        return method in ("PUT", "POST", "DELETE")
    if service == "glue":
        return not action.startswith(_READS)
    return service == "sns"


def _read_body(environ: Environ) -> None:
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))


def _xml(start_response: StartResponse, status: str, body: str) -> Iterable[bytes]:
    content = b'<?xml version="1.0" encoding="UTF-8"?>' + body.encode()
    start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))])
    return [content]


class RunningServer:
    """An embedded AWS that listens; leaving its `with` block stops it."""

    def __init__(self, listener: BaseWSGIServer, state: State, runs: QueryRuns, temporary: Path | None) -> None:
        """Serve in a thread of its own; `serve` makes one."""
        self._listener = listener
        self._state = state
        self._runs = runs
        self._temporary = temporary
        self._thread = threading.Thread(target=listener.serve_forever, name="embedded-aws", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self._listener.port)

    @property
    def endpoint_url(self) -> str:
        """The URL that AWS clients take as endpoint."""
        return f"http://{self._listener.host}:{self.port}"

    def stop(self) -> None:
        """Stop listening, stop the queries, save and close. Stopping twice is harmless."""
        if not self._thread.is_alive():
            return
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self._runs.close()
        self._state.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        _ONE.release()

    def __enter__(self) -> "RunningServer":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def serve(
    state_dir: Path | None, port: int = 0, host: str = "127.0.0.1", cache_bytes: int = DEFAULT_BYTES
) -> RunningServer:
    """Start the embedded AWS; port 0 takes a free one, no folder keeps nothing; `cache_bytes` is the cache's limit.

    Raises DeploymentError where the port is taken, the state cannot be used, or this process serves already.
    """
    if not _ONE.acquire(blocking=False):
        raise DeploymentError("an embedded AWS runs in this process already: stop it, or start another process")
    temporary = Path(tempfile.mkdtemp(prefix="trailbook-aws-")) if state_dir is None else None
    with contextlib.ExitStack() as undo:
        undo.callback(_ONE.release)
        if temporary is not None:
            undo.callback(shutil.rmtree, temporary, ignore_errors=True)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        state = State((temporary or state_dir or Path()).absolute())
        undo.callback(state.close)
        open_cache(cache_bytes)

        def save(catalogue: bool) -> None:
            state.save_s3()
            if catalogue:
                state.save_service("glue")
                state.save_athena()

        runs = QueryRuns(state.save_execution, save)
        undo.callback(runs.close)
        runs.restore(state.load())
        try:
            listener = make_server(host, port, _Front(state, runs), threaded=True, request_handler=_Quiet)
        except (OSError, SystemExit) as error:
            raise DeploymentError(f"{host}:{port}: expected a free port, found: {error}") from None
        server = RunningServer(listener, state, runs, temporary)
        undo.pop_all()
        return server
