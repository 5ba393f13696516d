"""What a run is compared with and what comes out, through every real step: states, baselines, re-runs, windows."""

from dataclasses import dataclass
from typing import Any

import pytest
from watched_logins import QUERY, Bench, logins, runbook

from trailbook.diff import Finding
from trailbook.report import json as report_json
from trailbook.report import statements
from trailbook.report.model import Report
from trailbook.runbook.model import Runbook
from trailbook.steps.whole import WholeRun

ALL = ["alice", "bob", "carol", "dave"]


@dataclass(frozen=True)
class Days:
    """Logs that grow day by day, and the runs on them."""

    bench: Bench

    def run(self, day: int, name: str | None = None, **given: Any) -> Report:
        """Run the day's window and return its report, read back from the store."""
        done = self.bench.run(day, name or f"run-{day}", **{"watched": ALL} | given)
        assert done.failure is None, done.failure
        return self.report(done)

    def report(self, done: WholeRun) -> Report:
        assert done.outcome is not None
        return report_json.loads(self.bench.reports.get(f"{done.outcome.prefix}/report.json"))

    def log(self, day: int, **counts: int) -> None:
        self.bench.log(f"day-{day}-{'-'.join(counts)}", logins(day, **counts))


@pytest.fixture
def days(tmp_path: Any) -> Days:
    return Days(Bench(tmp_path))


def by_user(report: Report) -> dict[str, Finding]:
    return {finding.row["user_name"]: finding for finding in report.findings}


def states(report: Report) -> dict[str, str]:
    return {user: finding.state.value + "!" * finding.reopened for user, finding in by_user(report).items()}


@pytest.mark.parametrize("kind", ["aggregate", "state"])
def test_every_state_comes_and_a_finding_keeps_its_history(days: Days, kind: str) -> None:
    book = runbook(result={"kind": kind, "key": ["account_id", "user_name"], "measures": ["failures"]})
    days.log(1, alice=2, bob=2, carol=2)
    days.log(2, alice=3, carol=2, dave=2)
    days.log(3, alice=3, carol=2)
    days.log(4, alice=3, bob=2, dave=2)
    found = [days.run(day, of=book) for day in range(1, 5)]
    assert [states(report) for report in found] == [
        {"alice": "new", "bob": "new", "carol": "new"},
        {"alice": "updated", "bob": "absent", "carol": "unchanged", "dave": "new"},
        {"alice": "unchanged", "carol": "unchanged", "dave": "absent"},
        {"alice": "unchanged", "bob": "new!", "dave": "new!", "carol": "absent"},
    ]
    assert by_user(found[1])["alice"].changes == {"failures": (2, 3)}
    first, last = by_user(found[0]), by_user(found[3])
    assert [last[user].first_seen.run_id for user in ALL] == ["run-1", "run-1", "run-1", "run-2"]
    assert [last[user].last_seen.run_id for user in ALL] == ["run-4", "run-4", "run-3", "run-4"]
    assert last["carol"].last_seen.time == "2026-11-04T00:00:00Z"
    assert last["bob"].finding_id == first["bob"].finding_id
    assert found[3].outcome.counts.reopened == 2


def typed(type_: str) -> Runbook:
    """The runbook with a column whose type is the parameter's, so that the same SQL has other columns."""
    query = QUERY.replace("count(*) AS failures", "count(*) AS failures, :threshold AS threshold")
    return runbook(query=query, params={"threshold": {"type": type_, "title": "n", "default": 2}})


@pytest.mark.parametrize(
    ("before", "now", "given", "reason", "words"),
    [
        (runbook(), runbook(query=QUERY + " OR count(*) > 99"), {}, "query_changed", ""),
        (runbook(), runbook(), {"threshold": 1}, "params_changed", ""),
        (runbook(), runbook(), {"accounts": ["111122223333"]}, "params_changed", ""),
        (typed("integer"), typed("number"), {}, "columns_changed", "threshold was"),
        (
            runbook(),
            runbook(result={"kind": "aggregate", "key": ["user_name"], "measures": ["failures"]}),
            {},
            "query_changed",
            "told apart by account_id, user_name, now by user_name",
        ),
        (
            runbook(),
            runbook(result={"kind": "state", "key": ["account_id", "user_name"], "measures": ["failures"]}),
            {},
            "query_changed",
            "kind was aggregate, now it is state",
        ),
    ],
)
def test_another_question_is_compared_with_nothing_and_the_report_says_why(
    days: Days, before: Runbook, now: Runbook, given: dict[str, Any], reason: str, words: str
) -> None:
    for day in (1, 2):
        days.log(day, alice=2)
    assert days.run(1, of=before).outcome.baseline.absence == "first_run"
    report = days.run(2, of=now, **given)
    assert report.outcome.baseline.absence == reason
    assert states(report) == {"alice": "new"}
    said = statements.comparison(report)
    assert said[0].startswith("Compared with nothing")
    assert words in " ".join(said)
    entry = days.bench.ledger.head("watched-logins")
    assert entry is not None
    assert entry.record.materials.baseline is not None
    assert entry.record.materials.baseline.absence == reason


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"},
        {"guide": "Ask the owner."},
        {"query": QUERY.replace("\n", "\n  -- a comment\n")},
        {"expect": "no_findings"},
    ],
)
def test_what_does_not_change_the_question_keeps_the_baseline(days: Days, change: dict[str, Any]) -> None:
    for day in (1, 2):
        days.log(day, alice=2)
    days.run(1)
    assert states(days.run(2, of=runbook(**change), row_limit=5, reason="an audit")) == {"alice": "unchanged"}


