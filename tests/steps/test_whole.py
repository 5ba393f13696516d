"""All steps of a run on real logs: what comes out, what is recorded, and what happens when one fails."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from watched_logins import Bench, logins, runbook

from trailbook.errors import InvalidRequest
from trailbook.ledger import verify
from trailbook.plan import Plan
from trailbook.settings import Settings
from trailbook.steps import record, report
from trailbook.steps.between import between, named
from trailbook.verdict import Verdict


def test_a_first_run_finds_and_a_second_compares(bench: Bench) -> None:
    first = bench.run(1, "one")
    assert first.outcome is not None
    assert (first.outcome.counts.new, first.outcome.baseline.absence) == (2, "first_run")
    assert first.outcome.judgement.verdict is Verdict.FAIL
    second = bench.run(2, "two")
    assert second.outcome is not None
    counts = second.outcome.counts
    assert (counts.new, counts.updated, counts.unchanged, counts.absent) == (0, 1, 0, 1)
    assert second.outcome.judgement.verdict is Verdict.PASS
    assert second.outcome.baseline.run_id == "one"


def test_what_the_steps_left_verifies_and_travels(bench: Bench) -> None:
    done = bench.run(1, "one")
    assert done.plan is not None
    assert Plan.from_json(json.loads(json.dumps(done.plan.to_json()))) == done.plan
    found = verify(bench.ledger.store, bench.reports)
    assert (found.entries, found.files, found.faults) == (1, 6, [])


def test_steps_that_are_tried_again_find_their_own_files_and_leave_one_entry(bench: Bench) -> None:
    first = bench.run(1, "one")
    assert first.plan is not None
    assert first.outcome is not None
    assert report(first.plan, first.outcome, reports=bench.reports) == first.products
    again = record(
        first.runbook.id,
        first.run,
        plan=first.plan,
        outcome=first.outcome,
        products=first.products,
        failure=None,
        ledger=bench.ledger,
        finished=datetime(2027, 1, 1, 5, tzinfo=UTC),
    )
    assert again.record.finished == "2027-01-01T00:01:00Z"
    assert list(bench.ledger.entries("watched-logins")) == [again]


@pytest.mark.parametrize("lost", ["report.html", "findings.csv", "manifest.json"])
def test_a_report_that_was_killed_half_way_is_finished_with_the_same_bytes(bench: Bench, lost: str) -> None:
    first = bench.run(1, "one")
    assert first.plan is not None
    assert first.outcome is not None
    (bench.reports.root / first.outcome.prefix / lost).unlink()
    assert report(first.plan, first.outcome, reports=bench.reports) == first.products
    assert verify(bench.ledger.store, bench.reports).faults == []


def test_another_attempt_leaves_its_own_entry_and_files(bench: Bench) -> None:
    first, second = bench.run(1, "one"), bench.run(1, "one", attempt=2)
    assert first.outcome is not None
    assert second.outcome is not None
    assert second.outcome.prefix == first.outcome.prefix + ".2"
    assert [entry.record.run.attempt for entry in bench.ledger.entries("watched-logins")] == [1, 2]


def test_a_query_that_fails_is_recorded_and_serves_no_later_run(bench: Bench) -> None:
    bench.run(1, "one")
    broken = runbook(query="SELECT no_such_column AS account_id FROM cloudtrail")
    failed = bench.run(2, "two", of=broken)
    assert failed.outcome is None
    assert failed.failure is not None
    assert failed.failure.task == "query"
    assert "COLUMN_NOT_FOUND" in failed.failure.error
    entry = bench.ledger.find("watched-logins", "two")
    assert entry is not None
    assert entry.record.verdict is Verdict.ERROR
    assert entry.record.error == f"query: {failed.failure.error}"
    third = bench.run(2, "three")
    assert third.outcome is not None
    assert third.outcome.baseline.run_id == "one"


def test_a_duplicate_key_fails_the_run_and_shows_the_key(bench: Bench) -> None:
    loose = runbook(
        query="SELECT recipientaccountid AS account_id, useridentity.username AS user_name, 1 AS failures, "
        "ARRAY[eventid] AS event_ids FROM cloudtrail WHERE useridentity.username = 'bob'",
    )
    failed = bench.run(1, "one", of=loose)
    assert failed.failure is not None
    assert failed.failure.task == "compare"
    assert "account_id='111122223333', user_name='bob' (2 rows)" in failed.failure.error


@pytest.mark.parametrize(
    ("settings", "gap"),
    [
        (Settings(expected_accounts=("111122223333", "444455556666")), "no logs of the expected accounts 444455556666"),
        (Settings(expected_regions=("eu-west-1",)), "no logs of the expected regions eu-west-1"),
    ],
)
def test_an_expected_place_without_logs_is_a_gap(bench: Bench, settings: Settings, gap: str) -> None:
    done = bench.run(1, "one", settings=settings, watched=["nobody"])
    assert done.outcome is not None
    assert done.outcome.judgement.verdict is Verdict.INCOMPLETE
    assert done.outcome.judgement.reasons == (gap,)


@pytest.mark.parametrize(
    ("expected", "given", "missing"),
    [
        ({"accounts": ["444455556666"]}, {}, (("444455556666",), ("eu-west-1",))),
        ({"regions": ["us-east-1"]}, {}, (("999988887777",), ())),
        ({"accounts": ["111122223333"], "regions": ["us-east-1"]}, {}, ((), ())),
        ({"accounts": ["444455556666"]}, {"accounts": ["111122223333"]}, ((), ("eu-west-1",))),
    ],
)
def test_what_the_runbook_expects_goes_before_the_settings_and_the_operator_s_scope_before_both(
    bench: Bench, expected: dict[str, list[str]], given: dict[str, list[str]], missing: tuple[tuple[str, ...], ...]
) -> None:
    settings = Settings(expected_accounts=("999988887777",), expected_regions=("eu-west-1",))
    done = bench.run(1, "one", of=runbook(expected=expected), settings=settings, watched=["nobody"], **given)
    assert done.outcome is not None
    seen = done.outcome.completeness
    assert (seen.missing_accounts, seen.missing_regions) == missing
    assert done.outcome.judgement.verdict is (Verdict.INCOMPLETE if any(missing) else Verdict.PASS)


def test_a_window_without_logs_is_incomplete_and_closes_nothing(bench: Bench) -> None:
    bench.run(1, "one")
    empty = bench.run(9, "nine")
    assert empty.outcome is not None
    assert empty.outcome.judgement.verdict is Verdict.INCOMPLETE
    assert empty.outcome.counts.absent == 0
    later = bench.run(2, "two")
    assert later.outcome is not None
    assert later.outcome.baseline.run_id == "one"


def test_an_empty_list_of_what_to_look_for_is_no_clean_result(bench: Bench) -> None:
    done = bench.run(1, "one", watched=[])
    assert done.outcome is not None
    assert done.outcome.judgement.verdict is Verdict.INCOMPLETE
    assert done.outcome.completeness.empty_lookups == ("watched",)


def test_an_operators_list_replaces_the_file_and_is_another_question(bench: Bench) -> None:
    bench.run(1, "one")
    done = bench.run(2, "two", users=["carol"], reason="carol called")
    assert done.plan is not None
    assert done.outcome is not None
    (use,) = done.plan.lookups
    assert (use.source, use.rows) == ("param", 1)
    assert done.outcome.counts.new == 1
    assert done.outcome.baseline.absence == "params_changed"
    entry = bench.ledger.find("watched-logins", "two")
    assert entry is not None
    assert (entry.record.run.reason, entry.record.params["users"]) == ("carol called", ["carol"])


def test_rows_beyond_the_limit_are_cut_said_and_close_nothing(bench: Bench) -> None:
    bench.run(1, "one")
    done = bench.run(2, "two", watched=["alice", "bob", "carol"], row_limit=1)
    assert done.outcome is not None
    assert done.outcome.completeness.truncated_at == 1
    assert (done.outcome.counts.updated, done.outcome.counts.absent) == (1, 0)
    assert "rows were cut at the row limit of 1" in done.outcome.judgement.reasons


def test_a_corrupt_file_among_the_logs_is_named_and_makes_the_run_incomplete(bench: Bench) -> None:
    (bench.root / "logs" / "cut.json.gz").write_bytes(gzip.compress(b'{"Records": []}')[:-5])
    done = bench.run(1, "one", watched=["nobody"])
    assert done.outcome is not None
    assert done.outcome.judgement.verdict is Verdict.INCOMPLETE
    assert "cut.json.gz" in done.outcome.judgement.reasons[0]


def test_a_run_before_the_settle_time_says_so(bench: Bench) -> None:
    early = datetime(2026, 11, 2, 0, 30, tzinfo=UTC)
    done = bench.run(1, "one", started=early, watched=["nobody"])
    assert done.outcome is not None
    assert done.outcome.judgement.reasons == (
        "the run began before 2026-11-02T02:00:00Z, so CloudTrail may not have delivered the window's last events",
    )


def test_a_changed_baseline_is_noticed_before_it_is_used(bench: Bench) -> None:
    first = bench.run(1, "one")
    assert first.outcome is not None
    snapshot = bench.root / "out" / "reports" / first.outcome.snapshot.key
    snapshot.write_bytes(snapshot.read_bytes()[:-1] + b"!")
    second = bench.run(2, "two")
    assert second.failure is not None
    assert second.failure.task == "compare"
    assert "is not the one that run one recorded" in second.failure.error


def test_two_runs_far_apart_can_be_compared(bench: Bench) -> None:
    bench.log("three", logins(3, alice=2, dave=4))
    for day, name in ((1, "one"), (2, "two"), (3, "three")):
        bench.run(day, name, watched=["alice", "bob", "dave"])
    found = between(named(bench.ledger, "one"), named(bench.ledger, "watched-logins:three"), bench.reports)
    states = {finding.row["user_name"]: finding.state.value for finding in found.findings}
    assert states == {"bob": "absent", "dave": "new"}
    assert found.counts.unchanged == 1


def test_a_run_that_is_not_there_is_said(bench: Bench) -> None:
    with pytest.raises(InvalidRequest, match="the ledger has no run 'none'"):
        named(bench.ledger, "none")


def test_a_window_of_the_future_is_refused(bench: Bench) -> None:
    from trailbook.runbook.values import resolve
    from trailbook.steps import window_of

    book = runbook()
    request = resolve(book, {"start": "2026-11-22T00:00:00Z", "end": "2026-11-23T00:00:00Z"})
    with pytest.raises(InvalidRequest, match="which is not over yet"):
        window_of(book, request, interval_end=None, now=datetime(2026, 11, 22, 12, tzinfo=UTC))


def test_on_demand_needs_a_window() -> None:
    from trailbook.runbook.values import resolve
    from trailbook.steps import window_of

    book = runbook(schedule=None)
    with pytest.raises(InvalidRequest, match="runs on demand only: give `start` and `end`"):
        window_of(book, resolve(book, {}), interval_end=datetime(2026, 11, 2, tzinfo=UTC), now=None)


def test_the_token_is_the_same_for_a_retry_and_another_for_another_attempt_or_sql(bench: Bench) -> None:
    done = bench.run(1, "one")
    assert done.plan is not None
    plan = done.plan
    assert 32 <= len(plan.token) <= 128
    assert replace(plan, run=replace(plan.run, attempt=2)).token != plan.token
    assert replace(plan, sql_sha256="2" * 64).token != plan.token
    assert replace(plan, started="later").token == plan.token


def test_a_report_that_cannot_be_written_is_recorded_and_serves_no_later_run(bench: Bench) -> None:
    taken = bench.reports.root / "watched-logins/2026-11-01T000000Z/one/report.html"
    taken.parent.mkdir(parents=True)
    taken.write_text("somebody else's file")
    failed = bench.run(1, "one")
    assert failed.failure is not None
    assert failed.failure.task == "report"
    assert taken.read_text() == "somebody else's file"
    entry = bench.ledger.find("watched-logins", "one")
    assert entry is not None
    assert (entry.record.verdict, entry.record.products) == (Verdict.ERROR, None)
    assert "is never overwritten" in (entry.record.error or "")
    second = bench.run(2, "two")
    assert second.outcome is not None
    assert second.outcome.baseline.absence == "first_run"


def test_a_runbook_edited_during_its_run_changes_nothing_in_it(bench: Bench) -> None:
    """What follows the plan reads the plan alone: an edited file is only met by the next run."""
    first = bench.run(1, "one")
    assert first.plan is not None
    assert first.outcome is not None
    edited = runbook(title="Another title", params={"threshold": {"type": "integer", "title": "n", "default": 99}})
    assert edited.spec() != first.plan.spec
    thawed = Plan.from_json(json.loads(json.dumps(first.plan.to_json())))
    assert report(thawed, first.outcome, reports=bench.reports) == first.products
