"""Athena SQL goes through the syntax tree and comes out as it went in, but for spellings that are known to be equal."""

import re
from pathlib import Path

import pytest
import yaml
from sqlglot import exp

from trailbook.errors import InvalidRequest
from trailbook.runbook.collection import files
from trailbook.sql.dialect import canonical, read, written

SAME = """
SELECT a[1], a[n], a[n + 1], a[-1], m['k'], a[1].b, element_at(a, -1) FROM t
SELECT a.b.c.d.e.f, t."a b", "$path" FROM "db"."t" AS t
SELECT date_format(x, '%Y-%m-%dT%H:%i:%sZ'), date_parse(x, '%c/%e/%Y %l:%i %p') FROM t
SELECT date_trunc('day', from_iso8601_timestamp(eventtime)), date_add('day', -1, x), date_diff('minute', a, b) FROM t
SELECT from_unixtime(a), to_unixtime(a), to_iso8601(a), format_datetime(a, 'yyyy/MM/dd'), parse_datetime(a, 'HH') FROM t
SELECT hour(a), day_of_week(a), week(a), year_of_week(a), extract(hour FROM a), at_timezone(a, 'UTC') FROM t
SELECT x - INTERVAL '2' HOUR, INTERVAL '1-2' YEAR TO MONTH FROM t
SELECT json_extract_scalar(p, '$.a.b'), json_extract_scalar(p, '$["a b"]'), json_extract(p, '$.i[1]') FROM t
SELECT json_parse(a), json_format(a), json_array_length(a), json_array_contains(a, 'x'), json_size(a, '$.x') FROM t
SELECT json_value(x, 'lax $.a'), json_query(x, 'strict $.a' WITH ARRAY WRAPPER), json_exists(x, 'lax $.a') FROM t
SELECT CAST(json_extract(p, '$.a') AS ARRAY(VARCHAR)), CAST(x AS MAP(VARCHAR, ARRAY(BIGINT))) FROM t
SELECT CAST(x AS ROW(a VARCHAR, b ARRAY(VARCHAR))), CAST(x AS VARCHAR(10)), CAST(x AS DECIMAL(10, 2)) FROM t
SELECT CAST(x AS TIMESTAMP(3) WITH TIME ZONE), CAST(x AS TIMESTAMP), CAST(x AS DATE), CAST(x AS TIME) FROM t
SELECT CAST(x AS REAL), CAST(x AS DOUBLE), CAST(x AS VARBINARY), CAST(x AS IPADDRESS), CAST(x AS JSON) FROM t
SELECT CAST(x AS TINYINT), CAST(x AS SMALLINT), CAST(x AS INTEGER), CAST(x AS BIGINT), CAST(x AS BOOLEAN) FROM t
SELECT CAST(x AS CHAR(3)), CAST(x AS UUID), TRY_CAST(x AS BIGINT), TRY(a / b) FROM t
SELECT slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) FROM t
SELECT array_agg(DISTINCT a ORDER BY a), array_agg(a) FILTER(WHERE a IS NOT NULL) FROM t
SELECT count_if(errorcode IS NOT NULL), count(*), count(DISTINCT a), count(*) FILTER(WHERE a > 1) FROM t
SELECT max_by(a, b), min_by(a, b, 3), arbitrary(a), any_value(a), bool_or(a), every(a), checksum(a) FROM t
SELECT approx_distinct(a), approx_percentile(a, 0.5), approx_percentile(a, ARRAY[0.5, 0.9])[1] FROM t
SELECT histogram(a), map_agg(a, b), multimap_agg(a, b), set_agg(a), union(a) FROM t
SELECT listagg(a, ',') WITHIN GROUP (ORDER BY b) FROM t
SELECT listagg(a, ',' ON OVERFLOW TRUNCATE '...' WITH COUNT) WITHIN GROUP (ORDER BY b) FROM t
SELECT row_number() OVER (PARTITION BY a ORDER BY b DESC), rank() OVER w FROM t WINDOW w AS (PARTITION BY a)
SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), lag(a, 1) OVER (ORDER BY b) FROM t
SELECT lag(a) IGNORE NULLS OVER (ORDER BY b), first_value(a) OVER (ORDER BY b) FROM t
SELECT transform(a, x -> x + 1), filter(a, x -> NOT x IS DISTINCT FROM 1), any_match(a, x -> x IN ('a', 'b')) FROM t
SELECT reduce(a, 0, (s, x) -> s + x, s -> s), zip_with(a, b, (x, y) -> x), map_filter(m, (k, v) -> v > 1) FROM t
SELECT cardinality(a), contains(a, 'x'), array_join(a, ', ', '-'), array_distinct(a), array_sort(a), flatten(a) FROM t
SELECT sequence(1, 5), arrays_overlap(a, b), array_except(a, b), concat(a, b), reverse(a), shuffle_not(a) FROM t
SELECT array_sort(a, (x, y) -> if(x < y, 1, if(x = y, 0, -1))) FROM t
SELECT regexp_like(a, '(?i)x\\d+'), regexp_extract(a, '(\\w+)@(.*)', 1), regexp_replace(a, 'x', '$1') FROM t
SELECT regexp_replace(a, 'x', m -> upper(m[1])), regexp_extract_all(a, '\\d'), regexp_count(a, 'x') FROM t
SELECT split(a, ','), split_part(a, ':', 6), strpos(a, 'b'), replace(a, 'b'), substr(a, 2, 3), lower(a) FROM t
SELECT trim(a), ltrim(a), trim(BOTH 'x' FROM a), lpad(a, 3, '0'), length(a), starts_with(a, 'x') FROM t
SELECT to_hex(sha256(to_utf8(a))), from_hex(a), to_base64(md5(a)), from_utf8(a), normalize(a, NFC), chr(65) FROM t
SELECT url_decode(a), url_extract_host(a), format('%s-%d', a, b), concat_ws('/', a, b), typeof(a), hash(a) FROM t
SELECT greatest(a, b), least(a, b), round(a, 2), ceil(a), floor(a), abs(a), mod(a, 2), a % b, a / b, -a FROM t
SELECT IF(a, b), IF(a, b, c), NULLIF(a, b), COALESCE(a, b), CASE a WHEN 1 THEN 2 ELSE 3 END FROM t
SELECT CASE WHEN a = 1 AND b <> 2 THEN 'x' WHEN a IS NULL THEN 'y' END FROM t
SELECT a || b || 'c', 1e3, 1.50, 12345678901234567890, TRUE, NULL FROM t
SELECT 'it''s', U&'\\0041\\+01F600', '', ' ', '\\n', 'a--b', '/* x */', ';', '{{ ds }}', ':name', '?' FROM t
SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b, a IS NOT NULL, a IS NULL, NOT a FROM t
SELECT a NOT IN (1, 2), a NOT BETWEEN 1 AND 2, a NOT LIKE 'x', a IN (SELECT b FROM u) FROM t
SELECT a FROM t WHERE a NOT IN (SELECT b FROM u WHERE c LIKE '50!%%' ESCAPE '!')
SELECT a FROM t WHERE (a OR b) AND NOT (c AND d) AND EXISTS(SELECT 1 FROM u) AND NOT EXISTS(SELECT 1 FROM u)
SELECT a FROM t WHERE a = ALL (SELECT b FROM u) AND a > ANY (SELECT b FROM u) AND (a, b) IN ((1, 2))
SELECT x FROM t CROSS JOIN UNNEST(resources) AS r(arn, accountid, type)
SELECT x, n FROM t CROSS JOIN UNNEST(a, b) WITH ORDINALITY AS u(x, y, n)
SELECT x FROM t LEFT JOIN UNNEST(a) AS u(x) ON TRUE
SELECT x FROM UNNEST(MAP(ARRAY['a'], ARRAY[1])) AS u(k, v)
SELECT p FROM t CROSS JOIN UNNEST(CAST(json_extract(j, '$.i') AS ARRAY(JSON))) AS u(p)
SELECT * FROM a JOIN b USING (x) LEFT JOIN c ON a.x = c.x CROSS JOIN d FULL OUTER JOIN e ON TRUE
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(n, s)
SELECT ROW(1, 'x'), MAP(ARRAY['a'], ARRAY[1]), MAP(), ARRAY[], ARRAY[ARRAY[1]], CAST(ROW(1) AS ROW(n INTEGER)).n
SELECT a, count(*) AS n FROM t GROUP BY 1 HAVING count(*) > 1 ORDER BY n DESC NULLS FIRST, a
SELECT a, b FROM t GROUP BY CUBE (a, b)
SELECT a, b, grouping(a, b) FROM t GROUP BY GROUPING SETS ((a), (a, b), ())
SELECT a FROM t UNION ALL SELECT b FROM u UNION SELECT c FROM v
SELECT a FROM t EXCEPT SELECT b FROM u
SELECT a FROM t INTERSECT SELECT b FROM u
WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b
SELECT DISTINCT a, b AS "order", c AS date, d AS type, e AS "timestamp" FROM t
SELECT * FROM t TABLESAMPLE BERNOULLI (10)
SELECT a FROM t FETCH FIRST 5 ROWS ONLY
""".strip().splitlines()

