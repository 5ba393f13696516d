"""What Athena gets for a runbook's SQL: the scope, the values, what falls with an unset parameter, order and limit."""

# ruff: noqa: S608 (these texts are templates and expectations; none of them is run)

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trailbook.errors import InvalidRequest, InvalidRunbook
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import LookupRows, bind, bind_coverage, template_digest
from trailbook.sql.schema import COLUMNS
from trailbook.window import Window

Bound = Callable[..., str]
Make = Callable[..., Runbook]

DAY = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
HEAD = "SELECT recipientaccountid AS account_id FROM cloudtrail"


def own(sql: str) -> str:
    """Return what follows the scope."""
    return sql.split("eventtime < '2026-11-02T00:00:00')", 1)[1].strip()


def test_the_scope_reads_each_column_of_the_window_s_partitions_and_times(make: Make) -> None:
    sql = bind(
        make(HEAD),
        window=DAY,
        table=PhysicalTable(),
        params={},
        accounts=["111122223333", "444455556666"],
        regions=["eu-central-1"],
    )
    columns = ",\n    ".join(COLUMNS)
    assert sql == (
        f"WITH cloudtrail AS (\n  SELECT\n    {columns}\n"
        '  FROM "trailbook"."cloudtrail_logs"\n'
        "  WHERE\n"
        "    \"timestamp\" BETWEEN '2026/11/01' AND '2026/11/02'\n"
        "    AND \"account\" IN ('111122223333', '444455556666')\n"
        "    AND \"region\" IN ('eu-central-1')\n"
        "    AND eventtime >= '2026-11-01T00:00:00'\n"
        "    AND eventtime < '2026-11-02T00:00:00'\n"
        ")\n"
        "SELECT\n  recipientaccountid AS account_id\nFROM cloudtrail\n"
        'ORDER BY\n  "account_id"\n'
        "LIMIT 10001"
    )


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-01T00:00:00", "2026-11-02T00:00:00", ("2026/11/01", "2026/11/02")),
        ("2026-11-01T22:00:00", "2026-11-02T22:00:00", ("2026/11/01", "2026/11/03")),
        ("2026-12-31T23:00:00", "2026-12-31T23:30:00", ("2026/12/31", "2027/01/01")),
        ("2028-02-28T00:00:00", "2028-02-29T00:00:00", ("2028/02/28", "2028/02/29")),
        ("9999-12-31T00:00:00", "9999-12-31T12:00:00", ("9999/12/31", "9999/12/31")),
    ],
)
def test_the_partitions_are_the_window_s_days_and_the_day_after(start: str, end: str, days: tuple[str, str]) -> None:
    window = Window(*(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (start, end)))
    sql = bind_coverage(window, PhysicalTable())
    assert f"\"timestamp\" BETWEEN '{days[0]}' AND '{days[1]}'" in sql
    assert f"eventtime >= '{start}'" in sql
    assert f"eventtime < '{end}'" in sql


def test_a_window_with_a_part_of_a_second_is_refused() -> None:
    window = replace(DAY, end=DAY.end + timedelta(milliseconds=1))
    with pytest.raises(InvalidRequest, match="whole seconds"):
        bind_coverage(window, PhysicalTable())


def test_coverage_counts_by_the_partition_columns_in_the_same_scope() -> None:
    table = PhysicalTable(database="sec", name="trail", account_column="acct", region_column="rgn", day_column="day")
    assert " ".join(bind_coverage(DAY, table, ["111122223333"], ["us-east-1"]).split()) == (
        'SELECT "acct" AS account, "rgn" AS region, COUNT(*) AS events, MIN(eventtime) AS first_event, '
        'MAX(eventtime) AS last_event FROM "sec"."trail" '
        "WHERE \"day\" BETWEEN '2026/11/01' AND '2026/11/02' AND \"acct\" IN ('111122223333') "
        "AND \"rgn\" IN ('us-east-1') AND eventtime >= '2026-11-01T00:00:00' AND eventtime < '2026-11-02T00:00:00' "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    )


