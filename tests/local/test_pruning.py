"""DataScannedInBytes: the compressed size of the objects of the partitions that survive, to the byte."""

# ruff: noqa: S608, E501 - the SQL is made of constants, and a table of cases reads best unwrapped

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trailbook.local.engine import demand
from trailbook.local.engine.errors import SqlError

DAYS = [f"2026/11/{d:02d}" for d in (1, 2, 3, 30)]
ACCOUNTS = ["111122223333", "444455556666"]
EVERY = [(a, d) for a in ACCOUNTS for d in DAYS]
FIRST = [p for p in EVERY if p[0] == ACCOUNTS[0]]


def key(account, day):
    return f"AWSLogs/{account}/CloudTrail/us-east-1/{day}/x.json.gz"


@pytest.fixture(scope="module")
def lake(shared_lake):
    for n, (account, day) in enumerate(EVERY):
        names = ["ConsoleLogin", "GetObject", "PutObject"]
        records = [
            {"eventID": f"{account}-{day}-{i}", "eventName": names[i % 3], "eventTime": f"{day.replace('/', '-')}T00:00:0{i}Z",
             "recipientAccountId": account, "awsRegion": "us-east-1", "eventSource": "x", "eventVersion": "1.11"}
            for i in range(n + 2)
        ]  # fmt: skip
        shared_lake.put_log(key(account, day), records)
    for name in ("t", "u"):
        shared_lake.table(
            name,
            keys=[("account", "string"), ("region", "string"), ("timestamp", "string")],
            location="s3://logs/AWSLogs/",
            properties={
                "projection.enabled": "true",
                "projection.account.type": "enum",
                "projection.account.values": ",".join(ACCOUNTS),
                "projection.region.type": "enum",
                "projection.region.values": "us-east-1",
                "projection.timestamp.type": "date",
                "projection.timestamp.format": "yyyy/MM/dd",
                "projection.timestamp.range": "2026/11/01,2026/11/30",
                "storage.location.template": "s3://logs/AWSLogs/${account}/CloudTrail/${region}/${timestamp}",
            },
        )
    return shared_lake


def of(accounts=ACCOUNTS, days=DAYS):
    return [(a, d) for a in accounts for d in days]


D = [DAYS[0]]
PREDICATES = {
    "true": EVERY,
    "1 = 2": [],
    "\"timestamp\" = '2026/11/01'": of(days=D),
    "'2026/11/01' = \"timestamp\"": of(days=D),
    "\"timestamp\" <> '2026/11/01'": of(days=DAYS[1:]),
    "\"timestamp\" BETWEEN '2026/11/02' AND '2026/11/03'": of(days=DAYS[1:3]),
    "\"timestamp\" NOT BETWEEN '2026/11/02' AND '2026/11/03'": of(days=[DAYS[0], DAYS[3]]),
    "\"timestamp\" IN ('2026/11/01', '2026/11/30')": of(days=[DAYS[0], DAYS[3]]),
    "NOT \"timestamp\" IN ('2026/11/01')": of(days=DAYS[1:]),
    "\"timestamp\" LIKE '2026/11/0%'": of(days=DAYS[:3]),
    "NOT \"timestamp\" LIKE '%/30' AND account = '111122223333'": of(ACCOUNTS[:1], DAYS[:3]),
    "substr(\"timestamp\", 9, 2) = '03'": of(days=[DAYS[2]]),
    "\"timestamp\" = '2026/11/01' OR account = '444455556666'": of(days=D) + of(ACCOUNTS[1:], DAYS[1:]),
    "\"timestamp\" = '2026/11/01' OR (\"timestamp\" = '2026/11/02' AND eventname = 'x')": of(days=DAYS[:2]),
    "\"timestamp\" = '2026/11/01' OR eventname = 'x'": EVERY,
    "\"timestamp\" = '2026/11/01' AND eventname = 'ConsoleLogin'": of(days=D),
    "date_parse(\"timestamp\", '%Y/%m/%d') >= timestamp '2026-11-03'": of(days=DAYS[2:]),
    "\"timestamp\" >= date_format(date_add('day', -1, timestamp '2026-11-04'), '%Y/%m/%d')": of(days=DAYS[2:]),
    '"timestamp" IS NULL': [],
    "coalesce(\"timestamp\", 'x') = '2026/11/01'": of(days=D),
    "CASE WHEN account = '111122223333' THEN \"timestamp\" = '2026/11/01' ELSE false END": of(ACCOUNTS[:1], D),
    '"timestamp" = (SELECT max("timestamp") FROM (VALUES \'2026/11/02\') AS v ("timestamp"))': EVERY,
    "region = 'eu-west-1'": [],
    "upper(region) = 'US-EAST-1' AND account LIKE '1%'": FIRST,
}


