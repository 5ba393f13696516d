import json
import re
from pathlib import Path

import pytest

from trailbook.runbook.collection import Collection, files
from trailbook.runbook.event_names.known import KnownEvents, beside, shipped
from trailbook.runbook.event_names.operations import FILE, installed, services

DATA = Path(__file__).parents[1] / "data"
CATALOGUE = json.loads((DATA / "event-names.json").read_text())
KNOWN = KnownEvents()


def test_the_file_of_operations_is_that_of_the_botocore_that_is_installed():
    remedy = "run: make event-names"

    assert FILE.read_text(encoding="utf-8") == installed(), remedy


@pytest.mark.parametrize("source", sorted(CATALOGUE))
def test_every_name_of_the_catalogue_is_one_of_its_source(source):
    names = KNOWN.names(source)

    assert [name for name in CATALOGUE[source] if not names.has(name)] == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2"),
        ("lambda.amazonaws.com", "UpdateFunctionCode20150331"),
        ("lambda.amazonaws.com", "TagResource20170331v2"),
        ("lambda.amazonaws.com", "CreateFunctionUrlConfig"),
        ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31"),
        ("cognito-idp.amazonaws.com", "OAuth2_Authorize_GET"),
        ("sso-directory.amazonaws.com", "CreateUser"),
        ("rdsdata.amazonaws.com", "ExecuteStatement"),
        ("amazonmq.amazonaws.com", "CreateBroker"),
        ("billingconsole.amazonaws.com", "SetContactAddress"),
    ],
)
def test_a_name_in_the_spelling_of_cloudtrail_is_known(source, name):
    assert KNOWN.names(source).has(name)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("lambda.amazonaws.com", "UpdateFunctionCode2015"),
        ("lambda.amazonaws.com", "UpdateFunctionCod20150331v2"),
        ("lambda.amazonaws.com", "20150331"),
        ("s3.amazonaws.com", "PutBucketPolicy20150331"),
        ("s3.amazonaws.com", "putbucketpolicy"),
        ("s3.amazonaws.com", "ListBucket"),
        ("iam.amazonaws.com", "PassRole"),
        ("cloudfront.amazonaws.com", "CreateDistribution20200531v2x"),
    ],
)
def test_a_name_that_only_looks_like_one_is_not_known(source, name):
    assert not KNOWN.names(source).has(name)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("cloudwatch.amazonaws.com", "monitoring.amazonaws.com"),
        ("accessanalyzer.amazonaws.com", "access-analyzer.amazonaws.com"),
        ("sso-admin.amazonaws.com", "sso.amazonaws.com"),
        ("stepfunctions.amazonaws.com", "states.amazonaws.com"),
        ("elbv2.amazonaws.com", "elasticloadbalancing.amazonaws.com"),
        ("mq.amazonaws.com", "amazonmq.amazonaws.com"),
        ("rds-data.amazonaws.com", "rdsdata.amazonaws.com"),
        ("iam", "iam.amazonaws.com"),
        ("S3.amazonaws.com", "s3.amazonaws.com"),
    ],
)
def test_what_looks_like_an_event_source_and_is_none_leads_to_the_right_one(wrong, right):
    assert KNOWN.names(wrong) is None
    assert KNOWN.meant(wrong) == right
    assert KNOWN.names(right) is not None


def test_the_services_that_sign_with_one_name_are_one_source():
    bedrock = KNOWN.names("bedrock.amazonaws.com")

    assert all(bedrock.has(name) for name in ("DeleteGuardrail", "InvokeModel", "InvokeAgent"))


def test_the_writers_of_a_name_are_all_of_its_sources():
    assert KNOWN.writers("DeleteTrail") == ("cloudtrail.amazonaws.com",)
    assert {"iam.amazonaws.com", "identitystore.amazonaws.com"} <= set(KNOWN.writers("CreateUser"))
    assert set(KNOWN.writers("CreateFunction20150331")) == {"lambda.amazonaws.com", "cloudfront.amazonaws.com"}
    assert KNOWN.writers("NoSuchThing") == ()


def test_the_hand_kept_list_holds_nothing_that_the_operations_have_already():
    """What botocore has learnt since is to be removed, so that each line is still true."""
    plain = KnownEvents()
    for source, groups in shipped().root.items():
        own = {o for service in services().values() for o in service.operations if source in _sources(service)}
        for group in groups:
            known_anyhow = {name for name in group.names if name in own}

            assert known_anyhow <= _REPEATED, source
            assert all(service in services() for service in group.operations_of), source
            assert all(plain.names(source).has(name) for names in group.spelled.values() for name in names), source
            assert all(name in own for name in group.spelled), source


_REPEATED = {
    "ListObjects",
    "PutBucketLifecycle",
    "GetBucketLifecycle",
    "PutBucketNotification",
    "GetBucketNotification",
}
"""S3's deprecated operations, whose names CloudTrail still writes."""


def _sources(service):
    return {f"{source}.amazonaws.com" for source in service.sources}


RUNBOOK = """
id: probe
title: A probe
description: What was called.
severity: low
owner: security-operations
schedule: null
query: |
  SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail
  WHERE eventsource = 'orders.example.com' AND eventname IN ('OrderPlaced', 'OrderLost')
result: {kind: events, key: [event_id]}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "probe.yaml").write_text(RUNBOOK)
    return tmp_path


def _judged(folder):
    return Collection.of(files(folder), lint=True, doubt=True)


def test_an_event_source_of_ones_own_is_doubted_until_the_deployment_names_it(folder):
    [doubt] = _judged(folder).doubts
    assert doubt.message == "no event source `orders.example.com` is known"

    (folder / "event-names.yaml").write_text(
        "orders.example.com: [{why: our shop writes it, names: [OrderPlaced, 'OrderL*']}]\n"
    )

    assert _judged(folder).doubts == ()
    assert _judged(folder).problems == ()


def test_the_names_of_a_deployment_are_all_that_its_own_source_writes(folder):
    (folder / "event-names.yaml").write_text("orders.example.com: [{why: our shop, names: [OrderPlaced, OrderLast]}]\n")

    [doubt] = _judged(folder).doubts

    assert doubt.message == "`orders.example.com` has no event `OrderLost`; did you mean `OrderLast`?"


def test_names_of_a_deployment_join_those_of_a_service(folder):
    path = folder / "event-names.yaml"
    path.write_text("iam.amazonaws.com: [{why: seen on 2026-11-20, names: [CreateRobot]}]\n")

    known, problems = beside(folder / "shop" / "probe.yaml")

    assert problems == ()
    assert known.names("iam.amazonaws.com").has("CreateRobot")
    assert known.names("iam.amazonaws.com").has("CreateUser")


def test_the_file_of_names_is_no_runbook_and_its_faults_are_told_at_their_places(folder):
    path = folder / "event-names.yaml"
    path.write_text("orders.example.com:\n  - {names: [OrderPlaced], wy: x}\n")

    judged = _judged(folder)

    assert [p.path for p in judged.problems] == [str(path)] * 2
    assert [str(p).removeprefix(f"{path}:") for p in judged.problems] == [
        "2:5: orders.example.com[0].why: expected the key `why`, found nothing: add it",
        "2:28: orders.example.com[0].wy: unknown key `wy`",
    ]


def test_a_file_of_names_that_cannot_be_read_is_a_problem(folder):
    path = folder / "event-names.yaml"
    path.write_text("orders.example.com: [")

    assert {p.path for p in _judged(folder).problems} == {str(path)}


def test_a_name_in_a_shared_fragment_is_told_in_its_own_file_once_for_all_runbooks(folder):
    (folder / "fragments").mkdir()
    fragment = folder / "fragments" / "is_order.yaml"
    fragment.write_text(
        "description: Whether it is about a bucket.\nparams: {name: string}\n"
        "sql: |\n  name = 'CreateBucket'\n  OR name = 'DeleteBuckett'\n"
        "cases: [{given: {name: CreateBucket}, expect: true}]\n"
    )
    for name in ("first", "second"):
        text = RUNBOOK.replace("id: probe", f"id: {name}").replace("eventsource = 'orders.example.com'", "true")
        (folder / "shop" / f"{name}.yaml").write_text(
            text.replace("eventname IN ('OrderPlaced', 'OrderLost')", "is_order(eventname)")
        )
    (folder / "shop" / "probe.yaml").unlink()

    judged = _judged(folder)

    assert judged.problems == ()
    assert [str(doubt) for doubt in judged.doubts] == [
        f"{fragment}:5:13: sql: no service has an event `DeleteBuckett`; did you mean `DeleteBucket`?"
    ]


def test_who_only_plans_or_parses_dags_is_told_of_no_doubt(folder):
    assert Collection.load(folder, lint=True).doubts == ()


def test_a_pattern_of_like_may_meet_a_dated_name():
    assert KNOWN.names("lambda.amazonaws.com").any_like(re.compile("UpdateFunctionCode2015.*"))
    assert not KNOWN.names("lambda.amazonaws.com").any_like(re.compile("UpdateFunctionCod2.*"))
