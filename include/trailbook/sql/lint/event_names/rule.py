"""The rule that event names and event sources are ones that CloudTrail writes."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from sqlglot.errors import SqlglotError

from trailbook.errors import InvalidRunbook
from trailbook.runbook.event_names.known import KnownEvents
from trailbook.runbook.model import Runbook
from trailbook.runbook.nearest import nearest
from trailbook.runbook.source import Loc
from trailbook.sql.lint.event_names.calls import said_by_fragments
from trailbook.sql.lint.event_names.doubts import doubt
from trailbook.sql.lint.event_names.lineage import Lineage, Meaning, tables_of
from trailbook.sql.lint.event_names.mentions import Mention, mentions
from trailbook.sql.lint.problem import SqlProblem, Statement, at_offset, elsewhere

_MISTYPED = 0.85
"""How alike a name in a case is to the one that was probably meant; what is less alike was made up on purpose."""


def event_names(runbook: Runbook, statement: Statement, known: KnownEvents) -> Iterator[SqlProblem]:
    """An event name is one that its event source writes; what is mistyped finds nothing, for ever, and nobody notices.

    What is not known may exist all the same, so this is a doubt (a warning of `check`) and no problem. Which sources a
    name is judged by: those that the nearest conditions around it leave (the other side of an AND, a CASE's WHEN, the
    WHERE and the inner joins of its SELECT, then those of the SELECTs that its relation comes from); any source where
    nothing restricts it. A parameter's default and choices are judged where its `:name` is compared. In `cases`, where
    look-alikes of other services and made-up names belong, a name is doubted only where no service at all writes it and
    its own writes one that is nearly the same: a made-up name has no such neighbour, a mistyped one has. Regular
    expressions and values that are computed are left alone.

    PASS:
        query: |
          SELECT eventid AS event_id, CASE eventname WHEN 'CreateUser' THEN 'new' ELSE 'other' END AS event_name
          FROM cloudtrail
          WHERE eventsource = 'iam.amazonaws.com' AND eventname LIKE 'Create%'
            OR eventsource = 's3.amazonaws.com' AND eventname IN ('PutBucketPolicy', 'PutBucketLifecycle')
    FAIL: `iam.amazonaws.com` has no event `CreatUser`; did you mean `CreateUser`?
        query: |
          SELECT eventid AS event_id, eventname AS event_name
          FROM cloudtrail WHERE eventsource = 'iam.amazonaws.com' AND eventname = 'CreatUser'
    FAIL: `s3.amazonaws.com` has no event `DeleteTrail`: `cloudtrail.amazonaws.com` has
        query: |
          SELECT eventid AS event_id, eventname AS event_name
          FROM cloudtrail WHERE eventsource = 's3.amazonaws.com' AND eventname IN ('PutBucketPolicy', 'DeleteTrail')
    FAIL: no service has an event `ConsoleLogn`; did you mean `ConsoleLogin`?
        query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail WHERE eventname = 'ConsoleLogn'
    FAIL: `s3.amazonaws.com` writes `PutBucketLifecycle` for `PutBucketLifecycleConfiguration`
        query: |
          SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail
          WHERE eventsource = 's3.amazonaws.com' AND eventname = 'PutBucketLifecycleConfiguration'
    FAIL: `iam.amazonaws.com` has no event like `Deleet%`
        query: |
          SELECT eventid AS event_id, eventname AS event_name
          FROM cloudtrail WHERE eventsource = 'iam.amazonaws.com' AND eventname LIKE 'Deleet%'
    FAIL: no event source `cloudwatch.amazonaws.com` is known: CloudTrail writes `monitoring.amazonaws.com`
        query: |
          SELECT eventid AS event_id, eventname AS event_name
          FROM cloudtrail WHERE eventsource = 'cloudwatch.amazonaws.com'
    FAIL: no service has an event `DeleteUsr`; did you mean `DeleteUser`?
        cases: [{name: one, events: [{eventName: DeleteUsr, eventSource: iam.amazonaws.com}], rows: []}]
    """
    yield from _of_cases(runbook, known)
    try:
        lineage = Lineage(statement.tree, tables_of(runbook))
    except SqlglotError:
        return  # its relations cannot be told apart, as the linter says
    found = list(mentions(statement.tree, lineage, runbook.params))
    named = [mention for mention in found if mention.meaning is Meaning.NAME]
    for mention in found:
        if message := doubt(mention, named, known):
            yield _placed(mention, message, statement)
    try:
        for beside in said_by_fragments(statement.tree, lineage, runbook.fragments):
            for mention in beside:
                if message := doubt(mention, [*named, *beside], known):
                    yield from _in_fragments(mention, message, runbook)
    except (InvalidRunbook, SqlglotError):
        return  # a fragment is wrong, as the analysis says


def _of_cases(runbook: Runbook, known: KnownEvents) -> Iterator[SqlProblem]:
    for index, case in enumerate(runbook.cases):
        for number, event in enumerate(case.events):
            name, source = event.get("eventName"), event.get("eventSource")
            if not isinstance(name, str) or not isinstance(source, str):
                continue
            names = known.names(source)
            if names is None or names.has(name) or known.writers(name):
                continue
            close = nearest(name, tuple(sorted(names.exact)))
            if close is not None and SequenceMatcher(None, name.lower(), close.lower()).ratio() >= _MISTYPED:
                loc: Loc = ("cases", index, "events", number, "eventName")
                yield elsewhere(loc, f"no service has an event `{name}`; did you mean `{close}`?")


def _placed(mention: Mention, message: str, statement: Statement) -> SqlProblem:
    return statement.at(mention.node, message) if mention.loc is None else elsewhere(mention.loc, message)


def _in_fragments(mention: Mention, message: str, runbook: Runbook) -> Iterator[SqlProblem]:
    """Yield the doubt where a fragment writes the text: of a shared one it is told once, for all runbooks."""
    for name, fragment in runbook.fragments.items():
        offset = fragment.sql.find(f"'{mention.text}'")
        if offset >= 0:
            at = at_offset(fragment.sql, offset, message)
            yield SqlProblem(at.line, at.column, message, ("fragments", name, "sql"))
