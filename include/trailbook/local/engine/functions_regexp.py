"""The allow-list of functions on regular expressions."""

from collections.abc import Mapping, Sequence

from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature


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


FUNCTIONS: Mapping[str, Sequence[Signature]] = {
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
