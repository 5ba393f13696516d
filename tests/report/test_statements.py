from datetime import timedelta

import pytest
from samples import BEFORE, BEFORE_SEEN, DAY, SPEC, clean, failed_logins, incomplete, make

from trailbook.plan import Baseline, Run, Trigger
from trailbook.report import statements
from trailbook.verdict import Completeness
from trailbook.window import Window


@pytest.mark.parametrize(
    ("absence", "words"),
    [
        ("first_run", "this is the first"),
        ("params_changed", "other parameters"),
        ("query_changed", "query has changed"),
        ("columns_changed", "columns have changed"),
        ("prior_truncated", "rows were cut"),
        ("something_new", "Compared with nothing (something_new)"),
    ],
)
def test_a_report_without_a_baseline_says_why(absence, words):
    report = make([], baseline=Baseline(absence=absence, run_id="kept", window=BEFORE))
    said = statements.comparison(report)
    assert words in said[0]
    assert len(said) == 1, "nothing about a window that was not compared with"


def test_a_compared_report_names_run_entry_and_window():
    assert statements.comparison(failed_logins()) == (
        f"Compared with run {BEFORE_SEEN.run_id}, entry 41 of the ledger, whose window was"
        " 2026-11-01 00:00 to 2026-11-02 00:00 UTC.",
    )


def test_a_gap_and_an_overlap_between_the_windows_are_said():
    assert "Between the two windows lie 3 days that this comparison does not cover." in statements.comparison(clean())
    half = timedelta(hours=12)
    lap = make([], baseline=Baseline(run_id="x", window=Window(DAY.start - half, DAY.end - half)))
    assert "The two windows overlap by 12 hours." in statements.comparison(lap)


def test_a_re_run_a_note_and_a_chosen_baseline_are_said():
    baseline = Baseline(run_id="b", window=BEFORE, note="the lookup critical_buckets has changed since")
    said = statements.comparison(make([], baseline=baseline, rerun_of="first", compare_with="b"))
    assert said[0].endswith("The operator asked for that run by name.")
    assert "The lookup critical_buckets has changed since." in said
    assert said[-1] == "This window was looked at before: this is a re-run of first."


def test_events_say_that_they_do_not_repeat():
    spec = SPEC | {"result": {"kind": "events", "key": ["user_name"]}, "pivots": [], "allow": []}
    assert any("no row is reported as absent" in line for line in statements.comparison(make([], spec=spec)))


def test_an_incomplete_compared_run_says_that_nothing_is_absent():
    report = make([], completeness=Completeness((), 0, missing_accounts=("1",)))
    assert "no finding of the earlier run is reported as absent" in statements.comparison(report)[-1]


def test_no_findings_is_never_said_alone():
    assert "94,068 events" in statements.no_findings(clean())
    assert "not an all-clear" in statements.no_findings(incomplete())


def test_one_of_each_is_said_in_the_singular():
    seen = incomplete().outcome.completeness
    one = Completeness((seen.coverage[0],), 1)
    assert " of 1 account in 1 region lie" in statements.completeness(one)
    assert statements.completeness(one).endswith("scanned 1 byte.")
    assert (
        statements.completeness(Completeness((), 0)) == "0 events were found in the window; the query scanned 0 bytes."
    )


def test_who_started_the_run_is_said():
    assert statements.started(incomplete().plan) == "By hand in Airflow by a.meier, attempt 2"
    assert statements.started(make([], run=Run("x", trigger=Trigger.CLI)).plan) == "On the command line"


def test_mappings_are_evidence_and_say_where_nobody_has_reviewed_them():
    supports = "This run is evidence that supports these controls; by itself it satisfies none."
    assert statements.mappings(make([]).runbook) == (supports,)
    said = statements.mappings(make([], spec=SPEC | {"mappings_reviewed": False}).runbook)
    assert said == (supports, "Nobody but the runbook's author has read these mappings against their sources.")


def test_a_runbook_without_mappings_has_none_to_review():
    bare = {name: value for name, value in SPEC.items() if name not in ("attack", "controls")}
    assert statements.mappings(make([], spec=bare | {"mappings_reviewed": False}).runbook) == ()
