r"""Regular expressions as Trino reads them (Joni with Java's syntax), written for Python's `re`.

What is known to mean the same is translated token by token; the rest is Refused. `\d`, `\w` and `\s` are ASCII, `\b` is
Unicode's, `$` stands at the end or before a last newline, `.` is anything but a newline.
"""

import functools
import re
from dataclasses import dataclass, field

from trailbook.local.engine.faults import invalid

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": "\\t\\n\\x0b\\f\\r "}
_OTHERS = {
    "D": "\\x00-/:-\U0010ffff",
    "W": "\\x00-/:-@\\[-\\^`\\{-\U0010ffff",
    "S": "\\x00-\\x08\\x0e-\\x1f!-\U0010ffff",
}
_ANCHORS = {"A": "\\A", "z": "\\Z", "Z": r"(?=\n?\Z)"}
_CONTROLS = {"t": "\\t", "n": "\\n", "r": "\\r", "f": "\\f", "a": "\\a", "e": "\\x1b", "v": "\\x0b"}
_GROUPS = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>")
_QUANTIFIER = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}")
_FLAGS = re.compile(r"\(\?([ism]+)\)")
_MOST_REPEATS, _MOST_PATTERN = 100_000, 10_000


class Refused(ValueError):
    """The expression holds something whose meaning is not known to be the same."""


@dataclass(frozen=True)
class Expression:
    """A translated expression. `boundary`: it asks for a word's boundary. `caseless`: it ignores case."""

    compiled: re.Pattern[str]
    boundary: bool
    caseless: bool


@dataclass
class _State:
    source: str
    at: int = 0
    out: list[str] = field(default_factory=list)
    depth: int = 0
    groups: int = 0
    names: list[str] = field(default_factory=list)
    references: list[int | str] = field(default_factory=list)
    multiline: bool = False
    boundary: bool = False
    repeatable: bool = False
    caseless: bool = False

    def rest(self, mark: str) -> bool:
        return self.source.startswith(mark, self.at)


@functools.lru_cache(maxsize=256)
def expression(source: str) -> Expression:
    """Return an expression, translated. Raises Failure (INVALID_FUNCTION_ARGUMENT), Refused."""
    if len(source) > _MOST_PATTERN:
        raise Refused("a regular expression of more than 10,000 characters")
    state = _State(source)
    flags = re.NOFLAG
    if found := _FLAGS.match(source):
        state.at = found.end()
        state.multiline = "m" in found[1]
        state.caseless = "i" in found[1]
        flags |= (re.IGNORECASE if state.caseless else re.NOFLAG) | (re.DOTALL if "s" in found[1] else re.NOFLAG)
    while state.at < len(source):
        _token(state)
    if state.depth:
        raise _bad(state, "end pattern with unmatched parenthesis")
    _check_references(state)
    if state.caseless and not source.isascii():
        raise Refused("(?i) with letters beyond ASCII")
    try:
        return Expression(re.compile("".join(state.out), flags), state.boundary, state.caseless)
    except (re.error, OverflowError, RecursionError) as error:
        raise Refused(f"a regular expression ({error})") from None


def _check_references(state: _State) -> None:
    if state.names and (len(state.names) != state.groups or len(set(state.names)) < len(state.names)):
        raise Refused("named groups together with others of no name or of the same name")
    for wanted in state.references:
        if isinstance(wanted, int) and (wanted > state.groups or state.names):
            raise _bad(state, "invalid backref number/name")
        if isinstance(wanted, str) and wanted not in state.names:
            raise _bad(state, f"undefined name <{wanted}> reference")


def _bad(state: _State, why: str) -> Exception:
    return invalid(f"{why}: {state.source:.200}")


def _token(state: _State) -> None:
    char = state.source[state.at]
    quantifier = _QUANTIFIER.match(state.source, state.at)
    if quantifier:
        _quantifier(state, quantifier)
        return
    if char == "(":
        _group(state)
        return
    if char == ")":
        if not state.depth:
            raise _bad(state, "unmatched close parenthesis")
        state.depth -= 1
        _put(state, ")", 1)
    elif char == "[":
        _class(state)
    elif char == "\\":
        _escape(state)
    elif char in "^$|.":
        _mark(state, char)
    else:
        _put(state, re.escape(char), 1)


def _mark(state: _State, char: str) -> None:
    many = {"^": r"(?:\A|(?<=\n)(?!\Z))", "$": r"(?=\n|\Z)"}
    once = {"^": r"\A", "$": r"(?=\n?\Z)"}
    _put(state, (many if state.multiline else once).get(char, char), 1, repeatable=char != "|")


def _put(state: _State, text: str, width: int, *, repeatable: bool = True) -> None:
    state.out.append(text)
    state.at += width
    state.repeatable = repeatable


def _quantifier(state: _State, found: re.Match[str]) -> None:
    if not state.repeatable:
        if found[0][0] == "{":
            raise Refused(f"the repetition {found[0]} of nothing")
        raise _bad(state, "target of repeat operator is not specified")
    if found[1] is not None:
        least, most = int(found[1]), int(found[3]) if found[3] else int(found[1]) if found[2] is None else None
        if max(least, most or 0) > _MOST_REPEATS:
            raise _bad(state, "too big wide-range")
        if most is not None and most < least:
            raise _bad(state, "too wide or reversed repeat range")
    text = found[0]
    following = state.source[found.end() : found.end() + 1]
    if following in ("?", "+") and following:
        if text[0] == "{" and (found[2] is None or following == "+"):
            raise Refused(f"the repetition {text}{following}")
        text += following
    state.at = found.start()
    _put(state, text, len(text), repeatable=False)
    if _QUANTIFIER.match(state.source, state.at):
        raise Refused("a repetition of a repetition in a regular expression")


