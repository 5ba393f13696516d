"""Rules about a runbook's own tests: what they are fed must be what CloudTrail could write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trailbook.runbook.complaints import shown
from trailbook.runbook.model import COMMON_PARAMS, Case, Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.rules.flaw import Flaw
from trailbook.runbook.source import Loc

# fmt: off
RECORD_KEYS = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData",
    "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion", "managementEvent",
    "recipientAccountId", "serviceEventDetails", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId",
    "eventCategory", "addendum", "sessionCredentialFromConsole", "edgeDeviceDetails", "tlsDetails",
    "insightDetails", "eventContext",
)
# fmt: on
"""The keys of a CloudTrail record, as the user guide's "CloudTrail record contents" lists them."""

# fmt: off
IDENTITY_KEYS = (
    "type", "principalId", "arn", "accountId", "accessKeyId", "userName", "sessionContext", "invokedBy",
    "identityProvider", "credentialId", "onBehalfOf", "inScopeOf", "webIdFederationData",
)
# fmt: on
"""The keys of a record's userIdentity."""

_MOST_REPEATS = 10_000


def case_names(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """Each case has a name of its own, by which it is reported.

    PASS:
        cases: [{name: one, events: [], rows: []}, {name: two, events: [], rows: []}]
    FAIL: `one` is the name of cases[0] already
        cases: [{name: one, events: [], rows: []}, {name: one, events: [], rows: []}]
    """
    seen: dict[str, int] = {}
    for index, case in enumerate(runbook.cases):
        if case.name in seen:
            yield Flaw(("cases", index, "name"), f"`{case.name}` is the name of cases[{seen[case.name]}] already")
        seen.setdefault(case.name, index)


def case_events(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """A case's events have the keys of CloudTrail records, spelt as AWS spells them; `repeat` writes one many times.

    PASS:
        cases:
          - {name: one, rows: [], events: [{repeat: 5, eventName: ConsoleLogin, userIdentity: {userName: alice}}]}
    FAIL: no CloudTrail record has the key `eventname`; did you mean `eventName`?
        cases: [{name: one, events: [{eventname: ConsoleLogin}], rows: []}]
    FAIL: no CloudTrail record has the key `username`; did you mean `userName`?
        cases: [{name: one, events: [{userIdentity: {username: alice}}], rows: []}]
    FAIL: expected an integer from 1 to 10000, found the number 0
        cases: [{name: one, events: [{repeat: 0, eventName: ConsoleLogin}], rows: []}]
    """
    for index, case in enumerate(runbook.cases):
        for number, event in enumerate(case.events):
            loc: Loc = ("cases", index, "events", number)
            yield from _unknown(event, (*RECORD_KEYS, "repeat"), loc, "no CloudTrail record has the key")
            identity = event.get("userIdentity")
            if isinstance(identity, dict):
                yield from _unknown(identity, IDENTITY_KEYS, (*loc, "userIdentity"), "no CloudTrail record has the key")
            repeat = event.get("repeat", 1)
            if type(repeat) is not int or not 1 <= repeat <= _MOST_REPEATS:
                yield Flaw((*loc, "repeat"), f"expected an integer from 1 to {_MOST_REPEATS}, found {shown(repeat)}")


def case_inputs(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """A case gives only parameters and lookup columns that the runbook has.

    PASS:
        params: {user: {type: string, default: null, title: Whose events}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE eventname = :user
        cases: [{name: one, events: [], rows: [], params: {user: alice}}]
    FAIL: no parameter `usr`; did you mean `user`?
        params: {user: {type: string, default: null, title: Whose events}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE eventname = :user
        cases: [{name: one, events: [], rows: [], params: {usr: alice}}]
    FAIL: no lookup `buckets`
        cases: [{name: one, events: [], rows: [], lookups: {buckets: []}}]
    """
    for index, case in enumerate(runbook.cases):
        loc: Loc = ("cases", index)
        yield from _unknown(case.params, [*runbook.params, *COMMON_PARAMS], (*loc, "params"), "no parameter")
        yield from _unknown(case.lookups, runbook.lookups, (*loc, "lookups"), "no lookup")
        yield from _lookup_rows(runbook, case, (*loc, "lookups"))


def _lookup_rows(runbook: Runbook, case: Case, loc: Loc) -> Iterator[Flaw]:
    for name, rows in case.lookups.items():
        if name in runbook.lookups:
            for number, row in enumerate(rows):
                yield from _unknown(row, runbook.lookups[name].columns, (*loc, name, number), "no lookup column")


def _unknown(given: dict[str, Any], known: Any, loc: Loc, sentence: str) -> Iterator[Flaw]:
    for key in given:
        if key not in known:
            yield Flaw((*loc, key), f"{sentence} `{key}`{did_you_mean(key, known)}", of_key=True)
