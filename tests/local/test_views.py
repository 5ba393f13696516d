"""Views, prepared statements and EXPLAIN against a running endpoint."""

import base64
import json

import pytest


@pytest.fixture(scope="module")
def filled(endpoint):
    endpoint.run("CREATE TABLE logs WITH (partitioned_by = ARRAY['day']) AS SELECT * FROM (VALUES "
                 "(1, 'a', '1'), (2, 'b', '1'), (3, 'c', '2')) AS t (n, v, day)")  # fmt: skip
    return endpoint


def view(endpoint, name):
    found = endpoint.glue.get_table(DatabaseName="d", Name=name)["Table"]
    text = found["ViewOriginalText"]
    assert (text[:16], text[-3:]) == ("/* Presto View: ", " */")
    return found, json.loads(base64.b64decode(text[16:-3]))


def test_a_view_is_kept_as_athena_keeps_it(filled):
    found = filled.run("CREATE VIEW kept AS SELECT n, v, ARRAY[v] AS a, now() AS t FROM logs -- all")
    assert (found["StatementType"], found["SubstatementType"]) == ("DDL", "CREATE_VIEW")
    table, inside = view(filled, "kept")
    assert (table["TableType"], table["ViewExpandedText"]) == ("VIRTUAL_VIEW", "/* Presto View */")
    assert table["Parameters"]["presto_view"] == "true"
    assert (inside["catalog"], inside["schema"]) == ("awsdatacatalog", "d")
    assert inside["originalSql"].startswith("SELECT n, v, ARRAY[v] AS a, now() AS t FROM logs")
    assert [c["type"] for c in inside["columns"]] == [
        "integer", "varchar", "array(varchar)", "timestamp(3) with time zone"
    ]  # fmt: skip
    kinds = [c["Type"] for c in table["StorageDescriptor"]["Columns"]]
    assert kinds == ["int", "string", "array<string>", "string"]
    for sql in ("DESC kept", "SHOW COLUMNS IN kept"):
        assert filled.run(sql)["SubstatementType"] == "DESC_VIEW"
    assert filled.lines("DESCRIBE kept")[:2] == ["n\tinteger", "v\tvarchar"]
    assert filled.lines("SHOW COLUMNS IN kept")[0] == "n\tinteger"
    assert "kept" in filled.lines("SHOW VIEWS")
    assert filled.lines("SHOW VIEWS IN d LIKE 'ke*'") == ["kept"]
    assert filled.lines("SHOW CREATE VIEW kept")[:2] == [
        "CREATE VIEW d.kept AS", "SELECT n, v, ARRAY[v] AS a, now() AS t FROM logs"
    ]  # fmt: skip


def test_a_view_is_read_like_a_table_and_pruned_like_its_query(filled):
    filled.run("CREATE OR REPLACE VIEW some (number, day) AS SELECT n * 10, day FROM logs")
    filled.run("CREATE OR REPLACE VIEW more AS SELECT number + 1 AS m, day FROM some")
    assert filled.rows("SELECT * FROM some ORDER BY 1") == [["10", "1"], ["20", "1"], ["30", "2"]]
    assert filled.rows(
        "SELECT x.m, s.number FROM more AS x JOIN d.some s ON x.m = s.number + 1 ORDER BY 1 LIMIT 1"
    ) == [["11", "10"]]
    assert filled.rows("SELECT more.m FROM more WHERE more.day = '2'") == [["31"]]
    assert filled.rows("SELECT a FROM some AS q (a, b) WHERE b = '2'") == [["30"]]
    whole = filled.run("SELECT m FROM more")["Statistics"]["DataScannedInBytes"]
    part = filled.run("SELECT m FROM more WHERE day = '2'")["Statistics"]["DataScannedInBytes"]
    assert 0 < part < whole


def test_nothing_around_a_view_changes_what_it_reads(filled):
    filled.run("CREATE OR REPLACE VIEW own AS WITH inner_one AS (SELECT n FROM logs) SELECT sum(n) AS s FROM inner_one")
    assert filled.rows("WITH logs AS (SELECT 100 AS n) SELECT own.s, logs.n FROM own, logs") == [["6", "100"]]
    assert filled.rows("WITH inner_one AS (SELECT 7 AS n) SELECT s FROM own") == [["6"]]
    assert filled.rows("WITH own AS (SELECT 7 AS s) SELECT s FROM own") == [["7"]]
    assert filled.rows("SELECT s FROM d.own", QueryExecutionContext={"Database": "default"}) == [["6"]]


