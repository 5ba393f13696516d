import pytest

from trailbook.local.statement_kinds import kind_of


@pytest.mark.parametrize(
    ("sql", "statement", "substatement", "place"),
    [
        ("SELECT 1", "DML", "SELECT", "i.csv"),
        ("/* SHOW TABLES */ SELECT 1", "DML", "SELECT", "i.csv"),
        ("-- SELECT\nSHOW TABLES", "UTILITY", "SHOW_TABLES", "i.txt"),
        ("( SELECT 1 )", "DML", "SELECT", "i.csv"),
        ("SELECT(1)", "DML", "SELECT", "i.csv"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "DML", "SELECT", "i.csv"),
        ("VALUES 1", "DML", "SELECT", "i.csv"),
        ("TABLE t", "DML", "SELECT", "i.csv"),
        ("EXPLAIN SELECT 1", "DML", "EXPLAIN", "i.txt"),
        ("insert into t select 1", "DML", "INSERT", "i"),
        ("UNLOAD (SELECT 1) TO 's3://b/' WITH (format='JSON')", "DML", "UNLOAD", "i"),
        ("CREATE TABLE t AS SELECT 1", "DDL", "CREATE_TABLE_AS_SELECT", "tables/i"),
        ('CREATE TABLE"t" AS(SELECT 1)', "DDL", "CREATE_TABLE_AS_SELECT", "tables/i"),
        ("CREATE TABLE t WITH (format='A AS SELECT') AS -- c\nVALUES 1", "DDL", "CREATE_TABLE_AS_SELECT", "tables/i"),
        ("CREATE EXTERNAL TABLE t (a string) LOCATION 's3://AS SELECT/'", "DDL", "CREATE_TABLE", "i.txt"),
        ("CREATE TABLE t (a string COMMENT 'AS SELECT')", "DDL", "CREATE_TABLE", "i.txt"),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "DDL", "CREATE_VIEW", "i.txt"),
        ("CREATE SCHEMA s", "DDL", "CREATE_DATABASE", "i.txt"),
        ("DROP SCHEMA s", "DDL", "DROP_DATABASE", "i.txt"),
        ("DROP /* c */ TABLE t", "DDL", "DROP_TABLE", "i.txt"),
        ("SHOW CREATE /* c */ TABLE t", "UTILITY", "SHOW_CREATE_TABLE", "i.txt"),
        ("SHOW SCHEMAS", "UTILITY", "SHOW_DATABASES", "i.txt"),
        ("SHOW FUNCTIONS", "UTILITY", "SHOW_FUNCTIONS", "i.csv"),
        ("DESC t", "UTILITY", "DESCRIBE_TABLE", "i.txt"),
        ("MSCK REPAIR TABLE t", "DDL", "MSCK_REPAIR", "i.txt"),
        ("ALTER TABLE t SET TBLPROPERTIES ('a' = 'add columns')", "DDL", "ALTER_TABLE_PROPERTIES", "i.txt"),
        ("ALTER TABLE t ADD IF NOT EXISTS PARTITION (a = '1')", "DDL", "ALTER_TABLE_ADD_PARTITION", "i.txt"),
        ("ALTER TABLE t REPLACE COLUMNS (a int)", "DDL", "ALTER_TABLE_REPLACE_COLUMN", "i.txt"),
    ],
)
def test_a_statement_is_known_by_its_first_words(sql, statement, substatement, place):
    found = kind_of(sql)
    assert (found.statement, found.substatement, found.output("s3://b/", "i")) == (
        statement, substatement, f"s3://b/{place}",
    )  # fmt: skip


@pytest.mark.parametrize("sql", ["", "/* not closed", "'", '"', "(((", "-- only", "\x00", "SHOW", "CREATE", "ALTER"])
def test_a_text_that_is_no_statement_has_a_kind_all_the_same(sql):
    assert kind_of(sql).output("s3://b/", "i").startswith("s3://b/i")


def test_a_long_hostile_text_is_read_in_one_go():
    assert kind_of("CREATE TABLE t (" + "(" * 100_000 + "'" * 99_999).substatement == "CREATE_TABLE"
