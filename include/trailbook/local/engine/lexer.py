"""The tokens of Trino's SQL, each with its line and column (both from 1, in characters)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\r\n]*|/\*.*?\*/)
    |(?P<string>[Uu]&'(?:[^']|'')*'|'(?:[^']|'')*')
    |(?P<binary>[Xx]'(?:[^']|'')*')
    |(?P<quoted>[Uu]&"(?:[^"]|"")*"|"(?:[^"]|"")*")
    |(?P<backquoted>`(?:[^`]|``)*`)
    |(?P<number>(?:0[xX][0-9A-Fa-f_]+|0[oO][0-7_]+|0[bB][01_]+
        |(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_]))
    |(?P<digits>[0-9][0-9A-Za-z_]*)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><>|!=|<=|>=|\|\||->|=>|[=<>+\-*/%?;()\[\],.:{}|$^@\#~&!])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


class Lexeme(NamedTuple):
    """A token: its kind (`name`, `quoted`, `string`, `number`, `sign`, …, `end`), its text, and where it begins.

    `word` is a plain name or a sign in upper case, '' for anything that is quoted. A long query has thousands of
    tokens, each looked at many times: a tuple is the fastest value.
    """

    kind: str
    text: str
    line: int
    column: int
    word: str

    @property
    def place(self) -> str:
        """Return `line L:C`."""
        return f"line {self.line}:{self.column}"


def lexemes(sql: str) -> list[Lexeme]:
    """Return the tokens of a text and a last one of the kind `end`."""
    return list(_lexemes(sql))


def _lexemes(sql: str) -> Iterator[Lexeme]:
    line, start = 1, 0
    for match in _TOKEN.finditer(sql):
        kind, text = str(match.lastgroup), match.group()
        if kind != "space":
            word = text.upper() if kind in ("name", "sign") else ""
            yield Lexeme(kind, text, line, match.start() - start + 1, word)
        breaks = text.count("\n")
        if breaks:
            line, start = line + breaks, match.start() + text.rindex("\n") + 1
    yield Lexeme("end", "<EOF>", line, len(sql) - start + 1, "")
