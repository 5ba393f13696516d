"""Rules about parameters."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trailbook.runbook.complaints import shown
from trailbook.runbook.faults import faults
from trailbook.runbook.model import COMMON_PARAMS, WINDOW_VALUES, Param, Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.rules.flaw import Flaw
from trailbook.runbook.source import Loc

_NUMBERS = frozenset({"integer", "number"})
_MEANINGFUL = {
    "minimum": _NUMBERS,
    "maximum": _NUMBERS,
    "pattern": {"string"},
    "format": {"string"},
    "minLength": {"string"},
    "maxLength": {"string"},
    "minItems": {"array"},
    "maxItems": {"array"},
    "uniqueItems": {"array"},
    "enum": {"string", "integer", "number"},
}


def common_names(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """The names that every run has (`start`, `end`, `accounts`, …) are not declared again.

    PASS:
        params: {users: {type: array, items: {type: string}, default: [], title: Only these users}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE eventname IN (:users)
    FAIL: every run has `window_end` already: choose another name
        params: {window_end: {type: string, default: null, title: Until}}
    FAIL: every run has `accounts` already: choose another name
        params: {accounts: {type: array, items: {type: string}, default: [], title: Only these}}
    """
    for name in runbook.params:
        if name in (*COMMON_PARAMS, *WINDOW_VALUES):
            yield Flaw(("params", name), f"every run has `{name}` already: choose another name", of_key=True)


def keywords_fit(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """A schema keyword is one that says something about the parameter's type, and a pattern is a regular expression.

    PASS:
        params: {threshold: {type: integer, minimum: 1, default: 5, title: At least}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE 1 <= :threshold
    FAIL: `minLength` says nothing about an integer
        params: {threshold: {type: integer, minLength: 1, default: 5, title: At least}}
    FAIL: expected a regular expression
        params: {name: {type: string, pattern: "(", default: null, title: Name}}
    """
    for name, param in runbook.params.items():
        for loc, schema in ((("params", name), param), (("params", name, "items"), param.items)):
            if schema is None:
                continue
            for keyword in sorted(schema.model_fields_set & _MEANINGFUL.keys()):
                if schema.type not in _MEANINGFUL[keyword]:
                    article = "an" if schema.type[0] in "aeiou" else "a"
                    message = f"`{keyword}` says nothing about {article} {schema.type}: remove it"
                    yield Flaw((*loc, keyword), message, of_key=True)
            if schema.pattern is not None and not _compiles(schema.pattern):
                yield Flaw((*loc, "pattern"), f"expected a regular expression, found {shown(schema.pattern)}")


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def defaults_fit(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """A parameter's default and its examples fit its own schema.

    PASS:
        params: {kind: {type: string, enum: [user, role], default: user, examples: [role], title: Kind}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE eventname = :kind
    FAIL: expected at least 1, found 0
        params: {threshold: {type: integer, minimum: 1, default: 0, title: At least}}
    FAIL: expected one of 'user', 'role', found 'group'
        params: {kind: {type: string, enum: [user, role], default: group, title: Kind}}
    """
    for name, param in runbook.params.items():
        given: list[tuple[Loc, Any]] = [(("examples", i), example) for i, example in enumerate(param.examples or ())]
        if param.default is not None and param.default != []:
            given.append((("default",), param.default))
        if given and _judgeable(param):
            schema = param.json_schema()
            for loc, value in given:
                for fault in faults("value", value, schema):
                    yield Flaw(("params", name, *loc), fault.partition(": ")[2])


def _judgeable(param: Param) -> bool:
    return all(s is None or s.pattern is None or _compiles(s.pattern) for s in (param, param.items))


def required_on_demand(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """A required parameter (one without a default) means that nobody can start the run but a person.

    PASS:
        schedule: null
        params: {user: {type: string, title: Whose events}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE useridentity.username = :user
    FAIL: required, so no schedule can start this runbook
        schedule: {cron: "0 2 * * *"}
        params: {user: {type: string, title: Whose events}}
    """
    for name, param in runbook.params.items():
        if param.required and runbook.schedule is not None:
            message = (
                f"`{name}` is required, so no schedule can start this runbook: give it a default, or `schedule: null`"
            )
            yield Flaw(("params", name), message, of_key=True)


def one_of_declared(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """`needs_one_of` names declared parameters that may be unset, and then only a person can start the run.

    PASS:
        schedule: null
        params:
          user: {type: string, default: null, title: Whose events}
          names: {type: array, items: {type: string}, default: [], title: Which events}
        needs_one_of: [user, names]
        query: |
          SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail
          WHERE useridentity.username = :user AND eventname IN (:names)
    FAIL: no parameter `usr`; did you mean `user`?
        schedule: null
        params: {user: {type: string, default: null, title: Whose events}}
        needs_one_of: [usr]
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE useridentity.username = :user
    FAIL: `user` always has a value
        schedule: null
        params: {user: {type: string, default: alice, title: Whose events}}
        needs_one_of: [user]
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE useridentity.username = :user
    FAIL: no schedule can start this runbook
        params: {user: {type: string, default: null, title: Whose events}}
        needs_one_of: [user]
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE useridentity.username = :user
    """
    for index, name in enumerate(runbook.needs_one_of):
        loc: Loc = ("needs_one_of", index)
        param = runbook.params.get(name)
        if param is None:
            yield Flaw(loc, f"no parameter `{name}`{did_you_mean(name, runbook.params)}")
        elif param.required or param.default not in (None, []):
            yield Flaw(loc, f"`{name}` always has a value: leave it out, or give it `default: null`")
    if runbook.needs_one_of and runbook.schedule is not None:
        message = "a run must give one of these, so no schedule can start this runbook: say `schedule: null`"
        yield Flaw(("needs_one_of",), message, of_key=True)


def replaced_columns(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """`replaces` names a column of a declared lookup, of the type that the parameter's items have.

    PASS:
        lookups: {buckets: {description: Those that matter, columns: {bucket: string}}}
        params: {only: {type: array, items: {type: string}, default: [], replaces: buckets.bucket, title: Buckets}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail JOIN buckets ON bucket = eventname
    FAIL: no lookup column `buckets.buckt`; did you mean `buckets.bucket`?
        lookups: {buckets: {description: Those that matter, columns: {bucket: string}}}
        params: {only: {type: array, items: {type: string}, default: [], replaces: buckets.buckt, title: Buckets}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail JOIN buckets ON bucket = eventname
    """
    columns = {f"{name}.{c}": kind for name, lookup in runbook.lookups.items() for c, kind in lookup.columns.items()}
    for name, param in runbook.params.items():
        if param.replaces is None or param.items is None:
            continue
        loc = ("params", name, "replaces")
        if param.replaces not in columns:
            yield Flaw(loc, f"no lookup column `{param.replaces}`{did_you_mean(param.replaces, columns)}")
        elif columns[param.replaces] != param.items.type:
            yield Flaw(
                loc, f"expected items of type {columns[param.replaces]} as in the lookup, found {param.items.type}"
            )
