"""Rules about a query's result columns: what a finding is named by, compared on, and traced back with."""

import re
from collections.abc import Iterator, Sequence

from sqlglot import exp

from trailbook.runbook.model import Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.source import Loc
from trailbook.sql.lint.problem import SqlProblem, Statement, elsewhere

RESERVED_PREFIX = "tb_"
"""What the diff's own columns begin with in a snapshot."""

_FIELD = re.compile(r"\{([^{}]*)\}")


def outputs(tree: exp.Expr) -> Sequence[exp.Expr]:
    """Return the outermost select list; of a UNION, its first branch's, which names the columns."""
    while not isinstance(tree, exp.Select):
        if not isinstance(tree, (exp.Subquery, exp.SetOperation)):
            return ()
        tree = tree.this
    return tree.expressions


def names(statement: Statement) -> list[str]:
    """Return the result's column names."""
    return [output.output_name for output in outputs(statement.tree)]


def named_once(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Each output has a name of its own, which is not one that the diff uses.

    PASS:
        query: SELECT eventid AS event_id, eventname AS event_name, useridentity.username FROM cloudtrail
    FAIL: two outputs are named `event_name`
        query: SELECT eventid AS event_id, eventname AS event_name, eventtime AS event_name FROM cloudtrail
    FAIL: this output has no name
        query: SELECT eventid AS event_id, eventname AS event_name, lower(awsregion) FROM cloudtrail
    FAIL: Trailbook's own
        query: SELECT eventid AS event_id, eventname AS event_name, awsregion AS tb_state FROM cloudtrail
    """
    seen = set[str]()
    for output in outputs(statement.tree):
        name = output.output_name
        if isinstance(output, exp.Star) or name == "*":
            continue
        if not name:
            yield statement.at(output, "this output has no name: write AS and a name after it")
        elif name in seen:
            yield statement.at(output, f"two outputs are named `{name}`: name each its own")
        elif name.startswith(RESERVED_PREFIX):
            yield statement.at(output, f"names that begin with {RESERVED_PREFIX} are Trailbook's own: rename `{name}`")
        seen.add(name)


def traceable(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Each row leads back to raw records, by `event_ids` (or in kind `events` by `event_id`).

    PASS:
        result: {kind: aggregate, key: [event_name]}
        query: |
          SELECT eventname AS event_name, slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids
          FROM cloudtrail GROUP BY 1
    FAIL: expected an output `event_ids`
        result: {kind: aggregate, key: [event_name]}
        query: SELECT eventname AS event_name, count(*) AS n FROM cloudtrail GROUP BY 1
    """
    found = names(statement)
    if "event_ids" in found or (runbook.result.kind == "events" and "event_id" in found) or "*" in found:
        return
    wanted = "`event_id` (or `event_ids`)" if runbook.result.kind == "events" else "`event_ids`"
    advice = (
        "add eventid AS event_id"
        if runbook.result.kind == "events"
        else "add slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids"
    )
    yield statement.at(
        statement.tree, f"expected an output {wanted}, by which a finding leads to raw records: {advice}"
    )


def key_and_measures(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Key and measure columns are outputs of the query, and no column is both.

    PASS:
        result: {kind: events, key: [event_id], measures: [event_name]}
    FAIL: the query has no output `event_nam`; did you mean `event_name`?
        result: {kind: events, key: [event_nam]}
    FAIL: `event_id` is there twice
        result: {kind: events, key: [event_id], measures: [event_id]}
    """
    found, seen = names(statement), set[str]()
    for part, columns in (("key", runbook.result.key), ("measures", runbook.result.measures)):
        for index, column in enumerate(columns):
            loc: Loc = ("result", part, index)
            yield from _must_be_output(column, found, loc)
            if column in seen:
                yield elsewhere(loc, f"`{column}` is there twice: a column is a key or a measure, once")
            seen.add(column)


def other_mentions(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Columns that pivots, allow entries and cases name are outputs of the query.

    PASS:
        allow: [{match: {event_name: "Get*"}, reason: Read only, owner: platform, expires: 2030-01-01}]
        cases: [{name: one, events: [{eventName: A}], rows: [{event_name: A}]}]
    FAIL: the query has no output `event_nam`; did you mean `event_name`?
        allow: [{match: {event_nam: "Get*"}, reason: Read only, owner: platform, expires: 2030-01-01}]
    FAIL: the query has no output `eventname`; did you mean `event_name`?
        cases: [{name: one, events: [{eventName: A}], rows: [{eventname: A}]}]
    FAIL: the query has no output `nam`
        pivots: [{runbook: probe, with: {reason: "seen {nam}"}}]
    """
    found = names(statement)
    for index, allow in enumerate(runbook.allow):
        for column in allow.match:
            yield from _must_be_output(column, found, ("allow", index, "match", column))
    for index, pivot in enumerate(runbook.pivots):
        for name, text in pivot.with_.items():
            for column in _FIELD.findall(text):
                yield from _must_be_output(column, found, ("pivots", index, "with", name))
    for index, case in enumerate(runbook.cases):
        for number, row in enumerate(case.rows):
            for column in row:
                yield from _must_be_output(column, found, ("cases", index, "rows", number, column))


def _must_be_output(column: str, found: Sequence[str], loc: Loc) -> Iterator[SqlProblem]:
    if column not in found and "*" not in found:
        yield elsewhere(loc, f"the query has no output `{column}`{did_you_mean(column, [n for n in found if n])}")
