"""From a query's text to one parsed SELECT, or why it is none.

Invariant: what this accepts, `sql.bind` can parse; it is the same dialect.
"""

from collections.abc import Sequence
from itertools import pairwise

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from trailbook.sql.dialect import MOST_BYTES, AsWritten, of_kind
from trailbook.sql.lint.problem import SqlProblem, Statement, at_offset

_BEGINNINGS = (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN)


class Unparsed(Exception):
    """The text is no query; caught by `lint`, which returns `problem`."""

    def __init__(self, problem: SqlProblem) -> None:
        """Keep the one problem: after it nothing else can be said."""
        self.problem = problem
        super().__init__(problem.message)


def parse(sql: str) -> Statement:
    """Return the one SELECT of a text. Raises Unparsed."""
    if len(sql.encode("utf-8", "replace")) > MOST_BYTES:
        raise Unparsed(at_offset(sql, 0, f"expected at most {MOST_BYTES:,} bytes of SQL, Athena's limit, found more"))
    tokens = _tokens(sql)
    _refuse_templates(sql, tokens)
    _refuse_other_statements(sql, tokens)
    try:
        tree = AsWritten().parser().parse(list(tokens), sql)[0]
    except ParseError as error:
        raise Unparsed(_parse_problem(sql, error)) from None
    except (SqlglotError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Unparsed(at_offset(sql, 0, f"expected Athena SQL, found something else: {what}")) from None
    if not isinstance(tree, exp.Query):
        raise Unparsed(at_offset(sql, tokens[0].start, "expected a SELECT, found something else"))
    if any(not select.expressions for select in of_kind(tree, exp.Select)):
        raise Unparsed(at_offset(sql, tokens[0].start, "not Athena SQL: a SELECT has no columns"))
    for name in of_kind(tree, exp.Identifier):
        name.set("this", name.name.lower())
    return Statement(sql, tokens, tree)


def _tokens(sql: str) -> Sequence[Token]:
    try:
        tokens: list[Token] = AsWritten().tokenize(sql)
    except (TokenError, RecursionError):
        offset, what = _unclosed(sql)
        raise Unparsed(at_offset(sql, offset, what)) from None
    if not tokens:
        raise Unparsed(at_offset(sql, 0, "expected a SELECT, found nothing"))
    return tokens


def _unclosed(sql: str) -> tuple[int, str]:
    """Return where the quote or comment begins that never ends; the tokenizer does not say."""
    closers = {"'": ("'", "a text"), '"': ('"', "a quoted name"), "/*": ("*/", "a comment"), "--": ("\n", "")}
    position = 0
    while position < len(sql):
        opener = next((o for o in closers if sql.startswith(o, position)), None)
        if opener is None:
            position += 1
            continue
        closer, what = closers[opener]
        end = sql.find(closer, position + len(opener))
        if end < 0:
            return (position, f"{what} begins here and never ends") if what else (0, "expected Athena SQL")
        position = end + len(closer)
    return 0, "expected Athena SQL, found something that has no meaning in it"


def _refuse_templates(sql: str, tokens: Sequence[Token]) -> None:
    for one, two in zip(tokens, [*tokens[1:], None], strict=True):
        doubled = two is not None and one.token_type == two.token_type == TokenType.L_BRACE and one.end + 1 == two.start
        if doubled or (one.text.startswith(("{%", "{{", "{#")) and one.token_type != TokenType.STRING):
            message = "no template is filled into SQL: declare a parameter and write :name"
            raise Unparsed(at_offset(sql, one.start, message))


def _refuse_other_statements(sql: str, tokens: Sequence[Token]) -> None:
    if tokens[0].token_type not in _BEGINNINGS:
        raise Unparsed(at_offset(sql, tokens[0].start, f"expected a SELECT, found {tokens[0].text[:40].upper()}"))
    for one, two in pairwise(tokens):
        if one.token_type == TokenType.SEMICOLON:
            raise Unparsed(at_offset(sql, two.start, "expected one statement, found a second one: remove it"))


def _parse_problem(sql: str, error: ParseError) -> SqlProblem:
    details = error.errors[0] if error.errors else {}
    highlight = str(details.get("highlight") or "")
    description = str(details.get("description") or error)
    # sqlglot points at a token's last character; a person looks at its first.
    line, last = int(details.get("line") or 1), int(details.get("col") or 1)
    column = max(1, last - len(highlight) + 1)
    near = f" `{highlight[:40]}`" if highlight.strip() else " the end"
    if description.startswith("Required keyword"):
        return SqlProblem(line, column, f"not Athena SQL: something is missing after{near}")
    return SqlProblem(line, column, f"not Athena SQL: {description[:1].lower()}{description[1:]} near{near}")
