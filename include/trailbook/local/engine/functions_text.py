"""The allow-list of scalar functions on text: search, slices, padding, splitting."""

from collections.abc import Mapping, Sequence

from trailbook.local.engine.casts import failure
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, constant, signature
from trailbook.local.engine.types import VARCHAR, array, text

_WHITE = (
    "'\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029"
    "\u205f\u3000'"
)
"""What TRIM without characters takes away: Java's Character.isWhitespace."""


def _substr(args: Sequence[Sql]) -> str:
    source, start = args[0].text, args[1].text
    if len(args) > 2:
        length = f", least(greatest({args[2].text}, 0), 2147483647)"
        unknown = f"WHEN {args[2].text} IS NULL THEN NULL "
    else:
        length = unknown = ""
    if (constant_start := _positive(start)) is not None:
        return (
            f"CASE {unknown}WHEN {constant_start} THEN substr({source}, {start}{length}) END"
            if unknown
            else (f"substr({source}, {start}{length})")
        )
    return (
        f"CASE {unknown}WHEN {start} = 0 OR {start} > length({source}) OR {start} < -length({source}) THEN "
        f"CASE WHEN {source} IS NOT NULL THEN '' END ELSE substr({source}, {start}{length}) END"
    )


def _positive(start: str) -> str | None:
    digits = start.removeprefix("CAST(").removesuffix(" AS BIGINT)")
    return "true" if digits.isdigit() and 0 < int(digits) < 2**31 else None


def _replace(args: Sequence[Sql]) -> str:
    new = args[2].text if len(args) > 2 else "''"
    native = "replace" if constant(args[1].text) else "tb_replace"
    return f"{native}({args[0].text}, {args[1].text}, {new})"


def _split(args: Sequence[Sql]) -> str:
    source, mark = args[0].text, args[1].text
    if constant(mark):
        return f"string_split({source}, {mark})"
    empty = failure("INVALID_FUNCTION_ARGUMENT", "The delimiter may not be the empty string", array(VARCHAR))
    return f"CASE WHEN {mark} = '' THEN {empty} WHEN {mark} IS NOT NULL THEN string_split({source}, {mark}) END"


def _split_part(args: Sequence[Sql]) -> str:
    source, mark, index = (a.text for a in args)
    if constant(mark) and _positive(index):
        return f"string_split({source}, {mark})[{index}]"
    return f"tb_split_part({source}, {mark}, {index})"


def _starts_with(args: Sequence[Sql]) -> str:
    return f"starts_with({args[0].text}, {args[1].text})"


FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "concat_ws": [
        signature("varchar, varchar, varchar... -> varchar", lambda a: f"concat_ws({', '.join(x.text for x in a)})"),
        signature("varchar, varchar -> varchar", "concat_ws({0}, {1})"),
        signature("varchar, array(varchar) -> varchar", "CASE WHEN {0} IS NOT NULL THEN array_to_string({1}, {0}) END"),
    ],
    "length": [
        signature("varchar -> bigint", "CAST(length({0}) AS BIGINT)"),
        signature("varbinary -> bigint", "CAST(octet_length({0}) AS BIGINT)"),
    ],
    "lower": [signature("varchar -> varchar", "tb_lower({0})")],
    "upper": [signature("varchar -> varchar", "tb_upper({0})")],
    "reverse": [
        signature("varchar -> varchar", "tb_reverse({0})"),
        signature("varbinary -> varbinary", "tb_reverse_bytes({0})"),
        signature("array(T) -> array(T)", "list_reverse({0})"),
    ],
    **{
        name: [
            signature("varchar -> varchar", f"{name}({{0}}, {_WHITE})"),
            signature("varchar, varchar -> varchar", f"{name}({{0}}, {{1}})"),
        ]
        for name in ("ltrim", "rtrim", "trim")
    },
    "replace": [
        signature("varchar, varchar, varchar -> varchar", _replace),
        signature("varchar, varchar -> varchar", _replace),
    ],
    "starts_with": [signature("varchar, varchar -> boolean", _starts_with)],
    "strpos": [
        signature("varchar, varchar -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)"),
        signature("varchar, varchar, bigint -> bigint", "tb_position({0}, {1}, {2})"),
    ],
    **{
        name: [
            signature("varchar, bigint -> varchar", _substr),
            signature("varchar, bigint, bigint -> varchar", _substr),
            signature(
                "varbinary, bigint -> varbinary", "tb_substr_bytes({0}, {1}, CAST(9223372036854775807 AS BIGINT))"
            ),
            signature("varbinary, bigint, bigint -> varbinary", "tb_substr_bytes({0}, {1}, {2})"),
        ]
        for name in ("substr", "substring")
    },
    "split": [
        signature("varchar, varchar -> array(varchar)", _split),
        signature("varchar, varchar, bigint -> array(varchar)", "tb_split_limit({0}, {1}, {2})"),
    ],
    "split_part": [signature("varchar, varchar, bigint -> varchar", _split_part)],
    "split_to_map": [signature("varchar, varchar, varchar -> map(varchar,varchar)", "tb_split_to_map({0}, {1}, {2})")],
    "split_to_multimap": [
        signature("varchar, varchar, varchar -> map(varchar,array(varchar))", "tb_split_to_multimap({0}, {1}, {2})")
    ],
    "lpad": [signature("varchar, bigint, varchar -> varchar", "tb_lpad({0}, {1}, {2})")],
    "rpad": [signature("varchar, bigint, varchar -> varchar", "tb_rpad({0}, {1}, {2})")],
    "chr": [signature("bigint -> varchar", "tb_chr({0})")],
    "translate": [signature("varchar, varchar, varchar -> varchar", "tb_translate({0}, {1}, {2})")],
    "levenshtein_distance": [signature("varchar, varchar -> bigint", "tb_levenshtein({0}, {1})")],
    "hamming_distance": [signature("varchar, varchar -> bigint", "tb_hamming({0}, {1})")],
    "luhn_check": [signature("varchar -> boolean", "tb_luhn({0})")],
}


def literal(value: str) -> Sql:
    """Return a text literal."""
    return Sql(text(value), VARCHAR)
