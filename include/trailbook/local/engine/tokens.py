"""Reading statements other than queries token by token, with places, so that an error names the line and column.

Hive's DDL and Trino's SQL quote differently: in Hive `x` is a name and "x" a text with backslash escapes; in Trino "x"
is a name and '' stands for a quote in a text. A reader is told which of the two it reads.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from trailbook.local.engine.errors import SqlError, not_supported

Kind = Literal["word", "name", "string", "number", "sign", "end"]

_BLANK = r"(?P<blank>\s+|--[^\n]*)"
_PLAIN = r"(?P<number>\d+(?:\.\d+)?(?![\w$]))|(?P<word>[^\W]\w*)|(?P<sign><>|<=|>=|!=|.)"
_TRINO = re.compile(rf"{_BLANK}|(?P<string>'(?:[^']|'')*')|(?P<name>\"(?:[^\"]|\"\")*\"|`[^`]*`)|{_PLAIN}", re.DOTALL)
_HIVE = re.compile(
    rf"{_BLANK}|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<name>`(?:[^`]|``)*`)|{_PLAIN}", re.DOTALL
)
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3][0-7]{2}|.)", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}
_QUOTES = ("'", '"', "`")
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its value (a word as written, a name or text without its quotes) and its place in the text."""

    kind: Kind
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TableName:
    """A table's name in lower case; `database` is empty where none is given. `start` is its place in the text."""

    database: str
    name: str
    start: int = 0


def scan(sql: str, *, hive: bool = False) -> list[Token]:
    """Return the tokens of a text, an `end` last; nothing is refused here: an open quote is a sign of its own."""
    found, at, closes = [], 0, True
    pattern = _HIVE if hive else _TRINO
    while at < len(sql):
        if closes and sql.startswith("/*", at):
            close = sql.find("*/", at + 2)
            if close >= 0:
                at = close + 2
                continue
            closes = False  # no comment after this closes either: not to be looked for again
        match = pattern.match(sql, at)
        if match is None:
            break
        if match[0] in _QUOTES:  # an open quote: nothing after it can be told apart
            found += [Token("sign", sql[at], at, at + 1), Token("sign", sql[at + 1 :], at + 1, len(sql))]
            break
        kind, at = match.lastgroup, match.end()
        if kind != "blank":
            found.append(Token(kind, _value(match[0], str(kind), hive), match.start(), at))  # type: ignore[arg-type]  # the groups are the kinds
    found.append(Token("end", "<EOF>", len(sql), len(sql)))
    return found


def _value(text: str, kind: str, hive: bool) -> str:
    if kind == "name":
        return text[1:-1].replace(text[0] * 2, text[0])
    if kind != "string":
        return text
    return _ESCAPED.sub(_unescaped, text[1:-1]) if hive else text[1:-1].replace("''", "'")


def _unescaped(match: re.Match[str]) -> str:
    what = match[1]
    if what[0] == "u" and len(what) > 1:
        return chr(int(what[1:], 16))
    if len(what) > 1:
        return chr(int(what, 8))
    return _CONTROLS.get(what, what)


def place(sql: str, offset: int) -> str:
    """Return `line L:C` of an offset, both from 1."""
    before = sql[:offset]
    return f"line {before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


