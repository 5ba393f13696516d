"""URLs as Java's URI reads them, and IP addresses. An IPADDRESS is held as the 32 hex digits of its IPv6 form."""

import ipaddress
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from trailbook.local.engine.faults import Function, invalid, refusal, uncaught

_ILLEGAL = re.compile(
    r'[\x00-\x20\x7f-\xa0<>"{}|\\^`\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\u1680]|%(?![0-9A-Fa-f]{2})'
)
_URI = re.compile(r"(?:([^:/?#]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?")
_SERVER = re.compile(r"(?:[^@]*@)?(\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^:@\[\]]*)(?::(\d*))?")


def _parts(value: str) -> dict[str, str | None] | None:
    """Return a URL's parts, '' where absent, or None where Java's URI refuses it."""
    found = _URI.fullmatch(value)
    if found is None or _ILLEGAL.search(value):
        return None
    scheme, authority, path, query, fragment = found.groups()
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        return None
    if any(c in "[]" for c in path + (fragment or "")) or "#" in (fragment or ""):
        return None
    if authority == "" and not path:
        return None
    opaque = scheme is not None and authority is None and not path.startswith("/")
    if opaque and not path and query is None:
        return None
    host, port = _server(authority or "")
    if opaque:
        path, query = "", ""
    decoded = {"path": path, "query": query, "fragment": fragment}
    plain = {name: urllib.parse.unquote(text or "", errors="replace") for name, text in decoded.items()}
    return {"protocol": scheme or "", "host": host, "port": port, **plain, "raw": query, "server": authority}


def _server(authority: str) -> tuple[str, str | None]:
    found = _SERVER.fullmatch(authority)
    if found is None:
        return "", None
    host = found[1]
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return "", None
    elif not _HOST.fullmatch(host) and not _ipv4(host):
        return "", None
    return host, found[2] or None


def _ipv4(host: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False


def _extract(part: str) -> Callable[[str], str | None]:
    def extract(value: str) -> str | None:
        found = _parts(value)
        return found[part] if found else None

    return extract


def _port(value: str) -> int | None:
    found = _parts(value)
    port = found["port"] if found else None
    return int(port) if port is not None and int(port) < 2**31 else None


def _parameter(value: str, name: str) -> str | None:
    found = _parts(value)
    query = found["raw"] if found else None
    if query is None:
        return None
    if not query:
        return None if name or found is None or not found["server"] else ""
    for pair in query.split("&"):
        key, equals, held = pair.partition("=")
        if key == name and (key or equals):
            return urllib.parse.unquote_plus(held, errors="replace") if equals else ""
    return None


def _decode(value: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise invalid("URLDecoder: Illegal hex characters in escape (%) pattern")
    return urllib.parse.unquote_plus(value, errors="replace")


def _encode(value: str) -> str:
    return urllib.parse.quote_plus(value, safe="*-._").replace("~", "%7E")


def ip(value: str) -> str | None:
    """Return an address as it is held, or None where the text is none."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    packed = b"\0" * 10 + b"\xff\xff" + address.packed if address.version == 4 else address.packed
    return packed.hex()


def ip_text(value: str) -> str:
    """Return an address as text."""
    address = ipaddress.IPv6Address(bytes.fromhex(value))
    return str(address.ipv4_mapped or address)


def _contains(cidr: str, value: str) -> Any:
    network, slash, length = cidr.partition("/")
    if not slash or "/" in length:
        raise invalid("Invalid CIDR")
    start = ip(network)
    if start is None:
        raise invalid("Invalid network IP address")
    if not re.fullmatch(r"[+-]?\d+", length, re.ASCII):
        return uncaught("GENERIC_INTERNAL_ERROR", f'For input string: "{length:.50}"')
    if ":" in network and start.startswith("0" * 20 + "ffff"):
        return refusal("a network of IPv4 addresses written as IPv6")
    four = ":" not in network
    bits = int(length) + (96 if four else 0)
    if int(length) < 0:
        raise invalid("Invalid prefix length")
    mask = (1 << 128) - (1 << (128 - bits)) if bits <= 128 else 0
    if bits > 128 or int(start, 16) & ~mask:
        raise invalid("Invalid CIDR")
    return int(value, 16) & mask == int(start, 16)


FUNCTIONS: Mapping[str, Function] = {
    "tb_ip": (ip, ["VARCHAR"], "VARCHAR"),
    "tb_ip_text": (ip_text, ["VARCHAR"], "VARCHAR"),
    "tb_cidr_contains": (_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "tb_url_decode": (_decode, ["VARCHAR"], "VARCHAR"),
    "tb_url_encode": (_encode, ["VARCHAR"], "VARCHAR"),
    **{f"tb_url_{p}": (_extract(p), ["VARCHAR"], "VARCHAR") for p in ("protocol", "host", "path", "query", "fragment")},
    "tb_url_port": (_port, ["VARCHAR"], "BIGINT"),
    "tb_url_parameter": (_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
}
