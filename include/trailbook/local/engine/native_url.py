"""URLs and IP addresses. An IPADDRESS is held as the 32 hex digits of its IPv6 form, whose order is Trino's."""

import ipaddress
import re
import urllib.parse
from collections.abc import Callable

from trailbook.local.engine.faults import invalid


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


def _url_decode(value: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise invalid("url_decode: an illegal % sequence")
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


FUNCTIONS = {
    "tb_ip": (_ip, ["VARCHAR"], "VARCHAR"),
    "tb_ip_text": (_ip_text, ["VARCHAR"], "VARCHAR"),
    "tb_cidr_contains": (_cidr_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "tb_url_decode": (_url_decode, ["VARCHAR"], "VARCHAR"),
    "tb_url_encode": (_url_encode, ["VARCHAR"], "VARCHAR"),
    **{f"tb_url_{p}": (_url(p), ["VARCHAR"], "VARCHAR") for p in ("protocol", "host", "path", "query", "fragment")},
    "tb_url_parameter": (_url_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
}
