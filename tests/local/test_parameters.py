import pytest

from trailbook.local.engine.engine import connect, run
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parameters import constants


class NoTables:
    def columns(self, database, table):
        return None

    def has_database(self, database):
        return True

    def view(self, database, table):
        return None

    def explain(self, message):
        return None

    def seal(self, connection):
        pass

    def release(self):
        pass


def answer(sql, *parameters):
    with connect(threads=1) as connection:
        return [list(r) for r in run(connection, NoTables(), sql, "d", parameters=parameters).rows]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("'it''s'", "it's"),
        ("-1.5", "-1.5"),
        ("true", "true"),
        ("NULL", None),
        ("DATE '2026-01-02'", "2026-01-02"),
        ("TIMESTAMP '2026-01-02 03:04:05'", "2026-01-02 03:04:05.000"),
        ("CAST('7' AS bigint)", "7"),
        ("ARRAY[1, 2]", "[1, 2]"),
        ("'a' -- of no account", "a"),
    ],
)
def test_a_constant_is_bound_as_what_it_is(value, shown):
    assert answer("SELECT ?", value) == [[shown]]


def test_parameters_are_bound_in_the_order_of_the_text():
    sql = "WITH a AS (SELECT ? AS x) SELECT x, ? FROM a WHERE x < ? LIMIT ?"
    assert answer(sql, "1", "'two'", "3", "4") == [["1", "two"]]


def test_a_bound_number_is_no_column_position():
    assert answer("SELECT x FROM (VALUES 3, 1) t (x) WHERE x > ? ORDER BY x", "1") == [["3"]]
    assert len(answer("SELECT x FROM (VALUES 3, 1, 2) t (x) ORDER BY ?, x LIMIT ?", "9", "2")) == 2


def test_a_negative_number_after_a_minus_is_no_comment():
    assert answer("SELECT 5 -?", "-1") == [["6"]]


@pytest.mark.parametrize(
    "value",
    ["ConsoleLogin", "x + 1", "t.x", "*", "it's", "1) UNION SELECT (2", "1; DROP TABLE x", "1 FROM t", "1, 2", ""],
)
def test_what_is_no_expression_or_holds_a_name_is_a_string(value):
    assert answer("SELECT ?", value) == [[value]]


@pytest.mark.parametrize("value", ["'x' OR 1=1", "(SELECT 1)", "now()", "?", "1 AS x"])
def test_what_is_no_constant_is_refused(value):
    with pytest.raises(SqlError) as refusal:
        answer("SELECT ?", value)
    assert refusal.value.code == "NOT_SUPPORTED"


def test_using_takes_constants_alone():
    assert [type(c).__name__ for c in constants("1, 'x'")] == ["Literal", "Literal"]
    wrong = {"x": "EXPRESSION_NOT_CONSTANT", "f(x)": "EXPRESSION_NOT_CONSTANT", "1) UNION SELECT (2": "SYNTAX_ERROR"}
    for text, code in wrong.items():
        with pytest.raises(SqlError) as refusal:
            constants(text)
        assert refusal.value.code == code


def test_parameters_of_a_query_without_placeholders_are_of_no_account():
    assert answer("SELECT 1", "2") == [["1"]]


@pytest.mark.parametrize(("sql", "given", "wanted"), [("SELECT ?", 0, 1), ("SELECT ?", 2, 1)])
def test_a_wrong_count_is_refused_in_trinos_words(sql, given, wanted):
    expected = f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {wanted} but found {given}"
    with pytest.raises(SqlError) as refusal:
        answer(sql, *["1"] * given)
    assert str(refusal.value) == expected