EQUAL = [
    ("SELECT DATE '2026-01-01'", "SELECT CAST('2026-01-01' AS DATE)"),
    ("SELECT TIMESTAMP '2026-01-01 00:00:00'", "SELECT CAST('2026-01-01 00:00:00' AS TIMESTAMP(0))"),
    (
        "SELECT TIMESTAMP '2026-01-01 00:00:00.000 UTC'",
        "SELECT CAST('2026-01-01 00:00:00.000 UTC' AS TIMESTAMP(3) WITH TIME ZONE)",
    ),
    ("SELECT IPADDRESS '10.0.0.1'", "SELECT CAST('10.0.0.1' AS IPADDRESS)"),
    ("SELECT a AT TIME ZONE 'UTC'", "SELECT AT_TIMEZONE(a, 'UTC')"),
    ("SELECT position('a' IN b)", "SELECT STRPOS(b, 'a')"),
    ("SELECT substring(a FROM 2 FOR 3)", "SELECT SUBSTR(a, 2, 3)"),
    ("SELECT a != b", "SELECT a <> b"),
    ("SELECT CAST(a AS INT)", "SELECT CAST(a AS INTEGER)"),
    ("SELECT NOT a IN (1)", "SELECT a NOT IN (1)"),
    ("SELECT 1 FROM (VALUES 1, 2) t(x)", "SELECT 1 FROM (VALUES (1), (2)) AS t(x)"),
    (
        "WITH a (x) AS (VALUES 1) SELECT x FROM a",
        "WITH a(x) AS (SELECT * FROM (VALUES (1)) AS _values) SELECT x FROM a",
    ),
    ("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", "SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3)"),
    ("SELECT .5", "SELECT 0.5"),
]


