import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbook.runbook.model import Runbook
from trailbook.sql.lint import SqlProblem, lint

SPEC = {
    "id": "probe",
    "title": "A probe",
    "description": "What was called.",
    "severity": "low",
    "owner": "security-operations",
    "schedule": None,
    "result": {"kind": "events", "key": ["event_id"]},
}
LOOKUP = {"description": "Those that matter", "columns": {"bucket": "string", "owner": "string"}}
NAMES = {"type": "array", "items": {"type": "string"}, "default": [], "title": "Names"}


def _lint(query, **more):
    return lint(Runbook.model_validate(SPEC | {"query": query} | more))


def _said(query, **more):
    return [problem.message for problem in _lint(query, **more)]


def _select(rest="", columns=""):
    return " ".join(["SELECT c.eventid AS event_id", columns, "FROM cloudtrail AS c", rest])


FINE = [
    "SELECT eventid AS event_id FROM cloudtrail;",
    "(SELECT eventid AS event_id FROM cloudtrail)",
    "select EventId as event_id from CloudTrail",
    'SELECT "eventid" AS "event_id" FROM "cloudtrail"',
    "SELECT cloudtrail.eventid AS event_id, cloudtrail.useridentity.sessioncontext.sessionissuer.arn FROM cloudtrail",
    "SELECT eventid AS event_id FROM cloudtrail UNION ALL SELECT requestid FROM cloudtrail ORDER BY event_id",
    "WITH a AS (SELECT eventid, useridentity AS who FROM cloudtrail), b AS (SELECT eventid, who FROM a) "
    "SELECT eventid AS event_id, who.sessioncontext.attributes.mfaauthenticated AS mfa FROM b",
    "WITH a (x, y) AS (SELECT eventid, eventname FROM cloudtrail) SELECT x AS event_id, upper(y) AS n FROM a",
    "WITH Foo AS (SELECT eventid FROM cloudtrail) SELECT EVENTID AS event_id FROM fOO",
    "SELECT event_id FROM (SELECT eventid AS event_id, count(*) OVER () AS n FROM cloudtrail) t WHERE t.n > 1",
    _select("CROSS JOIN UNNEST(c.resources) AS r (arn, accountid, type) WHERE r.arn LIKE 'x' AND accountid = '1'"),
    _select("CROSS JOIN UNNEST(c.resources) WITH ORDINALITY AS r (arn, account, type, n) WHERE n = 1"),
    _select(
        "CROSS JOIN UNNEST(CAST(json_extract(c.requestparameters, '$.x') AS ARRAY(VARCHAR))) AS t (x) WHERE x = 'a'"
    ),
    _select("CROSS JOIN UNNEST(sequence(1, 3)) AS t (n)"),
    _select("CROSS JOIN (VALUES ('a', 1), ('b', 2)) AS v (name, n) WHERE v.n = 1 AND name = 'a'"),
    _select("WHERE any_match(resources, r -> r.arn = 'x' AND r.accountid <> c.recipientaccountid)"),
    _select("WHERE cardinality(filter(resources, x -> x.type = 'a')) > 0 AND resources[1].arn = 'b'"),
    _select("WHERE element_at(resources, 1).arn = 'b'"),
    _select("WHERE reduce(resources, '', (s, x) -> concat(s, x.arn), s -> s) <> ''"),
    _select(
        "WHERE EXISTS (SELECT 1 FROM cloudtrail AS d WHERE d.eventid = c.sharedeventid AND d.eventtime < c.eventtime)"
    ),
    _select("WHERE c.eventname IN (SELECT eventname FROM cloudtrail GROUP BY 1 HAVING count(*) > 3 LIMIT 5)"),
    _select("WHERE eventtime > (SELECT max(eventtime) FROM cloudtrail WHERE awsregion = c.awsregion)"),
    _select("JOIN cloudtrail AS d ON d.eventid = c.sharedeventid WHERE d.useridentity.arn <> c.useridentity.arn"),
    _select("WHERE eventname = 'now() {{ x }} SELECT * LIMIT 5 ; :nope ?' -- {{ x }} now() :nope ?\n"),
    _select("/* SELECT * ; */ ORDER BY event_id"),
    _select(columns=", count(*) OVER (PARTITION BY eventname ORDER BY eventtime) AS n, row_number() OVER () AS r"),
    "SELECT eventid AS event_id FROM cloudtrail MATCH_RECOGNIZE (PARTITION BY eventname ORDER BY eventtime "
    "MEASURES A.eventid AS eventid PATTERN (A+) DEFINE A AS A.readonly = 'true')",
    _select(columns=", 2 * 3 AS six, eventname AS now, eventsource AS version"),
    _select(columns=", json_extract_scalar(requestparameters, '$.bucketName') AS bucket, CAST(NULL AS varchar) AS x"),
    _select(columns=", useridentity.sessioncontext.webidfederationdata.attributes['sub'] AS sub"),
    _select(
        "WHERE eventtime >= date_format(date '2026-11-01', '%Y') AND eventtime < cast(DATE '2026-11-02' AS varchar)"
    ),
    _select("WHERE regexp_like(eventname, '^(Put|Delete)') AND NOT eventname LIKE 'x!_' ESCAPE '!'"),
]