def test_after_a_cut_run_nothing_is_absent_and_the_run_after_says_why_it_is_compared_with_an_older_one(
    days: Days,
) -> None:
    for day in (1, 2, 3):
        days.log(day, alice=2, bob=2)
    only_cut = days.run(1, "cut", row_limit=1)
    assert only_cut.outcome.completeness.truncated_at == 1
    second = days.run(2)
    assert second.outcome.baseline.absence == "prior_truncated"
    assert "Run cut (window to 2026-11-02T00:00:00Z) was cut at its row limit" in " ".join(
        statements.comparison(second)
    )
    days.run(2, "cut-again", row_limit=1)
    third = days.run(3)
    assert third.outcome.baseline.run_id == "run-2"
    assert states(third) == {"alice": "unchanged", "bob": "unchanged"}


def test_a_rerun_compares_as_the_first_did_and_names_it(days: Days) -> None:
    for day, counts in enumerate(({"alice": 2}, {"alice": 3, "bob": 2}, {"alice": 3}), start=1):
        days.log(day, **counts)
    first = [days.run(day) for day in (1, 2, 3)]
    again, twice = days.run(2, "again"), days.run(2, "twice")
    for report in (again, twice):
        assert report.outcome.baseline == first[1].outcome.baseline
        assert states(report) == states(first[1])
        assert report.plan.rerun_of == "run-2"
        assert "This window was looked at before: this is a re-run of run-2." in statements.comparison(report)
    assert first[1].plan.rerun_of is None
    assert by_user(again)["alice"].first_seen.run_id == "run-1"


def test_days_run_out_of_order_find_the_day_before(days: Days) -> None:
    for day, count in enumerate((2, 3, 4, 4), start=1):
        days.log(day, alice=count)
    found = {day: days.run(day) for day in (2, 4, 1, 3)}
    assert [found[day].outcome.baseline.run_id for day in (1, 2, 3, 4)] == [None, None, "run-2", "run-2"]
    again = {day: days.run(day, f"again-{day}") for day in (2, 4)}
    assert [again[day].outcome.baseline.run_id for day in (2, 4)] == ["run-1", "run-3"]
    assert {day: states(report)["alice"] for day, report in again.items()} == {2: "updated", 4: "unchanged"}


def test_compare_with_names_the_run_whatever_lies_between(days: Days) -> None:
    for day, count in enumerate((2, 3, 4, 2), start=1):
        days.log(day, alice=count)
    for day in (1, 2, 3):
        days.run(day)
    report = days.run(4, "quarter", compare_with="run-1")
    assert states(report) == {"alice": "unchanged"}
    said = " ".join(statements.comparison(report))
    assert "Compared with run run-1" in said
    assert "The operator asked for that run by name." in said
    assert "Between the two windows lie 2 days" in said


def test_compare_with_a_run_of_another_key_compares_with_nothing_and_says_so(days: Days) -> None:
    for day in (1, 2):
        days.log(day, alice=2)
    days.run(1)
    other = runbook(result={"kind": "aggregate", "key": ["user_name"], "measures": ["failures"]})
    report = days.run(2, of=other, compare_with="run-1")
    assert report.outcome.baseline.absence == "query_changed"
    assert "told apart by account_id, user_name" in " ".join(statements.comparison(report))


EVENTS = """
SELECT eventid AS event_id, useridentity.username AS user_name FROM cloudtrail
WHERE eventname = 'ConsoleLogin' AND useridentity.username IN (SELECT user_name FROM watched)
"""


