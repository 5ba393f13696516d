"""`findings.ocsf.jsonl` against OCSF's own schema.

The schema in tests/data is that of class `detection_finding`, profiles `cloud` and `datetime`, as ocsf-json-schema
1.2.0 (MIT) makes it from OCSF's published export of 1.5.0 (Apache-2.0), without titles.
"""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from planted import hostile
from samples import ALL, CANARY, LONG_AGO, failed_logins, finding, make
from subject import COVERAGE, SPEC

from trailbook import canonical
from trailbook.diff import State
from trailbook.report import ocsf
from trailbook.verdict import Completeness

SCHEMA = Path(__file__).parents[1] / "data" / "ocsf-1.5.0-detection-finding.schema.json"
REPORTS = {**ALL, "hostile": hostile}


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()))


def events(report):
    return [json.loads(line) for line in ocsf.dumps(report).split(b"\n") if line]


def event(state, *, spec=SPEC, **more):
    report = make([finding(0, state, **more)], spec=spec)
    (found,) = events(report)
    return found


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_event_is_valid_against_the_published_schema(name, schema):
    for found in events(REPORTS[name]())[:100]:
        faults = [f"{fault.json_path}: {fault.message}" for fault in schema.iter_errors(found)]
        assert faults == []


def test_the_schema_refuses_an_event_that_is_none(schema):
    broken = event(State.NEW) | {"activity_id": 7, "severity": 3, "verdikt": "x"}
    assert len(list(schema.iter_errors(broken))) == 3


def test_the_file_is_the_golden_one(golden):
    golden("failed-logins.ocsf.jsonl", ocsf.dumps(failed_logins()))


@pytest.mark.parametrize(
    ("kind", "state", "more", "activity", "status"),
    [
        ("aggregate", State.NEW, {}, (1, "Create"), (1, "New")),
        ("aggregate", State.NEW, {"reopened": True}, (2, "Update"), (1, "New")),
        ("aggregate", State.UPDATED, {"changes": {"failures": (9, 5)}}, (2, "Update"), (None, None)),
        ("state", State.ABSENT, {}, (3, "Close"), (4, "Resolved")),
        ("aggregate", State.ABSENT, {}, (3, "Close"), (5, "Archived")),
        ("events", State.NEW, {}, (1, "Create"), (1, "New")),
        ("aggregate", State.NEW, {"suppression": CANARY}, (1, "Create"), (3, "Suppressed")),
        ("aggregate", State.NEW, {"suppression": CANARY, "reopened": True}, (2, "Update"), (3, "Suppressed")),
        ("aggregate", State.UPDATED, {"suppression": CANARY}, (2, "Update"), (3, "Suppressed")),
        ("aggregate", State.UNCHANGED, {"suppression": CANARY}, (2, "Update"), (3, "Suppressed")),
        ("state", State.ABSENT, {"suppression": CANARY}, (3, "Close"), (3, "Suppressed")),
    ],
)
def test_activity_and_status_follow_from_the_state(kind, state, more, activity, status, schema):
    measures = [] if kind == "events" else ["failures"]
    result = {"kind": kind, "key": ["account_id", "user_name", "source_ip"], "measures": measures}
    found = event(state, spec=SPEC | {"result": result}, **more)
    assert (found["activity_id"], found["activity_name"]) == activity
    assert (found.get("status_id"), found.get("status")) == status
    assert (found["class_uid"], found["type_uid"]) == (2004, 200400 + activity[0])
    assert not list(schema.iter_errors(found))


def test_an_unchanged_finding_has_no_event_and_a_suppressed_one_always_has():
    report = make([finding(0, State.UNCHANGED), finding(1, State.UNCHANGED, suppression=CANARY)])
    (found,) = events(report)
    assert found["finding_info"]["uid"] == report.findings[1].finding_id
    assert found["status_detail"] == "Login canary (accepted by platform until 2027-03-31)"


def test_a_finding_keeps_its_uid_and_an_event_of_each_run_has_its_own():
    first, second = make([finding(0, State.NEW)]), make([finding(0, State.UPDATED)])
    later = replace(second, plan=replace(second.plan, run=replace(second.plan.run, run_id="later")))
    (a,), (b,), (again,) = events(first), events(later), events(first)
    assert a["finding_info"]["uid"] == b["finding_info"]["uid"] == first.findings[0].finding_id
    assert a["metadata"]["uid"] != b["metadata"]["uid"]
    assert a == again


def test_times_are_those_of_the_windows_and_no_clock_s():
    found = event(State.UPDATED, first_seen=LONG_AGO)
    info = found["finding_info"]
    assert (found["time_dt"], found["start_time_dt"]) == ("2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z")
    assert (info["first_seen_time"], info["first_seen_time_dt"]) == (1791763200000, "2026-10-12T00:00:00Z")
    assert (info["last_seen_time_dt"], info["modified_time_dt"]) == ("2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z")


