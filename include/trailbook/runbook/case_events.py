"""A case's events as whole CloudTrail records: what the author left out is filled in, and `repeat` is unfolded.

Invariant: the records depend on the case alone, so a case gives the same result every time.
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from trailbook.errors import InvalidRequest
from trailbook.runbook.model import Case
from trailbook.window import Window, parse_time, text

ACCOUNT = "111122223333"
"""The account of a record that names none (an example id of AWS's documentation)."""

_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
_NAMESPACE = uuid.UUID("6a1f6d0e-7d3b-4b57-9a43-6c9f5a3f0c11")
_MOST_EVENTS = 100_000


def records(case: Case) -> list[dict[str, Any]]:
    """Return the case's records in the order written, one second apart where they give no time."""
    found = [_whole(event, case, n) for n, event in enumerate(_unfolded(case))]
    if len(found) > _MOST_EVENTS:
        raise InvalidRequest(f"case {case.name!r} has {len(found)} events; at most {_MOST_EVENTS} make sense in a case")
    return found


def window(events: list[dict[str, Any]]) -> Window:
    """Return the whole days, UTC, that the records' times lie in."""
    times = [parse_time(event["eventTime"], "eventTime") for event in events] or [_NOON]
    start = min(times).replace(hour=0, minute=0, second=0, microsecond=0)
    end = max(times).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Window(start, end)


def _unfolded(case: Case) -> Iterator[dict[str, Any]]:
    for event in case.events:
        repeat = event.get("repeat", 1)
        if type(repeat) is not int or not 0 <= repeat <= _MOST_EVENTS:
            raise InvalidRequest(f"case {case.name!r}: expected `repeat` to be a count of events, found {repeat!r}")
        own = {key: value for key, value in event.items() if key != "repeat"}
        for n in range(repeat):
            yield own if n == 0 or "eventTime" not in own else own | {"eventTime": _later(own["eventTime"], n)}


def _later(moment: str, seconds: int) -> str:
    return text(parse_time(moment, "eventTime") + timedelta(seconds=seconds))


def _whole(event: Mapping[str, Any], case: Case, number: int) -> dict[str, Any]:
    whole = {
        "eventVersion": "1.11",
        "eventTime": text(_NOON + timedelta(seconds=number)),
        "awsRegion": "us-east-1",
        "requestID": str(uuid.uuid5(_NAMESPACE, f"request/{case.name}/{number}")),
        "eventID": str(uuid.uuid5(_NAMESPACE, f"event/{case.name}/{number}")),
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        **event,
    }
    account = whole["recipientAccountId"]
    if type(account) is int:  # unquoted in YAML; CloudTrail writes twelve digits as text
        whole["recipientAccountId"] = f"{account:012d}"
    return whole
