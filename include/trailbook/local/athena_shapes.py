"""Refusals, pages and column metadata of Athena's API, which need no server."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Any

MOST_ROWS = 1000

_WIDTHS = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "double": 17,
    "float": 17,
    "varchar": 2147483647,
    "varbinary": 1073741824,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "time": 3,
    "time with time zone": 3,
}
"""The precision that Athena shows for a type; every other type has 0, and `decimal`, `varchar`, `char` may say more."""

_SIZED = re.compile(r"(decimal|varchar|char)\((\d+)(?:, ?(\d+))?\)")


class Refused(Exception):  # it becomes an AWS error response, it is not one of ours
    """The request is answered with HTTP 400, this message, an AWS error code and, where Athena has one, a detail."""

    def __init__(self, message: str, code: str = "InvalidRequestException", detail: str = "", **more: str) -> None:
        """Say why, in AWS's words; `detail` is the AthenaErrorCode, `more` further members of the error's shape."""
        self.code = code
        self.detail = detail or ("INVALID_INPUT" if code == "InvalidRequestException" else "")
        self.more = more
        super().__init__(message)

    def body(self) -> dict[str, str]:
        """Return the members of the error response."""
        found = {"__type": self.code}
        if self.detail:
            found |= {"AthenaErrorCode": self.detail, "ErrorCode": self.detail}
        return found | ({"Message": str(self)} if str(self) else {}) | self.more


def token(kind: str, after: str) -> str:
    """Return the opaque token of a list's next page, which begins after the item `after`."""
    held = f"{kind}\0{after}".encode("utf-8", "surrogatepass")
    return base64.b64encode(_seal(held) + held).decode()


def after(kind: str, given: str) -> str | None:
    """Return the item that a page begins after, or None where the token is not one of `token`'s for this list."""
    try:
        raw = base64.b64decode(given, validate=True)
        named, _, item = raw[_SEAL:].decode("utf-8", "surrogatepass").partition("\0")
    except (binascii.Error, UnicodeError, ValueError):
        return None
    return item if raw[:_SEAL] == _seal(raw[_SEAL:]) and named == kind else None


_SEAL = 8


def _seal(held: bytes) -> bytes:
    return hashlib.sha256(b"trailbook page\0" + held).digest()[:_SEAL]


def page(kind: str, names: Sequence[str], request: dict[str, Any], most: int = 50) -> tuple[list[str], dict[str, str]]:
    """Return a page of a list's distinct names, and the NextToken member, if any, of its answer.

    A page begins after the token's name; where that is gone meanwhile, after those that sort before it. Raises Refused.
    """
    start = 0
    if (given := request.get("NextToken")) is not None:
        last = after(kind, given)
        if last is None:
            raise Refused(f"The nextPageToken is malformed: {given}")
        start = names.index(last) + 1 if last in names else sum(name <= last for name in names)
    size = request.get("MaxResults") or most
    shown = list(names[start : start + size])
    return shown, {"NextToken": token(kind, shown[-1])} if start + size < len(names) else {}


def column(name: str, kind: str) -> dict[str, Any]:
    """Return a ColumnInfo of ResultSetMetadata; `kind` is a type's name, with its digits where it has any."""
    shown, precision, scale = digits(kind)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": shown,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": shown in ("varchar", "char"),
    }


def digits(kind: str) -> tuple[str, int, int]:
    """Return a type's bare name, precision and scale: `decimal(10,2)` is `decimal`, 10 and 2."""
    found = _SIZED.fullmatch(kind)
    if found is None:
        return kind, _WIDTHS.get(kind, 0), 0
    return found[1], int(found[2]), int(found[3] or 0)
