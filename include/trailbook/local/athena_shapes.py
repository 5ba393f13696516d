"""Shapes and refusals of Athena's API that need no server: pages, column metadata, work group updates."""

from typing import Any

MOST_ROWS = 1000
_TYPES = {"varchar": (2147483647, 0), "bigint": (19, 0), "integer": (10, 0), "double": (17, 0), "boolean": (0, 0)}


class Refused(Exception):  # it becomes an AWS error response, it is not one of ours
    """The request is answered with this message and an AWS error code."""

    def __init__(self, message: str, code: str = "InvalidRequestException") -> None:
        """Say why, in AWS's words."""
        self.code = code
        super().__init__(message)


def update(configuration: dict[str, Any], updates: dict[str, Any]) -> None:
    """Apply ConfigurationUpdates of UpdateWorkGroup to a work group's configuration."""
    for key, value in updates.items():
        if key == "ResultConfigurationUpdates":
            held = configuration.setdefault("ResultConfiguration", {})
            held.update({k: v for k, v in value.items() if not k.startswith("Remove")})
            for removed in (k for k, v in value.items() if k.startswith("Remove") and v):
                held.pop(removed.removeprefix("Remove"), None)
        elif key == "RemoveBytesScannedCutoffPerQuery":
            if value:
                configuration.pop("BytesScannedCutoffPerQuery", None)
        else:
            configuration[key] = value


def refuse(message: str, code: str = "InvalidRequestException") -> Any:
    """Raise Refused, where an expression is wanted."""
    raise Refused(message, code)


def page(token: Any, size: Any, most: int) -> tuple[int, int]:
    """Return the first index and the size of a page. Raises Refused for a token or size that is none."""
    if token is not None and not (isinstance(token, str) and token.isdigit()):
        raise Refused("Invalid nextToken")
    if size is not None and not (isinstance(size, int) and 0 <= size <= MOST_ROWS):
        raise Refused(f"MaxResults: expected a number from 1 to {MOST_ROWS}, found {size!r}")
    return int(token or 0), min(int(size or most), most)


def column(name: str, kind: str) -> dict[str, Any]:
    """Return a ColumnInfo of ResultSetMetadata."""
    precision, scale = _TYPES.get(kind, (0, 0))
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind in ("varchar", "string"),
    }