def letters(sql: str) -> str:
    """Return the text without white space, and in lower case outside string literals."""
    parts = re.split(r"('(?:[^']|'')*')", sql)
    return "".join(part if part.startswith("'") else re.sub(r"\s+", "", part).lower() for part in parts)


@pytest.mark.parametrize("sql", SAME)
def test_what_is_read_is_written(sql: str) -> None:
    sql = sql.replace("\\\\", "\\")
    text = canonical(read(sql, "x"))
    assert letters(text) == letters(sql)
    assert canonical(read(text, "x")) == text
    assert letters(written(read(sql, "x"))) == letters(sql)


def test_there_are_at_least_sixty_of_them() -> None:
    assert len(SAME) >= 60


@pytest.mark.parametrize(("sql", "equal"), EQUAL)
def test_what_is_written_otherwise_means_the_same(sql: str, equal: str) -> None:
    assert canonical(read(sql, "x")) == equal
    assert canonical(read(equal, "x")) == equal


def test_a_literal_with_sqlglot_s_own_line_break_mark_survives() -> None:
    tree = read("SELECT '__SQLGLOT__LB__' AS a", "x")
    assert written(tree) == "SELECT '__SQLGLOT__LB__' AS a"


@pytest.mark.parametrize("broken", ["1; DROP TABLE x", "1 -- x", "1 /* x */", "'", '"', "`", "U&'", "'a' '", "{# x #}"])
def test_a_tree_that_does_not_read_back_is_refused(broken: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be written so that its values read back"):
        written(exp.select(exp.Var(this=broken)))


def shipped() -> list[Path]:
    found = sorted(files(Path(__file__).parents[2] / "runbooks"))
    assert found
    return found


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_the_sql_of_each_shipped_runbook_is_written_as_it_was_read(path: Path) -> None:
    sql = yaml.safe_load(path.read_text("utf-8"))["query"]
    without_comments = re.sub(r"('(?:[^']|'')*')|--[^\n]*", r"\1", sql)
    for text in (canonical(read(sql, path.stem)), written(read(sql, path.stem))):
        assert letters(text).replace("<>", "!=") == letters(without_comments).replace("<>", "!=")


def test_a_literal_that_is_none_in_the_text_is_refused() -> None:
    quote = exp.Var(this="'")
    with pytest.raises(InvalidRequest, match="cannot be written so that its values read back"):
        written(exp.select(quote, exp.Literal.string("x"), quote.copy()))  # SELECT ', 'x', '
