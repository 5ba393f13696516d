"""Rules about `:name` in a query."""

from collections.abc import Iterator
from itertools import pairwise

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from trailbook.runbook.model import COMMON_PARAMS, WINDOW_VALUES, Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.sql.dialect import of_kind
from trailbook.sql.lint.problem import SqlProblem, Statement, at_offset, elsewhere


def declared(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Each `:name` is a declared parameter and stands where a value can stand; `?` has no name and is refused.

    PASS:
        params: {names: {type: array, items: {type: string}, default: [], title: Only these}}
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventname IN (:names)
    FAIL: no parameter `nmes`; did you mean `names`?
        params: {names: {type: array, items: {type: string}, default: [], title: Only these}}
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventname IN (:nmes)
    PASS:
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventtime >= :window_start
    FAIL: `:start` is not for the SQL
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventtime > :start
    FAIL: expected :name, found ?
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventname = ?
    FAIL: a parameter is a value
        params: {name: {type: string, default: x, title: Name}}
        query: SELECT eventid AS event_id, eventname :name FROM cloudtrail
    """
    placeholders = _placeholders(statement)
    for name, token in placeholders:
        if name in runbook.params or name in WINDOW_VALUES:
            continue
        if name in COMMON_PARAMS:
            message = f"`:{name}` is not for the SQL: the run applies it to cloudtrail already"
        else:
            message = f"no parameter `{name}`{did_you_mean(name, runbook.params)}"
        yield at_offset(statement.sql, token.start, message)
    for token in statement.tokens:
        if token.token_type in (TokenType.PLACEHOLDER, TokenType.PARAMETER):
            yield at_offset(statement.sql, token.start, f"expected :name, found {token.text}: declare a parameter")
    misplaced = [n.name for n in of_kind(statement.tree, exp.Placeholder) if not _is_value(n)]
    for name in dict.fromkeys(misplaced):
        first = next((token.start for other, token in placeholders if other == name), 0)
        yield at_offset(statement.sql, first, f"a parameter is a value; `:{name}` stands where a name is expected")


def _placeholders(statement: Statement) -> list[tuple[str, Token]]:
    """Return each `:name` that the tree has, with its colon (the tree itself keeps no places of them)."""
    names = {node.name for node in of_kind(statement.tree, exp.Placeholder)}
    return [
        (name.text, colon)
        for colon, name in pairwise(statement.tokens)
        if colon.token_type == TokenType.COLON and colon.end + 1 == name.start and name.text in names
    ]


def _is_value(node: exp.Placeholder) -> bool:
    return node.arg_key != "alias" and not isinstance(node.parent, (exp.Table, exp.TableAlias, exp.Identifier))


def used(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Each declared parameter does something: the SQL names it, or it replaces a lookup's column.

    PASS:
        params: {name: {type: string, default: x, title: Name}}
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventname = :name
    FAIL: the query never uses `:name`
        params: {name: {type: string, default: x, title: Name}}
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventname = ':name'
    """
    names = {node.name for node in of_kind(statement.tree, exp.Placeholder)}
    for name, param in runbook.params.items():
        if name not in names and param.replaces is None:
            yield elsewhere(("params", name), f"the query never uses `:{name}`: use it, or remove the parameter")
