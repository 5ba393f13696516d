"""Trino's grammar of queries as a recogniser: the first token at which a text stops being a query.

sqlglot accepts more than Trino (`a::int`, `FROM t SELECT`, `x == y`, LIMIT before OFFSET, a JOIN without ON), and says
otherwise where a text went wrong. This reads Trino's own grammar (`SqlBase.g4`, queries only) and builds nothing.
"""

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.syntax_values import Values

_SETS = ("UNION", "INTERSECT", "EXCEPT")


def check_query(sql: str, *, parameters: bool = False) -> None:
    """Refuse a text that is not one query of Trino's grammar. Raises SqlError (SYNTAX_ERROR) at the wrong token.

    `parameters` allows `:name` as a value. A last semicolon is allowed, as Athena allows it.
    """
    found = Queries(sql, parameters=parameters)
    try:
        found.whole(found.statement)
    except RecursionError:
        raise SqlError("STACK_OVERFLOW", "the query is nested too deeply") from None


class Queries(Values):
    """A recogniser of whole queries."""

    def statement(self) -> None:
        """Read the whole text."""
        self.query()
        self.accept(";")
        if self.token.kind != "end":
            self.fail()

    def query(self) -> None:
        """Read a query with its WITH."""
        if self.accept("WITH"):
            self.accept("RECURSIVE")
            self.listed(self._named_query)
        self.query_without_with()

    def _named_query(self) -> None:
        self.identifier()
        if self.word == "(":
            self.names()
        self.expect("AS")
        self.parenthesised(self.query)

    def query_without_with(self) -> None:
        """Read a query and its ORDER BY, OFFSET, LIMIT or FETCH."""
        self._term()
        self.order_by()
        if self.accept("OFFSET"):
            self._count()
            self.accept("ROW", "ROWS")
        if self.accept("LIMIT"):
            if not self.accept("ALL"):
                self._count()
        elif self.accept("FETCH"):
            self.expect("FIRST", "NEXT")
            if self.word not in ("ROW", "ROWS"):
                self._count()
            self.expect("ROW", "ROWS")
            if not self.accept("ONLY"):
                self.expect("WITH")
                self.expect("TIES")

    def _count(self) -> None:
        if self.token.kind == "number" and self.token.text.isdigit():
            self.number()
        elif not self.parameter():
            self.fail()

    def _term(self) -> None:
        self._primary()
        while self.word in _SETS:
            self.advance()
            self.accept("DISTINCT", "ALL")
            if self.accept("CORRESPONDING") and self.accept("BY"):
                self.names()
            self._primary()

    def _primary(self) -> None:
        if self.accept("SELECT"):
            self._select()
        elif self.accept("TABLE"):
            self.qualified()
        elif self.accept("VALUES"):
            self.listed(self.expression)
        else:
            self.parenthesised(self.query_without_with)

    def _select(self) -> None:
        self.accept("DISTINCT", "ALL")
        self.listed(self._item)
        if self.accept("FROM"):
            self.listed(self._relation)
        if self.accept("WHERE"):
            self.expression()
        if self.accept("GROUP"):
            self.expect("BY")
            if self.word == "AUTO" and self.peek() in (*_SETS, ")", "HAVING", "ORDER", "WINDOW", "LIMIT", ";", ""):
                self.refuse("GROUP BY AUTO")
            if self.word == "DISTINCT":
                self.refuse("GROUP BY DISTINCT")
            self.accept("ALL")
            self.listed(self._grouping)
        if self.accept("HAVING"):
            self.expression()
        if self.word == "WINDOW" and self.clause_ahead():
            self.advance()
            self.listed(self._window)

    def _item(self) -> None:
        if self.accept("*"):
            return
        self.expression()
        if self.word == "." and self.peek() == "*":
            self.advance(2)
            if self.accept("AS"):
                self.names()
        else:
            self.alias()

    def _window(self) -> None:
        self.identifier()
        self.expect("AS")
        self.window_specification()

    def _grouping(self) -> None:
        if self.word in ("ROLLUP", "CUBE") or (self.word == "GROUPING" and self.peek() == "SETS"):
            self.advance(2 if self.word == "GROUPING" else 1)
            self.expect("(")
            if not self.accept(")"):
                self.listed(self._grouping_set)
                self.expect(")")
        else:
            self._grouping_set()

    def _grouping_set(self) -> None:
        if self.word == "(" and self.peek() == ")":
            self.advance(2)
        else:
            self.expression()

    def _relation(self) -> None:
        self._sampled()
        while True:
            if self.accept("CROSS"):
                self.expect("JOIN")
                self._sampled()
            elif self.accept("NATURAL"):
                self._join_type()
                self.expect("JOIN")
                self._sampled()
            elif self.word in ("JOIN", "INNER", "LEFT", "RIGHT", "FULL"):
                self._join_type()
                self.expect("JOIN")
                self._relation()
                if self.accept("USING"):
                    self.names()
                else:
                    self.expect("ON")
                    self.expression()
            else:
                return

    def _join_type(self) -> None:
        if not self.accept("INNER") and self.accept("LEFT", "RIGHT", "FULL"):
            self.accept("OUTER")

    def _sampled(self) -> None:
        self._aliased()
        if self.word == "MATCH_RECOGNIZE" and self.peek() == "(":
            self.refuse("MATCH_RECOGNIZE")
        if self.word == "TABLESAMPLE" and self.clause_ahead():
            self.advance(2)
            self.parenthesised(self.expression)

    def _aliased(self) -> None:
        self._relation_primary()
        if self.alias() and self.word == "(":
            self.names()

    def _relation_primary(self) -> None:
        if self.word == "(":
            self.either(lambda: self.parenthesised(self.query), lambda: self.parenthesised(self._relation))
        elif self.accept("UNNEST"):
            self.parenthesised(lambda: self.listed(self.expression))
            if self.accept("WITH"):
                self.expect("ORDINALITY")
        elif self.word == "LATERAL" and self.peek() == "(":
            self.advance()
            self.parenthesised(self.query)
        elif self.word in ("TABLE", "JSON_TABLE") and self.peek() == "(":
            self.refuse("a table function")
        else:
            self.qualified()
            if self.word == "FOR" and self.peek() in ("TIMESTAMP", "VERSION"):
                self.refuse("FOR TIMESTAMP or VERSION AS OF")