@pytest.mark.parametrize(
    ("where", "params", "expected"),
    [
        ("a = :name", {"name": "it's"}, "a = 'it''s'"),
        ("a = :name", {"name": ""}, "a = ''"),
        ("a = :count", {"count": -5}, "a = -5"),
        ("a = b - :count", {"count": -5}, "a = b - -5"),
        ("a = -:count", {"count": -5}, "a = - -5"),
        ("a = :count", {"count": 0}, "a = 0"),
        ("a > :ratio", {"ratio": 1.5}, "a > 1.5E0"),
        ("a > :ratio", {"ratio": 1e-7}, "a > 1E-7"),
        ("a > :ratio", {"ratio": -3}, "a > -3.0E0"),
        ("a = :flag", {"flag": False}, "a = FALSE"),
        ("a > :day", {"day": "2026-11-01"}, "a > CAST('2026-11-01' AS DATE)"),
        (
            "a > :since",
            {"since": "2026-11-01T02:00:00+02:00"},
            "a > CAST('2026-11-01 00:00:00.000 UTC' AS TIMESTAMP(3) WITH TIME ZONE)",
        ),
        (
            "a > :since",
            {"since": "2026-11-01T00:00:00.123456Z"},
            "a > CAST('2026-11-01 00:00:00.123456 UTC' AS TIMESTAMP(6) WITH TIME ZONE)",
        ),
        ("a IN (:names)", {"names": ["x", "y'"]}, "a IN ('x', 'y''')"),
        ("a NOT IN ('root', :names)", {"names": ["x"]}, "a NOT IN ('root', 'x')"),
        ("a IN (:name)", {"name": "x"}, "a IN ('x')"),
        ("contains(:names, a)", {"names": ["x"]}, "CONTAINS(ARRAY['x'], a)"),
        ("a IN (:days)", {"days": ["2026-11-01"]}, "a IN (CAST('2026-11-01' AS DATE))"),
        ("a > b - INTERVAL :count DAY", {"count": 7}, "a > b - INTERVAL '7' DAY"),
        ("a LIKE :name ESCAPE '!'", {"name": "x!%%"}, "a LIKE 'x!%%' ESCAPE '!'"),
        ("a = ':name'", {"name": "x"}, "a = ':name'"),
    ],
)
def test_a_parameter_becomes_a_literal_of_its_type(
    bound: Bound, where: str, params: dict[str, Any], expected: str
) -> None:
    assert own(bound(f"{HEAD} WHERE {where}", **params)) == (
        f'{HEAD} WHERE {expected} ORDER BY "account_id" LIMIT 10001'
    )


@pytest.mark.parametrize(
    ("template", "remains"),
    [
        (f"{HEAD} WHERE a = 1 AND b = :name", f"{HEAD} WHERE a = 1"),
        (f"{HEAD} WHERE b = :name", HEAD),
        (f"{HEAD} WHERE b IN (:names)", HEAD),
        (f"{HEAD} WHERE b NOT IN (:names) AND c", f"{HEAD} WHERE c"),
        (f"{HEAD} WHERE (a AND (b = :name AND c)) AND d", f"{HEAD} WHERE a AND c AND d"),
        (f"{HEAD} WHERE (a OR b = :name) AND c", f"{HEAD} WHERE c"),
        (f"{HEAD} WHERE (a OR c) AND b = :name", f"{HEAD} WHERE (a OR c)"),
        (f"{HEAD} WHERE a OR c OR b = :name", HEAD),
        (f"{HEAD} GROUP BY 1 HAVING count(*) > :count", f"{HEAD} GROUP BY 1"),
        (f"{HEAD} GROUP BY 1 HAVING count(*) > :count AND max(a) > 1", f"{HEAD} GROUP BY 1 HAVING MAX(a) > 1"),
        (
            f"{HEAD} WHERE EXISTS (SELECT 1 FROM critical_buckets WHERE bucket = a AND rank > :count)",
            f"{HEAD} WHERE EXISTS(SELECT 1 FROM critical_buckets WHERE bucket = a)",
        ),
        (
            f"{HEAD} WHERE a IN (SELECT bucket FROM critical_buckets WHERE rank > :count) AND :name = b",
            f"{HEAD} WHERE a IN (SELECT bucket FROM critical_buckets)",
        ),
        (
            "SELECT account_id, count(*) FILTER (WHERE b IN (:names)) AS n FROM cloudtrail",
            "SELECT account_id, COUNT(*) AS n FROM cloudtrail",
        ),
    ],
)
def test_a_condition_that_names_an_unset_parameter_falls(bound: Bound, template: str, remains: str) -> None:
    rows = {"critical_buckets": LookupRows({"bucket": "string", "weight": "number", "rank": "integer"}, ())}
    sql = bound(template, lookups=rows, name=None, names=[], count=None)
    assert sql.endswith(f'{remains} ORDER BY "account_id" LIMIT 10001')


