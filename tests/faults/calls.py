"""Striking one call to AWS: each HTTP request of every boto3 client in this process, counted, killed at or failed.

It stands where botocore hands a request to the network, so a retry of botocore's is a call of its own, and a response
can be lost after the server has done what it was asked.
"""

import json
import os
import signal
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session


class Blow(StrEnum):
    """What happens at a call."""

    KILL_BEFORE = "killed before"
    KILL_AFTER = "killed after"
    THROTTLED = "throttled"
    ERROR_500 = "answered 500"
    TIMEOUT = "timed out"
    LOST = "answer lost"
    DENIED = "access denied"


ANSWERS = {
    Blow.THROTTLED: (503, 400, "SlowDown", "ThrottlingException"),
    Blow.ERROR_500: (500, 500, "InternalError", "InternalServerException"),
    Blow.DENIED: (403, 400, "AccessDenied", "AccessDeniedException"),
}
"""The HTTP status and the code of S3 and of Athena: (S3's status, Athena's, S3's code, Athena's)."""


@dataclass(frozen=True)
class Strike:
    """The blow at the number-th call (from 1) of a task's first try."""

    task: str
    number: int
    blow: Blow

    def __str__(self) -> str:
        return f"{self.task} call {self.number} {self.blow}"


def watch(journal: Path, strike: Strike | None) -> None:
    """From now on write each call of this process as a line of the journal, and strike the one that is meant."""
    send = URLLib3Session.send
    count = 0

    def watched(session: Any, request: Any) -> Any:
        nonlocal count
        count += 1
        with journal.open("a") as file:
            file.write(name_of(request) + "\n")
        if strike is None or count != strike.number:
            return send(session, request)
        return _struck(strike.blow, request, lambda: send(session, request))

    URLLib3Session.send = watched  # this process is a fork that ends with its task


def _struck(blow: Blow, request: Any, send: Any) -> Any:
    if blow is Blow.KILL_BEFORE:
        os.kill(os.getpid(), signal.SIGKILL)
    if blow in ANSWERS:
        return _answer(request, blow)
    if blow is not Blow.TIMEOUT:
        send()
    if blow is Blow.KILL_AFTER:
        os.kill(os.getpid(), signal.SIGKILL)
    raise ReadTimeoutError(endpoint_url=request.url)


def name_of(request: Any) -> str:
    """Return what a request does, as `athena StartQueryExecution` or `s3 PUT bucket/key`."""
    target = _text(request.headers.get("X-Amz-Target", ""))
    if target:
        return f"athena {target.rpartition('.')[2]}"
    parts = urlsplit(request.url)
    query = parse_qs(parts.query, keep_blank_values=True)
    what = "LIST" if "list-type" in query else request.method
    return f"s3 {what} {parts.path.lstrip('/')}"


def _answer(request: Any, blow: Blow) -> AWSResponse:
    s3_status, athena_status, s3_code, athena_code = ANSWERS[blow]
    if _text(request.headers.get("X-Amz-Target", "")):
        body = json.dumps({"__type": athena_code, "message": f"injected: {blow}"}).encode()
        return AWSResponse(request.url, athena_status, {"content-type": "application/x-amz-json-1.1"}, _Raw(body))
    body = f"<Error><Code>{s3_code}</Code><Message>injected: {blow}</Message></Error>".encode()
    body = b"" if request.method == "HEAD" else body
    return AWSResponse(request.url, s3_status, {"content-type": "application/xml"}, _Raw(body))


class _Raw:
    """As much of urllib3's response as botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._body

    def read(self, *_: Any, **__: Any) -> bytes:
        body, self._body = self._body, b""
        return body


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
