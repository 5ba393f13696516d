"""Text functions where DuckDB's answer is not Trino's: code points, not graphemes or bytes; Trino's errors."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from trailbook.local.engine.faults import Failure, Function, invalid, refusal, uncaught
from trailbook.local.engine.xxhash import xxhash64

_NEW_CASES = "\u019b\u0264"
"""Letters that got another case in Unicode 16."""
_LAST = 2**31 - 1
_MOST_SPLIT = 10_000_000


def lower(value: str) -> Any:
    """Return text in lower case, one code point for one."""
    return _cased(value, lambda c: "i" if c == "\u0130" else c.lower())


def upper(value: str) -> Any:
    """Return text in upper case, one code point for one: `ß` stays."""
    return _cased(value, lambda c: next((x for x in (c.upper(), c.title()) if len(x) == 1), c))


def _cased(value: str, change: Any) -> Any:
    if any(c in _NEW_CASES or unicodedata.category(c) == "Cn" for c in value):
        return refusal("the case of a character that came after Unicode 14")
    return "".join(map(change, value))


def bounded(value: str, kind: str, length: int) -> Any:
    """Return text that must fit into varchar(length)."""
    if len(value) <= length:
        return value
    if kind in ("boolean", "json"):
        return uncaught("GENERIC_INTERNAL_ERROR", f"Character count exceeds length limit {length}")
    raise Failure("INVALID_CAST_ARGUMENT", f"Value {value} cannot be represented as varchar({length})")


def hashed_order(keys: Collection[str]) -> list[str]:
    """Return keys in the order of a Java HashMap of slices, which is that of Trino's answer."""
    size = 16
    while len(keys) > size * 3 // 4:
        size *= 2

    def bucket(key: str) -> int:
        code = xxhash64(key.encode()) & 0xFFFFFFFF
        return (code ^ (code >> 16)) & (size - 1)

    return sorted(keys, key=bucket)


def replace(value: str, search: str, new: str) -> str:
    """Replace text; an empty search is found between all code points."""
    return value.replace(search, new)


def position(value: str, wanted: str, instance: int) -> int:
    """Return where the n-th instance begins, from 1; a negative n counts from the end."""
    if instance == 0:
        raise invalid("'instance' must be a positive or negative number.")
    if not wanted:
        return 1
    at = -1
    if instance > 0:
        for _ in range(min(instance, len(value) + 1)):
            at = value.find(wanted, at + 1)
            if at < 0:
                return 0
        return at + 1 if instance <= len(value) else 0
    at = len(value)
    for _ in range(min(-instance, len(value) + 1)):
        at = value.rfind(wanted, 0, max(0, at + len(wanted) - 1)) if at else -1
        if at < 0:
            return 0
    return at + 1


def split_limit(value: str, mark: str, limit: int) -> list[str]:
    """Return at most `limit` parts, the last of which holds the rest."""
    if limit <= 0:
        raise invalid("Limit must be positive")
    if limit > _LAST:
        raise invalid("Limit is too large")
    if not mark:
        raise invalid("The delimiter may not be the empty string")
    return value.split(mark, limit - 1)


def split_part(value: str, mark: str, index: int) -> str | None:
    """Return one part, or NULL past the last; an empty mark splits between all code points."""
    if index <= 0:
        raise invalid("Index must be greater than zero")
    parts = value.split(mark) if mark else list(value)
    return parts[index - 1] if index <= len(parts) else None


