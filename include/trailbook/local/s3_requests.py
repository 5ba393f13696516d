"""S3 requests before moto sees them: hosts that name a bucket, and what moto answers wrongly or not at all."""

import re
import urllib.parse
from typing import Any
from xml.sax.saxutils import escape

from moto.s3.models import s3_backends

from trailbook.local.athena_store import ACCOUNT

Environ = dict[str, Any]

_HOST = re.compile(
    r"(?:(?P<bucket>[^:]+?)\.)?(?:s3(?:[.-][a-z0-9-]+)?\.)?(?P<rest>localhost|amazonaws\.com)(?P<port>:\d+)?",
    re.IGNORECASE,
)


def path_style(environ: Environ) -> None:
    """Turn a request to `bucket.localhost` or `bucket.s3….amazonaws.com` into one whose path begins with the bucket.

    Clients that write bucket names into the host name get by without a setting: `*.localhost` is this machine.
    """
    found = _HOST.fullmatch(str(environ.get("HTTP_HOST", "")))
    bucket = found["bucket"] if found else None
    if found is None or (found["rest"].lower() == "localhost" and not bucket):
        return
    environ["HTTP_HOST"] = "localhost" + (found["port"] or "")
    if bucket and bucket.lower() != "s3":
        for name in ("PATH_INFO", "REQUEST_URI", "RAW_URI"):
            if name in environ:
                environ[name] = f"/{bucket}{environ[name]}"


def target(environ: Environ) -> tuple[str, str]:
    """Return the bucket and the key of a path-style request; either may be empty."""
    path = urllib.parse.unquote(str(environ.get("REQUEST_URI") or environ.get("PATH_INFO") or "").split("?", 1)[0])
    bucket, _, key = path.lstrip("/").partition("/")
    return bucket, key


def answered(environ: Environ, query: dict[str, list[str]]) -> tuple[str, str] | None:
    """Return HTTP status and XML for what moto must not answer, or None where it may."""
    bucket, key = target(environ)
    held = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    if environ["REQUEST_METHOD"] == "GET" and "retention" in query:
        versions = held.keys.getlist(key, []) if held is not None else []
        wanted = query.get("versionId", [""])[0]
        return _retention(next((v for v in reversed(versions) if not wanted or v.version_id == wanted), None))
    if "uploadId" in query and held is not None and query["uploadId"][0] not in held.multiparts:
        gone = "The specified multipart upload does not exist. The upload ID may be invalid, or it was completed."
        return "404 Not Found", _error("NoSuchUpload", gone)
    return None


def _retention(version: Any) -> tuple[str, str]:
    """Answer GetObjectRetention, which moto ends with HTTP 500."""
    if version is None:
        return "404 Not Found", _error("NoSuchKey", "The specified key does not exist.")
    if not getattr(version, "lock_mode", None):
        missing = "The specified object does not have a ObjectLock configuration"
        return "404 Not Found", _error("NoSuchObjectLockConfiguration", missing)
    mode, until = escape(version.lock_mode), escape(str(version.lock_until))
    return "200 OK", f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"


def _error(code: str, message: str) -> str:
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
