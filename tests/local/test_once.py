import re
from datetime import UTC, datetime

import pytest

from trailbook.errors import QueryFailed
from trailbook.local.engine.engine import analyse
from trailbook.local.engine.once import once, once_text
from trailbook.local.engine.results import read_csv
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import VARCHAR
from trailbook.local.folder import FolderAthena
from trailbook.settings import PhysicalTable

TABLE = PhysicalTable()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOCUMENTS = ['{"a": {"a": {"a": {"a": [1, "x", null]}}}}', '{"a": 5}', "no json", "[]", '{"a": "B"}', None]


@pytest.fixture(scope="module")
def athena():
    with FolderAthena.from_records([], table=TABLE) as found:
        yield found


def answer(athena, sql, tmp_path):
    athena.download(athena.execute(sql, token="t"), tmp_path / "r.csv")
    return read_csv((tmp_path / "r.csv").read_bytes())[1:]


def twice(text):
    return once_text(text, lambda value: f"CASE WHEN {value} = '' THEN NULL ELSE {value} END")


@pytest.mark.parametrize(
    "text",
    ["r1.c0", "p5", '"a column"', "r1.\"where'\"", "v3.key", "v3[2]", "(r1.c0)", "((r1.c0))", "'text, (it''s)'", "NULL",
     "12", "-1.5E0", "true", "DATE '2026-01-01'", "CAST(5 AS BIGINT)", "CAST('1.5' AS DECIMAL(2,1))",
     "struct_extract(r1.c1, 'arn')", "struct_extract(struct_extract(r1.c1, 'a'), 'b')"],
)  # fmt: skip
def test_columns_and_constants_are_named_as_often_as_it_takes(text):
    assert twice(text) == f"CASE WHEN {text} = '' THEN NULL ELSE {text} END"


@pytest.mark.parametrize(
    "text",
    ["lower(r1.c0)", "(lower(r1.c0))", "r1.c0 || r1.c1", "(r1.c0) || (r1.c1)", "'a' || 'b'", "TRY(r1.c0)", "[r1.c0]"],
)
def test_anything_else_is_evaluated_once(text):
    assert twice(text) == f"list_transform([{text}], lambda o1: CASE WHEN o1 = '' THEN NULL ELSE o1 END)[1]"


def test_what_is_named_once_stays_where_it_is():
    assert once_text("lower(r1.c0)", lambda value: f"upper({value})") == "upper(lower(r1.c0))"


def test_a_macro_that_names_its_argument_more_than_once_counts_as_such():
    assert (
        once_text("trim(r1.c0)", lambda v: f"tb_lower({v})")
        == "list_transform([trim(r1.c0)], lambda o1: tb_lower(o1))[1]"
    )
    assert once_text("r1.c0", lambda v: f"tb_lower({v})") == "tb_lower(r1.c0)"


def test_bindings_within_a_body_have_names_of_their_own():
    inner = twice("f(x)")
    assert twice(inner) == f"list_transform([{inner}], lambda o1: CASE WHEN o1 = '' THEN NULL ELSE o1 END)[1]"
    given = [Sql("f(x)", VARCHAR), Sql("g(y)", VARCHAR), Sql(f"lambda p1: {inner}", VARCHAR), Sql("'c'", VARCHAR)]
    text = once(given, lambda v: f"h({v[0].text}, {v[0].text}, {v[1].text}, {v[2].text}, {v[3].text})")
    assert text == (
        "list_transform([struct_pack(a0 := f(x), a1 := g(y))], "
        f"lambda o2: h(o2.a0, o2.a0, o2.a1, lambda p1: {inner}, 'c'))[1]"
    )


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("json_extract(d, '$.a')", "json_extract({0}, '$.a')"),
        ("json_extract(d, '$.a')", "json_extract_scalar({0}, '$.a')"),
        ("json_extract_scalar(d, '$.a')", "nullif({0}, 'B')"),
        ("json_extract_scalar(d, '$.a')", "lower({0})"),
        ("json_extract_scalar(d, '$.a')", "substr({0}, -1)"),
        ("json_extract_scalar(d, '$.a')", "try_cast({0} AS bigint)"),
        ("json_extract_scalar(d, '$.a')", "try_cast({0} AS boolean)"),
        ("json_extract_scalar(d, '$.a')", "coalesce(try_cast({0} AS integer), 0) / 2"),
        ("try_cast(json_extract_scalar(d, '$.a') AS double)", "{0} / 0"),
        ("try_cast(json_extract_scalar(d, '$.a') AS double)", "{0} > 1e0"),
        ("try_cast(json_extract_scalar(d, '$.a') AS double)", "try_cast({0} AS bigint)"),
        ("split(d, 'a')", "contains({0}, '\": ')"),
        ("split(d, 'a')", "array_position({0}, '\": ')"),
        ("split(d, 'a')", "cardinality(array_distinct({0}))"),
        ("split(d, 'a')", "array_join(array_except({0}, ARRAY['\": {{\"']), '/')"),
        ("split(d, 'a')", "arrays_overlap({0}, {0})"),
        ("split(d, 'a')", "array_max({0})"),
        ("split(d, 'a')", "any_match({0}, x -> x = '{{\"' OR x = d)"),
        ("split(d, 'a')", "none_match({0}, x -> any_match({0}, y -> y < x))"),
        ("split(d, 'a')", "{0} || {0}"),
        ("split(d, 'a')", "{0} || 'z'"),
        ("split(d, 'a')", "try({0}[2])"),
        ("split(d, 'a')", "element_at({0}, length(d) - 5)"),
        ("split(d, 'a')", "{0} = ARRAY[d]"),
        ("split(d, 'a')", "slice({0}, 1, 2)"),
        ("split(d, 'a')", "slice({0}, -2, cardinality({0}))"),
        ("split(d, 'a')", "zip_with({0}, {0}, (x, y) -> concat(x, y, d))"),
        ("split(d, 'a')", "map({0}, {0})"),
        ("map(ARRAY[coalesce(d, 'k')], ARRAY[d])", "{0}[coalesce(d, 'k')]"),
        ("map(ARRAY[coalesce(d, 'k')], ARRAY[d])", "map_filter(map_concat({0}, {0}), (k, v) -> v > 'a')"),
        ("map(ARRAY[coalesce(d, 'k')], ARRAY[d])", "transform_values({0}, (k, v) -> concat(k, v))"),
        ("CAST(ROW(d, length(d)) AS row(t varchar, n bigint))", "{0} = ROW('[]', 2)"),
        ("CAST(ROW(d, length(d)) AS row(t varchar, n bigint))", "CAST({0} AS json)"),
    ],
)  # fmt: skip
def test_a_value_within_a_call_is_the_value_of_a_column(athena, tmp_path, inner, outer):
    rows = ", ".join("(NULL)" if d is None else f"('{d}')" for d in DOCUMENTS)
    nested = f"SELECT {outer.format(inner)} FROM (VALUES {rows}) AS t (d)"  # noqa: S608  # texts of this file
    flat = f"SELECT {outer.format('val')} FROM (SELECT d, {inner} AS val FROM (VALUES {rows}) AS t (d)) AS u"  # noqa: S608

    assert outcome(athena, nested, tmp_path) == outcome(athena, flat, tmp_path)


