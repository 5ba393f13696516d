"""What a snapshot says about itself, in its Parquet metadata: what its rows are, and how its allow entries fared.

Invariant: a file without a whole header is no snapshot; equal headers are equal bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trailbook.athena.resultset import connect, fetch
from trailbook.canonical import Json, dumps, loads
from trailbook.diff.model import AllowUse, DiffSpec
from trailbook.errors import EvidenceError, TrailbookError
from trailbook.window import Window, parse_time, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMAT = "trailbook.snapshot/1"
NAME = "trailbook"
"""The key under which Parquet's metadata hold the header."""


@dataclass(frozen=True, slots=True)
class Header:
    """How a snapshot's rows are told apart, of which window they are, and what became of its run's allow entries."""

    kind: str
    key: tuple[str, ...]
    window: Window
    allow: tuple[AllowUse, ...]

    def to_text(self) -> str:
        """Return the header as canonical JSON."""
        window: dict[str, Json] = {"start": text(self.window.start), "end": text(self.window.end)}
        uses: list[Json] = [asdict(use) for use in self.allow]
        value: dict[str, Json] = {"format": FORMAT, "kind": self.kind, "key": list(self.key), "window": window}
        return dumps(value | {"allow": uses}).decode()

    @classmethod
    def of(cls, spec: DiffSpec, allow: Sequence[AllowUse]) -> "Header":
        """Return the header of a comparison's snapshot."""
        return cls(spec.kind, spec.key, spec.window, tuple(allow))


def header(snapshot: Path) -> Header:
    """Return a snapshot's header. Raises EvidenceError for a file that is none."""
    with connect(threads=1) as duck:
        return read_header(duck, snapshot)


def read_header(duck: "DuckDBPyConnection", snapshot: Path) -> Header:
    """Return a snapshot's header through an open DuckDB. Raises EvidenceError for a file that is none."""
    sql = "SELECT value FROM parquet_kv_metadata(?) WHERE decode(key) = ?"
    found = [row["value"] for row in fetch(duck, sql, [str(snapshot), NAME])]
    if not found:
        raise EvidenceError(f"{snapshot.name}: expected a snapshot, found a file without its header")
    try:
        value = loads(found[0])
        if not isinstance(value, dict):
            raise EvidenceError("it is no JSON object")
        return _header(value)
    except (KeyError, TypeError, ValueError, AttributeError, TrailbookError) as error:
        raise EvidenceError(
            f"{snapshot.name}: expected a snapshot, found one whose header is broken: {error}"
        ) from None


def _header(value: Mapping[str, Json]) -> Header:
    if value["format"] != FORMAT:
        raise EvidenceError(f"expected the format {FORMAT}, found {value['format']!r}")
    key, window, allow = value["key"], value["window"], value["allow"]
    if not (isinstance(key, list) and isinstance(window, dict) and isinstance(allow, list)):
        raise EvidenceError("a field is of another type")
    return Header(
        kind=str(value["kind"]),
        key=tuple(map(str, key)),
        window=Window(parse_time(str(window["start"]), "start"), parse_time(str(window["end"]), "end")),
        allow=tuple(AllowUse.from_json(use) for use in allow if isinstance(use, dict)),
    )
