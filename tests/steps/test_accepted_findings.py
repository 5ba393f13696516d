"""Accepted findings through every real step: suppressed and never hidden, until the entry expires; stale entries."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from watched_logins import Bench, logins, runbook

from trailbook.report import json as report_json
from trailbook.report.model import Report
from trailbook.verdict import Verdict


def accepting(*entries: dict[str, Any], **changes: Any) -> Any:
    whole = [{"reason": "Login canary", "owner": "platform", "expires": "2027-03-31"} | entry for entry in entries]
    return runbook(allow=whole, **changes)


def at(day: int) -> str:
    return (datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1)).isoformat()


@pytest.fixture
def logs(tmp_path: Any) -> Bench:
    made = Bench(tmp_path)
    for day in (1, 2, 3):
        made.log(f"day-{day}", logins(day, alice=2, bob=2))
    return made


def run(bench: Bench, name: str, first: int, last: int, **given: Any) -> Report:
    """Run the window of these days of November 2026 (1 is the first; the last is not in it)."""
    done = bench.run(1, name, start=at(first), end=at(last), started=datetime(2030, 1, 1, tzinfo=UTC), **given)
    assert done.failure is None, done.failure
    assert done.outcome is not None
    return report_json.loads(bench.reports.get(f"{done.outcome.prefix}/report.json"))


def test_a_suppressed_finding_is_counted_and_listed_in_every_format(logs: Bench) -> None:
    book = accepting({"match": {"user_name": "al*"}}, {"match": {"account_id": "111122223333", "user_name": "bob"}})
    report = run(logs, "one", 1, 2, of=book)
    assert report.outcome.judgement.verdict is Verdict.PASS
    assert (report.outcome.counts.new, report.outcome.counts.suppressed, report.outcome.counts.open_new) == (2, 2, 0)
    assert [use.matches for use in report.outcome.allow] == [1, 1]
    folder = report.outcome.prefix
    csv, page, ocsf = (
        logs.reports.get(f"{folder}/{name}").decode() for name in ("findings.csv", "report.html", "findings.ocsf.jsonl")
    )
    assert csv.count("Login canary,platform,2027-03-31") == 2
    assert page.count("Login canary") >= 2
    assert [json.loads(line)["status"] for line in ocsf.splitlines()] == ["Suppressed", "Suppressed"]
    entry = logs.ledger.find("watched-logins", "one")
    assert entry is not None
    assert entry.record.counts == report.outcome.counts


def test_an_expired_entry_is_listed_and_its_findings_return_as_they_would_have_been(logs: Bench) -> None:
    """By the window's end, not the clock: the entry is in force for two days, however late the runs are made."""
    book = accepting({"match": {"user_name": "alice"}, "expires": "2026-11-03"}, expect="no_findings")
    first, second, third = (run(logs, f"run-{day}", day, day + 1, of=book) for day in (1, 2, 3))
    found = {report.plan.run.run_id: report.findings[0] for report in (first, second, third)}
    assert {finding.row["user_name"] for finding in found.values()} == {"alice"}
    assert [bool(found[f"run-{day}"].suppression) for day in (1, 2, 3)] == [True, True, False]
    assert [report.expired_allow for report in (first, second, third)] == [(), (), (0,)]
    back = found["run-3"]
    assert (back.state.value, back.reopened, back.first_seen.run_id) == ("unchanged", False, "run-1")
    assert (third.outcome.counts.suppressed, third.outcome.counts.open_present) == (0, 2)
    page = logs.reports.get(f"{third.outcome.prefix}/report.html").decode()
    assert "1 allow entry has expired" in page
    again = run(logs, "again", 2, 3, of=book)  # the same window, run later
    assert (again.expired_allow, again.outcome.counts.suppressed) == ((), 1)


def days_of_logs(bench: Bench, *days: int) -> None:
    for day in days:
        records = [
            record | {"eventTime": at(day)[:10] + "T09:00:00Z", "eventID": f"{day}-{n}"}
            for n, record in enumerate(logins(1, alice=2))
        ]
        bench.log(f"at-{day}", records)


def test_an_entry_that_matched_nothing_for_90_days_of_runs_is_stale_until_it_matches_again(tmp_path: Any) -> None:
    bench = Bench(tmp_path)
    days_of_logs(bench, 1, 40, 70, 95, 125)
    book = accepting({"match": {"user_name": "bob"}}, {"match": {"user_name": "alice"}})
    windows = [(1, 31), (31, 61), (61, 91), (91, 121)]
    found = [run(bench, f"to-{last}", first, last, of=book) for first, last in windows]
    assert [report.stale_allow for report in found] == [(), (), (0,), (0,)]
    assert [report.outcome.allow[1].last_matched for report in found][-1] == "2027-03-01T00:00:00Z"
    renewed = accepting({"match": {"user_name": "alice"}}, {"match": {"user_name": "bob"}, "reason": "Another"})
    assert run(bench, "renewed", 121, 131, of=renewed).stale_allow == (1,)  # known by what it matches
    bench.log("bob", [record | {"eventTime": at(135)[:10] + "T09:00:00Z"} for record in logins(1, bob=2)])
    assert run(bench, "bob", 131, 141, of=book).stale_allow == ()


def test_days_are_counted_once_where_windows_overlap_or_are_run_again_and_not_where_nothing_was_looked_at(
    tmp_path: Any,
) -> None:
    bench = Bench(tmp_path)
    days_of_logs(bench, 1, 40, 70)
    book = accepting({"match": {"user_name": "bob"}})
    idle = [
        run(bench, name, first, last, of=book).outcome.allow[0].idle_seconds // 86_400
        for name, first, last in [
            ("one", 1, 31),
            ("overlapping", 16, 46),
            ("again", 16, 46),
            ("no logs", 46, 66),
            ("after a pause", 66, 76),
        ]
    ]
    assert idle == [30, 45, 45, 45, 55]


def test_a_gone_finding_is_remembered_for_400_days_of_windows(tmp_path: Any) -> None:
    bench = Bench(tmp_path)
    days_of_logs(bench, 1, 390, 430)
    bench.log("others", [r | {"eventTime": at(5)[:10] + "T09:00:00Z"} for r in logins(1, bob=2, carol=2)])
    bench.log("back", [r | {"eventTime": at(395)[:10] + "T09:00:00Z"} for r in logins(2, bob=2)])
    bench.log("late", [r | {"eventTime": at(435)[:10] + "T09:00:00Z"} for r in logins(3, carol=2)])
    windows = [(1, 31), (31, 61), (385, 400), (425, 440)]
    days_of_logs(bench, 45)
    everyone = {"watched": ["alice", "bob", "carol"]}
    *_, third, fourth = (run(bench, f"to-{last}", first, last, **everyone) for first, last in windows)
    state = {
        report.plan.run.run_id: {f.row["user_name"]: (f.state.value, f.reopened) for f in report.findings}
        for report in (third, fourth)
    }
    assert state["to-400"]["bob"] == ("new", True)
    assert state["to-440"]["carol"] == ("new", False)  # the window that saw it last ended 409 days before
