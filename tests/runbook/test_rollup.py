"""What a roll-up is asked for: its period, from its parameters or its own date, and its frameworks."""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from croniter import croniter

from trailbook.errors import InvalidRequest
from trailbook.runbook.collection import Collection
from trailbook.runbook.rollup import CHAIN, MONTHLY, SCHEMAS, WEEKLY, period_before, resolve
from trailbook.window import Window, text

MONDAY = datetime(2026, 11, 9, 4, tzinfo=UTC)


def days(window: Window) -> tuple[str, str]:
    return text(window.start)[:10], text(window.end)[:10]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (MONDAY, ("2026-11-02", "2026-11-09")),
        (datetime(2026, 11, 9, 0, 0, tzinfo=UTC), ("2026-11-02", "2026-11-09")),
        (datetime(2026, 11, 8, 23, 59, tzinfo=UTC), ("2026-10-26", "2026-11-02")),
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), ("2026-10-01", "2026-11-01")),
        (datetime(2027, 1, 1, 4, 30, tzinfo=UTC), ("2026-12-01", "2027-01-01")),
        (datetime(2027, 3, 1, 4, 30, tzinfo=UTC), ("2027-02-01", "2027-03-01")),
        (datetime(2027, 3, 1, 4, 0, tzinfo=UTC), ("2027-02-22", "2027-03-01")),
        (datetime(2026, 11, 1, 4, 31, tzinfo=UTC), ("2026-10-19", "2026-10-26")),
    ],
)
def test_the_period_is_the_week_before_or_for_the_monthly_run_the_month_before(
    moment: datetime, expected: tuple[str, str]
) -> None:
    assert days(period_before(moment)) == expected
    assert resolve({}, moment).period == period_before(moment)


def test_the_scheduled_periods_of_a_year_follow_each_other_without_a_gap() -> None:
    for cron in (WEEKLY, MONTHLY):
        times, before = croniter(cron, datetime(2026, 1, 15, tzinfo=UTC)), None
        for _ in range(12):
            period = period_before(times.get_next(datetime))
            assert before is None or before.end == period.start
            before = period


def test_both_schedules_never_meet() -> None:
    times = croniter(MONTHLY, datetime(2026, 1, 1, tzinfo=UTC))
    assert not any(croniter.match(WEEKLY, times.get_next(datetime)) for _ in range(200))


def test_a_period_and_frameworks_can_be_given() -> None:
    given = {"from": "2026-10-01", "to": "2026-10-15T12:00:00+02:00", "frameworks": ["soc2", "pci-dss@4.0.1", "soc2"]}
    asked = resolve(given | {"reason": "the auditor asked"}, MONDAY)
    assert (text(asked.period.start), text(asked.period.end)) == ("2026-10-01T00:00:00Z", "2026-10-15T10:00:00Z")
    assert asked.frameworks == ("soc2", "pci-dss@4.0.1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"framework": ["soc2"]}, "did you mean `frameworks`"),
        ({"from": "2026-10-01T00:00:00Z"}, "give both `from` and `to`"),
        ({"to": "2026-10-01T00:00:00Z"}, "give both `from` and `to`"),
        ({"from": "yesterday", "to": "2026-10-01T00:00:00Z"}, "from: "),
        ({"from": "2026-10-02T00:00:00Z", "to": "2026-10-01T00:00:00Z"}, "is not before end"),
        ({"frameworks": "soc2"}, "frameworks: "),
        ({"frameworks": [5]}, "frameworks"),
        ({"frameworks": ["x"] * 51}, "frameworks: "),
    ],
)
def test_a_wrong_request_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        resolve(given, MONDAY)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        resolve({"form": 1, "frameworks": 7, "to": "2026-10-01T00:00:00Z"}, MONDAY)
    assert len(caught.value.reasons) == 3


def test_empty_fields_are_not_given() -> None:
    assert resolve({name: schema["default"] for name, schema in SCHEMAS.items()} | {"from": ""}, MONDAY) == resolve(
        {}, MONDAY
    )


def test_no_runbook_can_take_the_chains_name(tmp_path: Any) -> None:
    spec = {"id": CHAIN, "title": "A", "description": "B", "severity": "low", "owner": "C", "schedule": None}
    asked = {"query": "SELECT eventid FROM cloudtrail", "result": {"kind": "events", "key": ["eventid"]}}
    (tmp_path / f"{CHAIN}.yaml").write_text(yaml.safe_dump(spec | asked))
    collection = Collection.load(tmp_path)
    assert collection.runbooks == {}
    assert any(problem.key == "id" for problem in collection.problems)
