"""The recogniser's rules for values, predicates, calls, types and windows."""

from abc import abstractmethod
from collections.abc import Callable

from sqlglot.dialects.trino import Trino
from sqlglot.parsers.trino import TrinoParser

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.lexer import Lexeme
from trailbook.local.engine.syntax_calls import TYPES, UNITS, Calls

_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_BARE = frozenset(
    (
        *("NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA"),
        *("CURRENT_PATH",),
    )
)
_MOMENTS = ("CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")
_HEAVY = frozenset(k for k, kind in Trino.Tokenizer.KEYWORDS.items() if kind in TrinoParser.TYPE_TOKENS)
"""Words that sqlglot may take for a type, and so reads twice."""
_JSON = ("JSON_EXISTS", "JSON_VALUE", "JSON_QUERY", "JSON_OBJECT", "JSON_ARRAY")
_PARTS = frozenset(
    (
        *("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR", "DOY"),
        *("YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND", "TIMEZONE_MINUTE", "TIMEZONE_HOUR"),
    )
)


class Values(Calls):
    """A recogniser of expressions."""

    @abstractmethod
    def query(self) -> None:
        """Read a query."""

    def expression(self) -> None:
        """Read a boolean expression, which every expression is."""
        while True:
            while self.accept("NOT"):
                pass
            self.value()
            self._predicate()
            if not self.accept("AND", "OR"):
                return

    def _predicate(self) -> None:
        if self.accept(*_COMPARISONS):
            if self.word in ("ALL", "SOME", "ANY") and self.peek() == "(" and self._query_ahead(1):
                self.advance()
                self.parenthesised(self.query)
            else:
                self.value()
            return
        if self.accept("IS"):
            self.accept("NOT")
            if self.accept("DISTINCT"):
                self.expect("FROM")
                self.value()
            else:
                self.expect("NULL")
            return
        self._range()

    def _range(self) -> None:
        if self.accept("NOT") and self.word not in ("BETWEEN", "IN", "LIKE"):
            self.fail()
        if self.accept("BETWEEN"):
            self.value()
            self.expect("AND")
            self.value()
        elif self.accept("IN"):
            self._query_or_list()
        elif self.accept("LIKE"):
            self.value()
            if self.accept("ESCAPE"):
                self.value()

    def _query_ahead(self, ahead: int = 0) -> bool:
        """Say whether the parenthesis ahead can hold a query."""
        while self.peek(ahead) == "(":
            ahead += 1
        return self.peek(ahead) in ("SELECT", "WITH", "VALUES", "TABLE")

    def _query_or_list(self) -> None:
        if self._query_ahead():
            self.either(lambda: self.parenthesised(self.query), self._list)
        else:
            self._list()

    def _list(self) -> None:
        self.parenthesised(lambda: self.listed(self.expression))

    def value(self) -> None:
        """Read a value: operands with operators between them."""
        while True:
            while self.accept("+", "-"):
                pass
            self._postfixed()
            if not self.accept("+", "-", "*", "/", "%", "||"):
                return

    def _postfixed(self) -> None:
        self._primary_value()
        while True:
            if self.accept("["):
                self.value()
                self.expect("]")
            elif self.word == "." and self.peek() != "*":
                self.advance()
                self.identifier()
            elif self.word == "AT" and self.peek() == "TIME" and self.peek(2) == "ZONE":
                self.advance(3)
                self._zone()
            else:
                return

    def _zone(self) -> None:
        if self.token.kind == "string":
            self.advance()
        else:
            self.expect("INTERVAL")
            self._interval()

    def _interval(self) -> None:
        self.accept("+", "-")
        self.string()
        self.expect(*UNITS)
        if self.accept("TO"):
            self.expect(*UNITS)

    def _primary_value(self) -> None:
        kind, word = self.token.kind, self.word
        if kind == "number":
            self.number()
        elif kind == "binary":
            self._binary()
        elif kind == "string":
            self.string()
        elif word == "(":
            self._parenthesis()
        elif word in _BARE:
            self.advance()
        elif word in _MOMENTS:
            self.advance()
            if self.accept("("):
                self.number()
                self.expect(")")
        elif not self._special(word) and not self.parameter():
            if self.word in _HEAVY or self.peek() == "->":
                self.sparing(self._named)
            else:
                self._named()

    def _binary(self) -> None:
        digits = "".join(self.token.text[2:-1].split())
        if any(c not in "0123456789abcdefABCDEF" for c in digits):
            self.wrong("Binary literal can only contain hexadecimal digits")
        if len(digits) % 2:
            self.wrong("Binary literal must contain an even number of digits")
        self.advance()

    def _parenthesis(self) -> None:
        at = 1
        while self.names_something(at) and self.peek(at + 1) == ",":
            at += 2
        if self.peek() == ")" and self.peek(2) == "->":
            self.advance(3)
            self.sparing(self.expression)
        elif self.names_something(at) and self.peek(at + 1) == ")" and self.peek(at + 2) == "->":
            self.advance(at + 3)
            self.sparing(self.expression)
        else:
            self._query_or_list()

    def _special(self, word: str) -> bool:
        if word == "[":
            self.refuse("an array in brackets without ARRAY")
        if word in _JSON and self.peek() == "(":
            self.advance()
            self.skip_parentheses()
            return True
        if word == "POSITION" and self.peek() == "(":
            self.either(self._position, self._named)
            return True
        if word in ("CAST", "TRY_CAST") and self.peek() == "(":
            start = self.token
            self.advance()
            self.parenthesised(lambda: self._cast(start))
            return True
        rules: dict[str, Callable[[], None]] = {
            "CASE": self._case,
            "EXISTS": lambda: self.parenthesised(self.query),
            "EXTRACT": self._extract,
            "TRIM": lambda: self.parenthesised(self._trim),
            "LISTAGG": self.listagg,
            "GROUPING": lambda: self.parenthesised(self._grouping_names),
            "NORMALIZE": lambda: self.parenthesised(self._normalize),
        }
        if word not in rules:
            return False
        self.advance()
        rules[word]()
        return True

    def _grouping_names(self) -> None:
        if self.word != ")":
            self.listed(self.qualified)

    def _case(self) -> None:
        if self.word != "WHEN":
            self.expression()
        self.expect("WHEN")
        self.expression()
        self.expect("THEN")
        self.expression()
        while self.accept("WHEN"):
            self.expression()
            self.expect("THEN")
            self.expression()
        if self.accept("ELSE"):
            self.expression()
        self.expect("END")

    def _cast(self, start: Lexeme) -> None:
        self.expression()
        self.expect("AS")
        if self.names_something() and self.token.text.lower() not in TYPES:
            named = self.token.text[:80]
            self.type_name()
            raise SqlError("TYPE_MISMATCH", f"Unknown type: {named}", place=start.place)
        self.type_name()

    def _extract(self) -> None:
        start = self.back()
        self.expect("(")
        part = self.token.text
        self.identifier()
        self.expect("FROM")
        self.value()
        self.expect(")")
        if part.upper() not in _PARTS:
            raise SqlError("SYNTAX_ERROR", f"Invalid EXTRACT field {part[:80]}", place=start.place)

    def _position(self) -> None:
        self.advance()
        self.expect("(")
        self.value()
        self.expect("IN")
        self.value()
        self.expect(")")

    def _normalize(self) -> None:
        self.value()
        if self.accept(","):
            self.expect("NFD", "NFC", "NFKD", "NFKC")

    def _trim(self) -> None:
        sided = self.accept("LEADING", "TRAILING", "BOTH")
        if sided and self.accept("FROM"):
            self.value()
            return
        if self.word != "FROM":
            self.value()
        if self.accept("FROM") or (not sided and self.accept(",")):
            self.value()

    def _named(self) -> None:
        """Read what begins with a name: a typed literal, an array, a row, a lambda, a call or a column."""
        if self.word == "INTERVAL" and self.kind_ahead() == "string" and self.peek(2) not in UNITS:
            raise SqlError("TYPE_NOT_FOUND", "Unknown type: INTERVAL")
        signed = self.peek() in ("+", "-") and self.kind_ahead(2) == "string"
        if self.word == "INTERVAL" and (signed or (self.kind_ahead() == "string" and self.peek(2) in UNITS)):
            self.advance()
            self._interval()
            return
        if self.word == "DOUBLE" and self.peek() == "PRECISION" and self.kind_ahead(2) == "string":
            self.advance(3)
        elif self.names_something() and self.kind_ahead() == "string":
            self.advance()
            self.string()
        elif self.word == "ARRAY" and self.peek() == "[":
            self.advance(2)
            if not self.accept("]"):
                self.listed(self.expression)
                self.expect("]")
        elif self.names_something() and self.peek() == "->":
            self.advance(2)
            self.expression()
        else:
            self.qualified()
            if self.word == "(":
                self.call()
