"""CTAS, INSERT and UNLOAD against a running endpoint: read back by SQL, pyarrow and what is in S3 and Glue."""

import gzip
import io
import json

import pyarrow.parquet as pq
import pytest

EVERY_TYPE = (
    "SELECT 1 AS i, BIGINT '2' AS b, SMALLINT '3' AS s, 1.5E0 AS d, true AS t, 'x' AS v, "
    "DATE '2026-01-02' AS dt, TIMESTAMP '2026-01-02 03:04:05.678' AS ts, 12.34 AS dc, X'00ff' AS bin, "
    "ARRAY[1, NULL] AS a, MAP(ARRAY['k'], ARRAY[7]) AS m, CAST(ROW(1, 'y') AS ROW(n integer, s varchar)) AS w, "
    "CAST(NULL AS varchar) AS e"
)


def test_a_ctas_of_every_type_is_read_back_by_pyarrow_and_by_sql(endpoint):
    found = endpoint.run(
        f"CREATE TABLE every WITH (format = 'PARQUET', external_location = 's3://data/every/') AS {EVERY_TYPE}"
    )
    assert (found["StatementType"], found["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    (uri,) = endpoint.manifest(found)
    table = pq.read_table(io.BytesIO(endpoint.body(uri)))
    row = table.to_pylist()[0]
    assert (row["i"], row["b"], row["s"], row["d"], row["t"], row["v"]) == (1, 2, 3, 1.5, True, "x")
    assert (str(row["dt"]), str(row["ts"]), str(row["dc"])) == ("2026-01-02", "2026-01-02 03:04:05.678000", "12.34")
    assert (row["bin"], row["a"], dict(row["m"]), row["w"], row["e"]) == (
        b"\x00\xff", [1, None], {"k": 7}, {"n": 1, "s": "y"}, None
    )  # fmt: skip
    assert str(table.schema.field("dc").type) == "decimal128(4, 2)"
    assert endpoint.rows("SELECT * FROM every") == endpoint.rows(EVERY_TYPE)
    kept = endpoint.glue.get_table(DatabaseName="d", Name="every")["Table"]
    types = {c["Name"]: c["Type"] for c in kept["StorageDescriptor"]["Columns"]}
    assert (types["ts"], types["dc"], types["w"], types["m"]) == (
        "timestamp", "decimal(4,2)", "struct<n:int,s:string>", "map<string,int>"
    )  # fmt: skip
    assert kept["StorageDescriptor"]["Location"] == "s3://data/every"


def test_a_ctas_without_a_location_goes_below_the_results(endpoint):
    found = endpoint.run("CREATE TABLE plain AS SELECT 1 AS x")
    name = found["QueryExecutionId"]
    assert found["ResultConfiguration"]["OutputLocation"] == f"s3://results/q/tables/{name}"
    assert found["Statistics"]["DataManifestLocation"] == f"s3://results/q/tables/{name}-manifest.csv"
    assert all(uri.startswith(f"s3://results/q/tables/{name}/") for uri in endpoint.manifest(found))
    assert f"q/tables/{name}.metadata" in endpoint.keys("q/tables/", "results")
    answered = endpoint.athena.get_query_results(QueryExecutionId=name)
    assert (answered["UpdateCount"], answered["ResultSet"]["Rows"]) == (1, [])
    assert endpoint.rows("SELECT x FROM plain") == [["1"]]


def test_partitions_of_a_ctas_are_in_glue_and_are_pruned(endpoint):
    endpoint.run(
        "CREATE TABLE parts WITH (external_location = 's3://data/parts/', partitioned_by = ARRAY['day', 'n']) AS "
        "SELECT v, day, n FROM (VALUES ('a', 'x/1', 1), ('b', 'x/1', 2), ('c', NULL, 1)) AS t (v, day, n)"
    )
    found = endpoint.glue.get_partitions(DatabaseName="d", TableName="parts")["Partitions"]
    assert sorted(p["Values"] for p in found) == [["__HIVE_DEFAULT_PARTITION__", "1"], ["x/1", "1"], ["x/1", "2"]]
    assert sorted(p["StorageDescriptor"]["Location"] for p in found)[1] == "s3://data/parts/day=x%2F1/n=1"
    assert endpoint.rows("SELECT v FROM parts WHERE day = 'x/1' AND n = 2") == [["b"]]


@pytest.mark.parametrize("form", ["PARQUET", "JSON"])
@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_every_format_is_read_back_by_sql(endpoint, form, compression):
    table, place = f"f_{form}_{compression}".lower(), f"s3://data/f/{form}/{compression}/"
    values = "(VALUES (1, 'it''s \"x\", ü', ARRAY[1, 2]), (2, NULL, NULL)) AS t (i, v, a)"
    endpoint.run(
        f"CREATE TABLE {table} WITH (format = '{form}', write_compression = '{compression}', "  # noqa: S608  # constants
        f"external_location = '{place}') AS SELECT * FROM {values}"
    )
    read = f"SELECT * FROM {table} ORDER BY i"  # noqa: S608  # constants
    assert endpoint.rows(read) == [["1", 'it\'s "x", ü', "[1, 2]"], ["2", None, None]]


def test_text_is_delimited_and_null_is_a_mark(endpoint):
    endpoint.run(
        "UNLOAD (SELECT * FROM (VALUES (1, 'a', ARRAY['p', 'q']), (2, NULL, NULL)) AS t (i, v, a) ORDER BY i) "
        "TO 's3://data/text/' WITH (format = 'TEXTFILE', field_delimiter = '|', compression = 'NONE')"
    )
    (key,) = endpoint.keys("text/")
    assert endpoint.body(f"s3://data/{key}") == b"1|a|p\x02q\n2|\\N|\\N\n"


def test_unload_writes_json_lines_and_lists_them(endpoint):
    found = endpoint.run(
        "UNLOAD (SELECT 1 AS i, TIMESTAMP '2026-01-02 03:04:05.000' AS ts, MAP(ARRAY['k'], ARRAY[1.5]) AS m, p FROM "
        "(VALUES 'x', 'y') AS t (p)) TO 's3://data/lines' WITH (format = 'JSON', partitioned_by = ARRAY['p'])"
    )
    assert (found["StatementType"], found["SubstatementType"]) == ("DML", "UNLOAD")
    uris = endpoint.manifest(found)
    assert sorted(u.rpartition("/")[0] for u in uris) == ["s3://data/lines/p=x", "s3://data/lines/p=y"]
    line = json.loads(gzip.decompress(endpoint.body(uris[0])))
    assert line == {"i": 1, "ts": "2026-01-02 03:04:05.000", "m": {"k": 1.5}}
    assert endpoint.fails(
        "UNLOAD (SELECT 1 AS x) TO 's3://data/lines/' WITH (format = 'PARQUET')"
    ).startswith("HIVE_PATH_ALREADY_EXISTS")  # fmt: skip


def test_an_insert_adds_rows_in_the_order_of_its_columns(endpoint):
    endpoint.run("CREATE TABLE grows AS SELECT 1 AS a, 'x' AS b, SMALLINT '1' AS c")
    found = endpoint.run("INSERT INTO grows (b, a) VALUES ('y', 2), ('z', 3)")
    assert (found["StatementType"], found["SubstatementType"]) == ("DML", "INSERT")
    assert len(endpoint.manifest(found)) == 1
    endpoint.run("INSERT INTO grows SELECT BIGINT '4', 'w', 9")
    assert endpoint.rows("SELECT * FROM grows ORDER BY a") == [
        ["1", "x", "1"], ["2", "y", None], ["3", "z", None], ["4", "w", "9"]
    ]  # fmt: skip
    assert endpoint.fails("INSERT INTO grows VALUES (5000000000, 'v', 1)").startswith("NUMERIC_VALUE_OUT_OF_RANGE")
    assert endpoint.rows("SELECT count(*) FROM grows") == [["4"]]


def test_an_insert_makes_the_partitions_that_it_needs(endpoint):
    endpoint.run(
        "CREATE EXTERNAL TABLE lands (v string) PARTITIONED BY (day string) STORED AS PARQUET LOCATION 's3://data/lands/'"
    )
    endpoint.run("INSERT INTO lands VALUES ('a', '2026-01-01'), ('b', '2026-01-02')")
    endpoint.run("INSERT INTO lands VALUES ('c', '2026-01-02')")
    assert endpoint.rows("SELECT day, v FROM lands ORDER BY 1, 2") == [
        ["2026-01-01", "a"], ["2026-01-02", "b"], ["2026-01-02", "c"]
    ]  # fmt: skip
    assert len(endpoint.glue.get_partitions(DatabaseName="d", TableName="lands")["Partitions"]) == 2


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE w AS SELECT 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1"),
        ("CREATE TABLE w AS SELECT 1 AS x, 2 AS x", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'x'"),
        ("CREATE TABLE w AS SELECT NULL AS x", "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: x"),
        ("CREATE TABLE w AS SELECT current_timestamp AS x", "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with"),
        (
            "CREATE TABLE w AS SELECT ARRAY[TIMESTAMP '2026-01-02 03:04:05.123456'] AS x",
            "NOT_SUPPORTED: Incorrect timestamp precision for timestamp(6); the configured precision is MILLISECONDS",
        ),
        ("CREATE TABLE w AS SELECT JSON '1' AS x", "NOT_SUPPORTED: Unsupported Hive type: json"),
        ("CREATE TABLE w AS SELECT ROW(1) AS x", "NOT_SUPPORTED: Anonymous row type is not supported in Hive"),
        ("CREATE TABLE nope.w AS SELECT 1 AS x", "SCHEMA_NOT_FOUND: line 1:1: Schema 'nope' does not exist"),
        ("CREATE TABLE w WITH (format = 'ORC') AS SELECT 1 AS x", "NOT_SUPPORTED: format ORC"),
        ("CREATE TABLE w WITH (format = 'X') AS SELECT 1 AS x", "INVALID_TABLE_PROPERTY: line 1:1: Invalid value [X]"),
        ("CREATE TABLE w WITH (nope = 'X') AS SELECT 1 AS x", "INVALID_TABLE_PROPERTY: line 1:1: Catalog"),
        ("CREATE TABLE w WITH (partitioned_by = ARRAY['y']) AS SELECT 1 AS x", "INVALID_TABLE_PROPERTY: Partition"),
        (
            "CREATE TABLE w WITH (partitioned_by = ARRAY['x']) AS SELECT 1 AS x, 2 AS y",
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns",
        ),
        ("CREATE TABLE w AS SELECT x FROM nowhere", "TABLE_NOT_FOUND: line 1:33"),
        ("CREATE TABLE w AS SELECT y\nFROM (VALUES 1) AS t (x)", "COLUMN_NOT_FOUND: line 1:26"),
        ("CREATE TABLE w AS SELECT 1 / (x - 1) AS q FROM (VALUES 1) AS t (x)", "DIVISION_BY_ZERO"),
        (
            "CREATE TABLE w WITH (partitioned_by = ARRAY['p']) AS SELECT 1 AS x, p FROM UNNEST(sequence(1, 101)) t (p)",
            "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100",
        ),
        ("INSERT INTO nowhere VALUES 1", "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.d.nowhere' does not exist"),
        ("INSERT INTO target VALUES 'x'", "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table"),
        ("INSERT INTO target VALUES (1, 2)", "TYPE_MISMATCH: line 1:1"),
        ("INSERT INTO target (y) VALUES 1", "COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist"),
        ("INSERT INTO target (x, x) VALUES (1, 1)", "DUPLICATE_COLUMN_NAME: line 1:1: Insert column name is specified"),
        ("UNLOAD (SELECT 1) TO 's3://data/u/' WITH (format = 'PARQUET')", "MISSING_COLUMN_NAME"),
        ("UNLOAD (SELECT 1 AS x) TO 's3://data/u/'", "INVALID_TABLE_PROPERTY"),
        ("UNLOAD (SELECT 1 AS x) TO 's3://no-such-bucket/u/' WITH (format = 'JSON')", "PERMISSION_DENIED"),
        ("UNLOAD (SELECT 1 AS x) TO '/etc/' WITH (format = 'JSON')", "INVALID_TABLE_PROPERTY"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(endpoint, sql, reason):
    endpoint.run("CREATE TABLE IF NOT EXISTS target AS SELECT 1 AS x")
    before = endpoint.keys(""), [k for k in endpoint.keys("", "results") if "/tables/" in k]
    assert endpoint.fails(sql).startswith(reason)
    assert (endpoint.keys(""), [k for k in endpoint.keys("", "results") if "/tables/" in k]) == before
    assert "w" not in {t["Name"] for t in endpoint.glue.get_tables(DatabaseName="d")["TableList"]}


def test_a_table_or_a_folder_that_is_there_is_not_written_over(endpoint):
    endpoint.run("CREATE TABLE IF NOT EXISTS there WITH (external_location = 's3://data/there/') AS SELECT 1 AS x")
    again = endpoint.fails("CREATE TABLE there AS SELECT 2 AS x")
    assert again == "TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog.d.there' already exists"
    taken = endpoint.fails("CREATE TABLE other WITH (external_location = 's3://data/there') AS SELECT 2 AS x")
    assert taken.startswith("HIVE_PATH_ALREADY_EXISTS: Target directory for table 'd.other' already exists")
    kept = endpoint.run("CREATE TABLE IF NOT EXISTS there AS SELECT 2 AS x")
    assert endpoint.manifest(kept) == []
    assert endpoint.rows("SELECT x FROM there") == [["1"]]


def test_without_data_or_rows_there_is_a_table_and_no_object(endpoint):
    for name, tail in (("none_a", "SELECT 1 AS x WITH NO DATA"), ("none_b", "SELECT 1 AS x WHERE false")):
        found = endpoint.run(f"CREATE TABLE {name} WITH (external_location = 's3://data/{name}/') AS {tail}")
        assert (endpoint.manifest(found), endpoint.keys(f"{name}/")) == ([], [])
        assert endpoint.rows(f"SELECT * FROM {name}") == []  # noqa: S608  # constants


def test_buckets_spread_the_rows(endpoint):
    endpoint.run(
        "CREATE TABLE bucketed WITH (bucketed_by = ARRAY['x'], bucket_count = 4, external_location = 's3://data/bk/') "
        "AS SELECT x FROM UNNEST(sequence(1, 100)) AS t (x)"
    )
    assert 1 < len(endpoint.keys("bk/")) <= 4
    assert endpoint.rows("SELECT count(*), sum(x) FROM bucketed") == [["100", "5050"]]
    storage = endpoint.glue.get_table(DatabaseName="d", Name="bucketed")["Table"]["StorageDescriptor"]
    assert (storage["BucketColumns"], storage["NumberOfBuckets"]) == (["x"], 4)


def test_parameters_and_names_in_quotes_go_into_a_ctas(endpoint):
    endpoint.run('CREATE TABLE "d"."with_params" AS SELECT ? AS "v", ? AS n;', ExecutionParameters=["'x'", "5"])
    assert endpoint.rows("SELECT v, n FROM with_params") == [["x", "5"]]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("int", "DOUBLE '1'", "1"),
        ("int", "1.5", "2"),
        ("float", "DOUBLE '1.5'", "1.5"),
        ("decimal(3,1)", "12.34", "12.3"),
        ("decimal(3,1)", "1234.5", "INVALID_CAST_ARGUMENT"),
        ("decimal(5,2)", "BIGINT '5'", "5.00"),
        ("smallint", "70000", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("date", "TIMESTAMP '2026-01-02 03:04:05'", "2026-01-02"),
        ("timestamp", "DATE '2026-01-02'", "2026-01-02 00:00:00.000"),
        ("timestamp", "TIMESTAMP '2026-01-02 03:04:05 UTC'", "2026-01-02 03:04:05.000"),
        ("timestamp", "TIMESTAMP '2026-01-02 03:04:05.123456'", "2026-01-02 03:04:05.123"),
        ("timestamp", "TIMESTAMP '2026-01-02 03:04:05.123500'", "2026-01-02 03:04:05.124"),
        ("array<int>", "ARRAY[1.5]", "[2]"),
        ("struct<a:int>", "CAST(ROW(1) AS ROW(b bigint))", "{a=1}"),
        ("struct<a:int>", "ROW('x')", "TYPE_MISMATCH"),
        ("map<string,int>", "MAP(ARRAY['a'], ARRAY[BIGINT '1'])", "{a=1}"),
        ("int", "'1'", "TYPE_MISMATCH"),
        ("string", "1", "TYPE_MISMATCH"),
        ("boolean", "1", "TYPE_MISMATCH"),
        ("binary", "'x'", "TYPE_MISMATCH"),
        ("string", "JSON '1'", "TYPE_MISMATCH"),
        ("array<int>", "ARRAY[NULL]", "[null]"),
    ],
)
def test_an_insert_converts_what_trino_476_converted(endpoint, column, value, expected):
    endpoint.run("DROP TABLE IF EXISTS converts")
    place = f"s3://data/converts/{abs(hash((column, value)))}/"
    endpoint.run(f"CREATE EXTERNAL TABLE converts (x {column}) STORED AS PARQUET LOCATION '{place}'")
    sql = f"INSERT INTO converts SELECT {value}"  # constants
    if expected.isupper() and "_" in expected:
        assert endpoint.fails(sql).startswith(expected)
    else:
        endpoint.run(sql)
        assert endpoint.rows("SELECT x FROM converts") == [[expected]]
