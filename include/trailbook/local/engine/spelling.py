"""Keys in another case: CloudTrail's records with their keys as CloudTrail spells them.

DuckDB finds keys by their exact spelling, Hive's SerDes by any. Files whose records lack what every record has are
read here, in Python, and written again where their keys are spelled in another way.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trailbook.local.engine.reader import json_key
from trailbook.local.engine.types import Type

ALWAYS = ("eventname", "eventid", "eventtime", "eventsource", "awsregion", "eventversion")
"""Columns that every CloudTrail record has a value for; the first is the cheapest to read."""

_PER_PIECE = 5000


def respelled(file: Path, columns: Sequence[tuple[str, Type]], directory: Path) -> list[Path] | None:
    """Write a file's records with CloudTrail's keys into `directory`; None where they are spelled so already.

    Raises ValueError where the file is not a JSON object with a list of records.
    """
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as body:
        content = json.loads(body.read().decode("utf-8-sig", "replace"))
    records = None
    changed = False
    if isinstance(content, dict):
        for key, value in content.items():
            if key.lower() == "records":
                records, changed = value, key != "Records"
    if not isinstance(records, list):
        raise ValueError("the object is JSON but has no list of CloudTrail records")
    kinds = dict(columns)
    written = []
    for record in records:
        again = _record(record, kinds, ())
        changed = changed or again is not record
        written.append(again)
    if not changed:
        return None
    pieces = []
    for start in range(0, max(1, len(written)), _PER_PIECE):
        piece = directory / f"{file.name}-{start}.respelled.json"
        text = json.dumps({"Records": written[start : start + _PER_PIECE]}, separators=(",", ":"))
        piece.write_text(text, encoding="ascii")
        pieces.append(piece)
    return pieces


def _record(value: Any, kinds: Mapping[str, Type], path: tuple[str, ...]) -> Any:
    """Return the object with CloudTrail's keys, the same object where nothing changed."""
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    changed = False
    for key, inner in value.items():
        name = key.lower()
        kind = kinds.get(name)
        wanted = key if kind is None else json_key(name, path)
        if kind is not None and wanted != key and wanted in value:
            continue
        again = inner if kind is None else _value(inner, kind, (*path, name))
        changed = changed or wanted != key or again is not inner
        out[wanted] = again
    return out if changed else value


def _value(value: Any, kind: Type, path: tuple[str, ...]) -> Any:
    if kind.base == "row":
        return _record(value, dict(zip(kind.names, kind.args, strict=True)), path)
    if kind.base == "array" and isinstance(value, list):
        again = [_value(v, kind.args[0], path) for v in value]
        return again if any(a is not v for a, v in zip(again, value, strict=True)) else value
    return value
