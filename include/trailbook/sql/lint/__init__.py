"""The linter: what is wrong with a runbook's SQL, known before Athena is asked.

Each rule is one function whose docstring shows a runbook that passes and one that fails, as in `runbook.rules`.
Importing this imports sqlglot; who only wants the model must not.
"""

from trailbook.runbook.event_names.known import KnownEvents
from trailbook.runbook.model import Runbook
from trailbook.sql.lint.columns import known_columns
from trailbook.sql.lint.event_names import event_names
from trailbook.sql.lint.parameters import declared, used
from trailbook.sql.lint.problem import Rule, SqlProblem, Statement, at_offset
from trailbook.sql.lint.purity import no_clock_or_chance, no_limit, no_star, only_reads
from trailbook.sql.lint.relations import cte_names, lookups_are_read, reads_only
from trailbook.sql.lint.result import key_and_measures, named_once, other_mentions, traceable
from trailbook.sql.lint.statement import Unparsed, parse

__all__ = ["RULES", "SqlProblem", "lint", "lint_with_doubts"]

RULES: tuple[Rule, ...] = (
    only_reads,
    no_clock_or_chance,
    no_star,
    no_limit,
    cte_names,
    reads_only,
    lookups_are_read,
    known_columns,
    declared,
    used,
    named_once,
    traceable,
    key_and_measures,
    other_mentions,
)
"""In the order in which their problems read best; `lint` sorts by place."""


def lint(runbook: Runbook) -> list[SqlProblem]:
    """Return every problem of a runbook's SQL, by place; where it cannot be parsed, the one reason why."""
    return lint_with_doubts(runbook, None)[0]


def lint_with_doubts(runbook: Runbook, known: KnownEvents | None) -> tuple[list[SqlProblem], list[SqlProblem]]:
    """Return the problems as `lint`, and where there are none what is doubted by the event names that are known."""
    try:
        statement = parse(runbook.query)
        problems = sorted({problem for rule in RULES for problem in rule(runbook, statement)}, key=_order)
        return problems, [] if problems or known is None else _doubts(runbook, statement, known)
    except Unparsed as error:
        return [error.problem], []
    except RecursionError:
        return [at_offset(runbook.query, 0, "expected simpler SQL: this is nested too deeply to be understood")], []


def _doubts(runbook: Runbook, statement: Statement, known: KnownEvents) -> list[SqlProblem]:
    try:
        return sorted(set(event_names(runbook, statement, known)), key=_order)
    except RecursionError:
        return []  # what is too deep to be looked through is not doubted


def _order(problem: SqlProblem) -> tuple[int, int, str, str]:
    return problem.line, problem.column, str(problem.loc), problem.message
