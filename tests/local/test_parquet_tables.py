"""Tables over Parquet: columns by name in any case, types as a Trino 476 read them, bytes of the columns read."""

# ruff: noqa: S608, E501 - the SQL is made of constants, and a table of cases reads best unwrapped

import duckdb
import pytest

from trailbook.local.engine.errors import SqlError

SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
ROW = (
    "timestamp '2026-11-01 10:00:00.123456' AS ts, timestamp '1969-12-31 23:59:59.9995' AS ts2, 'x' AS \"Name\", 5::INTEGER AS n, "
    "{'X': 'p', 'y': 7, 'extra': 1} AS st, 1.5::FLOAT AS f, 12.34::DECIMAL(10,2) AS dec, [1, 2] AS arr, map {'k': 1} AS m, "
    "true AS b, date '2026-01-02' AS d, 'blob'::BLOB AS bl, 70000::INTEGER AS wide"
)  # fmt: skip


def parquet(tmp_path, query, codec="snappy"):
    file = tmp_path / "x.parquet"
    duckdb.connect().execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION {codec})")
    return file.read_bytes()


def table(lake, name, columns, keys=()):
    lake.table(name, columns=columns, keys=keys, serde=SERDE, input_format=INPUT)


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", "uncompressed"])
def test_columns_are_read_as_trino_reads_them(lake, tmp_path, codec):
    table(lake, "p", {
        "ts": "timestamp", "ts2": "timestamp", "name": "string", "n": "bigint", "st": "struct<x:string,y:int,z:string>", "f": "double",
        "dec": "decimal(10,2)", "arr": "array<int>", "m": "map<string,int>", "b": "boolean", "d": "date", "bl": "binary",
        "missing": "string",
    })  # fmt: skip
    lake.put("p/a.parquet", parquet(tmp_path, f"SELECT {ROW}", codec))
    assert lake.rows("SELECT * FROM p") == [[
        "2026-11-01 10:00:00.123", "1970-01-01 00:00:00.000", "x", "5", "{x=p, y=7, z=null}", "1.5", "12.34", "[1, 2]", "{k=1}", "true",
        "2026-01-02", "62 6c 6f 62", None,
    ]]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "kind", "error"),
    [
        ("name", "bigint", r"NOT_SUPPORTED: Unsupported column type \(bigint\) for Parquet column name"),
        ("f", "decimal(10,1)", "NOT_SUPPORTED"),
        ("dec", "double", "NOT_SUPPORTED"),
        ("st", "struct<x:bigint>", "NOT_SUPPORTED"),
        ("wide", "smallint", "."),
    ],
)
def test_a_column_of_another_type_is_refused(lake, tmp_path, column, kind, error):
    table(lake, "p", {column: kind})
    lake.put("p/a.parquet", parquet(tmp_path, f"SELECT {ROW}"))
    with pytest.raises(SqlError, match=error):
        lake.query(f"SELECT {column} FROM p")


def test_an_integer_may_be_read_as_text(lake, tmp_path):
    table(lake, "p", {"n": "string"})
    lake.put("p/a.parquet", parquet(tmp_path, f"SELECT {ROW}"))
    assert lake.rows("SELECT n FROM p") == [["5"]]


def test_the_bytes_scanned_are_those_of_the_columns_read(lake, tmp_path):
    body = parquet(
        tmp_path,
        "SELECT range AS a, repeat('x', 20) || range AS b, {'c': range, 'd': range % 7} AS s FROM range(50000)",
    )
    told = duckdb.connect().execute(
        f"SELECT split_part(path_in_schema, ',', 1), sum(total_compressed_size) FROM parquet_metadata('{tmp_path}/x.parquet') GROUP BY 1"
    )
    sizes = dict(told.fetchall())
    for day in ("1", "2"):
        lake.put(f"p/day={day}/x.parquet", body)
    table(lake, "p", {"a": "bigint", "b": "string", "s": "struct<c:bigint,d:bigint>"}, keys=[("day", "string")])
    for day in ("1", "2"):
        lake.partition("p", [day], f"s3://logs/p/day={day}/")
    for sql, expected in {
        "SELECT sum(a) FROM p WHERE day = '1'": sizes["a"],
        "SELECT sum(a) FROM p": 2 * sizes["a"],
        "SELECT max(b) FROM p WHERE day = '2' AND a > 5": sizes["a"] + sizes["b"],
        "SELECT max(s.c) FROM p WHERE day = '2'": sizes["s"],
        "SELECT count(*) FROM p": 0,
        "SELECT DISTINCT day FROM p": 0,
        "SELECT max(x.a) FROM (SELECT a, b FROM p) AS x": 2 * sizes["a"],
        "SELECT (SELECT max(a) FROM p), (SELECT min(a) FROM p WHERE day = '1')": 3 * sizes["a"],
    }.items():
        assert (sql, lake.scanned(sql)) == (sql, expected)


def test_files_of_different_columns_are_one_table(lake, tmp_path):
    table(lake, "p", {"a": "bigint", "b": "string"})
    lake.put("p/1.parquet", parquet(tmp_path, "SELECT 1::BIGINT AS a"))
    lake.put("p/2.parquet", parquet(tmp_path, "SELECT 'x' AS B, 2::INTEGER AS A"))
    lake.put("p/_metadata", b"not Parquet")
    assert lake.rows("SELECT a, b FROM p ORDER BY a") == [["1", None], ["2", "x"]]


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b"hello", lambda b: b[:4] + b[-8:]])
def test_an_object_that_is_not_parquet_is_named(lake, tmp_path, damage):
    table(lake, "p", {"a": "bigint"})
    lake.put("p/1.parquet", damage(parquet(tmp_path, "SELECT 1::BIGINT AS a")))
    with pytest.raises(SqlError, match=r"HIVE_BAD_DATA: Not valid Parquet file: s3://logs/p/1.parquet"):
        lake.query("SELECT a FROM p")


def test_a_page_that_is_damaged_is_named(lake, tmp_path):
    table(lake, "p", {"a": "string"})
    body = bytearray(parquet(tmp_path, "SELECT md5(range::VARCHAR) AS a FROM range(10000)"))
    body[40:4000] = b"\xff" * 3960
    lake.put("p/1.parquet", bytes(body))
    with pytest.raises(SqlError, match=r"HIVE_CURSOR_ERROR: .*s3://logs/p/1.parquet"):
        lake.query("SELECT max(a) FROM p")
