"""Rules that keep a query the same on every run: its rows depend on the window, the parameters and the logs alone."""

from collections.abc import Iterator
from itertools import pairwise

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from trailbook.runbook.model import Runbook
from trailbook.sql.dialect import of_kind
from trailbook.sql.lint.problem import SqlProblem, Statement, at_offset

# fmt: off
_WORDS = frozenset(
    {
        "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user",
        "current_role", "current_catalog", "current_schema", "current_path", "session_user",
    }
)
# fmt: on
# fmt: off
_FUNCTIONS = frozenset(
    {
        "now", "rand", "random", "secure_rand", "secure_random", "uuid", "shuffle", "current_timezone",
        "current_groups", "version", "unix_timestamp", "getdate", "sysdate",
    }
)
# fmt: on
_NAMES = (TokenType.STRING, TokenType.IDENTIFIER)
_BEFORE_A_STAR = (TokenType.SELECT, TokenType.DISTINCT, TokenType.ALL, TokenType.COMMA, TokenType.DOT)
_LIMITS = (TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH)


def no_clock_or_chance(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Nothing asks the clock, chance or who is asking, so that running a window again gives the same rows.

    PASS:
        query: SELECT eventid AS event_id, eventname AS event_name, 'now()' AS text FROM cloudtrail
    FAIL: now() differs from run to run
        query: SELECT eventid AS event_id, eventname AS event_name, now() AS seen FROM cloudtrail
    FAIL: current_date differs from run to run
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventtime > current_date
    FAIL: TABLESAMPLE
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail TABLESAMPLE BERNOULLI (10)
    """
    tokens = statement.tokens
    for index, token in enumerate(tokens):
        if token.token_type in _NAMES:
            continue
        word = token.text.lower()
        called = index + 1 < len(tokens) and tokens[index + 1].token_type == TokenType.L_PAREN
        if word in _WORDS or (called and word in _FUNCTIONS):
            name = f"{word}()" if word in _FUNCTIONS else word
            message = f"{name} differs from run to run: the window is applied to cloudtrail already"
            yield at_offset(statement.sql, token.start, message)
        if token.token_type == TokenType.TABLE_SAMPLE:
            yield at_offset(statement.sql, token.start, "TABLESAMPLE differs from run to run: read all rows")


def no_star(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Columns are named, so that a new column of the log cannot change what a finding is.

    PASS:
        query: SELECT eventname AS event_name, count(*) AS n, array_agg(eventid) AS event_ids FROM cloudtrail GROUP BY 1
        result: {kind: aggregate, key: [event_name], measures: [n]}
    FAIL: name the columns
        query: SELECT * FROM cloudtrail
    FAIL: name the columns
        query: WITH x AS (SELECT c.* FROM cloudtrail c) SELECT eventid AS event_id, eventname AS event_name FROM x
    """
    tokens, found = statement.tokens, False
    for before, token in pairwise(tokens):
        if token.token_type == TokenType.STAR and before.token_type in _BEFORE_A_STAR:
            found = True
            yield at_offset(statement.sql, token.start, "name the columns instead of *")
    if not found and any(isinstance(s.parent, exp.Select) for s in of_kind(statement.tree, exp.Star)):
        yield at_offset(statement.sql, 0, "name the columns: TABLE and * take whatever there is")


def no_limit(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """The outermost SELECT has no LIMIT, OFFSET or FETCH: the run's `row_limit` decides, and says when it cut.

    PASS:
        query: |
          SELECT eventid AS event_id, event_name
          FROM (SELECT eventid, eventname AS event_name FROM cloudtrail LIMIT 5)
    FAIL: row_limit
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail LIMIT 5
    """
    tree: exp.Expr = statement.tree
    limited = _limited(tree)
    while isinstance(tree, exp.Subquery):
        tree = tree.this
        limited = limited or _limited(tree)
    if limited:
        last = next(t for t in reversed(statement.tokens) if t.token_type in _LIMITS)
        message = f"{last.text.upper()} is the run's own: remove it; the parameter row_limit decides"
        yield at_offset(statement.sql, last.start, message)


def _limited(tree: exp.Expr) -> bool:
    return any(tree.args.get(key) for key in ("limit", "offset", "fetch"))


def only_reads(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """A query only reads, ends, and has no place for a stranger's value but `:name`.

    PASS:
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail
    FAIL: WITH RECURSIVE
        query: |
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
          SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail CROSS JOIN n
    FAIL: expected a SELECT, found DROP
        query: DROP TABLE cloudtrail
    FAIL: expected one statement
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail; DROP TABLE cloudtrail
    FAIL: no template is filled into SQL
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventname = {{ name }}
    """
    for with_ in of_kind(statement.tree, exp.With):
        if with_.args.get("recursive"):
            yield statement.at(with_, "WITH RECURSIVE is not supported: a run must end")
    for node in of_kind(statement.tree, exp.Into, exp.Lock):
        yield statement.at(node, "expected a query that only reads, found INTO or FOR UPDATE: remove it")
