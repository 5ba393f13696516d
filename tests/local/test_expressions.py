import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailbook.local.engine.engine import connect
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parse import parse_query
from trailbook.local.engine.queries import compile_query
from trailbook.local.engine.scope import Context

CASES = json.loads((Path(__file__).parent.parent / "data" / "expressions.json").read_text())


class NoTables:
    def columns(self, database, table):
        return None

    def has_database(self, database):
        return database == "default"


@pytest.fixture(scope="module")
def connection():
    with connect() as found:
        yield found


def answer(connection, sql):
    relation = compile_query(parse_query(sql), Context(NoTables(), "default", datetime(2026, 11, 1, tzinfo=UTC)))
    return [list(row) for row in connection.execute(relation.text).fetchall()]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_an_expression_has_the_answer_of_trino(connection, case):
    assert answer(connection, case["athena"]) == case["expected_rows"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT -7 / 2, -7 % 2", [[-3, -1]]),
        ("SELECT substr('abc', 0), substr('abc', -5), substr('abc', 9)", [["", "", ""]]),
        ("SELECT split_part('a:b', ':', 3)", [[None]]),
        ("SELECT array_distinct(ARRAY['b', 'a', NULL, 'b', NULL])", [[["b", "a", None]]]),
        ("SELECT contains(ARRAY[1, NULL], 2)", [[None]]),
        ("SELECT max_by(a, b) FROM (VALUES ('x', 1), (NULL, 2)) AS t (a, b)", [[None]]),
        ("SELECT url_decode('a+b%20c')", [["a b c"]]),
        ("SELECT try(CAST('1.5' AS bigint))", [[None]]),
        ("SELECT try(CAST(json_parse('{}') AS varchar))", [[None]]),
        ("SELECT try(CAST(json_parse('\"x\"') AS array(varchar)))", [[None]]),
        ("SELECT json_format(json_parse('{\"b\":1,\"a\":2}'))", [['{"a":2,"b":1}']]),
        ("SELECT CAST(1e10 AS varchar), CAST(0.00012e0 AS varchar)", [["1.0E10", "1.2E-4"]]),
        ("SELECT lower(to_hex(sha256(to_utf8('a'))))[1:1]", None),
        ("SELECT regexp_extract('b', '(a)|(b)', 1)", [[None]]),
        ("SELECT CAST('2001:db8::1' AS ipaddress) = ipaddress '2001:db8:0:0:0:0:0:1'", [[True]]),
        ("SELECT contains('2001:db8::/32', ipaddress '10.0.0.1')", [[False]]),
        ("SELECT count(*) FROM (VALUES 1, 2) AS t (x) WHERE x NOT IN (SELECT NULL)", [[0]]),
        ("SELECT x FROM (VALUES ('it''s -- /*')) AS t (x)", [["it's -- /*"]]),
        ("WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT a.x, b.x FROM a CROSS JOIN b", [[1, 2]]),
        ("SELECT a.x, b.y FROM (VALUES 1, 2) AS a (x) LEFT JOIN (VALUES (1, 'p')) AS b (x, y) ON a.x = b.x ORDER BY 1",
         [[1, "p"], [2, None]]),
        ("SELECT x, count(*) AS n FROM (VALUES 'a', 'b', 'a') AS t (x) GROUP BY x HAVING count(*) > 1", [["a", 2]]),
    ],
)  # fmt: skip
def test_a_case_where_duckdb_alone_would_differ(connection, sql, expected):
    if expected is None:
        with pytest.raises(SqlError):
            answer(connection, sql)
    else:
        assert answer(connection, sql) == expected


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 'a' = true", "TYPE_MISMATCH: line 1:12: Cannot apply operator: varchar = boolean"),
        ("SELECT 'a' > 1", "TYPE_MISMATCH"),
        ("SELECT current_timestamp > '2026-01-01'", "TYPE_MISMATCH"),
        ("SELECT json_extract_scalar('{}', '$.a') = 3", "TYPE_MISMATCH"),
        ("SELECT 1 WHERE 'a'", "TYPE_MISMATCH"),
        ("SELECT x FROM (VALUES 1) AS t (y)", "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"),
        ("SELECT 1 FROM nowhere", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nowhere' does not exist"),
        ("SELECT 1 FROM other.t", "SCHEMA_NOT_FOUND"),
        ("SELECT 1 FROM", "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
        ("SELECT\n  nonsense(1)", "FUNCTION_NOT_FOUND: line 2:3: Function 'nonsense'"),
        ("SELECT read_text('/etc/passwd')", "FUNCTION_NOT_FOUND"),
        ("SELECT * FROM read_csv('/etc/passwd')", "SYNTAX_ERROR: line 1:23"),
        ("SELECT getenv('HOME')", "FUNCTION_NOT_FOUND"),
        ("COPY (SELECT 1) TO '/tmp/x'", "SYNTAX_ERROR: line 1:1"),
        ("ATTACH '/tmp/x'", "SYNTAX_ERROR"),
        ("SELECT hour(at_timezone(now(), 'Nowhere/City'))", "INVALID_FUNCTION_ARGUMENT"),
        ("SELECT date '2026-13-01'", "INVALID_LITERAL"),
    ],
)  # fmt: skip
def test_what_athena_refuses_is_refused_with_its_reason(connection, sql, reason):
    with pytest.raises(SqlError) as refusal:
        answer(connection, sql)
    assert str(refusal.value).startswith(reason)
