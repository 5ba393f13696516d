"""The recogniser's rules for calls, windows and types."""

from abc import abstractmethod

from trailbook.local.engine.syntax_base import Reader

UNITS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")
"""The units of an interval."""

TYPES = frozenset(
    (
        *("boolean", "tinyint", "smallint", "integer", "int", "bigint", "real", "double", "decimal", "dec", "numeric"),
        *("varchar", "char", "varbinary", "json", "date", "time", "timestamp", "interval", "row", "array", "map"),
        *("ipaddress", "uuid", "unknown", "hyperloglog", "p4hyperloglog", "qdigest", "tdigest", "setdigest", "color"),
        *("jsonpath", "json2016", "geometry", "sphericalgeography", "bingtile", "function", "objectid", "float"),
    )
)
"""The names of Trino's types (`float` is another name of real)."""


class Calls(Reader):
    """A recogniser of calls, windows and types."""

    @abstractmethod
    def expression(self) -> None:
        """Read an expression."""

    @abstractmethod
    def value(self) -> None:
        """Read a value, which is no predicate."""

    def string(self) -> None:
        """Read a text literal."""
        if self.token.kind != "string":
            self.fail()
        self.advance()
        if self.accept("UESCAPE"):
            self.string()

    def call(self) -> None:
        """Read a call's arguments and what may follow them."""
        self.expect("(")
        if self.accept("*"):
            self.expect(")")
        else:
            self._arguments()
        self.filtered()
        nulls = self.word in ("IGNORE", "RESPECT") and self.peek() == "NULLS"
        if nulls:
            self.advance(2)
        if self.word == "OVER" and (self.peek() == "(" or self.names_something(1)):
            self.advance()
            if self.word == "(":
                self.window_specification()
            else:
                self.identifier()
        elif nulls:
            self.fail()

    def _arguments(self) -> None:
        if self.word not in (")", "ORDER"):
            self.accept("DISTINCT", "ALL")
            self.listed(self._argument)
        self.order_by()
        self.expect(")")

    def _argument(self) -> None:
        self.expression()
        if self.word == "." and self.peek() == "*":  # label.*, which only row patterns may have: the analysis says so
            self.advance(2)
        if self.word in ("FROM", "FOR"):  # substring(x FROM y FOR z)
            self.advance()
            self.value()
            if self.accept("FOR"):
                self.value()

    def filtered(self) -> None:
        """Read FILTER where there is one."""
        if self.word == "FILTER" and self.peek() == "(":
            self.advance(2)
            self.expect("WHERE")
            self.expression()
            self.expect(")")

    def order_by(self) -> None:
        """Read ORDER BY where there is one."""
        if self.accept("ORDER"):
            self.expect("BY")
            self.listed(self._sort_item)

    def _sort_item(self) -> None:
        self.expression()
        self.accept("ASC", "DESC")
        if self.accept("NULLS"):
            self.expect("FIRST", "LAST")

    def window_specification(self) -> None:
        """Read what stands in OVER's parentheses."""
        self.expect("(")
        frame = self.word in ("ROWS", "RANGE", "GROUPS")
        if self.names_something() and not frame and not (self.word == "PARTITION" and self.peek() == "BY"):
            self.identifier()
        if self.accept("PARTITION"):
            self.expect("BY")
            self.listed(self.expression)
        self.order_by()
        if self.accept("ROWS", "RANGE", "GROUPS"):
            if self.accept("BETWEEN"):
                self._bound()
                self.expect("AND")
            self._bound()
        self.expect(")")

    def _bound(self) -> None:
        unbounded = self.word == "UNBOUNDED" and self.peek() in ("PRECEDING", "FOLLOWING")
        if unbounded or (self.word == "CURRENT" and self.peek() == "ROW"):
            self.advance(2)
        else:
            self.value()
            self.expect("PRECEDING", "FOLLOWING")

    def listagg(self) -> None:
        """Read what follows LISTAGG."""
        self.expect("(")
        self.accept("DISTINCT", "ALL")
        self.expression()
        if self.accept(","):
            self.string()
        if self.accept("ON"):
            self.expect("OVERFLOW")
            if not self.accept("ERROR"):
                self.expect("TRUNCATE")
                if self.token.kind == "string":
                    self.string()
                self.expect("WITH", "WITHOUT")
                self.expect("COUNT")
        self.expect(")")
        self.expect("WITHIN")
        self.expect("GROUP")
        self.expect("(")
        if self.word != "ORDER":
            self.fail()
        self.order_by()
        self.expect(")")
        self.filtered()

    def type_name(self) -> None:
        """Read a type."""
        if self.word == "ROW" and self.peek() == "(":
            self.advance()
            self.parenthesised(lambda: self.listed(self._row_field))
        elif self.word in ("ARRAY", "MAP") and self.peek() == "<":
            self.advance(2)
            self.listed(self.type_name)
            self.expect(">")
        elif self.word == "INTERVAL":
            self.advance()
            self.expect(*UNITS)
            if self.accept("TO"):
                self.expect(*UNITS)
        elif self.word == "DOUBLE" and self.peek() == "PRECISION":
            self.advance(2)
        else:
            self.identifier()
            if self.word == "(":
                self.parenthesised(lambda: self.listed(self._type_parameter))
            if self.word in ("WITH", "WITHOUT") and self.peek() == "TIME":
                self.advance(2)
                self.expect("ZONE")
        while self.word == "ARRAY":
            self.advance()

    def _type_parameter(self) -> None:
        if self.token.kind == "number":
            self.advance()
        else:
            self.type_name()

    def _row_field(self) -> None:
        named = self.names_something() and (self.names_something(1) or self.peek(1) == "ROW")
        if named and (self.peek(1) not in ("PRECISION", "ARRAY") or self.peek(2) == "("):
            self.identifier()
        self.type_name()