@pytest.mark.parametrize("query", FINE)
def test_what_athena_can_run_has_no_problems(query):
    assert _said(query) == []


def test_an_aggregate_with_everything_in_it_has_no_problems():
    query = """
        WITH named AS (
          SELECT recipientaccountid AS account_id, coalesce(useridentity.username, 'none') AS user_name,
                 eventid, eventtime, errorcode, b.owner
          FROM cloudtrail AS c
          JOIN critical_buckets AS b ON json_extract_scalar(c.requestparameters, '$.bucketName') = b.bucket
          WHERE c.eventname IN (:names) AND (:names IS NULL OR readonly = 'false')
        )
        SELECT account_id, user_name, owner, count(*) AS n, count_if(errorcode IS NOT NULL) AS denied,
               count(*) FILTER (WHERE errorcode = 'AccessDenied') AS refused, max_by(eventid, eventtime) AS last_id,
               array_join(array_sort(array_agg(DISTINCT errorcode)), ',') AS errors,
               slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids
        FROM named GROUP BY account_id, user_name, 3 HAVING count(*) > 1 ORDER BY n DESC
    """
    result = {"kind": "aggregate", "key": ["account_id", "user_name", "owner"], "measures": ["n", "denied"]}

    assert _said(query, result=result, lookups={"critical_buckets": LOOKUP}, params={"names": NAMES}) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "expected some text"),
        ("   ", "expected a SELECT, found nothing"),
        ("-- only a comment", "expected a SELECT, found nothing"),
        ("SELECT", "not Athena SQL"),
        ("SHOW TABLES", "expected a SELECT, found SHOW"),
        ("EXPLAIN SELECT 1", "expected a SELECT, found EXPLAIN"),
        ("VALUES 1", "expected a SELECT, found VALUES"),
        ("TABLE cloudtrail", "expected a SELECT, found TABLE"),
        ("INSERT INTO x SELECT 1", "expected a SELECT, found INSERT"),
        ("CREATE TABLE x AS SELECT 1", "expected a SELECT, found CREATE"),
        ("UNLOAD (SELECT 1) TO 's3://x/'", "expected a SELECT, found UNLOAD"),
        ("EXECUTE IMMEDIATE 'x'", "expected a SELECT, found EXECUTE"),
        ("SELECT 1; SHOW TABLES", "expected one statement"),
        ("SELECT eventid AS event_id FROM cloudtrail /* x", "a comment begins here and never ends"),
        ('SELECT eventid AS "event_id FROM cloudtrail', "a quoted name begins here and never ends"),
        ("SELECT eventid AS event_id FROM cloudtrail {% if x %}", "no template is filled into SQL"),
        ("SELECT eventid AS event_id FROM (cloudtrail", "not Athena SQL"),
        ("SELECT " + "(" * 3000 + "1", "nested too deeply"),
        ("SELECT eventid AS event_id FROM cloudtrail WHERE eventname = '" + "x" * 262_144 + "'", "262,144 bytes"),
    ],
)
def test_what_is_no_query_is_said_in_one_sentence(query, words):
    if not query:
        with pytest.raises(ValueError, match="at least 1 character"):
            _said(query)
        return
    [message] = _said(query)

    assert words in message
    assert "\n" not in message