def test_events_in_overlapping_windows_are_known_and_a_late_arrival_is_new(days: Days) -> None:
    book = runbook(
        query=EVENTS, params={}, result={"kind": "events", "key": ["event_id"]}, schedule={"cron": "0 2 * * *"}
    )

    def run(first: int, last: int) -> Report:
        span = {"start": f"2026-11-{first:02}T00:00:00Z", "end": f"2026-11-{last:02}T00:00:00Z"}
        return days.run(last, f"to-{last}", of=book, **span)

    def seen(report: Report) -> dict[str, str]:
        return {finding.row["event_id"]: finding.state.value for finding in report.findings}

    days.log(1, alice=1)
    days.log(2, bob=1)
    assert seen(run(1, 3)) == {"alice-1-0": "new", "bob-2-0": "new"}
    days.log(2, dave=1)  # delivered after the run that looked at this day
    days.log(3, carol=1)
    late = run(2, 4)
    assert seen(late) == {"bob-2-0": "unchanged", "dave-2-0": "new", "carol-3-0": "new"}
    assert late.outcome.counts.absent == 0  # alice's event is outside this window, not gone
    said = " ".join(statements.comparison(late))
    assert "The two windows overlap by 1 day." in said
    assert "the comparison serves late arrivals" in said
    days.log(4, alice=1)
    adjacent = run(4, 5)
    assert seen(adjacent) == {"alice-4-0": "new"}


def test_a_window_without_logs_says_nothing_of_what_was_there(days: Days) -> None:
    days.log(1, alice=2)
    days.log(3, alice=2)
    days.run(1)
    empty = days.run(2)
    assert (empty.outcome.counts.absent, empty.findings) == (0, ())
    third = days.run(3)
    assert states(third) == {"alice": "unchanged"}
    assert third.outcome.baseline.run_id == "run-1"
    assert "Run run-2 (window to 2026-11-03T00:00:00Z) found no logs" in " ".join(statements.comparison(third))


def test_a_finding_that_a_region_without_logs_hides_is_neither_absent_nor_new_when_it_is_back(days: Days) -> None:
    from trailbook.settings import Settings

    expecting = Settings(expected_regions=("us-east-1", "eu-west-1"))
    there = [record | {"awsRegion": "eu-west-1", "eventID": f"eu-{record['eventID']}"} for record in logins(1, dave=1)]
    days.bench.log("eu-1", there)
    days.bench.log("eu-3", [r | {"eventTime": r["eventTime"].replace("-01T", "-03T")} for r in there])
    for day in (1, 2, 3):
        days.log(day, alice=2, **({"bob": 2} if day != 2 else {}))
    assert set(days.run(1, settings=expecting).outcome.completeness.missing_regions) == set()
    gap = days.run(2, settings=expecting)
    assert gap.outcome.completeness.missing_regions == ("eu-west-1",)
    assert states(gap) == {"alice": "unchanged"}
    back = days.run(3, settings=expecting)
    assert states(back) == {"alice": "unchanged", "bob": "unchanged"}
    assert by_user(back)["bob"].first_seen.run_id == "run-1"


VALUES = """
SELECT useridentity.username AS user_name, 9007199254740992 + count(*) AS failures,
       array_agg(sourceipaddress ORDER BY sourceipaddress) AS sources, max(CAST(eventtime AS varchar)) AS latest
FROM cloudtrail WHERE eventname = 'ConsoleLogin' GROUP BY 1
"""


def test_values_survive_athena_s_csv_and_are_told_apart(days: Days) -> None:
    """NULL, the empty text and two forms of one name are four findings; one more beyond 2**53 is a change."""
    result = {"kind": "aggregate", "key": ["user_name"], "measures": ["failures", "sources"]}
    book = runbook(query=VALUES, params={}, result=result)
    names = [None, "", "é", "e\u0301", "null"]

    def records(day: int, user: str | None, *sources: str) -> list[dict[str, Any]]:
        whole = logins(day, alice=len(sources))
        return [
            record
            | {"sourceIPAddress": source, "eventID": f"{day}-{user!r}-{n}"}
            | {"userIdentity": {"type": "IAMUser"} | ({} if user is None else {"userName": user})}
            for n, (record, source) in enumerate(zip(whole, sources, strict=True))
        ]

    for number, name in enumerate(names):
        days.bench.log(f"one-{number}", records(1, name, "192.0.2.1"))
        later = ["192.0.2.2"] if name == "é" else ["192.0.2.1", "192.0.2.1"] if name is None else ["192.0.2.1"]
        days.bench.log(f"two-{number}", records(2, name, *later))
    assert set(by_user(days.run(1, of=book))) == set(names)
    found = by_user(days.run(2, of=book))
    assert {name: finding.state.value for name, finding in found.items()} == {
        None: "updated",
        "": "unchanged",
        "é": "updated",
        "e\u0301": "unchanged",
        "null": "unchanged",
    }
    assert found[None].changes["failures"] == (2**53 + 1, 2**53 + 2)
    assert found["é"].changes == {"sources": ("[192.0.2.1]", "[192.0.2.2]")}
    assert len({finding.finding_id for finding in found.values()}) == len(names)
