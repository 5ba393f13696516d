"""Bytes: texts that stand for bytes, and hashes."""

import base64
import binascii
import hashlib
import hmac
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from trailbook.local.engine.faults import Function, invalid, uncaught
from trailbook.local.engine.xxhash import xxhash64


def _from_hex(value: str) -> bytes:
    if len(value) % 2:
        raise invalid(f"invalid input length {len(value)}")
    if not re.fullmatch(r"[0-9A-Fa-f]*", value):
        raise invalid("not a hexadecimal digit")
    return bytes.fromhex(value)


def _from_base64(plus: str) -> Callable[[str], bytes]:
    """Return a decoder; the padding may be left out, as Java's decoder lets it."""

    def decode(value: str) -> bytes:
        found = re.fullmatch(rf"([A-Za-z0-9{re.escape(plus)}]*)(={{0,2}})", value)
        if found is None:
            raise invalid("Illegal base64 character")
        text, padding = found.groups()
        if len(text) % 4 == 1 or (padding and (len(text) + len(padding)) % 4):
            raise invalid("Input byte array has wrong 4-byte ending unit")
        return base64.b64decode((text + "=" * (-len(text) % 4)).translate(str.maketrans("-_", "+/")))

    return decode


def _from_base32(value: str) -> bytes:
    try:
        return base64.b32decode(value)
    except binascii.Error as error:
        raise invalid(str(error)) from None


def _from_utf8(value: bytes, new: str) -> str:
    return value.decode("utf-8", "replace").replace("\ufffd", new)


def _digest(name: str) -> Callable[[bytes], bytes]:
    return lambda value: hashlib.new(name, value, usedforsecurity=False).digest()


def _hmac(name: str) -> Callable[[bytes, bytes], Any]:
    def digest(value: bytes, key: bytes) -> Any:
        if not key:
            return uncaught("GENERIC_INTERNAL_ERROR", "Empty key")
        return hmac.new(key, value, name).digest()

    return digest


def _from_big_endian(size: int) -> Callable[[bytes], int]:
    def read(value: bytes) -> int:
        if len(value) != size:
            raise invalid(f"expected {size}-byte input, but got instead: {len(value)}")
        return int.from_bytes(value, "big", signed=True)

    return read


FUNCTIONS: Mapping[str, Function] = {
    "tb_from_hex": (_from_hex, ["VARCHAR"], "BLOB"),
    "tb_from_base64": (_from_base64("+/"), ["VARCHAR"], "BLOB"),
    "tb_from_base64url": (_from_base64("-_"), ["VARCHAR"], "BLOB"),
    "tb_to_base64url": (lambda value: base64.urlsafe_b64encode(value).decode(), ["BLOB"], "VARCHAR"),
    "tb_from_base32": (_from_base32, ["VARCHAR"], "BLOB"),
    "tb_to_base32": (lambda value: base64.b32encode(value).decode(), ["BLOB"], "VARCHAR"),
    "tb_from_utf8": (_from_utf8, ["BLOB", "VARCHAR"], "VARCHAR"),
    "tb_xxhash64": (lambda value: xxhash64(value).to_bytes(8, "big"), ["BLOB"], "BLOB"),
    "tb_crc32": (zlib.crc32, ["BLOB"], "BIGINT"),
    **{f"tb_{n}": (_digest(n), ["BLOB"], "BLOB") for n in ("md5", "sha1", "sha256", "sha512")},
    **{f"tb_hmac_{n}": (_hmac(n), ["BLOB", "BLOB"], "BLOB") for n in ("md5", "sha1", "sha256", "sha512")},
    "tb_from_big_endian_64": (_from_big_endian(8), ["BLOB"], "BIGINT"),
    "tb_from_big_endian_32": (_from_big_endian(4), ["BLOB"], "BIGINT"),
    "tb_to_big_endian_64": (lambda value: value.to_bytes(8, "big", signed=True), ["BIGINT"], "BLOB"),
    "tb_to_big_endian_32": (lambda value: value.to_bytes(4, "big", signed=True), ["INTEGER"], "BLOB"),
}
