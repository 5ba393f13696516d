"""The allow-list of functions on regular expressions: RE2 for the plainest, else `native_regexp`."""

import re
from collections.abc import Mapping, Sequence

from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, constant, signature
from trailbook.local.engine.types import text

_PLAIN = re.compile(
    r"\^?(?:[\w :/,@=<>~!%&;#'\"-]|\\[.\\/:*+?(){}|$^\[\]-]|\\d|\\w|\."
    r"|\[\^?[\w .,:/@=-]+\]|\((?:\?:)?|\)|\|"
    r"|(?<![*+?({|])(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})(?![*+?{]))*\$?",
    re.ASCII,
)
"""Expressions that RE2 and Trino read alike, but for a `$` at their end."""


def _like(args: Sequence[Sql]) -> str:
    pattern = constant(args[1].text)
    if pattern is None or not _PLAIN.fullmatch(pattern) or not pattern or "|" in pattern or "--" in pattern:
        return f"tb_regexp_like({args[0].text}, {args[1].text})"
    try:
        re.compile(pattern)
    except re.error:
        return f"tb_regexp_like({args[0].text}, {args[1].text})"
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = pattern[:-1] + r"\n?\z"
    return f"regexp_matches({args[0].text}, {text(pattern)})"


FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "regexp_like": [signature("varchar, varchar -> boolean", _like)],
    "regexp_extract": [
        signature("varchar, varchar -> varchar", "tb_regexp_extract({0}, {1}, CAST(0 AS BIGINT))"),
        signature("varchar, varchar, bigint -> varchar", "tb_regexp_extract({0}, {1}, {2})"),
    ],
    "regexp_extract_all": [
        signature("varchar, varchar -> array(varchar)", "tb_regexp_extract_all({0}, {1}, CAST(0 AS BIGINT))"),
        signature("varchar, varchar, bigint -> array(varchar)", "tb_regexp_extract_all({0}, {1}, {2})"),
    ],
    "regexp_count": [signature("varchar, varchar -> bigint", "tb_regexp_count({0}, {1})")],
    "regexp_position": [
        signature("varchar, varchar -> integer", "CAST(tb_regexp_position({0}, {1}, 1, 1) AS INTEGER)"),
        signature("varchar, varchar, bigint -> integer", "CAST(tb_regexp_position({0}, {1}, {2}, 1) AS INTEGER)"),
        signature(
            "varchar, varchar, bigint, bigint -> integer", "CAST(tb_regexp_position({0}, {1}, {2}, {3}) AS INTEGER)"
        ),
    ],
    "regexp_split": [signature("varchar, varchar -> array(varchar)", "tb_regexp_split({0}, {1})")],
    "regexp_replace": [
        signature("varchar, varchar -> varchar", "tb_regexp_replace({0}, {1}, '')"),
        signature("varchar, varchar, varchar -> varchar", "tb_regexp_replace({0}, {1}, {2})"),
    ],
}
