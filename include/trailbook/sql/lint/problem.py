"""What the linter says, and the parsed statement that its rules look at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp
from sqlglot.tokenizer_core import Token

from trailbook.runbook.model import Runbook
from trailbook.runbook.source import Loc


@dataclass(frozen=True, slots=True, order=True)
class SqlProblem:
    """One thing wrong. `line` and `column` count from 1 in the SQL; they are 0 where `loc` names another key."""

    line: int
    column: int
    message: str
    loc: Loc = ("query",)


@dataclass(frozen=True, slots=True)
class Statement:
    """A query as text, tokens and tree. The tree's identifiers are lower case, since Athena does not tell case."""

    sql: str
    tokens: Sequence[Token]
    tree: exp.Query

    def at(self, node: exp.Expr | None, message: str) -> SqlProblem:
        """Return a problem at the first character of a node (the statement's, where the parser kept no place)."""
        starts = [found.meta["start"] for found in node.walk() if "start" in found.meta] if node is not None else []
        return at_offset(self.sql, min(starts, default=0), message)


Rule: TypeAlias = Callable[[Runbook, Statement], Iterator[SqlProblem]]
"""A rule sees the runbook and its parsed query."""


def at_offset(sql: str, offset: int, message: str) -> SqlProblem:
    """Return a problem at a character offset."""
    return SqlProblem(sql.count("\n", 0, offset) + 1, offset - sql.rfind("\n", 0, offset), message)


def elsewhere(loc: Loc, message: str) -> SqlProblem:
    """Return a problem at another key of the runbook than its query."""
    return SqlProblem(0, 0, message, loc)