def test_attack_techniques_and_controls_are_filled():
    info = event(State.NEW)["finding_info"]
    sub = info["attacks"][0]
    assert (sub["version"], sub["technique"]["uid"], sub["sub_technique"]["uid"]) == ("19.1", "T1110", "T1110.001")
    assert info["tags"] == [
        {"name": "cis-aws-foundations@7.0.0", "values": ["5.6"]},
        {"name": "nist-800-53@rev5", "values": ["AC-7", "AU-6"]},
    ]
    assert event(State.NEW)["unmapped"]["compliance"] == SPEC["controls"]


def test_mappings_that_nobody_has_reviewed_are_marked_and_the_others_are_not(schema):
    found = event(State.NEW, spec=SPEC | {"mappings_reviewed": False})
    assert found["unmapped"]["mappings_reviewed"] is False
    assert not list(schema.iter_errors(found))
    assert "mappings_reviewed" not in event(State.NEW)["unmapped"]


def test_a_runbook_without_mappings_and_guide_has_none(schema):
    spec = {name: value for name, value in SPEC.items() if name not in ("attack", "controls", "guide")}
    found = event(State.NEW, spec=spec)
    assert not {"attacks", "tags"} & found["finding_info"].keys()
    assert "compliance" not in found["unmapped"]
    assert "remediation" not in found
    assert not list(schema.iter_errors(found))


@pytest.mark.parametrize(
    ("severity", "number"), [("informational", 1), ("low", 2), ("medium", 3), ("high", 4), ("critical", 5)]
)
def test_severities_are_ocsf_s(severity, number):
    assert event(State.NEW, spec=SPEC | {"severity": severity})["severity_id"] == number


@pytest.mark.parametrize(
    ("expect", "state", "more", "alert"),
    [
        ("no_new_findings", State.NEW, {}, True),
        ("no_new_findings", State.UPDATED, {}, False),
        ("no_findings", State.UPDATED, {}, True),
        ("no_findings", State.NEW, {"suppression": CANARY}, False),
        ("no_findings", State.ABSENT, {}, False),
        ("anything", State.NEW, {}, False),
    ],
)
def test_an_alert_is_a_finding_that_breaks_the_expectation(expect, state, more, alert):
    assert event(state, spec=SPEC | {"expect": expect}, **more)["is_alert"] is alert


def test_the_row_s_columns_fill_what_ocsf_has_for_them(schema):
    row = {"region": "eu-west-1", "principal_arn": "arn:aws:iam::1:role/a", "event_name": "PutBucketPolicy"}
    row |= {"service": "s3", "bucket": "payroll", "source_ip": "2001:db8::7"}
    found = event(State.NEW, row=row)
    evidence = found["evidences"][0]
    assert found["cloud"]["account"]["uid"] == "111122223333"
    assert found["cloud"]["region"] == "eu-west-1"
    assert evidence["actor"]["user"] == {"name": "alice", "uid": "arn:aws:iam::1:role/a"}
    assert evidence["api"] == {"operation": "PutBucketPolicy", "service": {"name": "s3"}}
    assert evidence["src_endpoint"] == {"ip": "2001:db8::7"}
    assert evidence["data"]["failures"] == 5
    assert found["resources"] == [{"name": "payroll"}]
    assert {item["value"] for item in found["observables"] if item["type_id"] == 2} == {"2001:db8::7"}
    assert found["finding_info"]["related_events"][0] == {"uid": "00000000-0000-4b1e-9a55-0242ac120002"}
    assert not list(schema.iter_errors(found))


def test_what_is_no_address_is_not_called_one(schema):
    found = event(State.NEW, row={"source_ip": "AWS Internal"})
    assert found["evidences"][0]["src_endpoint"] == {"svc_name": "AWS Internal"}
    assert not [item for item in found["observables"] if item["type_id"] == 2]
    assert not list(schema.iter_errors(found))


def test_the_cloud_s_region_is_said_only_where_it_is_known():
    assert "region" not in event(State.NEW)["cloud"]
    (found,) = events(make([finding(0, State.NEW)], completeness=Completeness(COVERAGE[:1], 1)))
    assert found["cloud"]["region"] == COVERAGE[0].region


def test_hostile_text_stays_text_and_each_event_is_one_canonical_line():
    report = hostile()
    lines = ocsf.dumps(report).split(b"\n")
    assert lines.pop() == b""
    told = [f for f in report.findings if f.state is not State.UNCHANGED or f.suppression]
    assert len(lines) == len(told) == 12
    for line, finding_ in zip(lines, told, strict=True):
        found = json.loads(line)
        assert canonical.dumps(found) == line
        assert found["evidences"][0]["data"]["user_name"] == finding_.row["user_name"].replace("\ud800", "\\ud800")
        assert "\x1b" not in found["message"]
        assert "\u202e" not in found["message"]