def _pad(value: str, length: int, filling: str) -> str:
    if not 0 <= length <= _LAST:
        raise invalid("Target length must be in the range [0..2147483647]")
    if not filling:
        raise invalid("Padding string must not be empty")
    missing = length - len(value)
    if missing > _MOST_SPLIT:
        raise Failure("EXCEEDED_LOCAL_MEMORY_LIMIT", "padding of more than 10 million characters")
    return (filling * (missing // len(filling) + 1))[:missing] if missing > 0 else ""


def lpad(value: str, length: int, filling: str) -> str:
    """Pad or cut text to a length, on the left."""
    return (_pad(value, length, filling) + value)[:length]


def rpad(value: str, length: int, filling: str) -> str:
    """Pad or cut text to a length, on the right."""
    return (value + _pad(value, length, filling))[:length]


def character(code: int) -> str:
    """Return the character of a code point."""
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise invalid(f"Not a valid Unicode code point: {code}")
    return chr(code)


def codepoint(value: str) -> int:
    """Return the code point of a text of one character."""
    if len(value) != 1:
        raise invalid("Input string must be a single character string")
    return ord(value)


def translate(value: str, source: str, target: str) -> str:
    """Replace each character of `source` by that of `target` at its place, or by nothing; the first of equal ones."""
    table: dict[int, str] = {}
    for i, char in enumerate(source):
        table.setdefault(ord(char), target[i] if i < len(target) else "")
    return value.translate(table)


def levenshtein(left: str, right: str) -> int:
    """Return the edit distance in code points."""
    if len(left) * len(right) > 1_000_000:
        raise invalid(f"The combined inputs for Levenshtein distance are too large: [{len(left)}, {len(right)}]")
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def hamming(left: str, right: str) -> int:
    """Return in how many places two texts of one length differ."""
    if len(left) != len(right):
        raise invalid("The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(left, right, strict=True))


def luhn(value: str) -> bool:
    """Check a number by its Luhn digit."""
    if not value:
        return False
    if not re.fullmatch(r"[0-9]+", value):
        raise invalid("Input contains non-digit character")
    total = 0
    for i, digit in enumerate(reversed(value)):
        doubled = int(digit) * (1 + i % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def normalize(value: str, form: str) -> str:
    """Return text in a normal form (NFC, NFD, NFKC, NFKD)."""
    return unicodedata.normalize(form, value)  # type: ignore[arg-type]  # checked when the query is analysed


def substr_bytes(value: bytes, start: int, length: int) -> bytes:
    """Return a slice of bytes: from 1, or from the end where negative."""
    at = start - 1 if start > 0 else len(value) + start
    return value[at : at + length] if start and 0 <= at < len(value) and length > 0 else b""


def _entries(value: str, between: str, within: str) -> list[tuple[str, str]]:
    if not between:
        raise invalid("entryDelimiter is empty")
    if not within:
        raise invalid("keyValueDelimiter is empty")
    if between == within:
        raise invalid("entryDelimiter and keyValueDelimiter must not be the same")
    if not value:
        return []
    parts = value.split(between)
    if parts[-1] == "":
        parts.pop()
    found = []
    for part in parts:
        key, mark, rest = part.partition(within)
        if not mark or within in rest:
            raise invalid("Key-value delimiter must appear exactly once in each entry. Bad input: '" + f"{part:.100}'")
        found.append((key, rest))
    return found


def split_to_map(value: str, between: str, within: str) -> dict[str, list[str]]:
    """Return a text's entries as a map; a key twice is an error."""
    found: dict[str, str] = {}
    for key, held in _entries(value, between, within):
        if key in found:
            raise invalid(f"Duplicate keys ({key:.100}) are not allowed")
        found[key] = held
    keys = hashed_order(found)
    return {"key": keys, "value": [found[k] for k in keys]}


def split_to_multimap(value: str, between: str, within: str) -> dict[str, list[Any]]:
    """Return a text's entries as a map of lists."""
    grouped: dict[str, list[str]] = {}
    for key, found in _entries(value, between, within):
        grouped.setdefault(key, []).append(found)
    keys = hashed_order(grouped)
    return {"key": keys, "value": [grouped[k] for k in keys]}


def like(value: str, pattern: str, escape: str) -> bool:
    """Say whether text matches a LIKE pattern with an escape character."""
    return _like(pattern, escape).fullmatch(value) is not None


@lru_cache(maxsize=256)  # a list of patterns is few texts, and each meets every row
def _like(pattern: str, escape: str) -> re.Pattern[str]:
    if len(escape) != 1:
        raise invalid("Escape string must be a single character")
    expression, i = "", 0
    while i < len(pattern):
        char = pattern[i]
        if char == escape:
            i += 1
            if i >= len(pattern) or pattern[i] not in ("%", "_", escape):
                raise invalid("Escape character must be followed by '%', '_' or the escape character itself")
            expression += re.escape(pattern[i])
        else:
            expression += {"%": ".*", "_": "."}.get(char) or re.escape(char)
        i += 1
    return re.compile(expression, re.DOTALL)


FUNCTIONS: Mapping[str, Function] = {
    "tb_join": (
        lambda values, mark: mark.join(v for v in values if v is not None),
        ["VARCHAR[]", "VARCHAR"],
        "VARCHAR",
    ),
    "tb_lower_any": (lower, ["VARCHAR"], "VARCHAR"),
    "tb_upper_any": (upper, ["VARCHAR"], "VARCHAR"),
    "tb_reverse_any": (lambda value: value[::-1], ["VARCHAR"], "VARCHAR"),
    "tb_reverse_bytes": (lambda value: value[::-1], ["BLOB"], "BLOB"),
    "tb_substr_bytes": (substr_bytes, ["BLOB", "BIGINT", "BIGINT"], "BLOB"),
    "tb_bounded": (bounded, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    "tb_replace": (replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_position": (position, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    "tb_split_limit": (split_limit, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    "tb_split_part": (split_part, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    "tb_lpad": (lpad, ["VARCHAR", "BIGINT", "VARCHAR"], "VARCHAR"),
    "tb_rpad": (rpad, ["VARCHAR", "BIGINT", "VARCHAR"], "VARCHAR"),
    "tb_chr": (character, ["BIGINT"], "VARCHAR"),
    "tb_codepoint": (codepoint, ["VARCHAR"], "INTEGER"),
    "tb_translate": (translate, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_levenshtein": (levenshtein, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_hamming": (hamming, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_luhn": (luhn, ["VARCHAR"], "BOOLEAN"),
    "tb_normalize": (normalize, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_split_to_map": (split_to_map, ["VARCHAR", "VARCHAR", "VARCHAR"], "MAP(VARCHAR, VARCHAR)"),
    "tb_split_to_multimap": (split_to_multimap, ["VARCHAR", "VARCHAR", "VARCHAR"], "MAP(VARCHAR, VARCHAR[])"),
    "tb_like": (like, ["VARCHAR", "VARCHAR", "VARCHAR"], "BOOLEAN"),
}
