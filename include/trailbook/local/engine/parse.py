"""Reading Athena SQL with sqlglot, with every function left as it was written.

sqlglot maps known functions to portable nodes, and that mapping is where answers silently change; here each call stays
an `Anonymous` node with its own name, so that the allow-list in `signatures` decides what it means.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import TokenType

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.grammar import PlacedParser, placed
from trailbook.local.engine.syntax import check_query
from trailbook.sql.dialect import of_kind

_KEPT = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "LISTAGG")
MOST_TEXT = 262_144
"""Athena's own limit on a query's length, in bytes."""
_ESCAPE = re.compile(r"\\(?:\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4})|\\|)")
_STATEMENT = re.compile(
    r"\s*(?:ALTER|ANALYZE|CALL|COMMENT|COMMIT|CREATE|DEALLOCATE|DELETE|DENY|DESC|DESCRIBE|DROP|EXECUTE|EXPLAIN|GRANT"
    r"|INSERT|MERGE|MSCK|PREPARE|REFRESH|REPLACE|REVOKE|ROLLBACK|SET|SHOW|START|TRUNCATE|UNLOAD|UPDATE|USE|VACUUM"
    r")\b",
    re.IGNORECASE,
)
_LAST_CODE_POINT = 0x10FFFF


class _Parser(PlacedParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = {
        **{k: v for k, v in TrinoParser.FUNCTION_PARSERS.items() if k in _KEPT},
        "SUBSTRING": lambda self: self._call_in_words(exp.Anonymous(this="substring"), (TokenType.FROM, TokenType.FOR)),
        "POSITION": lambda self: self._call_in_words(exp.Anonymous(this="position"), (TokenType.IN,)),
    }
    PLACEHOLDER_PARSERS: ClassVar = {TokenType.PLACEHOLDER: lambda self: self._placed_placeholder()}
    NO_PAREN_FUNCTION_PARSERS: ClassVar = {
        k: v for k, v in TrinoParser.NO_PAREN_FUNCTION_PARSERS.items() if k in ("CASE", "IF", "ANY")
    }

    def _call_in_words(self, call: exp.Expr, words: tuple[TokenType, ...]) -> exp.Expr:
        """Return `substring(x FROM 1 FOR 2)` or `position(x IN y)` as a call of its values in order."""
        placed(call, self._tokens[self._index - 2])
        values = [self._parse_bitwise()]
        while self._match(TokenType.COMMA) or self._match_set(words):
            values.append(self._parse_bitwise())
        call.set("expressions", [self._required(v) for v in values])
        return call

    def _placed_placeholder(self) -> exp.Expr:
        """Return a `?` that knows its place, since parameters are bound in the order of the text."""
        return placed(exp.Placeholder(), self._prev)


class AthenaQuery(Trino):
    """Trino's grammar without sqlglot's function mapping and without its shift of array indexes."""

    INDEX_OFFSET = 0
    Parser = _Parser


class _NamedParser(_Parser):
    PLACEHOLDER_PARSERS: ClassVar = TrinoParser.PLACEHOLDER_PARSERS


class TemplateQuery(AthenaQuery):
    """The same with `:name` where a value will stand, which Athena itself does not know."""

    Parser = _NamedParser


def parse_query(sql: str, dialect: type[AthenaQuery] = AthenaQuery) -> exp.Query:
    """Return the one query of a text. Raises SqlError (SYNTAX_ERROR, NOT_SUPPORTED)."""
    if len(sql.encode("utf-8", "surrogatepass")) > MOST_TEXT:
        raise SqlError("INVALID_INPUT", f"the query is longer than {MOST_TEXT} bytes")
    if "\x00" in sql:
        raise SqlError("SYNTAX_ERROR", "the query contains a NUL character")
    if not _STATEMENT.match(sql):
        check_query(sql, parameters=issubclass(dialect, TemplateQuery))
    try:
        found = [s for s in sqlglot.parse(sql, dialect=dialect) if s is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        place = _place(first, sql)
        raise SqlError("SYNTAX_ERROR", _plain(str(first.get("description") or error)), place=place) from None
    except (TokenError, SqlglotError, ValueError) as error:
        raise SqlError("SYNTAX_ERROR", _plain(str(error)), place="line 1:1") from None
    except RecursionError:
        raise SqlError("STACK_OVERFLOW", "the query is nested too deeply") from None
    if len(found) != 1:
        raise SqlError("SYNTAX_ERROR", f"expected one statement, found {len(found)}", place="line 1:1")
    statement = found[0]
    if not isinstance(statement, exp.Query | exp.Values):
        raise SqlError("NOT_SUPPORTED", f"{statement.key.upper()} is not supported by the local Athena", statement)
    for node in of_kind(statement, exp.UnicodeString):
        node.replace(_decoded(node))
    return statement  # type: ignore[return-value]  # a bare VALUES is a query in Trino; sqlglot types it apart


def _place(error: Mapping[str, Any], sql: str) -> str:
    """Return where the parser stopped: sqlglot counts to a token's end, Trino to its beginning."""
    highlight = str(error.get("highlight") or "")
    if not highlight:
        lines = sql.split("\n")
        return f"line {len(lines)}:{len(lines[-1]) + 1}"
    return f"line {error.get('line', 1)}:{max(1, int(error.get('col') or 1) - len(highlight) + 1)}"


def _decoded(node: exp.UnicodeString) -> exp.Literal:
    """Return a `U&'…'` literal as the text that it stands for, so that it is a literal wherever one must stand."""
    if node.args.get("escape"):
        raise SqlError("NOT_SUPPORTED", "UESCAPE is not supported by the local Athena", node)

    def character(match: re.Match[str]) -> str:
        digits = match[1] or match[2]
        if digits is None:
            if match[0] == "\\\\":
                return "\\"
            raise SqlError("SYNTAX_ERROR", f"Invalid Unicode escape sequence in {node.name!r:.80}", node)
        code = int(digits, 16)
        if code > _LAST_CODE_POINT or 0xD800 <= code <= 0xDFFF:
            raise SqlError("SYNTAX_ERROR", f"Invalid escaped character: {digits}", node)
        return chr(code)

    literal = exp.Literal.string(_ESCAPE.sub(character, node.name))
    literal.meta.update(node.meta)
    return literal


def _plain(message: str) -> str:
    """Return sqlglot's message as one line without the terminal codes that underline the place."""
    return " ".join(message.replace("\x1b[4m", "").replace("\x1b[0m", "").split())[:500]
