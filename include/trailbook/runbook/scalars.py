"""What an unquoted word in YAML means: the YAML 1.2 core schema, less what people mean as text.

Invariant: only `true`/`false`, `null` (or `~`, or nothing), decimal integers without leading zeros and finite decimal
numbers are other than text. `yes`, `on`, `2026-11-01`, `0123`, `0x1f` and `1:30` are text.
"""

import math
import re
from typing import Final

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FIRST = frozenset("0123456789+-.")
_LARGEST = 2**53 - 1


class BadScalar(Exception):
    """An unquoted word that is a number, but none that JSON holds exactly; caught where its place is known."""


def core_value(word: str) -> str | int | float | bool | None:
    """Return what an unquoted word means. Raises BadScalar for numbers that JSON cannot hold."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _FIRST:
        return word
    if INTEGER.fullmatch(word):
        if len(word) > 17 or abs(int(word)) > _LARGEST:
            raise BadScalar(f"expected an integer of at most 2**53 - 1, found {word[:40]}: put it in quotes")
        return int(word)
    if NUMBER.fullmatch(word):
        number = float(word)
        if math.isfinite(number):
            return number
    elif not _NOT_FINITE.fullmatch(word):
        return word
    raise BadScalar(f"expected a finite number, found {word[:40]}: put it in quotes")
