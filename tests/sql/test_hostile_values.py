"""A value stays a value: whatever its characters, the bound SQL is one statement of the same shape with the value."""

from collections.abc import Callable
from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from trailbook.errors import InvalidRequest
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import LookupRows, bind
from trailbook.sql.dialect import AsWritten
from trailbook.sql.literals import string, text_value
from trailbook.window import Window

DAY = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
TEMPLATE = """
    SELECT account_id, :name AS said, count(*) AS n FROM cloudtrail
    JOIN critical_buckets AS b ON b.bucket = :name
    WHERE a = :name AND b IN ('x', :names) AND contains(:names, c) GROUP BY 1 HAVING max(d) <> :name
"""
MARK = "a plain value"
HOSTILE = [
    "'",
    "''",
    "\\'",
    "\\",
    "\\\\0000",
    "' OR '1'='1",
    "'; DROP TABLE cloudtrail; --",
    "x' -- ",
    "/* */",
    "*/ SELECT 1 /*",
    ";",
    "{{ ds }}",
    "{% raw %}{{ conn.aws.password }}{% endraw %}",
    "${jndi:ldap://x}",
    ":name",
    "?",
    "%s %(a)s {0}",
    "U&'\\0000'",
    "\0",
    "a\0b",
    "\x1b[2J",
    "\r\n\t",
    "line one\nline two\n",
    "  leading and trailing  ",
    "\u202egnp.exe",
    "\ufeffbom",
    "\u2028\u2029",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U000e0041tag",
    "\U0010ffff",
    "ÄÖÜ é e\u0301",
    '"',
    "`",
    "__SQLGLOT__LB__",
    "__SQLGLOT__LB__\n__SQLGLOT__LB__",
    "$$a$$",
    "x'00'",
    "''" * 5000,
    "\n" * 10_000,
    "\0" * 1_000,
]


def shape(sql: str) -> list[str]:
    """Return the tree's nodes in order, without the texts of literals; one statement or none at all."""
    (tree,) = AsWritten().parse(sql)
    assert tree is not None
    return [
        "text" if isinstance(node, (exp.Literal, exp.UnicodeString)) else type(node).__name__ for node in tree.walk()
    ]


def bound(runbook: Runbook, value: str) -> str:
    rows = LookupRows({"bucket": "string", "weight": "number", "rank": "integer"}, ((value, None, 1),))
    params = {"name": value, "names": [value]}
    return bind(runbook, window=DAY, table=PhysicalTable(), params=params, lookups={"critical_buckets": rows})


def texts(sql: str) -> list[str]:
    """Return what the string literals of one statement stand for, in order."""
    (tree,) = AsWritten().parse(sql)
    assert tree is not None
    nodes = tree.find_all(exp.Literal, exp.UnicodeString)
    return [text_value(node) for node in nodes if isinstance(node, exp.UnicodeString) or node.is_string]


@pytest.fixture
def runbook(make: Callable[..., Runbook]) -> Runbook:
    return make(TEMPLATE)


def check(runbook: Runbook, value: str) -> None:
    plain, hostile = bound(runbook, MARK), bound(runbook, value)
    assert shape(hostile) == shape(plain)
    assert texts(plain).count(MARK) == 7
    assert texts(hostile) == [value if text == MARK else text for text in texts(plain)]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:40])
def test_a_hostile_text_stays_a_value(runbook: Runbook, value: str) -> None:
    check(runbook, value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\\\"`;-/*{}%$:?\0\n\r\t_"), min_size=1))
@example("x")
def test_any_text_stays_a_value(runbook: Runbook, value: str) -> None:
    check(runbook, value)


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb", "\udc00\ud800"])
def test_half_of_a_surrogate_pair_is_refused(runbook: Runbook, value: str) -> None:
    with pytest.raises(InvalidRequest, match="half of a surrogate pair"):
        bound(runbook, value)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:40])
def test_an_engine_gives_the_text_back(value: str) -> None:
    (tree,) = AsWritten().parse(exp.select(string(value)).sql(dialect=AsWritten))
    assert tree is not None
    with duckdb.connect() as connection:
        assert connection.execute(tree.sql(dialect="duckdb")).fetchone() == (value,)


@pytest.mark.parametrize("value", ["\0", "\x1b[2J", "\u202egnp.exe", "\u200b", "\r", "\U000e0041"])
def test_what_a_person_cannot_see_is_written_so_that_they_can(value: str) -> None:
    written = string(value).sql(dialect=AsWritten)
    assert written.startswith("U&'")
    assert written.isprintable()


@pytest.mark.parametrize("value", ["plain", "two\nlines", "\ttab", "\\", "\U0001f600", "é"])
def test_what_a_person_can_see_is_written_as_it_is(value: str) -> None:
    assert string(value).sql(dialect=AsWritten) == f"'{value}'"
