"""The allow-list of functions on bytes: encodings and hashes."""

from collections.abc import Mapping, Sequence

from trailbook.local.engine.signatures import Signature, signature

_HASHES = ("md5", "sha1", "sha256", "sha512")

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "to_utf8": [signature("varchar -> varbinary", "encode({0})")],
    "from_utf8": [
        signature("varbinary -> varchar", "tb_from_utf8({0}, chr(65533))"),
        signature("varbinary, varchar -> varchar", "tb_from_utf8({0}, {1})"),
    ],
    "to_hex": [signature("varbinary -> varchar", "hex({0})")],
    "to_base64": [signature("varbinary -> varchar", "to_base64({0})")],
    **{n: [signature("varbinary -> varchar", f"tb_{n}({{0}})")] for n in ("to_base64url", "to_base32")},
    **{
        n: [signature("varchar -> varbinary", f"tb_{n}({{0}})")]
        for n in ("from_hex", "from_base64", "from_base64url", "from_base32")
    },
    **{n: [signature("varbinary -> varbinary", f"tb_{n}({{0}})")] for n in (*_HASHES, "xxhash64")},
    **{f"hmac_{n}": [signature("varbinary, varbinary -> varbinary", f"tb_hmac_{n}({{0}}, {{1}})")] for n in _HASHES},
    "crc32": [signature("varbinary -> bigint", "tb_crc32({0})")],
    "from_big_endian_64": [signature("varbinary -> bigint", "tb_from_big_endian_64({0})")],
    "from_big_endian_32": [signature("varbinary -> integer", "CAST(tb_from_big_endian_32({0}) AS INTEGER)")],
    "to_big_endian_64": [signature("bigint -> varbinary", "tb_to_big_endian_64({0})")],
    "to_big_endian_32": [signature("integer -> varbinary", "tb_to_big_endian_32({0})")],
}
