"""The allow-list of scalar functions on numbers, text, JSON, URLs, hashes and conditions.

Each entry is a function whose answers were compared with Trino's documented ones; whatever is absent is refused.
"""

from collections.abc import Mapping, Sequence

from trailbook.local.engine import (
    functions_array,
    functions_json,
    functions_number,
    functions_regexp,
    functions_text,
    functions_time,
    functions_url,
)
from trailbook.local.engine.casts import failure
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import Type


BINARY: Mapping[str, Sequence[Signature]] = {
    "to_utf8": [signature("varchar -> varbinary", "encode({0})")],
    "from_utf8": [signature("varbinary -> varchar", "decode({0})")],
    "to_hex": [signature("varbinary -> varchar", "hex({0})")],
    "from_hex": [signature("varchar -> varbinary", "unhex({0})")],
    "to_base64": [signature("varbinary -> varchar", "to_base64({0})")],
    "from_base64": [signature("varchar -> varbinary", "from_base64({0})")],
    **{n: [signature("varbinary -> varbinary", f"tb_{n}({{0}})")] for n in ("md5", "sha1", "sha256", "sha512")},
    "crc32": [signature("varbinary -> bigint", "tb_crc32({0})")],
}

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    **functions_json.FUNCTIONS,
    **functions_number.FUNCTIONS,
    **BINARY,
    **functions_text.FUNCTIONS,
    **functions_regexp.FUNCTIONS,
    **functions_url.FUNCTIONS,
    **functions_array.FUNCTIONS,
    **functions_time.FUNCTIONS,
}
"""Function name (lower case) to its overloads; an empty sequence is a function that is known and refused."""
