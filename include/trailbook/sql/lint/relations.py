"""Rules about what a query reads."""

from collections.abc import Iterator

from sqlglot import exp

from trailbook.runbook.model import Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.sql.dialect import of_kind
from trailbook.sql.lint.problem import SqlProblem, Statement, elsewhere
from trailbook.sql.schema import LOGICAL_TABLE


def cte_names(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """A common table expression hides neither `cloudtrail` nor a lookup, and each has a name of its own.

    PASS:
        query: |
          WITH a AS (SELECT eventid, eventname FROM cloudtrail)
          SELECT eventid AS event_id, eventname AS event_name FROM a
    FAIL: `cloudtrail` is the log itself
        query: |
          WITH cloudtrail AS (SELECT eventid, eventname FROM cloudtrail)
          SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail
    FAIL: two common table expressions are named `a`
        query: |
          WITH a AS (SELECT eventid FROM cloudtrail), A AS (SELECT eventid, eventname FROM cloudtrail)
          SELECT eventid AS event_id, eventname AS event_name FROM a
    FAIL: `cloudtrail` is the log itself
        lookups: {cloudtrail: {description: Not that, columns: {name: string}}}
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail
    """
    if LOGICAL_TABLE in runbook.lookups:
        yield elsewhere(("lookups", LOGICAL_TABLE), f"`{LOGICAL_TABLE}` is the log itself: choose another name")
    for with_ in of_kind(statement.tree, exp.With):
        seen = set[str]()
        for cte in with_.expressions:
            name, place = cte.alias, cte.args.get("alias")
            if name == LOGICAL_TABLE:
                yield statement.at(place, f"`{name}` is the log itself: choose another name")
            elif name in runbook.lookups:
                yield statement.at(place, f"`{name}` is a lookup: choose another name")
            elif name in seen:
                yield statement.at(place, f"two common table expressions are named `{name}`: name each its own")
            seen.add(name)


def reads_only(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """A query reads nothing but `cloudtrail`, its own common table expressions and the lookups it declares.

    PASS:
        lookups: {buckets: {description: Those that matter, columns: {bucket: string}}}
        query: |
          SELECT c.eventid AS event_id, c.eventname AS event_name
          FROM cloudtrail AS c JOIN buckets ON json_extract_scalar(c.requestparameters, '$.bucketName') = bucket
    FAIL: no relation `cloudtrial`; did you mean `cloudtrail`?
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrial
    FAIL: expected the relation cloudtrail, found one of another database
        query: SELECT eventid AS event_id, eventname AS event_name FROM secrets.cloudtrail
    """
    for table in of_kind(statement.tree, exp.Table):
        if not isinstance(table.this, exp.Identifier):
            if not isinstance(table.this, exp.Placeholder):
                yield statement.at(table, "expected the relation cloudtrail, found a table function")
            continue
        visible = _visible_ctes(table)
        known = [LOGICAL_TABLE, *runbook.lookups, *visible]
        if table.db or table.catalog:
            message = "expected the relation cloudtrail, found one of another database: write its bare name"
            yield statement.at(table, message)
        elif table.name not in known:
            hint = did_you_mean(table.name, known)
            yield statement.at(table.this, f"no relation `{table.name}`{hint} (a list is declared under `lookups`)")


def _visible_ctes(node: exp.Expr) -> set[str]:
    """Return the names of the common table expressions that a place in the tree can see: those before it."""
    found = set[str]()
    inside: exp.Expr = node
    while inside.parent is not None:
        outer = inside.parent
        if isinstance(outer, exp.With):
            before = outer.expressions[: next(i for i, c in enumerate(outer.expressions) if c is inside)]
            found |= {cte.alias for cte in before}
        elif isinstance(with_ := outer.args.get("with_"), exp.With) and with_ is not inside:
            found |= {cte.alias for cte in with_.expressions}
        inside = outer
    return found


def lookups_are_read(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """Each declared lookup is read: an unread one would make runs incomplete for nothing where it is empty.

    PASS:
        lookups: {names: {description: Those that matter, columns: {name: string}}}
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail JOIN names ON eventname = name
    FAIL: the query never reads `names`
        lookups: {names: {description: Those that matter, columns: {name: string}}}
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail
    """
    read = {table.name for table in of_kind(statement.tree, exp.Table)}
    for name in runbook.lookups:
        if name not in read and name != LOGICAL_TABLE:
            yield elsewhere(("lookups", name), f"the query never reads `{name}`: read it, or remove the lookup")