@pytest.mark.parametrize("where", PREDICATES)
def test_a_predicate_scans_exactly_its_partitions(lake, where):
    found = lake.query(f"SELECT count(*) AS n FROM t WHERE {where}")
    assert found.data_scanned_in_bytes == lake.size(*(key(*p) for p in PREDICATES[where]))


CTE = 'WITH q AS (SELECT eventname AS name, "timestamp" AS day, account FROM t)'
ONE = of(days=D)
SHAPES = {
    f"{CTE} SELECT count(*) FROM q WHERE day = '2026/11/01'": ONE,
    f"{CTE} SELECT count(*) FROM q AS z WHERE z.day = '2026/11/01' AND z.name = 'x'": ONE,
    f"{CTE}, r AS (SELECT * FROM q) SELECT count(*) FROM r WHERE day = '2026/11/01'": ONE,
    f"{CTE} SELECT (SELECT count(*) FROM q WHERE day = '2026/11/01'), (SELECT count(*) FROM q)": ONE + EVERY,
    f"{CTE} SELECT count(*) FROM q AS a JOIN q AS b ON a.day = b.day WHERE a.day = '2026/11/01'": ONE + ONE,
    f"{CTE} SELECT 1": [],
    f"{CTE} SELECT count(*) FROM (SELECT day, count(*) AS n FROM q GROUP BY day) WHERE day = '2026/11/01'": ONE,
    f"{CTE} SELECT count(*) FROM (SELECT day, count(*) AS n FROM q GROUP BY 1 LIMIT 9) WHERE day = '2026/11/01'": EVERY,
    f"{CTE} SELECT count(*) FROM (SELECT max(day) AS day FROM q) WHERE day = '2026/11/01'": EVERY,
    f"{CTE} SELECT count(*) FROM (SELECT DISTINCT day FROM q) WHERE day = '2026/11/01'": ONE,
    f"{CTE} SELECT count(*) FROM (SELECT day, row_number() OVER (ORDER BY day) AS n FROM q) WHERE day = '2026/11/01'": EVERY,
    f"{CTE} SELECT count(*) FROM (SELECT substr(day, 9) AS d FROM q) WHERE d IN ('01')": ONE,
    "WITH q (a, b) AS (SELECT account, \"timestamp\" FROM t) SELECT count(*) FROM q WHERE b = '2026/11/01'": ONE,
    "WITH t AS (SELECT * FROM t) SELECT count(*) FROM t WHERE \"timestamp\" = '2026/11/01'": ONE,
    "SELECT count(*) FROM (SELECT * FROM t) WHERE \"timestamp\" = '2026/11/01'": ONE,
    "SELECT count(*) FROM (SELECT t.* FROM t) AS v WHERE v.\"timestamp\" = '2026/11/01'": ONE,
    "SELECT count(*) FROM (SELECT \"timestamp\" AS d FROM t UNION ALL SELECT '2026/11/01' FROM u) WHERE d = '2026/11/01'":
        ONE + EVERY,
    "SELECT count(*) FROM (SELECT \"timestamp\" AS d FROM t UNION SELECT account FROM u) WHERE d = '2026/11/01'": ONE,
    "SELECT count(*) FROM t JOIN u ON t.eventid = u.eventid WHERE t.\"timestamp\" = '2026/11/01'": ONE + EVERY,
    "SELECT count(*) FROM t JOIN u ON t.eventid = u.eventid AND u.\"timestamp\" = '2026/11/01'": EVERY + ONE,
    "SELECT count(*) FROM t JOIN u USING (\"timestamp\") WHERE \"timestamp\" = '2026/11/01'": ONE + ONE,
    "SELECT count(*) FROM t LEFT JOIN u ON t.eventid = u.eventid WHERE t.\"timestamp\" = '2026/11/01'": ONE + EVERY,
    "SELECT count(*) FROM t LEFT JOIN u ON t.eventid = u.eventid AND u.\"timestamp\" = '2026/11/01'": EVERY + ONE,
    "SELECT count(*) FROM t LEFT JOIN u ON t.eventid = u.eventid WHERE u.\"timestamp\" = '2026/11/01'": EVERY + ONE,
    "SELECT count(*) FROM t LEFT JOIN u ON t.eventid = u.eventid WHERE u.\"timestamp\" IS NULL": EVERY + EVERY,
    "SELECT count(*) FROM t LEFT JOIN u ON t.\"timestamp\" = u.\"timestamp\" WHERE t.\"timestamp\" = '2026/11/01'": ONE + ONE,
    "SELECT count(*) FROM t FULL JOIN u ON t.eventid = u.eventid WHERE t.\"timestamp\" = '2026/11/01'": EVERY + EVERY,
    "SELECT count(*) FROM t, UNNEST(ARRAY[1, 2]) AS x (n) WHERE \"timestamp\" = '2026/11/01'": ONE,
    "SELECT count(*) FROM t WHERE eventid IN (SELECT eventid FROM u WHERE \"timestamp\" = '2026/11/01')": EVERY + ONE,
    "SELECT count(*) FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.eventid = t.eventid AND u.account = '111122223333')":
        EVERY + FIRST,
    "SELECT count(*) FROM t WHERE \"timestamp\" = '2026/11/01' UNION ALL SELECT count(*) FROM t": ONE + EVERY,
    "SELECT eventname FROM t WHERE \"timestamp\" = '2026/11/01' LIMIT 1": ONE,
}  # fmt: skip


