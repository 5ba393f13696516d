"""Trino's grammar of values and predicates over sqlglot's tokens: every node knows its place.

Trino places an operator's error at the operator, and everything else at its first token. sqlglot's own grammar lets
predicates follow each other (`a = b = c`), which Trino refuses, and keeps no place of most nodes.
"""

from collections.abc import Mapping
from typing import ClassVar

from sqlglot import exp
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

_COMPARISONS: Mapping[TokenType, type[exp.Binary]] = {
    TokenType.EQ: exp.EQ,
    TokenType.NEQ: exp.NEQ,
    TokenType.LT: exp.LT,
    TokenType.LTE: exp.LTE,
    TokenType.GT: exp.GT,
    TokenType.GTE: exp.GTE,
}
_TERMS: Mapping[TokenType, type[exp.Binary]] = {TokenType.PLUS: exp.Add, TokenType.DASH: exp.Sub}
_FACTORS: Mapping[TokenType, type[exp.Binary]] = {
    TokenType.STAR: exp.Mul,
    TokenType.SLASH: exp.Div,
    TokenType.MOD: exp.Mod,
}
_RANGES = (TokenType.BETWEEN, TokenType.IN, TokenType.LIKE)


def _decimal(literal: str, declared: exp.DataType) -> exp.DataType:
    """Return the type of `DECIMAL '1.50'`: as many digits as are written."""
    whole, _, fraction = literal.strip().lstrip("+-").partition(".")
    if declared.expressions or not (whole + fraction).isdigit():
        return declared
    digits = max(1, len(whole.lstrip("0")) + len(fraction))
    return exp.DataType.build(f"DECIMAL({digits}, {len(fraction)})")


def placed(node: exp.Expr, token: Token) -> exp.Expr:
    """Return the node after noting where it stands."""
    node.meta.update({"line": token.line, "col": token.col, "start": token.start, "end": token.end})
    node.meta["word"] = token.text.upper()
    return node


class PlacedParser(TrinoParser):
    """sqlglot's parser with Trino's values and predicates."""

    TYPE_LITERAL_PARSERS: ClassVar = {
        **TrinoParser.TYPE_LITERAL_PARSERS,
        exp.DType.DECIMAL: lambda self, this, to: self.expression(exp.Cast(this=this, to=_decimal(this.name, to))),
    }

    def _parse_equality(self, parse_is: bool = True) -> exp.Expr | None:
        left = self._parse_bitwise()
        token = self._curr
        if left is None or token is None:
            return left
        if token.token_type in _COMPARISONS:
            self._advance()
            right = self._required(self._parse_bitwise())
            return placed(_COMPARISONS[token.token_type](this=left, expression=right), token)
        if token.token_type is TokenType.IS:
            self._advance()
            return self._is_predicate(left, token)
        negated = token.token_type is TokenType.NOT and self._next and self._next.token_type in _RANGES
        if not negated and token.token_type not in _RANGES:
            return left
        if negated:
            self._advance()
        self._advance()
        parse = self.RANGE_PARSERS[self._prev.token_type]
        found = placed(self._required(parse(self, left)), token)
        return placed(exp.Not(this=found), token) if negated else found

    def _required(self, node: exp.Expr | None) -> exp.Expr:
        if node is None:
            self.raise_error("an expression is missing here")
            return exp.Null()
        return node

    def _is_predicate(self, left: exp.Expr, token: Token) -> exp.Expr:
        negated = self._match(TokenType.NOT)
        if self._match_text_seq("DISTINCT", "FROM"):
            kind = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return placed(kind(this=left, expression=self._required(self._parse_bitwise())), token)
        if not self._match(TokenType.NULL):
            self.raise_error("expected NULL or DISTINCT FROM after IS")
        found = placed(exp.Is(this=left, expression=exp.Null()), token)
        return placed(exp.Not(this=found), token) if negated else found

    def _parse_bitwise(self) -> exp.Expr | None:
        left = self._parse_term()
        while left is not None and self._match(TokenType.DPIPE):
            token = self._prev
            left = placed(exp.DPipe(this=left, expression=self._required(self._parse_term())), token)
        return left

    def _parse_term(self, parse_mod: bool = True) -> exp.Expr | None:
        left = self._parse_factor(parse_mod=parse_mod)
        while left is not None and self._match_set(_TERMS):
            token = self._prev
            right = self._required(self._parse_factor(parse_mod=parse_mod))
            left = placed(_TERMS[token.token_type](this=left, expression=right), token)
        return left

    def _parse_factor(self, parse_mod: bool = True) -> exp.Expr | None:
        left = self._parse_at_time_zone(self._parse_unary())
        while left is not None and self._match_set(_FACTORS):
            token = self._prev
            right = self._required(self._parse_at_time_zone(self._parse_unary()))
            left = placed(_FACTORS[token.token_type](this=left, expression=right), token)
        return left

    def parse_set_operation(
        self, this: exp.Expr | None, consume_pipe: bool = False, intersect_only: bool = False
    ) -> exp.SetOperation | None:
        """Return a UNION, INTERSECT or EXCEPT, placed at its word."""
        token = self._curr
        found = super().parse_set_operation(this, consume_pipe, intersect_only)
        if found is not None and token is not None:
            placed(found, token)
        return found

    def _parse_derived_table_values(self, allow_value_synonym: bool = False) -> exp.Values | None:
        token = self._next if self._curr and self._curr.token_type is TokenType.L_PAREN else self._curr
        found = super()._parse_derived_table_values(allow_value_synonym)
        if found is not None and token is not None:
            placed(found, token)
        return found

    def _parse_unary(self) -> exp.Expr | None:
        token = self._curr
        found = super()._parse_unary()
        if found is not None and token is not None and "line" not in found.meta and not isinstance(found, exp.Column):
            placed(found, token)
        return found
