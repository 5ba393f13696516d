"""How a table's objects hold its rows: which SerDes are known, and what their properties mean.

Invariant: a SerDe that is not known is refused by name; nothing is read by guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trailbook.local.engine.errors import SqlError, not_supported


class Kind(StrEnum):
    """The families of formats."""

    CLOUDTRAIL = "cloudtrail"
    JSON = "json"
    OPENX = "openx"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Format:
    """A table's format. `keys` maps a column to the JSON key that holds it where the SerDe's mapping says so."""

    kind: Kind
    keys: tuple[tuple[str, str], ...] = ()
    skip_malformed: bool = False
    dots_in_keys: bool = False
    exact_case: bool = False


_CLOUDTRAIL_INPUT = "com.amazon.emr.cloudtrail.cloudtrailinputformat"
_SERDES: Mapping[str, Kind] = {
    "com.amazon.emr.hive.serde.cloudtrailserde": Kind.CLOUDTRAIL,
    "org.apache.hive.hcatalog.data.jsonserde": Kind.JSON,
    "org.apache.hadoop.hive.serde2.jsonserde": Kind.JSON,
    "org.openx.data.jsonserde.jsonserde": Kind.OPENX,
    "org.apache.hadoop.hive.ql.io.parquet.serde.parquethiveserde": Kind.PARQUET,
}


def table_format(serde: str, input_format: str, properties: Mapping[str, str]) -> Format:
    """Return the format that a table's storage description means. Raises SqlError for one that is not known.

    CloudTrail's input format hands whole records to whatever JSON SerDe stands beside it, as AWS's own DDL does.
    """
    kind = _SERDES.get(serde.lower())
    if kind is None:
        raise not_supported(f"a table of SerDe {serde or '(none)'}")
    if input_format.lower() == _CLOUDTRAIL_INPUT and kind is not Kind.PARQUET:
        return Format(Kind.CLOUDTRAIL)
    if kind is not Kind.OPENX:
        return Format(kind)
    lowered = {k.lower(): v for k, v in properties.items()}
    keys = tuple(sorted((k[len("mapping.") :], v) for k, v in lowered.items() if k.startswith("mapping.")))
    return Format(
        kind,
        keys,
        skip_malformed=_flag(lowered, "ignore.malformed.json", default=False),
        dots_in_keys=_flag(lowered, "dots.in.keys", default=False),
        exact_case=not _flag(lowered, "case.insensitive", default=True),
    )


def _flag(properties: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = properties.get(name, "true" if default else "false").lower()
    if value not in ("true", "false"):
        raise SqlError("HIVE_INVALID_METADATA", f"SerDe property {name}: expected true or false, found {value!r:.80}")
    return value == "true"