def test_a_view_that_no_longer_fits_fails_by_name(filled):
    filled.run("CREATE TABLE gone AS SELECT 1 AS x, 2 AS y")
    filled.run("CREATE VIEW over AS\nSELECT x, x + 1 AS z FROM gone")
    filled.run("CREATE VIEW over_over AS SELECT z FROM over")
    filled.run("CREATE VIEW every AS SELECT * FROM gone")
    filled.run("DROP TABLE gone")
    said = filled.fails("SELECT * FROM over")
    assert said == (
        "INVALID_VIEW: line 1:15: Failed analyzing stored view 'awsdatacatalog.d.over': "
        "line 1:27: Table 'awsdatacatalog.d.gone' does not exist"
    )
    nested = "'awsdatacatalog.d.over_over': line 1:15: Failed analyzing stored view 'awsdatacatalog.d.over'"
    assert nested in filled.fails("SELECT * FROM over_over")
    filled.run("CREATE TABLE gone AS SELECT 1.5E0 AS x, 'q' AS y, 3 AS more")
    assert filled.fails("SELECT x FROM over") == (
        "VIEW_IS_STALE: line 1:15: View 'awsdatacatalog.d.over' is stale or in invalid state: column [x] of type "
        "double projected from query view at position 0 cannot be coerced to column [x] of type integer stored in view "
        "definition"
    )
    assert filled.fails("SELECT x FROM every").startswith("VIEW_IS_STALE")
    filled.run("DROP TABLE gone")
    filled.run("CREATE TABLE gone AS SELECT SMALLINT '1' AS x, 2 AS y")
    assert filled.rows("SELECT typeof(x), x FROM over") == [["integer", "1"]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE VIEW bad AS SELECT n, n + 1 FROM logs", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at"),
        ("CREATE VIEW bad AS SELECT n, n FROM logs", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'n' specified more"),
        ("CREATE VIEW bad AS SELECT m FROM logs", "COLUMN_NOT_FOUND: line 1:27"),
        ("CREATE VIEW bad (a) AS SELECT n, v FROM logs", "MISMATCHED_COLUMN_ALIASES"),
        (
            "CREATE VIEW nowhere.bad AS SELECT n FROM logs",
            "SCHEMA_NOT_FOUND: line 1:1: Schema 'nowhere' does",
        ),
        (
            "CREATE VIEW logs AS SELECT 1 AS x",
            "TABLE_ALREADY_EXISTS: line 1:1: Table already exists: 'aws",
        ),
        (
            "CREATE VIEW one AS SELECT 1 AS x",
            "TABLE_ALREADY_EXISTS: line 1:1: View already exists: 'aws",
        ),
        ("CREATE OR REPLACE VIEW one AS SELECT * FROM one", "VIEW_IS_RECURSIVE: line 1:45: Statement would create"),
        ("CREATE OR REPLACE VIEW one AS SELECT * FROM two", "VIEW_IS_RECURSIVE: line 1:45: Statement would create"),
        (
            "CREATE TABLE one AS SELECT 1 AS x",
            "TABLE_ALREADY_EXISTS: line 1:1: Destination table 'aws",
        ),
        ("INSERT INTO one VALUES 1", "NOT_SUPPORTED: line 1:1: Inserting into views is not supported"),
        ("SHOW CREATE TABLE one", "NOT_SUPPORTED: line 1:1: Relation 'awsdatacatalog.d.one' is a view, not a table"),
        ("SHOW CREATE VIEW logs", "NOT_SUPPORTED: line 1:1: Relation 'awsdatacatalog.d.logs' is a table, not a view"),
        ("SHOW CREATE VIEW nowhere", "TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.d.nowhere' does not exist"),
        (
            "DROP VIEW logs",
            "GENERIC_USER_ERROR: line 1:1: View 'awsdatacatalog.d.logs' does not exist, but a table",
        ),
        ("DROP VIEW nowhere", "GENERIC_USER_ERROR: line 1:1: View 'awsdatacatalog.d.nowhere' does not exist"),
        ("DROP TABLE one", "FAILED: SemanticException [Error 10129]"),
        ("ALTER TABLE one ADD COLUMNS (a int)", "FAILED: SemanticException [Error 10131]"),
    ],
)
def test_what_cannot_be_a_view_is_refused(filled, sql, reason):
    filled.run("CREATE OR REPLACE VIEW one AS SELECT n FROM logs")
    filled.run("CREATE OR REPLACE VIEW two AS SELECT n FROM one")
    assert filled.fails(sql).startswith(reason)