def outcome(athena, sql, tmp_path):
    try:
        return sorted(answer(athena, sql, tmp_path), key=repr)
    except QueryFailed as error:
        return re.sub(r"line \d+:\d+: ", "", str(error))


def test_it_may_stand_anywhere_in_a_query(athena, tmp_path):
    value = "nullif(lower(json_extract_scalar(json_extract(d, '$.a'), '$.a')), 'z')"
    sql = f"""
    WITH t (d, n) AS (VALUES ('{{"a": {{"a": "X"}}}}', 1), ('{{"a": {{"a": "x"}}}}', 2), ('{{"a": {{"a": "Z"}}}}', 3))
    SELECT {value} AS v, count(*) AS n, array_agg({value} ORDER BY {value}, n) AS every,
           count(*) FILTER (WHERE {value} = 'x') AS xs, max(u.m) AS m,
           nullif(concat('s', CAST(sum(n) AS varchar)), 's3') AS s
    FROM t JOIN (SELECT {value} AS w, max(n) OVER (PARTITION BY {value}) AS m FROM t) AS u ON {value} = u.w
    WHERE {value} IS NOT NULL AND {value} IN (SELECT {value} FROM t AS i WHERE i.n = t.n)
    GROUP BY {value} HAVING max({value}) > 'a' ORDER BY {value}"""  # noqa: S608  # texts of this file

    assert answer(athena, sql, tmp_path) == [["x", "4", "[x, x, x, x]", "4", "2", "s6"]]


def test_the_text_grows_with_the_query_and_not_with_its_powers(athena, tmp_path):
    value = "d"
    sizes = []
    for _ in range(8):
        value = f"nullif(lower(json_extract_scalar(json_extract({value}, '$.a'), '$.a')), '')"
        sql = f"SELECT {value} FROM (VALUES 'x', NULL) AS t (d)"  # noqa: S608  # texts of this file
        sizes.append(len(analyse(sql, athena, TABLE.database, NOW).relation.text))

    assert sizes[-1] - sizes[-2] <= sizes[1] - sizes[0] + 40
    assert answer(athena, sql, tmp_path) == [[None], [None]]


def test_a_failure_inside_is_told_and_try_catches_it(athena, tmp_path):
    value = "CAST(lower(json_extract_scalar(d, '$.a')) AS bigint)"
    table = """(VALUES '{"a": "7"}', '{"a": "seven"}') AS t (d)"""

    assert answer(athena, f"SELECT try(10 / {value}) FROM {table}", tmp_path) == [["1"], [None]]  # noqa: S608
    with pytest.raises(QueryFailed, match="INVALID_CAST_ARGUMENT"):
        athena.execute(f"SELECT 10 / {value} FROM {table}", token="t")  # noqa: S608
    with pytest.raises(QueryFailed, match="DIVISION_BY_ZERO"):
        athena.execute(f"SELECT 10 / ({value} - 7) FROM {table} WHERE d LIKE '%7%'", token="t")  # noqa: S608