def _group(state: _State) -> None:
    opened = next((g for g in _GROUPS if state.rest(g)), "")
    scoped = re.compile(r"\(\?([is]+):").match(state.source, state.at)
    named = re.compile(r"\(\?<([A-Za-z_]\w*)>", re.ASCII).match(state.source, state.at)
    if state.rest("(?#"):
        end = state.source.find(")", state.at)
        if end < 0:
            raise _bad(state, "end pattern in group")
        state.at = end + 1
        return
    if scoped:
        state.caseless |= "i" in scoped[1]
        _put(state, scoped[0], len(scoped[0]), repeatable=False)
    elif opened:
        _put(state, opened, len(opened), repeatable=False)
    elif named:
        state.names.append(named[1])
        state.groups += 1
        _put(state, f"(?P<{named[1]}>", len(named[0]), repeatable=False)
    elif state.rest("(?"):
        if re.compile(r"\(\?(?:$|P|<(?:$|\d|[A-Za-z_]\w*$))").match(state.source, state.at):
            raise _bad(state, "undefined group option")
        raise Refused(f"the group {state.source[state.at : state.at + 4]}… of a regular expression")
    else:
        state.groups += 1
        _put(state, "(", 1, repeatable=False)
    state.depth += 1


_HEX = re.compile(r"x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")


def _character(state: _State) -> str | None:
    """Return the one character that an escape stands for, as `re` writes it, and pass it; None for another escape."""
    char = state.source[state.at + 1]
    if found := _HEX.match(state.source, state.at + 1):
        code = int(found[1] or found[2] or found[3], 16)
        if not found[3] and code > 0x7F and not found[1]:
            raise Refused("an escaped byte beyond ASCII in a regular expression")
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise _bad(state, "invalid code point value")
        state.at += 1 + len(found[0])
        return re.escape(chr(code))
    if char in _CONTROLS:
        state.at += 2
        return _CONTROLS[char]
    if not char.isalnum() and char.isascii():
        state.at += 2
        return re.escape(char)
    return None


def _escape(state: _State) -> None:
    if state.at + 1 >= len(state.source):
        raise _bad(state, "end pattern at escape")
    char = state.source[state.at + 1]
    one = _character(state)
    if one is not None:
        _put(state, one, 0)
    elif char.lower() in _CLASSES:
        _put(state, f"[{'^' if char.isupper() else ''}{_CLASSES[char.lower()]}]", 2)
    elif char in "bB":
        state.boundary = True
        _put(state, f"\\{char}", 2)
    elif char in _ANCHORS:
        _put(state, _ANCHORS[char], 2)
    elif char == "Q":
        end = state.source.find("\\E", state.at)
        end = len(state.source) if end < 0 else end
        _put(state, re.escape(state.source[state.at + 2 : end]), 0, repeatable=end == state.at + 3)
        state.at = end + 2
    elif "1" <= char <= "9":
        if state.source[state.at + 2 : state.at + 3].isdigit():
            raise Refused("a back-reference of two digits")
        state.references.append(int(char))
        _put(state, f"(?:\\{char})", 2)
    elif char == "k" and (found := re.compile(r"\\k<(\w+)>", re.ASCII).match(state.source, state.at)):
        state.references.append(found[1])
        _put(state, f"(?P={found[1]})", len(found[0]))
    else:
        raise Refused(f"\\{char} in a regular expression")


def _class(state: _State) -> None:
    state.at += 1
    out = "["
    if state.rest("^"):
        out, state.at = "[^", state.at + 1
    first, last = True, ""
    while True:
        if state.at >= len(state.source):
            raise _bad(state, "premature end of char-class")
        char = state.source[state.at]
        if char == "]" and not first:
            break
        if char == "[" or state.rest("&&"):
            raise Refused("a set within a set in a regular expression")
        ranged = char == "-" and not first and last and state.source[state.at + 1 : state.at + 2] not in ("]", "")
        added, last = _range_to(state, last) if ranged else _set_member(state)
        out += added
        first = False
    _put(state, out + "]", 1)


def _range_to(state: _State, last: str) -> tuple[str, str]:
    """Return the end of a range of a set that begins with `last`, and pass it."""
    state.at += 1
    end = _member(state)
    if (len(last) > 2 and last[0] != "\\") or end is None:
        raise Refused("a range to a set of characters in a regular expression")
    if _code(end) < _code(last):
        raise _bad(state, "empty range in char class")
    return f"-{end}", ""


def _set_member(state: _State) -> tuple[str, str]:
    """Return a member of a set, twice where a range may begin with it, and pass it."""
    member = _member(state)
    if member is not None:
        return member, member
    letter = state.source[state.at + 1]
    if letter not in "dwsDWS":
        raise Refused(f"\\{letter} in a set of a regular expression")
    state.at += 2
    if state.source[state.at : state.at + 1] == "-" and state.source[state.at + 1 : state.at + 2] != "]":
        raise Refused("a range from a set of characters in a regular expression")
    return _CLASSES.get(letter) or _OTHERS[letter], ""


def _member(state: _State) -> str | None:
    """Return one character of a set, as `re` writes it, and pass it; None where an escape stands for more."""
    char = state.source[state.at]
    if char != "\\":
        state.at += 1
        return "\\" + char if char in "\\]^-[&~|" else char
    if state.at + 1 >= len(state.source):
        raise _bad(state, "end pattern at escape")
    return _character(state)


def _code(member: str) -> int:
    return ord(re.sub(r"^\\(?=.)", "", member)) if not re.fullmatch(r"\\[a-z].*", member) else _CODES[member]


_CODES = {"\\t": 9, "\\n": 10, "\\x0b": 11, "\\f": 12, "\\r": 13, "\\a": 7, "\\x1b": 27}
