"""Reading CloudTrail files with DuckDB: gzip or plain JSON, one `Records` object, an array, or a record per line.

JSON keys are case-sensitive in DuckDB, so each column's Hive type is written with CloudTrail's own key names.
"""

import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from trailbook.local.engine.types import Type, duckdb_type, identifier, text

_NAMES = (
    "eventVersion userIdentity eventTime eventSource eventName awsRegion sourceIPAddress userAgent "
    "errorCode errorMessage requestParameters responseElements additionalEventData requestID eventID "
    "readOnly eventType apiVersion recipientAccountId serviceEventDetails sharedEventID vpcEndpointId "
    "vpcEndpointAccountId eventCategory managementEvent sessionCredentialFromConsole edgeDeviceDetails "
    "tlsDetails principalId accountId invokedBy accessKeyId userName onBehalfOf userId identityStoreArn "
    "credentialId sessionContext mfaAuthenticated creationDate sessionIssuer ec2RoleDelivery "
    "webIdFederationData federatedProvider updatedFields originalRequestID originalEventID tlsVersion "
    "cipherSuite clientProvidedHostHeader insightDetails inScopeOf sourceIdentity "
)
_KEYS: Mapping[str, str] = {name.lower(): name for name in _NAMES.split()}
MOST_AT_ONCE = 16 * 1024 * 1024
"""DuckDB's own limit on one JSON value, in bytes; files that hold more are split before they are read."""

FILE = '"$file"'
"""The column that says from which file a record came: its index in the list that was read."""


_LOGSTASH_TIME = "@timestamp"
"""Where Logstash's CloudTrail codec moves eventTime, as in published captures; AWS itself never writes it."""

_LEAST_GZIP = 18
"""Bytes of the shortest gzip file: header and trailer."""


class Shape(StrEnum):
    """How a file holds its records."""

    RECORDS = "records"
    ARRAY = "array"
    LINES = "lines"


def json_key(name: str, path: tuple[str, ...] = ()) -> str:
    """Return CloudTrail's spelling of a column or field name."""
    if path == ("resources",) and name == "arn":
        return "ARN"
    return _KEYS.get(name, name)


def structure(kind: Type, path: tuple[str, ...]) -> str:
    """Return a type as json_transform wants it: JSON text with CloudTrail's keys."""
    if kind.base == "array":
        return f"[{structure(kind.args[0], path)}]"
    if kind.base == "row":
        fields = zip(kind.names, kind.args, strict=True)
        return "{" + ",".join(f"{_key(n, path)}:{structure(t, (*path, n))}" for n, t in fields) + "}"
    return json.dumps(duckdb_type(kind))


def _key(name: str, path: tuple[str, ...] = ()) -> str:
    return json.dumps(json_key(name, path), ensure_ascii=False)


def records_structure(columns: Sequence[tuple[str, Type]]) -> str:
    """Return the structure of one record that has these columns; of no columns, one key, for json needs one."""
    wanted = list(columns) or [("eventid", Type("varchar"))]
    parts = [f"{_key(n)}:{structure(t, (n,))}" for n, t in wanted]
    if any(n == "eventtime" for n, _ in wanted):
        parts.append(f'"{_LOGSTASH_TIME}":"VARCHAR"')
    return "{" + ",".join(parts) + "}"


def unnested(columns: Sequence[tuple[str, Type]], shape: Shape, source: str = "json") -> str:
    """Return the DuckDB text that turns a JSON value of a known shape into a list of record structs."""
    one = records_structure(columns)
    wrapped = '{"Records":[' + one + "]}"
    records = f"json_transform({source}, {text(wrapped)}).Records"
    listed = f"json_transform({source}, {text('[' + one + ']')})"
    if shape is Shape.RECORDS:
        return records
    if shape is Shape.ARRAY:
        return listed
    single = f"[json_transform({source}, {text(one)})]"
    return (
        f"CASE WHEN json_type({source}) = 'ARRAY' THEN {listed} WHEN json_exists({source}, '$.Records') THEN {records} "
        f"WHEN json_type({source}) = 'OBJECT' THEN {single} END"
    )


def select_records(
    columns: Sequence[tuple[str, Type]], files: Sequence[Path], shape: Shape, largest: int = MOST_AT_ONCE
) -> str:
    """Return a query over files of one shape: the columns, lower case, and FILE. `files` must not be empty.

    `largest` is the size in bytes of the largest JSON value in them.
    """
    picked = values(columns)
    return (
        f"SELECT {picked + ', ' if picked else ''}file_index AS {FILE} "  # noqa: S608  # identifiers and literals are quoted
        f"FROM (SELECT unnest({unnested(columns, shape)}) AS r, file_index "
        f"FROM read_json_objects([{', '.join(text(str(f)) for f in files)}], format='unstructured', "
        f"maximum_object_size={max(MOST_AT_ONCE, largest)}))"
    )


def values(columns: Sequence[tuple[str, Type]]) -> str:
    """Return the SELECT list that takes the columns out of a record struct named `r`."""
    return ", ".join(f"CAST({_value(n)} AS {duckdb_type(t)}) AS {identifier(n)}" for n, t in columns)


def _value(name: str) -> str:
    """Return a record's value of a column; an event without eventTime has it in Logstash's field, if anywhere."""
    value = f"r.{identifier(json_key(name))}"
    if name != "eventtime":
        return value
    return f"coalesce({value}, regexp_replace(r.{identifier(_LOGSTASH_TIME)}, '\\.[0-9]+Z$', 'Z'))"


def unpacked_size(file: Path, *, measured: bool = False) -> int:
    """Return the size of a file's content, or, where that is small or cannot be told, at most 16 MiB.

    A gzip trailer gives the size of the last member; a truncated file's last bytes give nonsense, so a large claim is
    checked by reading. Where it is to be `measured`, every file is read.
    """
    size = file.stat().st_size
    if not file.name.endswith(".gz") or size < _LEAST_GZIP:
        return size
    with file.open("rb") as body:
        body.seek(-4, 2)
        claimed = int.from_bytes(body.read(4), "little")
    if claimed < MOST_AT_ONCE and not measured:
        return claimed
    read = 0
    try:
        with gzip.open(file) as content:
            while piece := content.read(1 << 20):
                read += len(piece)
    except (OSError, EOFError, zlib.error):
        return 0  # DuckDB will say so in its own words
    return read


def shape_of(file: Path) -> Shape | None:
    """Return how a file holds its records, from its first bytes; None for a CloudTrail digest file.

    Raises ValueError for a file that is no JSON at all, OSError, EOFError and zlib.error for one that cannot be read.
    """
    if file.stat().st_size == 0:
        raise ValueError("the file is empty (0 bytes)")
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as body:
        head = body.read(4096)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb'\{\s*"Records"\s*:\s*\[', start):
        return Shape.RECORDS
    if start.startswith(b"["):
        return Shape.ARRAY
    if not start.startswith(b"{"):
        raise ValueError("the file is not JSON")
    return None if b'"digestS3Object"' in start or b'"digestStartTime"' in start else Shape.LINES