@pytest.mark.parametrize("sql", SHAPES)
def test_a_condition_reaches_the_partitions_wherever_it_stands(lake, sql):
    assert lake.scanned(sql) == lake.size(*(key(*p) for p in SHAPES[sql]))


COLUMNS = st.sampled_from(['"timestamp"', "account", "region", "eventname", 'substr("timestamp", 9)', "lower(account)"])
VALUES = st.sampled_from(
    ["'2026/11/01'", "'2026/11/03'", "'111122223333'", "'us-east-1'", "'GetObject'", "'03'", "NULL"]
)


@st.composite
def atoms(draw, columns=COLUMNS):
    column, value, other = draw(columns), draw(VALUES), draw(VALUES)
    forms = [f"{column} {draw(st.sampled_from(['=', '<>', '<', '>=']))} {value}", f"{column} IN ({value}, {other})",
             f"{column} IS NULL", f"coalesce({column}, '2026/11/01') = {value}", f"{column} BETWEEN {value} AND {other}"]  # fmt: skip
    return draw(st.sampled_from(forms))


def conditions(columns=COLUMNS):
    return st.recursive(
        atoms(columns),
        lambda inner: st.one_of(
            inner.map(lambda c: f"NOT ({c})"),
            st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        ),
        max_leaves=4,
    )


QUALIFIED = {
    side: st.sampled_from([f'{side}."timestamp"', f"{side}.account", f"{side}.eventname"]) for side in ("a", "b")
}
TABLES = {
    "t": "t",
    "a subquery": "(SELECT * FROM t WHERE {inner})",
    "a union": "(SELECT * FROM t WHERE {inner} UNION ALL SELECT * FROM u)",
    "groups": '(SELECT "timestamp", account, eventname, region, max(eventid) AS eventid FROM t WHERE {inner} GROUP BY 1, 2, 3, 4)',
    "a window": '(SELECT "timestamp", account, eventname, region, eventid, count(*) OVER () AS n FROM t WHERE {inner})',
    "a limit": "(SELECT * FROM t WHERE {inner} ORDER BY eventid LIMIT 7)",
    "defaults": "(SELECT coalesce(\"timestamp\", '2026/11/03') AS \"timestamp\", account, eventname, region, eventid FROM t)",
}  # fmt: skip