WRONG = [
    (_select("LIMIT 5"), "LIMIT is the run's own"),
    (_select("OFFSET 5"), "OFFSET is the run's own"),
    (_select("FETCH FIRST 5 ROWS ONLY"), "FETCH is the run's own"),
    ("(SELECT eventid AS event_id FROM cloudtrail LIMIT 5)", "LIMIT is the run's own"),
    (
        "SELECT eventid AS event_id FROM cloudtrail UNION SELECT eventid FROM cloudtrail LIMIT 5",
        "LIMIT is the run's own",
    ),
    (_select("WHERE x = 1"), "unknown column `x`"),
    (_select("WHERE EXISTS (SELECT 1 FROM cloudtrail d WHERE d.nope = c.eventid)"), "`d` has no column `nope`"),
    (_select("WHERE EXISTS (SELECT 1 FROM cloudtrail d WHERE d.eventid = c.nope)"), "`c` has no column `nope`"),
    (_select("JOIN cloudtrail AS d ON eventid = d.sharedeventid"), "`eventid` could be of more than one relation"),
    (
        _select("JOIN (SELECT eventid AS e FROM cloudtrail) AS s ON s.eventid = c.eventid"),
        "`s` has no column `eventid`",
    ),
    (_select("WHERE x.eventid = 'a'"), "unknown column `x`"),
    (_select("WHERE resources.arn = 'a'"), "`resources` has no field `arn`: it is an array"),
    (_select("WHERE resources[1].arm = 'a'"), "has no field `arm`; did you mean `arn`?"),
    (_select("WHERE element_at(resources, 1).arm = 'a'"), "has no field `arm`; did you mean `arn`?"),
    (_select("WHERE any_match(resources, r -> r.arm = 'a')"), "`r` has no field `arm`; did you mean `arn`?"),
    (_select("WHERE json_extract_scalar(requestparameter, '$.a') = 'a'"), "did you mean `requestparameters`?"),
    (_select("WHERE eventname.x = 'a'"), "it is not a row but text"),
    (
        "WITH a AS (SELECT useridentity AS who, eventid FROM cloudtrail) SELECT eventid AS event_id, who.nme FROM a",
        "`nme`",
    ),
    (
        "SELECT eventid AS event_id FROM cloudtrail UNION SELECT eventid FROM cloudtrail ORDER BY eventtime",
        "`eventtime`",
    ),
    ("SELECT eventid AS event_id, lower(eventname) AS e FROM cloudtrail GROUP BY 1, e", "`e`: an output's name"),
    ("SELECT eventid AS event_id, count(*) AS n FROM cloudtrail GROUP BY 1 HAVING n > 5", "`n`: an output's name"),
    (_select("CROSS JOIN UNNEST(c.resorces) AS r (arn, a, t)"), "`c` has no column `resorces`"),
    (_select("WHERE \"$path\" = 'x'"), "unknown column `$path`"),
    ('SELECT eventid AS event_id FROM "cloudtrail$partitions"', "no relation `cloudtrail$partitions`"),
    ("SELECT eventid AS event_id FROM awsdatacatalog.trailbook.cloudtrail", "one of another database"),
    (_select("JOIN TABLE(sequence(1, 3)) AS t ON true"), "table function"),
    (_select("WHERE EXISTS (SELECT 1 FROM secrets)"), "no relation `secrets`"),
    (
        "WITH b AS (SELECT eventid FROM a), a AS (SELECT eventid FROM cloudtrail) SELECT eventid AS event_id FROM b",
        "`a`",
    ),
    (_select("FOR UPDATE"), "only reads"),
    ("SELECT eventid AS event_id INTO x FROM cloudtrail", "only reads"),
    (_select("WHERE eventname IN (SELECT * FROM cloudtrail)"), "name the columns"),
    (_select(columns=", count(DISTINCT *) AS n"), "name the columns"),
    (_select(columns=", current_user AS me"), "current_user differs"),
    (_select(columns=", LOCALTIMESTAMP AS t"), "localtimestamp differs"),
    (_select(columns=", Current_Time AS t"), "current_time differs"),
    (_select(columns=", RAND () AS r"), "rand() differs"),
    (_select(columns=", shuffle(resources) AS r"), "shuffle() differs"),
    (_select("WHERE eventname = @x"), "expected :name, found @"),
    (_select("WHERE eventname = :x AND awsregion = :x"), "no parameter `x`"),
    (_select("JOIN :x AS t ON true"), "a parameter is a value"),
]


