"""Reading and writing Athena's SELECT with sqlglot so that what is written is what was read.

Invariants: a function keeps its name and arguments (plain sqlglot knows functions by meaning and may write another name
or other arguments for them); comments are dropped, since they may carry anything; `written` proves by reading its own
text back that it is one statement and holds every literal whole.
"""

import re
from collections import Counter
from typing import TYPE_CHECKING, ClassVar, TypeVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.generators.athena import AthenaTrinoGenerator
from sqlglot.parsers.athena import AthenaTrinoParser

from trailbook.errors import InvalidRequest, InvalidRunbook, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MOST_BYTES = 262_144
"""Athena's own limit on a query's text, in bytes."""

_SPECIAL_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "SUBSTRING", "TRIM", "POSITION", "LISTAGG")
_MARKED = re.compile(r"""'(?P<text>(?:[^']|'')*)'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|(?P<wrong>['"`;]|--|/\*|\{\#)""")
"""What Trino does not read as plain words and signs; `wrong` is what one statement without comments has not."""
_PREFIX = re.compile(r"(?<![A-Za-z0-9_])(?:[Uu]&|[Xx])\Z")
"""What stands before a quote that begins code points or bytes; looked for from the quote back, in half the time."""
_JSON_SYNTAX = ("JSON_OBJECT", "JSON_QUERY", "JSON_VALUE", "JSON_TABLE")


_Kind = TypeVar("_Kind", bound=exp.Expr)


class AsWritten(Trino):
    """Athena engine version 3 (Trino), with every function that has ordinary arguments left as it was written."""

    class Parser(AthenaTrinoParser):
        """Knows no function by meaning; keeps the parsers of functions whose arguments have a syntax of their own."""

        FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar["dict[str, Callable[..., Any]]"] = {
            name: AthenaTrinoParser.FUNCTION_PARSERS[name] for name in (*_SPECIAL_SYNTAX, *_JSON_SYNTAX)
        }

    class Generator(AthenaTrinoGenerator):
        """Writes `a IS NOT NULL` and `a NOT IN (…)` as people do; sqlglot holds both as NOT before the rest.

        It takes every SELECT as it is: what sqlglot would rewrite in one is other dialects'.
        """

        TRANSFORMS: ClassVar = {k: way for k, way in AthenaTrinoGenerator.TRANSFORMS.items() if k is not exp.Select}

        def not_sql(self, expression: exp.Not) -> str:
            """Return the negation's text."""
            inner = expression.this
            if isinstance(inner, (exp.In, exp.Between)) or (
                isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null)
            ):
                left, whole = self.sql(inner, "this"), self.sql(inner)
                rest = whole[len(left) :]
                return f"{left} IS NOT NULL" if isinstance(inner, exp.Is) else f"{left} NOT{rest}"
            return super().not_sql(expression)


def read(sql: str, path: str) -> exp.Query:
    """Return the tree of one SELECT, without comments and places. Raises InvalidRunbook for anything else."""
    try:
        statements = [tree for tree in AsWritten().parse(sql) if tree is not None]
    except SqlglotError as error:
        raise _invalid(path, f"expected Athena SQL, found: {_first_line(error)}", error) from None
    if len(statements) != 1:
        raise _invalid(path, f"expected one statement, found {len(statements)}")
    tree = statements[0]
    if not isinstance(tree, exp.Query):
        raise _invalid(path, f"expected a SELECT, found {type(tree).__name__.upper()}")
    for node in nodes(tree):
        node.comments = node._meta = None  # as `meta.clear()`, whose empty dictionary is copied with the node
    return tree


def nodes(tree: exp.Expr) -> list[exp.Expr]:
    """Return the tree's nodes, outer ones first: sqlglot's own walk takes four times as long."""
    found = [tree]
    for node in found:
        for value in node.args.values():
            if isinstance(value, exp.Expr):
                found.append(value)
            elif type(value) is list:
                found += [item for item in value if isinstance(item, exp.Expr)]
    return found


def of_kind(tree: exp.Expr, *kinds: type[_Kind]) -> list[_Kind]:
    """Return the tree's nodes of these kinds, outer ones first."""
    return [node for node in nodes(tree) if isinstance(node, kinds)]


def plain_tables(tree: exp.Expr) -> frozenset[str]:
    """Return the names without a schema that a tree reads from, in lower case."""
    return frozenset(table.name.lower() for table in of_kind(tree, exp.Table) if not table.db)


def written(tree: exp.Query) -> str:
    """Return the tree, which is used up, as the text that Athena gets.

    Raises InvalidRequest where it is over Athena's limit, or where its values would not read back.
    """
    literals = _literals(tree)
    # With layout for people; without it where that is too long, or where a literal holds sqlglot's line-break mark.
    for pretty in (True, False):
        text = _text(tree, pretty=pretty)
        size = len(text.encode())
        if size <= MOST_BYTES and _intact(literals, text):
            return text
    if size <= MOST_BYTES:
        raise InvalidRequest("the query cannot be written so that its values read back the same: simplify its SQL")
    raise InvalidRequest(
        f"the query would have {size:,} bytes and Athena takes at most {MOST_BYTES:,}: "
        "give fewer or shorter parameter values or lookup rows"
    )


def laid_out(tree: exp.Expr) -> str | None:
    """Return a part of a query, which is used up, as text with layout; None where its values would not read back."""
    literals = _literals(tree)
    text = _text(tree, pretty=True)
    return text if _intact(literals, text) else None


def canonical(tree: exp.Query) -> str:
    """Return the tree's one text that comments, white space and the case of keywords do not change."""
    return tree.sql(dialect=AsWritten, comments=False)


def _text(tree: exp.Expr, *, pretty: bool) -> str:
    return tree.sql(dialect=AsWritten, pretty=pretty, comments=False, copy=False)


def _intact(literals: Counter[tuple[bool, str]], text: str) -> bool:
    """Return whether the text, as Trino cuts it into tokens, is one statement, without comments, with the literals."""
    read: Counter[tuple[bool, str]] = Counter()
    for found in _MARKED.finditer(text):
        if found["wrong"]:
            return False
        if found["text"] is not None:
            prefix = _PREFIX.search(text, max(found.start() - 3, 0), found.start())
            if prefix is None or prefix[0] not in "Xx":
                read[prefix is not None, found["text"].replace("''", "'")] += 1
    return literals <= read


def _literals(tree: exp.Expr) -> Counter[tuple[bool, str]]:
    """Return the texts of the tree's literals, and whether each has code points."""
    return Counter(
        (isinstance(node, exp.UnicodeString), node.name)
        for node in nodes(tree)
        if isinstance(node, exp.UnicodeString) or (isinstance(node, exp.Literal) and node.is_string)
    )


def _first_line(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    return str(details[0].get("description")) if details else str(error).splitlines()[0]


def _invalid(path: str, message: str, error: SqlglotError | None = None) -> InvalidRunbook:
    details = getattr(error, "errors", None) or [{}]
    line, column = details[0].get("line") or 1, details[0].get("col") or 1
    return InvalidRunbook([Problem(path, line, column, "query", message)])
