"""Reading statements: any text gives a value or an error with a known name, in time that grows with its length."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbook.local.engine import ddl
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.statements import (
    CreateTableAs,
    CreateView,
    Explain,
    InsertInto,
    Prepare,
    Query,
    Unload,
    parse_statement,
)
from trailbook.local.engine.tokens import TableName, place, scan

KNOWN = {"SYNTAX_ERROR", "NOT_SUPPORTED", "CATALOG_NOT_FOUND", "DUPLICATE_PROPERTY", "STACK_OVERFLOW"}
WORDS = [
    *[
        "CREATE",
        "EXTERNAL",
        "TABLE",
        "VIEW",
        "OR",
        "REPLACE",
        "IF",
        "NOT",
        "EXISTS",
        "DROP",
        "ALTER",
        "ADD",
        "PARTITION",
        "COLUMNS",
        "SET",
        "TBLPROPERTIES",
    ],
    *[
        "LOCATION",
        "AS",
        "SELECT",
        "INSERT",
        "INTO",
        "UNLOAD",
        "TO",
        "WITH",
        "PREPARE",
        "FROM",
        "EXECUTE",
        "USING",
        "EXPLAIN",
        "ANALYZE",
        "MSCK",
        "REPAIR",
    ],
    *[
        "SHOW",
        "DESCRIBE",
        "STORED",
        "PARQUET",
        "ROW",
        "FORMAT",
        "SERDE",
        "PARTITIONED",
        "BY",
        "array",
        "struct",
        "string",
        "int",
        "ARRAY",
        "NO",
        "DATA",
        "TYPE",
    ],
    *[
        "x",
        "`y`",
        '"z"',
        "'v'",
        "1",
        "-1",
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        ":",
        ",",
        ".",
        "=",
        ";",
        "/*",
        "*/",
        "--",
        "'",
        "`",
        '"',
        "\\",
        "?",
        "é",
        "\x00",
    ],
    "\n",
]


def outcome(text):
    try:
        parse_statement(text)
    except SqlError as error:
        return error.code
    return ""


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
def test_any_text_is_a_statement_or_an_error_with_a_known_name(text):
    assert outcome(text) in {"", *KNOWN}


@pytest.mark.parametrize("piece", ["/*", "'", '"', "`", "(", "array<", "--", "\\'", "ARRAY[", "a.", "''"])
@pytest.mark.parametrize("start", ["", "CREATE EXTERNAL TABLE t (a ", "CREATE TABLE t AS SELECT ", "SHOW TABLES '"])
def test_a_long_hostile_text_ends_in_an_error(start, piece):
    assert outcome(start + piece * (10_000 // len(piece))) in {"", *KNOWN}


def test_comments_and_brackets_do_not_hide_the_query_of_a_ctas():
    found = parse_statement(
        "/* CREATE VIEW */ CREATE TABLE IF NOT EXISTS \"A\".b -- AS x\n (c, D) WITH (format='PARQUET', n = 4, "
        "t = true, by = ARRAY['p', 'q']) AS (SELECT 'AS ; WITH NO DATA' AS c, 1 AS d) WITH NO DATA ;"
    )
    assert isinstance(found, CreateTableAs)
    assert (found.table, found.exists_ok, found.columns, found.with_data) == (
        TableName("a", "b", 45), True, ("c", "d"), False
    )  # fmt: skip
    assert found.properties == {"format": "PARQUET", "n": 4, "t": True, "by": ("p", "q")}
    assert found.query.strip() == "(SELECT 'AS ; WITH NO DATA' AS c, 1 AS d)"


def test_a_query_keeps_its_place_in_the_statement():
    sql = "INSERT INTO t (a)\n  SELECT x FROM y"
    found = parse_statement(sql)
    assert isinstance(found, InsertInto)
    assert (found.columns, found.query.index("SELECT"), found.query.count("\n")) == (("a",), sql.index("SELECT"), 1)
    assert place(sql, found.query.index("SELECT")) == "line 2:3"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", Query),
        ("(SELECT 1) UNION SELECT 2", Query),
        ("VALUES 1", Query),
        ("INSERT INTO t (SELECT 1)", InsertInto),
        ("INSERT INTO d.t VALUES (1)", InsertInto),
        ("UNLOAD (SELECT ')' AS a) TO 's3://b/k' WITH (format = 'JSON')", Unload),
        ("CREATE OR REPLACE VIEW v (a) AS WITH q AS (SELECT 1) SELECT * FROM q", CreateView),
        ("PREPARE p FROM SELECT ?", Prepare),
        ("EXPLAIN (FORMAT TEXT, TYPE LOGICAL) SELECT 1", Explain),
        ("EXPLAIN (SELECT 1)", Explain),
        ("create schema x", ddl.CreateDatabase),
        ("DROP VIEW IF EXISTS a.b", ddl.DropView),
        ("DESC FORMATTED t", ddl.Describe),
        ("DESCRIBE extended", ddl.Describe),
        ("SHOW TABLES IN d 'a*'", ddl.Show),
        ("MSCK REPAIR TABLE awsdatacatalog.d.t;", ddl.RepairTable),
    ],
)
def test_each_statement_is_read_as_what_it_is(sql, kind):
    assert type(parse_statement(sql)) is kind


def test_hive_and_trino_quote_differently():
    assert [t.value for t in scan("\"a\" 'b''c' `d`")[:3]] == ["a", "b'c", "d"]
    assert [t.kind for t in scan('"a" `d`')[:2]] == ["name", "name"]
    hive = scan("\"a\\\"b\" 'c\\'d\\u0041\\001' `e``f`", hive=True)
    assert [(t.kind, t.value) for t in hive[:3]] == [("string", 'a"b'), ("string", "c'dA\x01"), ("name", "e`f")]
