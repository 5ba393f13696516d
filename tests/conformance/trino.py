"""A client of a Trino server, and what its answers look like as Athena's text.

Trino's REST protocol: https://trino.io/docs/current/develop/client-protocol.html. Without the client capability
PARAMETRIC_DATETIME a server sends times in milliseconds, which is what Athena shows.
"""

import base64
import itertools
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from trailbook.local.engine.native import java_double

SCHEMA = "trailbook"
"""The schema of the catalog `memory` that holds the tables."""


class Unreachable(Exception):
    """There is no Trino server at the address."""


@dataclass(frozen=True)
class Server:
    """A running server, for example `http://127.0.0.1:18080`."""

    url: str

    def version(self) -> str:
        """Return the server's version, waiting for nothing. Raises Unreachable."""
        try:
            with urllib.request.urlopen(f"{self.url}/v1/info", timeout=10) as answer:
                found = json.load(answer)
        except (OSError, ValueError) as error:
            raise Unreachable(f"no Trino at {self.url}: {error}") from None
        if found.get("starting"):
            raise Unreachable(f"the Trino at {self.url} is still starting")
        return str(found["nodeVersion"]["version"])

    def ask(self, sql: str) -> "Answer":
        """Run one statement to its end."""
        headers = {
            "X-Trino-User": "conformance",
            "X-Trino-Catalog": "memory",
            "X-Trino-Schema": SCHEMA,
            "X-Trino-Time-Zone": "UTC",
        }
        request = urllib.request.Request(f"{self.url}/v1/statement", sql.encode(), headers)
        columns: list[dict[str, Any]] = []
        rows: list[list[Any]] = []
        while True:
            with urllib.request.urlopen(request, timeout=120) as answer:
                document = json.load(answer)
            columns = document.get("columns") or columns
            rows += document.get("data") or []
            if failed := document.get("error"):
                place = failed.get("errorLocation") or {}
                where = f"{place['lineNumber']}:{place['columnNumber']}" if place else ""
                return Answer(error=failed["errorName"], message=failed["message"].split("\n")[0][:300], where=where)
            if "nextUri" not in document:
                break
            request = urllib.request.Request(document["nextUri"])
        kinds = [c["typeSignature"] for c in columns]
        return Answer(
            columns=[[c["name"], type_text(k)] for c, k in zip(columns, kinds, strict=True)],
            rows=[[None if v is None else text(v, k) for v, k in zip(row, kinds, strict=True)] for row in rows],
        )


@dataclass(frozen=True)
class Answer:
    """Columns as (name, type), rows as Athena's text, or an error by Trino's name, with `line:column` where given."""

    columns: list[list[str]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    error: str = ""
    message: str = ""
    where: str = ""

    def document(self) -> dict[str, Any]:
        """Return the answer as it is kept."""
        if self.error:
            return {"error": self.error, "where": self.where, "message": self.message}
        return {"columns": self.columns, "rows": self.rows}


def type_text(signature: dict[str, Any]) -> str:
    """Return a type's text; a varchar's length is left out, for it changes no answer but that of typeof."""
    base, arguments = signature["rawType"], signature["arguments"]
    if base == "row":
        parts = []
        for argument in arguments:
            name = ((argument["value"].get("fieldName") or {}).get("name") or "").lower()
            parts.append(f"{name} {type_text(argument['value']['typeSignature'])}".strip())
        return f"row({', '.join(parts)})"
    if base in ("array", "map"):
        return f"{base}({', '.join(type_text(a['value']) for a in arguments)})"
    if base in ("decimal", "char"):
        return f"{base}({','.join(str(a['value']) for a in arguments)})"
    return str(base)


def text(value: Any, signature: dict[str, Any]) -> str:
    """Return a value of the protocol as Athena's result text."""
    base, arguments = signature["rawType"], signature["arguments"]
    if base == "array":
        return "[" + ", ".join(_inner(v, arguments[0]["value"]) for v in value) + "]"
    if base == "map":
        kinds = [a["value"] for a in arguments]
        return "{" + ", ".join(f"{_key(k, kinds[0])}={_inner(v, kinds[1])}" for k, v in value.items()) + "}"
    if base == "row":
        fields = []
        for i, (argument, inner) in enumerate(zip(arguments, value, strict=True)):
            name = ((argument["value"].get("fieldName") or {}).get("name") or f"field{i}").lower()
            fields.append(f"{name}={_inner(inner, argument['value']['typeSignature'])}")
        return "{" + ", ".join(fields) + "}"
    if base in ("double", "real"):
        return java_double(float(value))
    if base == "boolean":
        return "true" if value else "false"
    if base == "varbinary":
        return " ".join(f"{b:02x}" for b in base64.b64decode(value))
    return str(value)


def _inner(value: Any, signature: dict[str, Any]) -> str:
    return "null" if value is None else text(value, signature)


def _key(value: str, signature: dict[str, Any]) -> str:
    return value if signature["rawType"] != "double" else java_double(float(value))


def in_pieces(items: list[Any], size: int) -> Any:
    """Yield the items in lists of at most `size`."""
    remaining = iter(items)
    while piece := list(itertools.islice(remaining, size)):
        yield piece