def both(lake, sql, monkeypatch):
    with_pruning = sorted(map(str, lake.query(sql).rows))
    with monkeypatch.context() as patched:
        patched.setattr("trailbook.local.engine.pruning.readings", lambda *_: None)
        return with_pruning, sorted(map(str, lake.query(sql).rows))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    left=st.sampled_from(sorted(TABLES)),
    right=st.sampled_from(sorted(TABLES)),
    join=st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]),
    on=st.sampled_from(["a.eventid = b.eventid", 'a."timestamp" = b."timestamp" AND a.eventid = b.eventid']),
    more=conditions(QUALIFIED["b"]),
    inner=conditions(),
    where=st.one_of(conditions(QUALIFIED["a"]), conditions(QUALIFIED["b"])),
)
@example("t", "t", "LEFT JOIN", "a.eventid = b.eventid", "b.account = '111122223333'", "true", 'b."timestamp" IS NULL')
def test_pruning_never_loses_a_row(lake, monkeypatch, left, right, join, on, more, inner, where):
    one, other = (TABLES[t].format(inner=inner) for t in (left, right))
    sql = f"SELECT a.eventid, b.eventid FROM {one} AS a {join} {other} AS b ON {on} AND ({more}) WHERE {where}"
    try:
        pruned, whole = both(lake, sql, monkeypatch)
    except SqlError as error:
        if error.code not in ("NOT_SUPPORTED", "TYPE_MISMATCH"):
            raise
        return
    assert pruned == whole


def test_an_injected_column_needs_an_equality(lake):
    lake.table(
        "injected", keys=[("account", "string")], location="s3://logs/AWSLogs/",
        properties={"projection.enabled": "true", "projection.account.type": "injected",
                    "storage.location.template": "s3://logs/AWSLogs/${account}/CloudTrail"},
    )  # fmt: skip
    one = lake.size(*(key(*p) for p in FIRST))
    for good in ("account = '111122223333'", "account IN ('111122223333')"):
        assert lake.scanned(f"SELECT count(*) FROM injected WHERE {good}") == one
    for bad in ("true", "account LIKE '1%'", "account = '1' OR eventname = 'x'", "account = eventname"):
        with pytest.raises(SqlError, match="CONSTRAINT_VIOLATION: For the injected projected partition column account"):
            lake.query(f"SELECT count(*) FROM injected WHERE {bad}")


def test_integer_and_date_projections_list_their_partitions(lake):
    for number in (7, 8, 12):
        lake.put_log(f"numbers/n={number}/x.json.gz", [{"eventName": str(number)}] * number)
    lake.table(
        "numbers", keys=[("n", "int")],
        properties={"projection.enabled": "true", "projection.n.type": "integer", "projection.n.range": "7,9"},
    )  # fmt: skip
    assert lake.rows("SELECT n, count(*) FROM numbers GROUP BY n ORDER BY n") == [["7", "7"], ["8", "8"]]
    assert lake.scanned("SELECT count(*) FROM numbers WHERE n * 2 > 15") == lake.size("numbers/n=8/x.json.gz")


def test_explicit_partitions_may_lie_anywhere_and_null_is_hives_default(lake):
    lake.put_log("elsewhere/x.json.gz", [{"eventName": "a"}])
    lake.put_log("explicit/day=2/x.json.gz", [{"eventName": "b"}] * 2)
    lake.put_log("explicit/day=3/x.json.gz", [{"eventName": "not listed"}])
    lake.table("explicit", keys=[("day", "int")])
    lake.partition("explicit", ["1"], "s3://logs/elsewhere/")
    lake.partition("explicit", ["2"], "s3://logs/explicit/day=2")
    lake.partition("explicit", ["__HIVE_DEFAULT_PARTITION__"], "s3://logs/elsewhere")
    assert lake.rows("SELECT day, count(*) FROM explicit GROUP BY day ORDER BY day") == [
        ["1", "1"],
        ["2", "2"],
        [None, "1"],
    ]
    assert lake.scanned("SELECT count(*) FROM explicit WHERE day IS NULL") == lake.size("elsewhere/x.json.gz")


def test_a_query_that_the_walk_does_not_understand_scans_all_rather_than_little(lake, monkeypatch):
    monkeypatch.setattr(demand, "_MOST_READINGS", 0)
    assert lake.scanned("SELECT count(*) FROM t WHERE \"timestamp\" = '2026/11/01'") == lake.size(
        *(key(*p) for p in EVERY)
    )
