"""The Athena table over the ledger's prefix, so that the trail can be asked in SQL: one row an entry.

Invariant: the columns are the entry's own fields, read from its types, so the table cannot fall behind the entry. What
may have any form (parameters, materials) or a name that Hive reserves (a window's `end`) is a column of JSON text.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from trailbook.errors import InvalidRequest
from trailbook.ledger.entry import Materials, Record
from trailbook.plan import Run
from trailbook.window import Window

NAME = "ledger"
_CHAIN = {
    "format": "string",
    "chain_uid": "string",
    "sequence": "bigint",
    "prev_event": "string",
    "fingerprint": "string",
    "latest_window_end": "string",
}
_AS_JSON_TEXT = (Window, Materials)
_PLACE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9!_.*()=+@-]+)*/?", re.ASCII)


def columns() -> dict[str, str]:
    """Return the columns' names and Hive types, the chain's first."""
    run, record = get_type_hints(Run), get_type_hints(Record)
    del record["run"]
    return _CHAIN | {name: _hive(hint) for name, hint in (run | record).items()}


def create_ledger_table(database: str, location: str) -> str:
    """Return the DDL over a ledger at `s3://bucket/prefix`. Raises InvalidRequest for any other location."""
    if not _PLACE.fullmatch(location):
        raise InvalidRequest(f"TRAILBOOK_LEDGER: expected s3://bucket/prefix for its table, found {location!r:.200}")
    listed = ",\n".join(f"  `{name}` {kind}" for name, kind in columns().items())
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{database}`.`{NAME}` (\n{listed}\n)\n"
        "COMMENT 'The ledger of Trailbook, made by trailbook init'\n"
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\n"
        f"LOCATION '{location.rstrip('/')}/'"
    )


def _hive(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):  # X | None
        return _hive(next(part for part in inner if part is not type(None)))
    if origin is tuple:
        return f"array<{_hive(inner[0])}>"
    if origin is Mapping or hint in _AS_JSON_TEXT:
        return "string"
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return f"struct<{','.join(f'{part.name}:{_hive(hints[part.name])}' for part in fields(hint))}>"
    return _SCALARS[StrEnum if issubclass(hint, StrEnum) else hint]


_SCALARS: Mapping[Any, str] = {str: "string", StrEnum: "string", int: "bigint", bool: "boolean", float: "double"}
