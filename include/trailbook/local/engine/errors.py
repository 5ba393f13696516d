"""Failures of a query, in Athena's words: an error name, a place in the SQL, a sentence."""

from collections.abc import Iterator

from sqlglot import exp

from trailbook.errors import QueryFailed


class SqlError(QueryFailed):
    """Athena would refuse or fail this query; `str()` is the StateChangeReason: `CODE: line 1:8: message`."""

    def __init__(self, code: str, message: str, node: exp.Expr | None = None, *, place: str = "") -> None:
        """Name the error and, where a syntax node is given, its line and column (both from 1)."""
        self.code = code
        self.node = node
        where = place or (position(node) if node is not None else "")
        super().__init__(f"{code}: {where}: {message}" if where else f"{code}: {message}")


def not_supported(what: str, node: exp.Expr | None = None) -> SqlError:
    """Return the refusal of something whose equality with Athena has not been shown."""
    return SqlError("NOT_SUPPORTED", f"{what} is not supported by the local Athena", node)


def position(node: exp.Expr) -> str:
    """Return `line L:C` of a node (an operator's is the operator's own), or of its nearest ancestor that has one."""
    best = _own(node) or min(_places(node), default=None)
    parent = node.parent
    while best is None and parent is not None:
        best = min(_places(parent), default=None)
        parent = parent.parent
    return f"line {best[0]}:{best[1]}" if best else "line 1:1"


def _places(node: exp.Expr) -> Iterator[tuple[int, int]]:
    for found in node.walk():
        place = _own(found)
        if place is not None:
            yield place


def _own(node: exp.Expr) -> tuple[int, int] | None:
    meta = node.meta
    if "line" not in meta or "col" not in meta:
        return None
    width = meta["end"] - meta["start"] if "end" in meta and "start" in meta else 0
    return int(meta["line"]), max(1, int(meta["col"]) - int(width))
