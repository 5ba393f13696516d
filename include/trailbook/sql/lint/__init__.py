"""The linter: what is wrong with a runbook's SQL, known before Athena is asked.

Each rule is one function whose docstring shows a runbook that passes and one that fails, as in `runbook.rules`.
Importing this imports sqlglot; who only wants the model must not.
"""

from trailbook.runbook.model import Runbook
from trailbook.sql.lint.columns import known_columns
from trailbook.sql.lint.parameters import declared, used
from trailbook.sql.lint.problem import Rule, SqlProblem, at_offset
from trailbook.sql.lint.purity import no_clock_or_chance, no_limit, no_star, only_reads
from trailbook.sql.lint.relations import cte_names, lookups_are_read, reads_only
from trailbook.sql.lint.result import key_and_measures, named_once, other_mentions, traceable
from trailbook.sql.lint.statement import Unparsed, parse

__all__ = ["RULES", "SqlProblem", "lint"]

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
    try:
        statement = parse(runbook.query)
        return sorted({problem for rule in RULES for problem in rule(runbook, statement)}, key=_order)
    except Unparsed as error:
        return [error.problem]
    except RecursionError:
        return [at_offset(runbook.query, 0, "expected simpler SQL: this is nested too deeply to be understood")]


def _order(problem: SqlProblem) -> tuple[int, int, str, str]:
    return problem.line, problem.column, str(problem.loc), problem.message
