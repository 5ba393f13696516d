"""What every rule of the recogniser is made of: tokens, words, lists, choices, and where the text went wrong."""

import re
from collections.abc import Callable
from typing import NoReturn

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.lexer import Lexeme, lexemes

RESERVED = frozenset(
    (
        *("ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "CONSTRAINT", "CREATE", "CROSS", "CUBE"),
        *("CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_PATH", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME"),
        *("CURRENT_TIMESTAMP", "CURRENT_USER", "DEALLOCATE", "DELETE", "DESCRIBE", "DISTINCT", "DROP", "ELSE", "END"),
        *("ESCAPE", "EXCEPT", "EXECUTE", "EXISTS", "EXTRACT", "FALSE", "FOR", "FROM", "FULL", "GROUP", "GROUPING"),
        *("HAVING", "IN", "INNER", "INSERT", "INTERSECT", "INTO", "IS", "JOIN", "JSON_ARRAY", "JSON_EXISTS"),
        *("JSON_OBJECT", "JSON_QUERY", "JSON_TABLE", "JSON_VALUE", "LEFT", "LIKE", "LISTAGG", "LOCALTIME"),
        *("LOCALTIMESTAMP", "NATURAL", "NORMALIZE", "NOT", "NULL", "ON", "OR", "ORDER", "OUTER", "PREPARE"),
        *("RECURSIVE", "RIGHT", "ROLLUP", "SELECT", "SKIP", "TABLE", "THEN", "TRIM", "TRUE", "UESCAPE", "UNION"),
        *("UNNEST", "USING", "VALUES", "WHEN", "WHERE", "WITH"),
    )
)
"""The words that name nothing unless they are quoted."""
_CLAUSES = {
    "LIMIT": ("ALL", "?"),
    "OFFSET": ("?",),
    "FETCH": ("FIRST", "NEXT"),
    "TABLESAMPLE": ("BERNOULLI", "SYSTEM"),
    "MATCH_RECOGNIZE": ("(",),
}
_MOST = 2**63
_DEEPEST = 150
"""How deep expressions and queries may nest: sqlglot and DuckDB recurse too, and Python's stack is theirs."""


_DEEPEST_HEAVY = 10
_PLAIN = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?")


class _Stopped(Exception):
    """The text cannot go on here."""


class Reader:
    """Tokens and a place among them."""

    def __init__(self, sql: str, *, parameters: bool = False) -> None:
        """Begin at the first token."""
        self._tokens = lexemes(sql)
        self._at = self._furthest = self._depth = self._heavy = 0
        self._parameters = parameters
        self._tried: dict[int, int] = {}

    @property
    def token(self) -> Lexeme:
        """The token to be read next."""
        return self._tokens[self._at]

    @property
    def word(self) -> str:
        """The next token's word or sign in upper case."""
        return self._tokens[self._at].word

    def peek(self, ahead: int = 1) -> str:
        """Return the word of a later token."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)].word

    def back(self) -> Lexeme:
        """Return the token that was read last."""
        return self._tokens[self._at - 1]

    def kind_ahead(self, ahead: int = 1) -> str:
        """Return the kind of a later token."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)].kind

    def advance(self, count: int = 1) -> None:
        """Go on."""
        self._at = min(self._at + count, len(self._tokens) - 1)

    def accept(self, *words: str) -> bool:
        """Go on where the next token is one of the words, and say so."""
        if self._tokens[self._at].word in words:
            self.advance()
            return True
        return False

    def expect(self, *words: str) -> None:
        """Go on; the next token must be one of the words."""
        if not self.accept(*words):
            self.fail()

    def fail(self) -> NoReturn:
        """Stop at the next token, or where another reading of the text came further. Raises SqlError at the end."""
        self._furthest = max(self._furthest, self._at)
        raise _Stopped

    def refuse(self, what: str) -> NoReturn:
        """Refuse a part of the grammar. Raises SqlError (NOT_SUPPORTED)."""
        raise SqlError("NOT_SUPPORTED", f"{what} is not supported by the local Athena", place=self.token.place)

    def whole(self, rule: Callable[[], None]) -> None:
        """Read by a rule. Raises SqlError (SYNTAX_ERROR) at the furthest token that any reading came to."""
        try:
            rule()
        except _Stopped:
            found = self._tokens[self._furthest]
            raise SqlError("SYNTAX_ERROR", f"mismatched input '{found.text[:80]}'", place=found.place) from None

    def wrong(self, message: str) -> NoReturn:
        """Refuse the next token for what is in it. Raises SqlError (SYNTAX_ERROR)."""
        raise SqlError("SYNTAX_ERROR", message, place=self.token.place)

    def number(self) -> None:
        """Read a number."""
        if self.token.kind != "number":
            self.fail()
        if not _PLAIN.fullmatch(self.token.text):
            self.refuse(f"the number {self.token.text[:80]}")
        if self.token.text.isdigit() and int(self.token.text) > _MOST:
            self.wrong(f"Invalid numeric literal: {self.token.text[:80]}")
        self.advance()

    def listed(self, rule: Callable[[], None]) -> None:
        """Read one or more, with commas."""
        rule()
        while self.accept(","):
            rule()

    def parenthesised(self, rule: Callable[[], None]) -> None:
        """Read a rule in parentheses."""
        self.expect("(")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SqlError("STACK_OVERFLOW", "the query is nested too deeply", place=self.token.place)
        rule()
        self._depth -= 1
        self.expect(")")

    def sparing(self, rule: Callable[[], None]) -> None:
        """Read what costs its readers twice as much with each level: lambdas, and calls that are named as types are."""
        self._heavy += 1
        if self._heavy > _DEEPEST_HEAVY:
            message = f"a lambda, array, row or type nested more than {_DEEPEST_HEAVY} deep is not supported here"
            raise SqlError("NOT_SUPPORTED", message, place=self.token.place)
        rule()
        self._heavy -= 1

    def skip_parentheses(self) -> None:
        """Read a balanced pair of parentheses and all that it holds, whose grammar is judged elsewhere."""
        depth = 0
        while True:
            depth += (self.word == "(") - (self.word == ")")
            if self.token.kind == "end":
                self.fail()
            self.advance()
            if not depth:
                return

    def either(self, first: Callable[[], None], second: Callable[[], None]) -> None:
        """Read by the first rule, or by the second where that fails; each place is decided once."""
        start, depth, heavy = self._at, self._depth, self._heavy
        known = self._tried.get(start)
        if known == 1:
            second()
            return
        try:
            first()
        except _Stopped:
            self._tried[start] = 1
            self._at, self._depth, self._heavy = start, depth, heavy
            second()

    def identifier(self) -> None:
        """Read a name."""
        if not self.names_something() or self.token.text == '""':
            self.fail()
        self.advance()

    def names_something(self, ahead: int = 0) -> bool:
        """Say whether a token is a name."""
        kind = self.kind_ahead(ahead)
        return kind == "quoted" or (kind == "name" and self.peek(ahead) not in RESERVED)

    def qualified(self) -> None:
        """Read a name of one or more parts."""
        self.identifier()
        while self.word == "." and self.peek() != "*":
            self.advance()
            self.identifier()

    def names(self) -> None:
        """Read a list of names in parentheses."""
        self.parenthesised(lambda: self.listed(self.identifier))

    def parameter(self) -> bool:
        """Read a `?` or, where allowed, `:name`, and say whether there was one."""
        if self.accept("?"):
            return True
        if self._parameters and self.word == ":" and self.kind_ahead() == "name":
            self.advance(2)
            return True
        return False

    def clause_ahead(self) -> bool:
        """Say whether the next word begins a clause, though it could be a name."""
        if self.word == "WINDOW":
            return self.names_something(1) and self.peek(2) == "AS"
        number = self.word in ("LIMIT", "OFFSET") and (self.kind_ahead() == "number" or self.peek() == ":")
        return number or self.peek() in _CLAUSES.get(self.word, ())

    def alias(self) -> bool:
        """Read `[AS] name` where there is one, and say so."""
        if self.accept("AS"):
            self.identifier()
            return True
        if self.names_something() and not self.clause_ahead():
            self.advance()
            return True
        return False
