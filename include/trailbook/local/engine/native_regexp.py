"""Trino's functions on regular expressions, over `regexps`: its way through empty matches, its replacement texts."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trailbook.local.engine.faults import Function, invalid, refusal
from trailbook.local.engine.regexps import Expression, Refused, expression

_FOLDED = re.compile("[\u0130\u017f\u00df\u1e9e\u212a\u0149\u01f0\u1e96-\u1e9a\ufb00-\ufb06]")
"""Characters beyond ASCII that ignoring case may take for ASCII letters."""


def _searched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of a compiled expression as one of text and pattern; what is not known equal is refused."""

    def search(value: str, pattern: str, *rest: Any) -> Any:
        try:
            found = expression(pattern)
            _check(found, value)
            return function(value, found.compiled, *rest)
        except Refused as error:
            return refusal(str(error))

    return search


def _check(found: Expression, value: str) -> None:
    if value.isascii():
        return
    if found.caseless and _FOLDED.search(value):
        raise Refused("ignoring the case of such letters")
    if found.boundary and any(unicodedata.category(c) in _UNSURE for c in value if not c.isascii()):
        raise Refused("a word's boundary beside such characters")


_UNSURE = ("Mn", "Mc", "Me", "Nl", "No", "Pc", "Cn")


def _matches(value: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Yield the matches; after an empty one the next is looked for one character on."""
    at = 0
    while at <= len(value):
        found = pattern.search(value, at)
        if found is None:
            return
        yield found
        at = found.end() + (found.end() == found.start())


def _group(pattern: re.Pattern[str], group: int) -> int:
    if group < 0:
        raise invalid("Group cannot be negative")
    if group > pattern.groups:
        raise invalid(f"Pattern has {pattern.groups} groups. Cannot access group {group}")
    return group


def _like(value: str, pattern: re.Pattern[str]) -> bool:
    return pattern.search(value) is not None


def _extract(value: str, pattern: re.Pattern[str], group: int) -> str | None:
    _group(pattern, group)
    found = pattern.search(value)
    return found[group] if found else None


def _extract_all(value: str, pattern: re.Pattern[str], group: int) -> list[str | None]:
    _group(pattern, group)
    return [found[group] for found in _matches(value, pattern)]


def _count(value: str, pattern: re.Pattern[str]) -> int:
    return sum(1 for _ in _matches(value, pattern))


def _position(value: str, pattern: re.Pattern[str], start: int, occurrence: int) -> int:
    if start < 1:
        raise invalid("start position cannot be smaller than 1")
    if occurrence < 1:
        raise invalid("occurrence cannot be smaller than 1")
    if start > len(value):
        return -1
    at = start - 1
    for number in range(1, occurrence + 1):
        found = pattern.search(value, at)
        if found is None:
            return -1
        if number == occurrence:
            return found.start() + 1
        at = found.end() + (found.end() == found.start())
        if at > len(value):
            return -1
    return -1


def _split(value: str, pattern: re.Pattern[str]) -> list[str]:
    parts, at = [], 0
    for found in _matches(value, pattern):
        parts.append(value[at : found.start()])
        at = found.end()
    return [*parts, value[at:]]


def _replace(value: str, pattern: re.Pattern[str], new: str) -> str:
    out, at = "", 0
    for found in _matches(value, pattern):
        out += value[at : found.start()] + _filled(new, found)
        at = found.end()
    return out + value[at:]


def _filled(new: str, found: re.Match[str]) -> str:
    out, i = "", 0
    while i < len(new):
        char = new[i]
        if char == "\\":
            if i + 1 >= len(new):
                raise invalid(f"Illegal replacement sequence: {new:.200}")
            out, i = out + new[i + 1], i + 2
        elif char == "$":
            text, i = _referred(new, i + 1, found)
            out += text
        else:
            out, i = out + char, i + 1
    return out


def _referred(new: str, at: int, found: re.Match[str]) -> tuple[str, int]:
    named = re.compile(r"\{([^}]*)\}").match(new, at)
    if named:
        if named[1] not in found.re.groupindex:
            raise invalid(f"Illegal replacement sequence: unknown group {{ {named[1]} }}")
        return found[named[1]] or "", named.end()
    if not new[at : at + 1].isdigit() or not new[at].isascii():
        raise invalid(f"Illegal replacement sequence: {new:.200}")
    group = int(new[at])
    if group > found.re.groups:
        raise invalid(f"Illegal replacement sequence: unknown group {group}")
    at += 1
    while new[at : at + 1].isdigit() and new[at].isascii() and group * 10 + int(new[at]) <= found.re.groups:
        group, at = group * 10 + int(new[at]), at + 1
    return found[group] or "", at


FUNCTIONS: Mapping[str, Function] = {
    "tb_regexp_like": (_searched(_like), ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "tb_regexp_extract": (_searched(_extract), ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    "tb_regexp_extract_all": (_searched(_extract_all), ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    "tb_regexp_count": (_searched(_count), ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_regexp_position": (
        _searched(_position),
        ["VARCHAR", "VARCHAR", "BIGINT", "BIGINT"],
        "BIGINT",
    ),
    "tb_regexp_split": (_searched(_split), ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
    "tb_regexp_replace": (_searched(_replace), ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
}
