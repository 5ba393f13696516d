"""The allow-list of scalar functions on numbers, text, JSON, URLs, hashes and conditions.

Each entry is a function whose answers were compared with Trino's documented ones; whatever is absent is refused.
"""

from collections.abc import Mapping, Sequence

from trailbook.local.engine import (
    functions_array,
    functions_json,
    functions_regexp,
    functions_text,
    functions_time,
    functions_url,
)
from trailbook.local.engine.casts import failure
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import Type


def _all_or_null(name: str) -> "object":
    def build(args: Sequence[Sql]) -> str:
        absent = " OR ".join(f"{a.text} IS NULL" for a in args)
        return f"CASE WHEN {absent} THEN NULL ELSE {name}({', '.join(a.text for a in args)}) END"

    return build


_SAME = ("bigint", "double")


def _numbers(
    name: str, template: str, kinds: Sequence[str] = ("integer", "bigint", "double")
) -> dict[str, Sequence[Signature]]:
    return {name: [signature(f"{k} -> {k}", template) for k in kinds]}


NUMBERS: Mapping[str, Sequence[Signature]] = {
    **_numbers("abs", "abs({0})"),
    **_numbers("sign", "CAST(sign({0}) AS DOUBLE)", ("double",)),
    **{
        n: [signature("bigint -> bigint", "{0}"), signature("double -> double", "ceil({0})")]
        for n in ("ceil", "ceiling")
    },
    "floor": [signature("bigint -> bigint", "{0}"), signature("double -> double", "floor({0})")],
    "round": [
        signature("bigint -> bigint", "{0}"),
        signature("double -> double", "round({0})"),
        signature("double, integer -> double", "round({0}, {1})"),
    ],
    "truncate": [signature("double -> double", "trunc({0})")],
    "mod": [
        signature(
            "bigint, bigint -> bigint",
            "CASE WHEN {1} = 0 THEN "
            + failure("DIVISION_BY_ZERO", "Division by zero", Type("bigint"))
            + " ELSE {0} % {1} END",
        )
    ],
    **{n: [signature("double, double -> double", "power({0}, {1})")] for n in ("pow", "power")},
    **{n: [signature("double -> double", n + "({0})")] for n in ("sqrt", "ln", "log2", "log10", "exp", "cbrt")},
    "log": [signature("double, double -> double", "(ln({1}) / ln({0}))")],
    "pi": [signature("-> double", "pi()")],
    "is_nan": [signature("double -> boolean", "isnan({0})")],
    "is_finite": [signature("double -> boolean", "isfinite({0})")],
    "is_infinite": [signature("double -> boolean", "isinf({0})")],
    "infinity": [signature("-> double", "CAST('Infinity' AS DOUBLE)")],
    "nan": [signature("-> double", "CAST('NaN' AS DOUBLE)")],
    "bitwise_and": [signature("bigint, bigint -> bigint", "({0} & {1})")],
    "bitwise_or": [signature("bigint, bigint -> bigint", "({0} | {1})")],
    "bitwise_xor": [signature("bigint, bigint -> bigint", "xor({0}, {1})")],
    "greatest": [signature("T... -> T", _all_or_null("greatest"))],  # type: ignore[arg-type]  # a Build, made by a closure
    "least": [signature("T... -> T", _all_or_null("least"))],  # type: ignore[arg-type]  # a Build, made by a closure
    "coalesce": [signature("T, T... -> T", lambda args: f"coalesce({', '.join(a.text for a in args)})")],
    "nullif": [signature("T, T -> T", "nullif({0}, {1})")],
    "typeof": [],
}

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
    **NUMBERS,
    **BINARY,
    **functions_text.FUNCTIONS,
    **functions_regexp.FUNCTIONS,
    **functions_url.FUNCTIONS,
    **functions_array.FUNCTIONS,
    **functions_time.FUNCTIONS,
}
"""Function name (lower case) to its overloads; an empty sequence is a function that is known and refused."""
