"""The allow-list of scalar functions on text: search, slices, patterns, URLs."""

from collections.abc import Callable, Mapping, Sequence

from trailbook.local.engine.casts import failure
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import VARCHAR, text

_SPACE = "chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || ' '"


def _concat(args: Sequence[Sql]) -> str:
    return f"({' || '.join(a.text for a in args)})"


def _substr(args: Sequence[Sql]) -> str:
    source, start = args[0].text, args[1].text
    length = f", greatest({args[2].text}, 0)" if len(args) > 2 else ""
    return (
        f"CASE WHEN {start} = 0 OR abs({start}) > length({source}) THEN "
        f"CASE WHEN {source} IS NOT NULL THEN '' END ELSE substr({source}, {start}{length}) END"
    )


def _split_part(args: Sequence[Sql]) -> str:
    source, mark, index = (a.text for a in args)
    bad = failure("INVALID_FUNCTION_ARGUMENT", "Index must be greater than zero", VARCHAR)
    return f"CASE WHEN {index} < 1 THEN {bad} ELSE string_split({source}, {mark})[{index}] END"


def _regexp_extract(args: Sequence[Sql]) -> str:
    source, pattern = args[0].text, args[1].text
    group = args[2].text if len(args) > 2 else "0"
    if group == "0" or not any(mark in pattern for mark in ("|", ")?", ")*", "){0")):
        return f"CASE WHEN regexp_matches({source}, {pattern}) THEN regexp_extract({source}, {pattern}, {group}) END"
    return f"tb_regexp_group({source}, {pattern}, {group})"


def replacement(value: str) -> str:
    r"""Return Trino's replacement text (`$1`, `\$`) as DuckDB's (`\1`). Raises ValueError for `${name}`."""
    out, i = "", 0
    while i < len(value):
        char = value[i]
        if char == "\\" and i + 1 < len(value):
            i += 1
            out += "\\\\" if value[i] == "\\" else value[i]
        elif char == "$" and i + 1 < len(value) and value[i + 1].isdigit():
            i += 1
            out += "\\" + value[i]
        elif char == "$":
            raise ValueError(value)
        else:
            out += char
        i += 1
    return out


def _text(template: str) -> Callable[[Sequence[Sql]], str]:
    return lambda args: template.format(*(a.text for a in args))


FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "concat": [
        signature("varchar, varchar... -> varchar", _concat),
        signature("array(T), array(T)... -> array(T)", lambda a: f"list_concat({', '.join(x.text for x in a)})"),
    ],
    "concat_ws": [
        signature("varchar, varchar... -> varchar", lambda a: f"concat_ws({', '.join(x.text for x in a)})"),
    ],
    "length": [
        signature("varchar -> bigint", "CAST(length({0}) AS BIGINT)"),
        signature("varbinary -> bigint", "CAST(octet_length({0}) AS BIGINT)"),
    ],
    "lower": [signature("varchar -> varchar", "lower({0})")],
    "upper": [signature("varchar -> varchar", "upper({0})")],
    "reverse": [
        signature("varchar -> varchar", "reverse({0})"),
        signature("array(T) -> array(T)", "list_reverse({0})"),
    ],
    "ltrim": [signature("varchar -> varchar", f"ltrim({{0}}, {_SPACE})")],
    "rtrim": [signature("varchar -> varchar", f"rtrim({{0}}, {_SPACE})")],
    "trim": [signature("varchar -> varchar", f"trim({{0}}, {_SPACE})")],
    "replace": [
        signature("varchar, varchar, varchar -> varchar", "replace({0}, {1}, {2})"),
        signature("varchar, varchar -> varchar", "replace({0}, {1}, '')"),
    ],
    "starts_with": [signature("varchar, varchar -> boolean", "starts_with({0}, {1})")],
    "strpos": [signature("varchar, varchar -> bigint", "CAST(strpos({0}, {1}) AS BIGINT)")],
    **{
        name: [
            signature("varchar, bigint -> varchar", _substr),
            signature("varchar, bigint, bigint -> varchar", _substr),
        ]
        for name in ("substr", "substring")
    },
    "split": [signature("varchar, varchar -> array(varchar)", "string_split({0}, {1})")],
    "split_part": [signature("varchar, varchar, bigint -> varchar", _split_part)],
    "lpad": [signature("varchar, bigint, varchar -> varchar", "lpad({0}, CAST({1} AS INTEGER), {2})")],
    "rpad": [signature("varchar, bigint, varchar -> varchar", "rpad({0}, CAST({1} AS INTEGER), {2})")],
    "chr": [signature("bigint -> varchar", "chr(CAST({0} AS INTEGER))")],
    "codepoint": [signature("varchar -> integer", "unicode({0})")],
    "translate": [signature("varchar, varchar, varchar -> varchar", "translate({0}, {1}, {2})")],
    "levenshtein_distance": [signature("varchar, varchar -> bigint", "CAST(levenshtein({0}, {1}) AS BIGINT)")],
    "regexp_like": [signature("varchar, varchar -> boolean", "regexp_matches({0}, {1})")],
    "regexp_extract": [
        signature("varchar, varchar -> varchar", _regexp_extract),
        signature("varchar, varchar, integer -> varchar", _regexp_extract),
    ],
    "regexp_extract_all": [
        signature("varchar, varchar -> array(varchar)", "regexp_extract_all({0}, {1})"),
    ],
    "regexp_count": [signature("varchar, varchar -> bigint", "CAST(len(regexp_extract_all({0}, {1})) AS BIGINT)")],
    "regexp_replace": [
        signature("varchar, varchar -> varchar", "regexp_replace({0}, {1}, '', 'g')"),
        signature("varchar, varchar, varchar -> varchar", "regexp_replace({0}, {1}, {2}, 'g')"),
    ],
    "url_decode": [signature("varchar -> varchar", "tb_url_decode({0})")],
    "url_encode": [signature("varchar -> varchar", "tb_url_encode({0})")],
    **{
        f"url_extract_{part}": [signature("varchar -> varchar", f"tb_url_{part}({{0}})")]
        for part in ("protocol", "host", "path", "query", "fragment")
    },
    "url_extract_parameter": [signature("varchar, varchar -> varchar", "tb_url_parameter({0}, {1})")],
}


def check_pattern(pattern: str) -> None:
    """Raise ValueError for a regular expression that means something else, or nothing, in RE2."""
    for mark, name in (("(?=", "look-ahead"), ("(?!", "look-ahead"), ("(?<=", "look-behind"), ("(?<!", "look-behind")):
        if mark in pattern:
            raise ValueError(f"{name} in a regular expression")
    escaped = False
    for char in pattern:
        if escaped and char.isdigit() and char != "0":
            raise ValueError("a back-reference in a regular expression")
        if escaped and char in "ZGhHRX":
            raise ValueError(f"\\{char} in a regular expression")
        escaped = char == "\\" and not escaped


def literal(value: str) -> Sql:
    """Return a text literal."""
    return Sql(text(value), VARCHAR)
