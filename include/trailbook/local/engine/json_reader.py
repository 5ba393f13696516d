"""JSON as Trino reads and writes it (Jackson): a reader that stops where the wanted value ends.

`json_extract` and its kin read no further than they must, so text that is malformed behind the value still answers.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from trailbook.local.engine.doubles import java_double

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![0-9])")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*)"')
_WHITE = re.compile(r"[ \t\n\r]*")
_DEPTH = 1000
_SIMPLE_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_QUOTED = re.compile('["\\\\\x00-\x1f\U00010000-\U0010ffff\ud800-\udfff]')


class Malformed(ValueError):
    """The text is not JSON, as far as it was read."""


def quoted(value: str) -> str:
    """Return text as a JSON string the way Trino writes it: what is beyond the basic plane as two escapes."""
    return f'"{_QUOTED.sub(_escape, value)}"'


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if char in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[char]
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in range(0, len(units), 2))


class Reader:
    """A place in a JSON text. Every method raises Malformed where the text is not JSON."""

    def __init__(self, source: str) -> None:
        """Start in front of the first value."""
        self.source = source
        self.at = 0
        self.next()

    def next(self) -> str:
        """Pass white space and return the next character, '' at the end."""
        found = _WHITE.match(self.source, self.at)
        self.at = found.end() if found else self.at
        return self.source[self.at : self.at + 1]

    def take(self, mark: str) -> None:
        """Pass a mark."""
        if self.next() != mark:
            raise Malformed(self.source)
        self.at += 1

    def string(self) -> str:
        """Read a string."""
        found = _STRING.match(self.source, self.at)
        if found is None:
            raise Malformed(self.source)
        self.at = found.end()
        if "\\" not in found[1]:
            return found[1]
        return str(json.loads(found[0]))

    def scalar(self) -> str | int | float | bool | None:
        """Read a value that is no object or array; a number with a fraction or exponent is a float."""
        if self.next() == '"':
            return self.string()
        raw = self.raw()
        if raw in ("true", "false"):
            return raw == "true"
        if raw == "null":
            return None
        return float(raw) if any(c in raw for c in ".eE") else int(raw)

    def raw(self) -> str:
        """Read a number or a word, as it is written."""
        self.next()
        for word in ("true", "false", "null"):
            if self.source.startswith(word, self.at):
                self.at += len(word)
                if self.source[self.at : self.at + 1].isalnum():
                    raise Malformed(self.source)
                return word
        found = _NUMBER.match(self.source, self.at)
        if found is None or re.compile(r"\.|[eE]" if not found[2] else r"\.").match(self.source, found.end()):
            raise Malformed(self.source)
        self.at = found.end()
        return found[0]

    def items(self, close: str) -> Iterator[str]:
        """Go through the members of an object or array, whose values the caller reads; yield names ('' in an array)."""
        self.at += 1
        if self.next() == close:
            self.at += 1
            return
        while True:
            name = ""
            if close == "}":
                if self.next() != '"':
                    raise Malformed(self.source)
                name = self.string()
                self.take(":")
            self.next()
            yield name
            if self.next() == close:
                self.at += 1
                return
            self.take(",")

    def skip(self, depth: int = 0) -> None:
        """Pass a value."""
        opened = self.next()
        if depth > _DEPTH:
            raise Malformed(self.source)
        if opened == '"':
            found = _STRING.match(self.source, self.at)
            if found is None:
                raise Malformed(self.source)
            self.at = found.end()
        elif opened in ("{", "[") and opened:
            for _ in self.items("}" if opened == "{" else "]"):
                self.skip(depth + 1)
        else:
            self.raw()

    def size(self) -> int:
        """Pass a value and return how many members it has; a scalar has none."""
        opened = self.next()
        if opened not in ("{", "[") or not opened:
            self._scalar_start()
            return 0
        count = 0
        for _ in self.items("}" if opened == "{" else "]"):
            self.skip()
            count += 1
        return count

    def _scalar_start(self) -> None:
        if self.next() != '"':
            self.raw()

    def write(self, *, ordered: bool, depth: int = 0) -> str:
        """Read a value and return it as Trino writes it; `ordered` sorts the keys, the last of equal ones wins."""
        opened = self.next()
        if depth > _DEPTH:
            raise Malformed(self.source)
        if opened == "{":
            pairs = [(name, self.write(ordered=ordered, depth=depth + 1)) for name in self.items("}")]
            if ordered:
                pairs = sorted(dict(pairs).items(), key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass"))
            return "{" + ",".join(f"{quoted(name)}:{value}" for name, value in pairs) + "}"
        if opened == "[":
            return "[" + ",".join([self.write(ordered=ordered, depth=depth + 1) for _ in self.items("]")]) + "]"
        return scalar_json(self.scalar())

    def find(self, steps: tuple[str, ...]) -> bool:
        """Go to the value of a path; say whether there is one."""
        for step in steps:
            opened = self.next()
            if opened == "{":
                found = self._within("}", lambda name, i, step=step: name == step)
            elif opened == "[":
                wanted = int(step) if step.isascii() and step.isdigit() and int(step) < 2**31 else -1
                found = self._within("]", lambda name, i, wanted=wanted: i == wanted)
            else:
                self._scalar_start()
                found = False
            if not found:
                return False
        return True

    def _within(self, close: str, wanted: Any) -> bool:
        for i, name in enumerate(self.items(close)):
            if wanted(name, i):
                return True
            self.skip()
        return False

    def finish(self) -> None:
        """Check that nothing follows."""
        if self.next():
            raise Malformed(self.source)


def scalar_json(value: str | int | float | bool | None) -> str:
    """Return a scalar as Trino writes it into JSON."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return java_double(value) if math.isfinite(value) else f'"{java_double(value)}"'
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )
