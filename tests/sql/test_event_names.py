"""Which names of a query are doubted, judged by which event sources, and where."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbook.runbook.event_names.known import KnownEvents
from trailbook.runbook.model import Runbook
from trailbook.sql.lint import lint_with_doubts

SPEC = {
    "id": "probe",
    "title": "A probe",
    "description": "What was called.",
    "severity": "low",
    "owner": "security-operations",
    "schedule": None,
    "result": {"kind": "events", "key": ["event_id"]},
}
KNOWN = KnownEvents()


def _doubts(query, **more):
    problems, doubts = lint_with_doubts(Runbook.model_validate(SPEC | {"query": query} | more), KNOWN)
    assert problems == []
    return doubts


def _said(query, **more):
    return [doubt.message for doubt in _doubts(query, **more)]


def _where(condition, columns=""):
    return " ".join(
        ["SELECT eventid AS event_id, eventname AS event_name", columns, "FROM cloudtrail WHERE", condition]
    )


IAM, S3 = "eventsource = 'iam.amazonaws.com'", "eventsource = 's3.amazonaws.com'"
NOT_OF_S3 = "`s3.amazonaws.com` has no event `DeleteTrail`: `cloudtrail.amazonaws.com` has"
NOT_OF_IAM = "`iam.amazonaws.com` has no event `DeleteTrail`: `cloudtrail.amazonaws.com` has"
NOWHERE = "no service has an event `StopLoging`; did you mean `StopLogging`?"

SOUND = [
    _where(f"{IAM} AND eventname IN ('CreateUser', 'DeleteUser')"),
    _where(f"{IAM} AND (eventname = 'CreateUser' OR eventname LIKE '%AccessKey')"),
    _where(f"({IAM} AND eventname = 'CreateUser') OR ({S3} AND eventname = 'PutBucketPolicy')"),
    _where(f"({IAM} OR {S3}) AND eventname IN ('CreateUser', 'PutBucketPolicy')"),
    _where("eventsource IN ('iam.amazonaws.com', 's3.amazonaws.com') AND eventname IN ('CreateUser', 'GetObject')"),
    _where("eventname = 'ConsoleLogin'", f", count_if({S3} AND eventname = 'GetObject') OVER () AS n"),
    _where("NOT (eventsource = 'iam.amazonaws.com') AND eventname = 'DeleteTrail'"),
    _where(f"(({IAM}) OR awsregion = 'us-east-1') AND eventname = 'DeleteTrail'"),
    _where("eventsource LIKE 'iam.%' AND eventname = 'DeleteTrail'"),
    _where("eventsource <> 'iam.amazonaws.com' AND eventname = 'DeleteTrail'"),
    _where(
        "coalesce(eventname, 'unknown') <> 'unknown' AND nullif(eventname, '') = 'ConsoleLogin' AND eventname <> ''"
    ),
    _where("regexp_like(eventname, '^Nonsense') AND upper(eventname) = 'NONSENSE' AND eventname > 'N'"),
    _where("eventsource = 'lambda.amazonaws.com' AND eventname LIKE 'UpdateFunctionCode20%'"),
    _where("eventsource = 'lambda.amazonaws.com' AND eventname IN ('CreateFunction', 'CreateFunction20150331')"),
    _where(
        "eventsource = 'lambda.amazonaws.com' AND (eventname = 'CreateFunction' OR eventname LIKE 'CreateFunction%')"
    ),
    _where(f"{S3} AND eventname IN ('PutObjectLockConfiguration', 'PutBucketObjectLockConfiguration')"),
    _where("eventname IN (SELECT d.eventname FROM cloudtrail AS d WHERE d.errorcode = 'Nonsense')"),
    _where("errorcode = 'StopLoging' AND useragent LIKE 'StopLoging%'"),
    "SELECT c.eventid AS event_id FROM cloudtrail AS c JOIN cloudtrail AS d ON d.eventid = c.sharedeventid "
    "WHERE c.eventsource = 'iam.amazonaws.com' AND d.eventname = 'DeleteTrail' AND c.eventname = 'CreateUser'",
    "SELECT c.eventid AS event_id FROM cloudtrail AS c LEFT JOIN cloudtrail AS d "
    "ON c.eventsource = 'iam.amazonaws.com' AND d.eventname = 'CreateUser' WHERE c.eventname = 'DeleteTrail'",
]


@pytest.mark.parametrize("query", SOUND)
def test_a_name_that_fits_is_not_doubted(query):
    assert _said(query) == []


DOUBTED = [
    (_where("eventname = 'StopLoging'"), NOWHERE),
    (_where("eventname <> 'StopLoging'"), NOWHERE),
    (_where("'StopLoging' = eventname"), NOWHERE),
    (_where("eventname IS DISTINCT FROM 'StopLoging'"), NOWHERE),
    (_where("eventname NOT IN ('StartLogging', 'StopLoging')"), NOWHERE),
    (_where("contains(ARRAY['StartLogging', 'StopLoging'], eventname)"), NOWHERE),
    (_where("element_at(MAP(ARRAY['StopLoging'], ARRAY[1]), eventname) = 1"), NOWHERE),
    (_where("MAP(ARRAY['StopLoging'], ARRAY[1])[eventname] = 1"), NOWHERE),
    (_where("coalesce(nullif(eventname, ''), 'unknown') = 'StopLoging'"), NOWHERE),
    (_where("CASE eventname WHEN 'StopLoging' THEN true ELSE false END"), NOWHERE),
    (_where(f"{S3} AND eventname = 'DeleteTrail'"), NOT_OF_S3),
    (_where(f"eventname = 'DeleteTrail' AND errorcode IS NULL AND ({S3})"), NOT_OF_S3),
    (_where(f"({IAM} AND eventname = 'CreateUser') OR ({S3} AND eventname = 'DeleteTrail')"), NOT_OF_S3),
    (_where(f"({IAM} AND eventname = 'DeleteTrail') OR ({S3} AND eventname = 'PutBucketPolicy')"), NOT_OF_IAM),
    (_where("eventsource = 'iam.amazonaws.com' AND eventname = :name OR true = :x"), NOT_OF_IAM),
    (_where(f"{S3}", ", CASE WHEN eventname IN ('GetObject', 'DeleteTrail') THEN 1 END AS n"), NOT_OF_S3),
    (_where("true", f", CASE WHEN {S3} THEN CASE eventname WHEN 'DeleteTrail' THEN 1 END END AS n"), NOT_OF_S3),
    (
        _where("true", ", CASE eventsource WHEN 's3.amazonaws.com' THEN eventname = 'DeleteTrail' END AS n"),
        NOT_OF_S3,
    ),
    (_where("true", f", IF({S3}, eventname = 'DeleteTrail', false) AS n"), NOT_OF_S3),
    (_where("true", f", count_if(coalesce({S3}, false) AND eventname = 'DeleteTrail') OVER () AS n"), NOT_OF_S3),
    (_where("split_part(eventsource, '.', 1) = 's3' AND eventname = 'DeleteTrail'"), NOT_OF_S3),
    (_where("replace(eventsource, '.amazonaws.com', '') IN ('s3') AND eventname = 'DeleteTrail'"), NOT_OF_S3),
    (
        _where("(eventsource, eventname) IN (('s3.amazonaws.com', 'GetObject'), ('s3.amazonaws.com', 'DeleteTrail'))"),
        NOT_OF_S3,
    ),
    (
        _where("eventsource IN ('iam.amazonaws.com', 's3.amazonaws.com') AND eventname = 'DeleteTrail'"),
        "`iam.amazonaws.com` and `s3.amazonaws.com` have no event `DeleteTrail`: `cloudtrail.amazonaws.com` has",
    ),
    (_where(f"{S3} AND eventname LIKE 'Dellete%'"), "`s3.amazonaws.com` has no event like `Dellete%`"),
    (_where("eventname NOT LIKE '%Buckett'"), "no service has an event like `%Buckett`"),
    (_where("eventname LIKE 'Put!_%' ESCAPE '!'"), "no service has an event like `Put!_%`"),
    (_where("starts_with(eventname, 'Dellete')"), "no service has an event like `Dellete%`"),
    (
        _where("eventsource = 'lambda.amazonaws.com' AND eventname = 'CreateFunction'"),
        "`lambda.amazonaws.com` writes `CreateFunction20150331` for `CreateFunction`: name that too",
    ),
    (
        _where(f"{S3} AND eventname = 'PutPublicAccessBlock'"),
        "`s3.amazonaws.com` writes `PutBucketPublicAccessBlock` or `PutAccountPublicAccessBlock` for "
        "`PutPublicAccessBlock`: name that too",
    ),
    (
        _where("eventsource = 'cloudwatch.amazonaws.com' AND eventname = 'DeleteAlarms'"),
        "no event source `cloudwatch.amazonaws.com` is known: CloudTrail writes `monitoring.amazonaws.com`",
    ),
    (_where("eventsource = 'iam'"), "no event source `iam` is known: CloudTrail writes `iam.amazonaws.com`"),
    (
        _where("eventsource IN ('iam.amazonaws.com', 'cognito.amazonaws.com')"),
        "no event source `cognito.amazonaws.com` is known; did you mean `cognito-idp.amazonaws.com`?",
    ),
    (
        _where("split_part(eventsource, '.', 1) = 'cloudwatch'"),
        "no event source `cloudwatch.amazonaws.com` is known: CloudTrail writes `monitoring.amazonaws.com`",
    ),
    (
        "WITH e AS (SELECT eventid, eventname AS event_name FROM cloudtrail WHERE eventsource = 's3.amazonaws.com') "
        "SELECT eventid AS event_id FROM e WHERE event_name = 'DeleteTrail'",
        NOT_OF_S3,
    ),
    (
        "WITH e (i, n, s) AS (SELECT eventid, eventname, eventsource FROM cloudtrail), "
        "f AS (SELECT i, n, s AS z FROM e) "
        "SELECT i AS event_id FROM f AS g WHERE g.z = 's3.amazonaws.com' AND g.n = 'DeleteTrail'",
        NOT_OF_S3,
    ),
    (
        "WITH e AS (SELECT eventid, eventname AS n FROM cloudtrail WHERE eventsource = 's3.amazonaws.com' "
        "UNION ALL SELECT eventid, eventname FROM cloudtrail WHERE eventsource = 's3express.amazonaws.com') "
        "SELECT eventid AS event_id FROM e WHERE n = 'DeleteTrail'",
        "`s3.amazonaws.com` and `s3express.amazonaws.com` have no event `DeleteTrail`: `cloudtrail.amazonaws.com` has",
    ),
    (
        "SELECT event_id FROM (SELECT eventid AS event_id, eventname AS n FROM cloudtrail) AS t WHERE n = 'StopLoging'",
        NOWHERE,
    ),
    (
        "SELECT c.eventid AS event_id FROM cloudtrail AS c WHERE c.eventsource = 's3.amazonaws.com' AND EXISTS "
        "(SELECT 1 FROM cloudtrail AS d WHERE d.eventsource = 'iam.amazonaws.com' AND c.eventname = 'DeleteTrail')",
        NOT_OF_S3,
    ),
    (
        "SELECT eventid AS event_id FROM cloudtrail JOIN (VALUES ('iam.amazonaws.com', 'CreateUser'), "
        "('s3.amazonaws.com', 'DeleteTrail')) AS w (source, name) ON w.source = eventsource AND eventname = w.name",
        NOT_OF_S3,
    ),
    (
        "WITH w AS (SELECT name FROM (VALUES 'StartLogging', 'StopLoging') AS v (name)) "
        "SELECT eventid AS event_id FROM cloudtrail JOIN w ON w.name = eventname",
        NOWHERE,
    ),
    (
        "SELECT c.eventid AS event_id FROM cloudtrail AS c JOIN cloudtrail AS d ON d.eventid = c.sharedeventid "
        "AND d.eventsource = 's3.amazonaws.com' WHERE d.eventname = 'DeleteTrail' AND c.eventname = 'StopLogging'",
        NOT_OF_S3,
    ),
]
NAME = {
    "name": {"type": "string", "default": "DeleteTrail", "title": "x"},
    "x": {"type": "boolean", "default": True, "title": "x"},
}


@pytest.mark.parametrize(("query", "message"), DOUBTED)
def test_a_name_that_its_source_does_not_write_is_doubted(query, message):
    assert _said(query, **({"params": NAME} if ":name" in query else {})) == [message]


def test_a_doubt_is_at_the_literal():
    query = "SELECT eventid AS event_id\nFROM cloudtrail\nWHERE eventname IN ('StartLogging',\n  'StopLoging')"

    [doubt] = _doubts(query)

    assert (doubt.line, doubt.column, doubt.loc) == (4, 3, ("query",))


def test_a_parameters_default_and_choices_are_judged_at_their_own_places():
    names = {"type": "array", "items": {"type": "string", "enum": ["StartLogging", "StopLoging"]}, "title": "Names"}
    params = {"names": names | {"default": ["StartLogging", "StartLoging"]}}

    found = _doubts(_where("eventname IN (:names)"), params=params)

    assert [(doubt.loc, doubt.message) for doubt in found] == [
        (
            ("params", "names", "default", 1),
            "no service has an event `StartLoging`; did you mean `StartLogging`?",
        ),
        (("params", "names", "items", "enum", 1), NOWHERE),
    ]


FRAGMENT = {
    "description": "Whether something dangerous was done.",
    "params": {"source": "string", "name": "string", "code": "string"},
    "sql": "source = 's3.amazonaws.com' AND name IN ('PutBucketPolicy',\n  'DeleteTrail') OR code = 'StopLoging'",
}


def test_a_name_in_a_fragment_is_judged_by_the_fragment_alone_and_told_there():
    query = _where("eventsource = 'iam.amazonaws.com' AND is_dangerous(eventsource, eventname, errorcode)")

    [doubt] = _doubts(query, fragments={"is_dangerous": FRAGMENT})

    assert doubt.message == NOT_OF_S3
    assert (doubt.loc, doubt.line, doubt.column) == (("fragments", "is_dangerous", "sql"), 2, 3)


def test_a_fragment_that_is_given_no_event_name_is_not_judged():
    query = _where("is_dangerous(useragent, errormessage, errorcode)")

    assert _said(query, fragments={"is_dangerous": FRAGMENT}) == []


def test_a_fragment_that_calls_another_is_judged_as_a_whole():
    outer = {"description": "x", "params": {"n": "string"}, "sql": "inner_one(coalesce(n, ''))"}
    inner = {"description": "x", "params": {"m": "string"}, "sql": "m LIKE 'Create%' OR m = 'StopLoging'"}

    [doubt] = _doubts(_where("outer_one(eventname)"), fragments={"outer_one": outer, "inner_one": inner})

    assert (doubt.message, doubt.loc) == (NOWHERE, ("fragments", "inner_one", "sql"))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"eventName": "CreateUsr", "eventSource": "iam.amazonaws.com"}, "did you mean `CreateUser`?"),
        ({"eventName": "DeleteTrail", "eventSource": "iam.amazonaws.com"}, ""),
        ({"eventName": "CreateUser", "eventSource": "iam.amazonaws.com"}, ""),
        ({"eventName": "OldCall", "eventSource": "iam.amazonaws.com"}, ""),
        ({"eventName": "CreateUsr", "eventSource": "example.com"}, ""),
        ({"eventName": "CreateUsr"}, ""),
        ({"eventName": 5, "eventSource": "iam.amazonaws.com"}, ""),
    ],
)
def test_in_a_case_only_what_is_mistyped_is_doubted(event, message):
    cases = [{"name": "one", "events": [event], "rows": []}]

    said = _doubts(_where("true"), cases=cases)

    assert [doubt.loc for doubt in said] == ([("cases", 0, "events", 0, "eventName")] if message else [])
    assert all(message in doubt.message for doubt in said)


def test_a_query_that_has_problems_is_not_doubted_too():
    problems, doubts = lint_with_doubts(
        Runbook.model_validate(
            SPEC | {"query": "SELECT eventid AS event_id, nope FROM cloudtrail WHERE eventname = 'x'"}
        ),
        KNOWN,
    )

    assert (len(problems), doubts) == (1, [])


VOCABULARY = """eventname eventsource c.eventname n = <> IN ( ) , AND OR NOT 'StopLogging' 'Nonsense'
    'iam.amazonaws.com' CASE WHEN THEN END LIKE 'Put%' ESCAPE '!' WITH AS SELECT FROM cloudtrail c WHERE UNION ALL
    VALUES v (n) JOIN ON :name coalesce( contains( ARRAY[ ] MAP( split_part( '.' 1 EXISTS FILTER count(*) eventid
    event_id NULL GROUP BY true"""
WORDS = st.sampled_from(VOCABULARY.split())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(WORDS, max_size=14))
def test_random_conditions_are_judged_and_never_raise(words):
    query = _where(" ".join(["eventsource = 'iam.amazonaws.com' AND", *words]))

    problems, doubts = lint_with_doubts(Runbook.model_validate(SPEC | {"query": query, "params": NAME}), KNOWN)

    assert problems == [] or doubts == []
    assert all(doubt.message for doubt in doubts)