def test_a_condition_in_a_common_table_expression_falls_too(bound: Bound) -> None:
    sql = own(
        bound("WITH a AS (SELECT account_id FROM cloudtrail WHERE x = :name) SELECT account_id FROM a", name=None)
    )
    assert sql == (
        ', a AS (SELECT account_id FROM cloudtrail) SELECT account_id FROM a ORDER BY "account_id" LIMIT 10001'
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (":name", "CAST(NULL AS VARCHAR)"),
        (":count", "CAST(NULL AS BIGINT)"),
        (":ratio", "CAST(NULL AS DOUBLE)"),
        (":flag", "CAST(NULL AS BOOLEAN)"),
        (":day", "CAST(NULL AS DATE)"),
        (":since", "CAST(NULL AS TIMESTAMP(3) WITH TIME ZONE)"),
        (":names", "CAST(ARRAY[] AS ARRAY(VARCHAR))"),
        (":days", "CAST(ARRAY[] AS ARRAY(DATE))"),
        ("a IN (:names)", "a IN (CAST(NULL AS VARCHAR))"),
    ],
)
def test_elsewhere_an_unset_parameter_is_a_typed_null_or_an_empty_array(
    bound: Bound, expression: str, expected: str
) -> None:
    template = f"SELECT account_id, {expression} AS x FROM cloudtrail AS c JOIN d ON c.x = {expression}"
    assert own(bound(template)).startswith(
        f"SELECT account_id, {expected} AS x FROM cloudtrail AS c JOIN d ON c.x = {expected} ORDER"
    )


def test_a_parameter_that_replaces_a_lookup_drops_nothing(bound: Bound) -> None:
    sql = own(bound(f"{HEAD} WHERE cardinality(:buckets) = 0 OR contains(:buckets, a)", buckets=[]))
    empty = "CAST(ARRAY[] AS ARRAY(VARCHAR))"
    assert f"WHERE CARDINALITY({empty}) = 0 OR CONTAINS({empty}, a) ORDER BY" in sql


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("", '"account_id", "user_name"'),
        ("ORDER BY user_name DESC", 'user_name DESC, "account_id"'),
        ("ORDER BY 2 DESC", '2 DESC, "account_id"'),
        ("ORDER BY n DESC, 1, 2", "n DESC, 1, 2"),
        ("ORDER BY lower(user_name)", 'LOWER(user_name), "account_id", "user_name"'),
    ],
)
def test_the_order_is_total_by_the_key_columns(bound: Bound, order: str, expected: str) -> None:
    template = f"SELECT account_id, user_name, count(*) AS n FROM cloudtrail GROUP BY 1, 2 {order}"
    assert own(bound(template, key=("account_id", "user_name"))).endswith(f"ORDER BY {expected} LIMIT 10001")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "SELECT account_id FROM cloudtrail UNION ALL SELECT b FROM cloudtrail",
            'SELECT account_id FROM cloudtrail UNION ALL SELECT b FROM cloudtrail ORDER BY "account_id" LIMIT 10001',
        ),
        (
            "((SELECT account_id FROM cloudtrail))",
            'SELECT account_id FROM cloudtrail ORDER BY "account_id" LIMIT 10001',
        ),
        (
            "SELECT DISTINCT account_id FROM cloudtrail",
            'SELECT DISTINCT account_id FROM cloudtrail ORDER BY "account_id" LIMIT 10001',
        ),
        (
            "WITH a AS (SELECT account_id FROM cloudtrail) SELECT * FROM a UNION SELECT * FROM a",
            ", a AS (SELECT account_id FROM cloudtrail) SELECT * FROM a UNION SELECT * FROM a "
            'ORDER BY "account_id" LIMIT 10001',
        ),
    ],
)
def test_every_shape_of_query_gets_scope_order_and_limit(bound: Bound, template: str, expected: str) -> None:
    assert own(bound(template)) == expected


def test_the_limit_is_one_more_than_the_rows_wanted(make: Make) -> None:
    sql = bind(make(HEAD), window=DAY, table=PhysicalTable(), params={}, row_limit=7)
    assert sql.endswith("LIMIT 8")


def test_comments_do_not_reach_athena_and_do_not_change_the_digest(make: Make) -> None:
    plain, noted = make(f"{HEAD} WHERE a = 1"), make(f"-- a\n{HEAD} /* :name {{{{ ds }}}} */\n  where a = 1 -- z")
    assert bind(noted, window=DAY, table=PhysicalTable(), params={}) == bind(
        plain, window=DAY, table=PhysicalTable(), params={}
    )
    assert template_digest(noted) == template_digest(plain)
    assert template_digest(make(f"{HEAD} WHERE a = 2")) != template_digest(plain)


