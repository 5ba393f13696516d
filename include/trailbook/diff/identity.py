"""Finding ids: SHA-256 over an unambiguous text of the runbook, the key columns and their values, computed in SQL.

Invariant: two keys have the same text only where they are equal: each part is preceded by its length in UTF-8 bytes,
and NULL has a mark of its own. The text does not depend on how DuckDB prints times. Changing any of it would orphan
every finding's history, so it carries a version.
"""

from collections.abc import Mapping, Sequence

from trailbook.athena.resultset import literal, quoted
from trailbook.athena.types import shown
from trailbook.errors import EvidenceError

_VERSION = "trailbook.finding/1"

_FAMILIES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "FLOAT": "float",
    "DOUBLE": "float",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "instant",
}

_TEXTS = {
    "text": "{0}",
    "float": "CAST(CAST({0} AS DOUBLE) + 0.0 AS VARCHAR)",  # -0.0 equals 0.0, so both have the text of 0.0
    "time": "CAST(epoch_us({0}) AS VARCHAR)",
    "timestamp": "CAST(epoch_us({0}) AS VARCHAR)",
    "instant": "CAST(epoch_us({0}) AS VARCHAR)",
}


def finding_id(runbook: str, key: Sequence[str], types: Mapping[str, str]) -> str:
    """Return the SQL expression of a row's finding id; `types` maps column to DuckDB type.

    Raises EvidenceError for a key column that the result does not have or whose type cannot name anything.
    """
    families = [_family(name, types) for name in key]
    described = [part for pair in zip(key, families, strict=True) for part in pair]
    head = "".join(_part(text) for text in (_VERSION, runbook, str(len(key)), *described))
    values = [_value(quoted(name), family) for name, family in zip(key, families, strict=True)]
    return f"sha256(concat({', '.join([literal(head), *values])}))"


def _family(name: str, types: Mapping[str, str]) -> str:
    type_ = types.get(name, "")
    family = "decimal" if type_.startswith("DECIMAL") else _FAMILIES.get(type_)
    if family is None:
        found = f"of type {type_}" if type_ else "no such column"
        raise EvidenceError(f"key column {shown(name)!r}: expected a column of the result, found {found}")
    return family


def _part(text: str) -> str:
    return f"{len(text.encode())}:{text}"


def _value(column: str, family: str) -> str:
    text = _TEXTS.get(family, "CAST({0} AS VARCHAR)").format(column)
    return f"coalesce(strlen({text}) || ':', 'n'), {text}"  # concat leaves NULL out