def test_a_dropped_view_is_gone_and_a_glue_table_without_its_text_is_refused(filled):
    filled.run("CREATE VIEW passing AS SELECT 1 AS x")
    filled.run("DROP VIEW passing")
    filled.run("DROP VIEW IF EXISTS passing")
    assert filled.fails("SELECT * FROM passing").startswith("TABLE_NOT_FOUND: line 1:15")
    for text in ("SELECT 1", "/* Presto View: !!! */", "/* Presto View: W10= */"):
        described = {"Name": "odd", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text, "StorageDescriptor": {}}
        filled.glue.create_table(DatabaseName="d", TableInput=described)
        assert filled.fails("SELECT * FROM odd").startswith("INVALID_VIEW")
        assert filled.fails("DESCRIBE odd").startswith("INVALID_VIEW")
        filled.glue.delete_table(DatabaseName="d", Name="odd")


def test_prepared_statements_are_those_of_the_api(filled):
    filled.run("PREPARE by_sql FROM SELECT n FROM logs WHERE day = ? AND n >= ? ORDER BY n")
    kept = filled.athena.get_prepared_statement(StatementName="by_sql", WorkGroup="primary")["PreparedStatement"]
    assert kept["QueryStatement"] == "SELECT n FROM logs WHERE day = ? AND n >= ? ORDER BY n"
    assert filled.rows("EXECUTE by_sql USING '1', 2") == [["2"]]
    assert filled.rows("EXECUTE by_sql", ExecutionParameters=["'1'", "1"]) == [["1"], ["2"]]
    filled.athena.create_prepared_statement(StatementName="by_api", WorkGroup="primary", QueryStatement="SELECT ? AS x")
    assert filled.rows("EXECUTE by_api USING DATE '2026-01-02'") == [["2026-01-02"]]
    filled.run("PREPARE makes FROM INSERT INTO logs VALUES (?, 'p', '9')")
    made = filled.run("EXECUTE makes USING 90")
    assert len(filled.manifest(made)) == 1
    assert filled.rows("SELECT n FROM logs WHERE day = '9'") == [["90"]]
    filled.run("DEALLOCATE PREPARE by_sql")
    for sql in ("EXECUTE by_sql", "DEALLOCATE PREPARE by_sql"):
        assert filled.fails(sql) == "NOT_FOUND: PreparedStatement by_sql was not found in workGroup primary"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("EXECUTE two_values USING 1", "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 2"),
        ("EXECUTE two_values USING 1, x", "EXPRESSION_NOT_CONSTANT"),
        ("EXECUTE two_values USING 1, (SELECT 2)", "NOT_SUPPORTED"),
        ("EXECUTE two_values USING 1, 2 FROM logs", "SYNTAX_ERROR"),
        ("EXECUTE two_values USING", "SYNTAX_ERROR: line 1:25: mismatched input '<EOF>'. Expecting: <expression>"),
        (
            "PREPARE two_values FROM SELECT 1",
            "ALREADY_EXISTS: PreparedStatement two_values already exists",
        ),
        ("PREPARE p FROM DROP TABLE logs", "NOT_SUPPORTED: Invalid statement type for prepared statement: DROP"),
        ("PREPARE p FROM PREPARE q FROM SELECT 1", "NOT_SUPPORTED: Invalid statement type for prepared statement"),
        ("PREPARE p FROM SELECT FROM WHERE", "SYNTAX_ERROR"),
    ],
)
def test_prepared_statements_are_judged(filled, sql, reason):
    if "two_values" not in str(filled.athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]):
        filled.run("PREPARE two_values FROM SELECT ?, ?")
    try:
        said = filled.fails(sql)
    except filled.athena.exceptions.InvalidRequestException as refusal:
        said = f"SYNTAX_ERROR: {refusal.response['Error']['Message']}"
    assert said.startswith(reason)


def test_explain_names_what_is_read_and_runs_nothing(filled):
    found = filled.run("EXPLAIN SELECT v, count(*) AS c FROM logs WHERE day = '1' GROUP BY 1")
    lines = filled.body(found["ResultConfiguration"]["OutputLocation"]).decode().split("\n")
    assert lines[0] == "Query Plan"
    assert "    - TableScan[table = awsdatacatalog:d.logs]" in lines
    assert found["Statistics"]["DataScannedInBytes"] == 0
    assert filled.rows("EXPLAIN (TYPE VALIDATE) SELECT 1") == [["true"]]
    assert filled.fails("EXPLAIN SELECT x FROM logs").startswith("COLUMN_NOT_FOUND: line 1:16")
    assert filled.fails("EXPLAIN ANALYZE SELECT 1").startswith("NOT_SUPPORTED: EXPLAIN ANALYZE")
    assert filled.fails("EXPLAIN (TYPE IO) SELECT 1").startswith("NOT_SUPPORTED: EXPLAIN (TYPE IO)")