class Reader:
    """Goes through the tokens of one statement; a trailing semicolon is no part of it."""

    def __init__(self, sql: str, *, hive: bool = False) -> None:
        """Read a text from its first token."""
        self.sql = sql
        self.at = 0
        self._hive = hive
        self._tokens = scan(sql, hive=hive)
        while len(self._tokens) > 1 and self._tokens[-2].value == ";":
            del self._tokens[-2]

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self._tokens[self.at]

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.next.kind == "end"

    def peek(self, ahead: int = 1) -> Token:
        """Return a token after the next one, the end where there is none."""
        return self._tokens[min(self.at + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Return the next token and go on."""
        token = self.next
        self.at = min(self.at + 1, len(self._tokens) - 1)
        return token

    def has(self, *words: str) -> bool:
        """Go past these words or signs where they come next, all of them; say whether they did."""
        for ahead, wanted in enumerate(words):
            token = self.peek(ahead) if ahead else self.next
            if token.kind not in ("word", "sign") or token.value.upper() != wanted:
                return False
        self.at += len(words)
        return True

    def want(self, *words: str) -> None:
        """Go past these words or signs. Raises SqlError (SYNTAX_ERROR) where something else comes."""
        for word in words:
            if not self.has(word):
                self.fail(f"'{word}'")

    def name(self) -> str:
        """Return a name in lower case. Raises SqlError (SYNTAX_ERROR)."""
        if self.next.kind not in ("word", "name") or not self.next.value:
            self.fail("<identifier>")
        return self.take().value.lower()

    def string(self) -> str:
        """Return a text; Hive makes one of texts that touch. Raises SqlError (SYNTAX_ERROR)."""
        if self.next.kind != "string":
            self.fail("<string>")
        token = self.take()
        value, end = token.value, token.end
        while self._hive and self.next.kind == "string" and self.next.start == end:
            token = self.take()
            value, end = value + token.value, token.end
        return value

    def table(self) -> TableName:
        """Return a table's name, `table`, `database.table` or with AwsDataCatalog before. Raises SqlError."""
        start, parts = self.next.start, [self.name()]
        while self.has("."):
            parts.append(self.name())
        if len(parts) == 3 and parts[0] == "awsdatacatalog":
            parts = parts[1:]
        if len(parts) > 2:
            raise SqlError("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' not found", place=place(self.sql, start))
        return TableName(parts[0] if len(parts) == 2 else "", parts[-1], start)

    def names(self) -> tuple[str, ...]:
        """Return `(name, …)`, or nothing where no bracket opens. Raises SqlError (SYNTAX_ERROR)."""
        if not self.has("("):
            return ()
        found = [self.name()]
        while self.has(","):
            found.append(self.name())
        self.want(")")
        return tuple(found)

    def comes(self, word: str) -> bool:
        """Go to the end, or past a word that stands outside every bracket; say whether there was one."""
        depth = 0
        while not self.ended:
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token.value, 0) if token.kind == "sign" else 0
            if depth == 0 and token.kind == "word" and token.value.upper() == word:
                return True
        return False

    def properties(self) -> dict[str, str]:
        """Return `('k' = 'v', …)`. Raises SqlError (SYNTAX_ERROR)."""
        found = {}
        self.want("(")
        while True:
            key = self.string()
            self.want("=")
            found[key] = self.string()
            if not self.has(","):
                break
        self.want(")")
        return found

    def end(self) -> None:
        """Raise SqlError (SYNTAX_ERROR) where something is left."""
        if not self.ended:
            self.fail("<EOF>")

    def fail(self, expected: str) -> NoReturn:
        """Raise SqlError (SYNTAX_ERROR): the next token is not what is expected."""
        token = self.next
        shown = self.sql[token.start : token.end][:_MOST_SHOWN] or "<EOF>"
        raise SqlError("SYNTAX_ERROR", f"mismatched input '{shown}'. Expecting: {expected}", place=self.here())

    def refuse(self, what: str) -> NoReturn:
        """Raise SqlError (NOT_SUPPORTED) naming what the local Athena does not do, at the next token."""
        raise SqlError("NOT_SUPPORTED", not_supported(what).args[0].removeprefix("NOT_SUPPORTED: "), place=self.here())

    def here(self) -> str:
        """Return the place of the next token, as `line L:C`."""
        return place(self.sql, self.next.start)

    def inner(self, start: int, end: int) -> str:
        """Return a part of the text as a statement of its own whose places are those in the whole."""
        return blanked(self.sql, start, end)

    def until_end(self) -> int:
        """Return the offset where the statement ends, without its semicolon."""
        return self._tokens[-2].end if len(self._tokens) > 1 else 0


def blanked(sql: str, start: int, end: int) -> str:
    """Return the text with all but `start` to `end` made blank, line breaks kept, so that places stay right."""
    return re.sub(r"[^\n]", " ", sql[:start]) + sql[start:end]


def closing(tokens: Sequence[Token], opened: int) -> int:
    """Return the index of the bracket that closes the one at `opened`, or -1."""
    depth = 0
    for index in range(opened, len(tokens)):
        if tokens[index].kind == "sign":
            depth += {"(": 1, ")": -1}.get(tokens[index].value, 0)
            if depth == 0:
                return index
    return -1
