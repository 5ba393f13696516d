"""Functions that DuckDB has not, or has with another meaning: pure Python, registered on each connection.

DuckDB calls them for whole vectors; each takes and returns plain values and NULL is None. One that raises fails the
query with the exception's text, which `failures` turns into Athena's error; TRY around it makes it NULL.
"""

import hashlib
import ipaddress
import json
import math
import re
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

import duckdb

Function = tuple[Callable[..., Any], list[str], str]


def java_double(value: float) -> str:
    """Return a double as Java's Double.toString writes it (`1.0E10`, `1.2E-4`, `0.1`)."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    if 1e-3 <= abs(value) < 1e7:
        plain = repr(value)
        return plain if "e" not in plain else f"{value:f}"
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
        whole, _, fraction = digits.partition(".")
        significant = (whole + fraction).lstrip("0")
        power = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0")) + 1)
        significant = significant.rstrip("0") or "0"
        mantissa, exponent = f"{sign}{significant[0]}.{significant[1:] or '0'}", str(power)
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _ip(value: str) -> str | None:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    packed = b"\0" * 10 + b"\xff\xff" + address.packed if address.version == 4 else address.packed
    return packed.hex()


def _ip_text(value: str) -> str:
    address = ipaddress.IPv6Address(bytes.fromhex(value))
    return str(address.ipv4_mapped or address)


def _cidr_contains(cidr: str, value: str) -> bool:
    address = ipaddress.IPv6Address(bytes.fromhex(value))
    network = ipaddress.ip_network(cidr, strict=False)
    plain = address.ipv4_mapped or address
    return plain.version == network.version and plain in network


def _json_parse(value: str) -> str:
    """Return JSON text as Trino's json_parse keeps it: no white space, object keys in order."""
    return _json_text(json.loads(value, parse_constant=_refuse))


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _json_text(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_json_text(value[k])}" for k in sorted(value)) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_json_text, value)) + "]"
    return java_double(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _cast_json_text(value: str) -> str | None:
    found = json.loads(value)
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, dict | list):
        raise ValueError("\u00a7INVALID_CAST_ARGUMENT\u00a7Cannot cast JSON object or array to varchar\u00a7")
    if isinstance(found, bool):
        return "true" if found else "false"
    return java_double(found) if isinstance(found, float) else str(found)


def _json_number(value: str) -> float | None:
    found = json.loads(value)
    if found is None:
        return None
    if isinstance(found, bool | int | float | str):
        return float(found)
    raise ValueError("\u00a7INVALID_CAST_ARGUMENT\u00a7Cannot cast JSON to a number\u00a7")


def _json_boolean(value: str) -> bool | None:
    found = json.loads(value)
    if isinstance(found, str) and found.lower() in ("true", "false"):
        return found.lower() == "true"
    if found is None or isinstance(found, bool | int | float):
        return None if found is None else bool(found)
    raise ValueError("\u00a7INVALID_CAST_ARGUMENT\u00a7Cannot cast JSON to boolean\u00a7")


def _json_member(value: str, name: str) -> str | None:
    for key, found in json.loads(value).items():
        if key.lower() == name:
            return json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return None


def _json_contains(value: str, wanted: str) -> bool | None:
    """Say whether a JSON array holds a JSON scalar (`wanted` is JSON text)."""
    try:
        found, scalar = json.loads(value), json.loads(wanted)
    except ValueError:
        return None
    if not isinstance(found, list):
        return None
    return any(type(x) is type(scalar) and x == scalar for x in found)


def _url_decode(value: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise ValueError("\u00a7INVALID_FUNCTION_ARGUMENT\u00a7url_decode: an illegal % sequence\u00a7")
    return urllib.parse.unquote_plus(value, errors="replace")


def _url_encode(value: str) -> str:
    return urllib.parse.quote_plus(value, safe="*-._").replace("~", "%7E")


def _url(part: str) -> Callable[[str], str | None]:
    def extract(value: str) -> str | None:
        found = re.fullmatch(
            r"(?:([A-Za-z][\w+.-]*):)?(?://(?:[^@/?#]*@)?([^:/?#]*)(?::\d*)?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", value
        )
        if found is None or re.search(r'[\s<>"{}|\\^`]', value):
            return None
        names = ("protocol", "host", "path", "query", "fragment")
        value_of = found.group(names.index(part) + 1)
        return (value_of or "") if part != "host" else (value_of or None)

    return extract


def _url_parameter(value: str, name: str) -> str | None:
    query = _url("query")(value)
    for pair in (query or "").split("&"):
        key, equals, found = pair.partition("=")
        if key == name:
            return urllib.parse.unquote_plus(found) if equals else ""
    return None


def _regexp_group(value: str, pattern: str, group: int) -> str | None:
    found = re.search(pattern, value)
    return found.group(group) if found else None


_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}(?::\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)