@pytest.mark.parametrize(("query", "words"), WRONG)
def test_what_athena_or_an_audit_could_not_take_is_refused(query, words):
    assert any(words in message for message in _said(query)), _said(query)


def test_a_problem_is_at_the_first_character_of_what_is_wrong():
    query = (
        "SELECT eventid AS event_id,\n  lower( eventnam ) AS é,\n  now() AS n\nFROM cloudtrail WHERE awsregion = :nme"
    )

    assert [(p.line, p.column) for p in _lint(query)] == [(2, 10), (3, 3), (4, 35)]


def test_a_problem_of_another_key_names_that_key():
    found = _lint("SELECT eventid AS event_id FROM cloudtrail", params={"names": NAMES}, lookups={"buckets": LOOKUP})

    assert [(p.line, p.loc) for p in found] == [(0, ("lookups", "buckets")), (0, ("params", "names"))]


def test_a_common_table_expression_cannot_hide_a_lookup():
    query = "WITH buckets AS (SELECT eventid FROM cloudtrail) SELECT eventid AS event_id FROM buckets"

    assert "`buckets` is a lookup: choose another name" in _said(query, lookups={"buckets": LOOKUP})


def test_a_lookups_columns_are_known():
    query = _select("JOIN buckets AS b ON b.bucket = c.eventname AND b.ownr = 'x'")

    assert _said(query, lookups={"buckets": LOOKUP}) == ["`b` has no column `ownr`; did you mean `owner`?"]


def test_a_parameter_that_replaces_a_lookup_need_not_be_named():
    param = NAMES | {"replaces": "buckets.bucket"}
    query = _select("JOIN buckets AS b ON b.bucket = c.eventname")

    assert _said(query, lookups={"buckets": LOOKUP}, params={"only": param}) == []


def test_problems_are_sorted_and_told_once():
    query = "SELECT eventid AS event_id, nope, nope FROM cloudtrail"

    found = _lint(query)

    assert found == sorted(found, key=lambda p: (p.line, p.column))
    assert len(found) == len(set(found))
    assert SqlProblem(1, 29, "unknown column `nope`", ("query",)) in found


VOCABULARY = """SELECT FROM WHERE WITH AS cloudtrail c ( ) , . * eventid event_id useridentity username :names ?
    ; 'x' "y" 1 = ->
    UNNEST(resources) JOIN ON UNION ALL GROUP BY 1 ORDER LIMIT now() CASE WHEN END [1] r IN EXISTS LATERAL { } -- /*
    OVER PARTITION CROSS VALUES a FILTER DISTINCT INTERVAL DATE NOT NULL @ $ % é \\ ::"""
WORDS = st.sampled_from(VOCABULARY.split())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(WORDS, max_size=14))
def test_random_sql_is_judged_and_never_raises(words):
    query = _select(" ".join(words))

    for problem in _lint(query):
        assert 0 <= problem.line <= query.count("\n") + 1
        assert problem.message


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    start=st.integers(0, 300), length=st.integers(0, 30), other=st.text(alphabet="ab(),.*:'\";{}[]->=? \n", max_size=6)
)
def test_a_query_with_a_stretch_replaced_is_judged_and_never_raises(start, length, other):
    query = FINE[6] + " " + FINE[10]
    for whole in (FINE[6], FINE[10], FINE[16], FINE[19], query):
        assert isinstance(_lint(whole[:start] + other + whole[start + length :] or "x"), list)
