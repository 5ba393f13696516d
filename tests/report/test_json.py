import pytest
from planted import hostile
from samples import ALL, finding, make, typed
from subject import SPEC

from trailbook import canonical
from trailbook.diff import State
from trailbook.errors import EvidenceError
from trailbook.report import json


@pytest.mark.parametrize("name", ["failed-logins", "incomplete", "typed"])
def test_the_json_is_the_golden_one(name, golden):
    golden(f"{name}.json", json.dumps(ALL[name]()))


@pytest.mark.parametrize("name", ALL)
def test_a_report_read_back_is_the_report(name):
    report = ALL[name]()
    assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize("name", ALL)
def test_the_json_is_canonical(name):
    body = json.dumps(ALL[name]())
    assert canonical.dumps(canonical.loads(body)) == body


def test_a_hostile_report_is_whole_in_json():
    data = canonical.loads(json.dumps(hostile()))
    row = data["findings"][-1]["row"]
    assert row["user_agent"] == "W" * 10_000
    assert data["findings"][-2]["row"]["user_agent"] == "\\ud800 lone"


def test_values_that_json_cannot_hold_are_text_by_the_documented_rule():
    row = canonical.loads(json.dumps(typed()))["findings"][0]["row"]
    assert row["id"] == "9007199254740993"
    assert row["small"] == -42
    assert row["share"] == "Infinity"
    assert row["price"] == "-12345678901234567890.0123456789"
    assert (row["day"], row["at"], row["at_utc"]) == (
        "2026-11-02",
        "2026-11-02T03:04:05.678000",
        "2026-11-02T03:04:05Z",
    )
    assert row["nothing"] is None
    assert row["empty"] == ""


def test_what_the_mappings_are_worth_is_said_and_whether_anybody_has_reviewed_them():
    def said(spec):
        return canonical.loads(json.dumps(make([], spec=spec)))["statements"]["mappings"]

    assert len(said(SPEC)) == 1
    assert "Nobody but the runbook's author" in said(SPEC | {"mappings_reviewed": False})[1]


def test_nan_is_text_and_reads_back_as_nan():
    report = make([finding(0, State.NEW, row={"mfa_share": float("nan")})])
    body = json.dumps(report)
    assert canonical.loads(body)["findings"][0]["row"]["mfa_share"] == "NaN"
    value = json.loads(body).findings[0].row["mfa_share"]
    assert value != value


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"format":"trailbook.report/2"}', b'{"format":"trailbook.report/1"}', b"\xff"]
)
def test_what_is_no_report_is_refused(body):
    with pytest.raises(EvidenceError):
        json.loads(body)
