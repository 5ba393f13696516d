"""The `.metadata` object beside a result: a protobuf message of the columns, as Athena's JDBC drivers read it.

AWS documents no schema. What is known comes from bytes that Athena wrote and others published: of the message, 1 is an
id, 2 the kind of update and 3 its count where there was one, 4 a column, repeated; of a column, 1 is the catalogue, 4
the name, 5 the label, 6 the type, 7 the precision, 8 the scale, 9 the nullability (3: unknown), 10 whether case counts.
Which of 7, 8 and 10 are there depends on the type alone. For SHOW statements Athena writes something that nobody could
read; here they get the same message.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from trailbook.local.athena_shapes import digits

_UNKNOWN = 3
_ALL, _NONE = (True, True, True), (False, False, False)
_PRESENT = {
    "boolean": (False, False, True),
    "date": (False, True, True),
    "interval day to second": (False, False, True),
    "interval year to month": (False, False, True),
    **dict.fromkeys(("array", "map", "row", "json", "string", "uuid", "ipaddress", "unknown"), _NONE),
}
"""Whether precision, scale and case sensitivity are written for a type; for every other type all three are."""


def message(identifier: str, columns: Sequence[Sequence[str]], update: str = "", count: int | None = None) -> bytes:
    """Return the message for an id, (name, type) columns, and the kind and count of an update where there was one."""
    parts = [_text(1, identifier)]
    if update:
        parts.append(_text(2, update))
    if count is not None:
        parts.append(_number(3, count))
    parts += [_bytes(4, b"".join(_column(name, kind))) for name, kind in columns]
    return b"".join(parts)


def engine_id(query_execution_id: str, submitted: float) -> str:
    """Return an id of the form that Athena's engine gives a query: `20260916_000544_00027_jemvf`."""
    raw = int(query_execution_id.replace("-", ""), 16)
    letters = "".join("abcdefghijkmnpqrstuvwxyz23456789"[raw >> 5 * i & 31] for i in range(5))
    return f"{datetime.fromtimestamp(submitted, UTC):%Y%m%d_%H%M%S}_{raw % 100_000:05d}_{letters}"


def _column(name: str, kind: str) -> Iterator[bytes]:
    shown, precision, scale = digits(kind)
    has_precision, has_scale, has_case = _PRESENT.get(shown, _ALL)
    yield from (_text(1, "hive"), _text(4, name), _text(5, name), _text(6, shown))
    if has_precision:
        yield _number(7, precision)
    if has_scale:
        yield _number(8, scale)
    yield _number(9, _UNKNOWN)
    if has_case:
        yield _number(10, int(shown in ("varchar", "char")))


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode("utf-8", "surrogatepass"))


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
