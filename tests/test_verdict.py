"""The verdict: what was not looked at never reads as clean, and a broken expectation is never hidden."""

from dataclasses import replace

import pytest

from trailbook.diff import Counts
from trailbook.verdict import Completeness, Coverage, Verdict, judge

_WHOLE = Completeness(
    coverage=(
        Coverage("111122223333", "eu-west-1", 3, "2026-11-01T01:00:00Z", "2026-11-01T02:00:00Z"),
        Coverage("111122223333", "us-east-1", 4, "2026-11-01T00:30:00Z", "2026-11-01T01:30:00Z"),
    ),
    data_scanned_in_bytes=1000,
)
_GAPS = [
    replace(_WHOLE, coverage=()),
    replace(_WHOLE, missing_accounts=("444455556666",)),
    replace(_WHOLE, missing_regions=("eu-central-1",)),
    replace(_WHOLE, empty_lookups=("critical_buckets",)),
    replace(_WHOLE, truncated_at=10),
    replace(_WHOLE, problems=("a.json.gz is corrupt",)),
]


@pytest.mark.parametrize(
    ("expect", "counts", "verdict"),
    [
        ("no_findings", Counts(), Verdict.PASS),
        ("no_findings", Counts(unchanged=1, open_present=1), Verdict.FAIL),
        ("no_findings", Counts(absent=3), Verdict.PASS),
        ("no_findings", Counts(new=2, suppressed=2), Verdict.PASS),
        ("no_new_findings", Counts(unchanged=5, updated=1, open_present=6), Verdict.PASS),
        ("no_new_findings", Counts(new=1, open_new=1, open_present=1), Verdict.FAIL),
        ("no_new_findings", Counts(new=1, suppressed=1), Verdict.PASS),
        ("anything", Counts(new=9, open_new=9, open_present=9), Verdict.PASS),
    ],
)
def test_the_verdict_of_a_complete_window(expect: str, counts: Counts, verdict: Verdict) -> None:
    judgement = judge(expect, counts, _WHOLE)
    assert judgement.verdict is verdict
    assert judgement.reasons


@pytest.mark.parametrize("completeness", _GAPS)
def test_a_gap_is_never_a_pass_and_is_named(completeness: Completeness) -> None:
    for expect in ("no_findings", "no_new_findings", "anything"):
        judgement = judge(expect, Counts(), completeness)
        assert judgement.verdict is Verdict.INCOMPLETE
        assert judgement.reasons == completeness.gaps
        assert judgement.reasons


@pytest.mark.parametrize("completeness", _GAPS)
def test_a_gap_hides_no_finding(completeness: Completeness) -> None:
    judgement = judge("no_new_findings", Counts(new=1, open_new=1, open_present=1), completeness)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reasons[0] == "there is 1 new finding, expected no new ones"
    assert judgement.reasons[1:] == completeness.gaps


def test_the_statement_knows_its_sums_and_comes_back_from_json() -> None:
    assert (_WHOLE.events, _WHOLE.first_event, _WHOLE.last_event) == (7, "2026-11-01T00:30:00Z", "2026-11-01T02:00:00Z")
    for completeness in (_WHOLE, *_GAPS):
        assert Completeness.from_json(completeness.to_json()) == completeness