def test_lookups_are_typed_relations_with_the_declared_columns_only(bound: Bound) -> None:
    rows = LookupRows(
        {"owner": "string", "rank": "integer", "bucket": "string", "weight": "number"},
        (("me", 1, "it's", 0.5), ("you", None, "b\0", None)),
    )
    template = f"{HEAD} JOIN Critical_Buckets AS c ON c.bucket = a"
    sql = own(bound(template, lookups={"critical_buckets": rows}))
    assert sql.startswith(
        ', "critical_buckets" AS (SELECT CAST("bucket" AS VARCHAR) AS "bucket", CAST("weight" AS DOUBLE) AS "weight", '
        'CAST("rank" AS BIGINT) AS "rank" '
        "FROM (VALUES ('it''s', 0.5E0, 1), (U&'b\\0000', NULL, NULL)) AS t(\"bucket\", \"weight\", \"rank\")) SELECT"
    )


def test_an_empty_lookup_is_a_typed_relation_without_rows(bound: Bound) -> None:
    rows = LookupRows({"bucket": "string", "weight": "number", "rank": "integer"}, ())
    sql = bound(f"{HEAD} JOIN critical_buckets AS c ON c.bucket = a", lookups={"critical_buckets": rows})
    assert 'FROM (VALUES (NULL, NULL, NULL)) AS t("bucket", "weight", "rank") WHERE FALSE)' in sql


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("SELECT 1 AS account_id; SELECT 2", "expected one statement, found 2"),
        ("DELETE FROM cloudtrail", "expected a SELECT, found DELETE"),
        ("SELEC 1", "expected"),
        ("SELECT (1 AS x", "expected Athena SQL"),
        (f"{HEAD} LIMIT 5", "may not have LIMIT"),
        ("WITH cloudtrail AS (SELECT 1) SELECT 1 AS account_id", "may not be named cloudtrail"),
        ("WITH critical_buckets AS (SELECT 1) SELECT 1 AS account_id", "may not be named critical_buckets"),
        ("WITH RECURSIVE a (n) AS (SELECT 1) SELECT n AS account_id FROM a", "WITH RECURSIVE is not supported"),
        (f"{HEAD} WHERE a = :nobody", "found :nobody"),
        (f"{HEAD} WHERE a = ?", r"parameter, found \?"),
        ("", "expected one statement, found 0"),
    ],
)
def test_sql_that_cannot_be_bound_is_refused(bound: Bound, template: str, said: str) -> None:
    with pytest.raises(InvalidRunbook, match=said):
        bound(template or " ")


def test_a_query_over_athena_s_limit_is_refused(bound: Bound) -> None:
    with pytest.raises(InvalidRequest, match="Athena takes at most 262,144"):
        bound(f"{HEAD} WHERE a IN (:names)", names=["x" * 1000] * 270)


def test_a_lookup_without_rows_given_is_refused(bound: Bound) -> None:
    with pytest.raises(InvalidRequest, match="lookup critical_buckets: expected its rows"):
        bound(f"{HEAD} JOIN critical_buckets AS c ON c.bucket = a")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": 5}, "name: expected a value of type string"),
        ({"count": True}, "count: expected a value of type integer"),
        ({"count": 2**63}, "count: expected a value of type integer"),
        ({"ratio": float("inf")}, "ratio: expected a finite number"),
        ({"name": "\ud800"}, "name: expected Unicode text"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(bound: Bound, params: dict[str, Any], said: str) -> None:
    (name,) = params
    with pytest.raises(InvalidRequest, match=said):
        bound(f"{HEAD} WHERE a = :{name}", **params)


def test_a_query_may_name_the_window_s_bounds_as_texts_that_compare_with_event_times(make: Make) -> None:
    query = f"{HEAD} WHERE eventtime >= :window_start AND eventtime < :window_end AND errorcode = :name"
    sql = bind(make(query), window=DAY, table=PhysicalTable(), params={"name": None})
    assert sql.split(")\n", 1)[1].startswith(
        "SELECT\n  recipientaccountid AS account_id\nFROM cloudtrail\nWHERE\n"
        "  eventtime >= '2026-11-01T00:00:00' AND eventtime < '2026-11-02T00:00:00'\nORDER BY"
    )