def _iso(value: str) -> str:
    """Return an ISO 8601 time as DuckDB reads it, in UTC; milliseconds as in Trino's timestamp(3)."""
    found = _ISO.fullmatch(value)
    if found is None:
        raise ValueError("\u00a7INVALID_FUNCTION_ARGUMENT\u00a7Invalid format of an ISO 8601 timestamp\u00a7")
    day, clock, offset = found.groups()
    if offset and offset != "Z" and offset.strip("+-0:"):
        raise ValueError("\u00a7NOT_SUPPORTED\u00a7a time with an offset other than Z is not supported here\u00a7")
    hours, minutes, seconds = [*(clock or "00").split(":"), "00", "00"][:3]
    return f"{day} {hours}:{minutes}:{seconds.replace(',', '.')[:6]}"


def _digest(name: str) -> Callable[[bytes], bytes]:
    return lambda value: hashlib.new(name, value, usedforsecurity=False).digest()


FUNCTIONS: dict[str, Function] = {
    "tb_double_text": (java_double, ["DOUBLE"], "VARCHAR"),
    "tb_ip": (_ip, ["VARCHAR"], "VARCHAR"),
    "tb_ip_text": (_ip_text, ["VARCHAR"], "VARCHAR"),
    "tb_cidr_contains": (_cidr_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "tb_json_parse": (_json_parse, ["VARCHAR"], "VARCHAR"),
    "tb_json_text": (_cast_json_text, ["VARCHAR"], "VARCHAR"),
    "tb_json_number": (_json_number, ["VARCHAR"], "DOUBLE"),
    "tb_json_boolean": (_json_boolean, ["VARCHAR"], "BOOLEAN"),
    "tb_json_member_text": (_json_member, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_json_contains": (_json_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "tb_url_decode": (_url_decode, ["VARCHAR"], "VARCHAR"),
    "tb_url_encode": (_url_encode, ["VARCHAR"], "VARCHAR"),
    **{f"tb_url_{p}": (_url(p), ["VARCHAR"], "VARCHAR") for p in ("protocol", "host", "path", "query", "fragment")},
    "tb_url_parameter": (_url_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_regexp_group": (_regexp_group, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    **{f"tb_{n}": (_digest(n), ["BLOB"], "BLOB") for n in ("md5", "sha1", "sha256", "sha512")},
    "tb_iso": (_iso, ["VARCHAR"], "VARCHAR"),
    "tb_crc32": (zlib.crc32, ["BLOB"], "BIGINT"),
}

MACROS = (
    "CREATE MACRO tb_json_member(j, n) AS CAST(tb_json_member_text(j, n) AS JSON)",
    "CREATE MACRO tb_json_scalar(j, p) AS CASE WHEN TRY(json_type(j, p)) NOT IN ('OBJECT', 'ARRAY', 'NULL') "
    "THEN TRY(json_extract_string(j, p)) END",
)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every function and macro of this module known to a connection."""
    for name, (function, parameters, result) in FUNCTIONS.items():
        connection.create_function(
            name,
            _nullable(function, len(parameters)),
            [*parameters],
            result,
            null_handling="special",  # type: ignore[call-overload]  # the stub wants its enum; its name is accepted
        )
    for macro in MACROS:
        connection.execute(macro)


def _nullable(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return the function with NULL in, NULL out. DuckDB counts parameters by name, so each arity is spelt out."""

    def one(a: Any) -> Any:
        return None if a is None else function(a)

    def two(a: Any, b: Any) -> Any:
        return None if a is None or b is None else function(a, b)

    def three(a: Any, b: Any, c: Any) -> Any:
        return None if a is None or b is None or c is None else function(a, b, c)

    return (one, two, three)[count - 1]
