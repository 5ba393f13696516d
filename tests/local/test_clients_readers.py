"""PyAthena's cursors, awswrangler and the AWS CLI against a running endpoint, unmodified."""

import functools
import json
import os
import shutil
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from trailbook.local.server import serve

KINDS = (
    "SELECT * FROM (VALUES (1, CAST('a,\"b' AS varchar), 1.5e0, true, DATE '2026-11-01', "
    "TIMESTAMP '2026-11-01 01:02:03.004', CAST('1.25' AS decimal(10,2)), CAST(NULL AS varchar), ARRAY[1, 2]), "
    "(2, 'ü\n', -2.5e0, false, DATE '2026-11-02', TIMESTAMP '2026-11-02 00:00:00', CAST('-0.50' AS decimal(10,2)), "
    "'', ARRAY[3])) AS t (n, s, d, b, day, at, money, gone, list) ORDER BY n"
)
MANY = "SELECT x, CAST(x AS varchar) AS s FROM UNNEST(sequence(1, 2500)) AS t (x) ORDER BY x"


@pytest.fixture(scope="module")
def url():
    with pytest.MonkeyPatch.context() as environment, serve(None) as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "any")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        boto3.client("s3").create_bucket(Bucket="results")
        glue = boto3.client("glue")
        glue.create_database(DatabaseInput={"Name": "trail"})
        rows = b'{"id": 1, "name": "one"}\n{"id": 2, "name": "two"}\n'
        boto3.client("s3").put_object(Bucket="results", Key="data/rows.json", Body=rows)
        serde = {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}
        columns = [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}]
        storage = {"Columns": columns, "Location": "s3://results/data/", "SerdeInfo": serde}
        glue.create_table(DatabaseName="trail", TableInput={"Name": "rows", "StorageDescriptor": storage})
        yield server.endpoint_url


def connect(**more):
    pyathena = pytest.importorskip("pyathena")
    return pyathena.connect(s3_staging_dir="s3://results/py/", schema_name="trail", poll_interval=0.05, **more)


def test_pyathenas_cursor_reads_every_type(url):
    with connect().cursor() as cursor:
        cursor.execute(KINDS)
        assert cursor.fetchall() == [
            (1, 'a,"b', 1.5, True, date(2026, 11, 1), datetime(2026, 11, 1, 1, 2, 3, 4000), Decimal("1.25"), None,
             [1, 2]),
            (2, "ü\n", -2.5, False, date(2026, 11, 2), datetime(2026, 11, 2), Decimal("-0.50"), "", [3]),
        ]  # fmt: skip
        assert [d[0] for d in cursor.description] == ["n", "s", "d", "b", "day", "at", "money", "gone", "list"]
        cursor.execute(MANY)
        assert [row[0] for row in cursor.fetchall()] == list(range(1, 2501))


def test_pyathenas_dict_cursor_and_its_parameters(url):
    from pyathena.cursor import DictCursor

    with connect(cursor_class=DictCursor).cursor() as cursor:
        cursor.execute("SELECT name FROM rows WHERE id = %(id)d", {"id": 2})
        assert cursor.fetchall() == [{"name": "two"}]


def test_pyathena_says_why_a_query_failed(url):
    from pyathena.error import DatabaseError, OperationalError

    with connect().cursor() as cursor:
        with pytest.raises(OperationalError, match="DIVISION_BY_ZERO"):
            cursor.execute("SELECT 1/0")
        with pytest.raises((DatabaseError, OperationalError), match="line 1:"):
            cursor.execute("SELEC 1")


def test_pyathenas_pandas_cursor(url):
    pytest.importorskip("pandas")
    from pyathena.pandas.cursor import PandasCursor

    with connect(cursor_class=PandasCursor).cursor() as cursor:
        frame = cursor.execute(KINDS).as_pandas()
        assert list(frame["s"]) == ['a,"b', "ü\n"]
        assert list(frame["money"]) == [Decimal("1.25"), Decimal("-0.50")]
        assert frame["at"][0].isoformat() == "2026-11-01T01:02:03.004000"
        assert len(cursor.execute(MANY).as_pandas()) == 2500


def test_pyathenas_arrow_cursor_where_athena_keeps_the_results(url):
    """Then it asks for rows and needs no S3, for which PyAthena gives pyarrow no endpoint."""
    import pyathena
    from pyathena.arrow.cursor import ArrowCursor

    boto3.client("athena").create_work_group(
        Name="managed", Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}}
    )
    connection = pyathena.connect(work_group="managed", poll_interval=0.05, cursor_class=ArrowCursor)
    with connection.cursor() as cursor:
        table = cursor.execute(MANY).as_arrow()
        assert (table.num_rows, table.column("x")[2499].as_py()) == (2500, 2500)


def test_pyathenas_arrow_cursor_on_s3(url, monkeypatch):
    """PyAthena makes pyarrow's S3 client without an endpoint, so pyarrow itself is told of ours."""
    fs = pytest.importorskip("pyarrow.fs")
    from pyathena.arrow.cursor import ArrowCursor

    monkeypatch.setattr(fs, "S3FileSystem", functools.partial(fs.S3FileSystem, endpoint_override=url))
    with connect(cursor_class=ArrowCursor).cursor() as cursor:
        table = cursor.execute(MANY).as_arrow()
        assert (table.num_rows, table.column("x")[2499].as_py()) == (2500, 2500)


def test_pyarrow_reaches_a_bucket_by_a_host_name_of_its_own(url):
    """`bucket.localhost`, which every resolver of curl's takes for this machine."""
    fs = pytest.importorskip("pyarrow.fs")
    port = url.rpartition(":")[2]
    found = fs.S3FileSystem(
        access_key="any", secret_key="any", region="us-east-1", endpoint_override=f"http://localhost:{port}",
        force_virtual_addressing=True,
    )  # fmt: skip
    with found.open_input_stream("results/data/rows.json") as body:
        assert body.read().count(b"\n") == 2
    with found.open_output_stream("results/virtual/a b.txt") as body:
        body.write(b"written")
    held = boto3.client("s3").get_object(Bucket="results", Key="virtual/a b.txt")
    assert held["Body"].read() == b"written"


def test_awswrangler_without_ctas(url):
    wr = pytest.importorskip("awswrangler")
    frame = wr.athena.read_sql_query(KINDS, database="trail", ctas_approach=False, s3_output="s3://results/wr/")
    assert list(frame["s"]) == ['a,"b', "ü\n"]
    assert list(frame["money"]) == [Decimal("1.25"), Decimal("-0.50")]
    assert list(frame["day"]) == [date(2026, 11, 1), date(2026, 11, 2)]
    by_rows = wr.athena.read_sql_query(
        "SELECT id FROM rows WHERE name = :name", database="trail", ctas_approach=False, s3_output="s3://results/wr/",
        params={"name": "two"}, paramstyle="named",
    )  # fmt: skip
    assert list(by_rows["id"]) == [2]


def cli(*arguments):
    program = shutil.which("aws") or str(Path(sys.executable).with_name("aws"))
    if not Path(program).exists():
        pytest.skip("the AWS CLI is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_aws_cli_runs_a_query_and_reads_its_rows(url):
    code, out, error = cli(
        "athena", "start-query-execution", "--query-string", "SELECT name FROM trail.rows ORDER BY id",
        "--result-configuration", "OutputLocation=s3://results/cli/", "--endpoint-url", url,
    )  # fmt: skip
    assert code == 0, error
    name = json.loads(out)["QueryExecutionId"]
    state = ""
    while state not in ("SUCCEEDED", "FAILED"):
        state = cli("athena", "get-query-execution", "--query-execution-id", name, "--query",
                    "QueryExecution.Status.State", "--output", "text")[1].strip()  # fmt: skip
    assert state == "SUCCEEDED"
    rows = cli("athena", "get-query-results", "--query-execution-id", name, "--query",
               "ResultSet.Rows[].Data[0].VarCharValue", "--output", "text")[1]  # fmt: skip
    assert rows.split() == ["name", "one", "two"]
    code, _, error = cli("athena", "get-query-execution", "--query-execution-id", "none")
    assert code != 0
    assert "QueryExecution none was not found" in error


def test_awswrangler_by_a_temporary_table(url):
    """The default: CREATE TABLE AS, then its Parquet files from S3."""
    wr = pytest.importorskip("awswrangler")
    frame = wr.athena.read_sql_query(
        "SELECT id, name, id * 1.5e0 AS f, DATE '2026-11-01' AS day, ARRAY[id] AS ids, "
        "CAST('1.25' AS decimal(10,2)) AS m "
        "FROM rows ORDER BY id",
        database="trail", s3_output="s3://results/ctas/",
    )  # fmt: skip
    assert list(frame["id"]) == [1, 2]
    assert list(frame["name"]) == ["one", "two"]
    assert list(frame["f"]) == [1.5, 3.0]
    assert list(frame["m"]) == [Decimal("1.25")] * 2
    assert [list(ids) for ids in frame["ids"]] == [[1], [2]]
    left = boto3.client("glue").get_tables(DatabaseName="trail")["TableList"]
    assert [table["Name"] for table in left] == ["rows"]


def test_awswrangler_by_unload(url):
    wr = pytest.importorskip("awswrangler")
    frame = wr.athena.read_sql_query(
        "SELECT id, name FROM rows ORDER BY id", database="trail", ctas_approach=False, unload_approach=True,
        s3_output="s3://results/unload/",
    )  # fmt: skip
    assert (list(frame["id"]), list(frame["name"])) == ([1, 2], ["one", "two"])


def test_pyathenas_cursors_that_unload(url, monkeypatch):
    fs = pytest.importorskip("pyarrow.fs")
    from pyathena.arrow.cursor import ArrowCursor
    from pyathena.pandas.cursor import PandasCursor

    monkeypatch.setattr(fs, "S3FileSystem", functools.partial(fs.S3FileSystem, endpoint_override=url))
    with connect(cursor_class=PandasCursor, cursor_kwargs={"unload": True}).cursor() as cursor:
        frame = cursor.execute("SELECT id, name FROM rows ORDER BY id").as_pandas()
        assert sorted(frame["name"]) == ["one", "two"]
    with connect(cursor_class=ArrowCursor, cursor_kwargs={"unload": True}).cursor() as cursor:
        table = cursor.execute("SELECT id, name FROM rows ORDER BY id").as_arrow()
        assert sorted(table.column("id").to_pylist()) == [1, 2]


def test_pyathena_writes_with_ctas_and_insert(url):
    with connect().cursor() as cursor:
        cursor.execute("CREATE TABLE trail.copy WITH (format = 'PARQUET') AS SELECT id, name FROM trail.rows")
        cursor.execute("INSERT INTO trail.copy VALUES (3, 'three')")
        assert cursor.rowcount in (1, -1)
        cursor.execute("SELECT name FROM trail.copy ORDER BY id")
        assert cursor.fetchall() == [("one",), ("two",), ("three",)]
        cursor.execute("SHOW TABLES IN trail")
        assert ("copy",) in cursor.fetchall()
        cursor.execute("DROP TABLE trail.copy")


def test_awswrangler_keeps_tables_and_describes_them(url):
    wr, pandas = pytest.importorskip("awswrangler"), pytest.importorskip("pandas")
    place = {"database": "trail", "s3_output": "s3://results/wr/"}
    frame = pandas.DataFrame({"a": [1, 2], "p": ["x", "y"]})
    wr.s3.to_parquet(
        frame, path="s3://results/kept/", dataset=True, database="trail", table="kept", partition_cols=["p"]
    )
    assert list(wr.athena.read_sql_query("SELECT a FROM kept WHERE p = 'y'", **place)["a"]) == [2]
    assert wr.athena.repair_table("kept", **place) == "SUCCEEDED"
    described = wr.athena.describe_table("kept", **place)
    assert list(described["Column Name"]) == ["a", "p"]
    assert list(described["Partition"]) == [False, True]
    assert "PARTITIONED BY" in wr.athena.show_create_table("kept", **place)
    wr.athena.create_prepared_statement("SELECT a FROM kept WHERE p = ?", "wanted")
    found = wr.athena.read_sql_query("EXECUTE wanted USING 'x'", ctas_approach=False, **place)
    assert list(found["a"]) == [1]
    wr.catalog.delete_table_if_exists(database="trail", table="kept")


def test_pyathenas_async_cursor_and_its_catalogue_calls(url):
    from pyathena.async_cursor import AsyncCursor

    with connect(cursor_class=AsyncCursor).cursor() as cursor:
        _, future = cursor.execute("SELECT name FROM rows ORDER BY id")
        assert future.result().fetchall() == [("one",), ("two",)]
    with connect().cursor() as cursor:
        assert [c.name for c in cursor.get_table_metadata("rows").columns] == ["id", "name"]
        assert "rows" in [table.name for table in cursor.list_table_metadata()]
        assert "trail" in [database.name for database in cursor.list_databases("AwsDataCatalog")]


def test_sqlalchemy_through_pyathena(url):
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(
        "awsathena+rest://:@athena.us-east-1.amazonaws.com:443/trail", connect_args={
            "s3_staging_dir": "s3://results/sa/", "endpoint_url": url, "poll_interval": 0.05,
        },
    )  # fmt: skip
    inspected = sqlalchemy.inspect(engine)
    assert "rows" in inspected.get_table_names()
    assert [column["name"] for column in inspected.get_columns("rows")] == ["id", "name"]
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT id FROM rows WHERE name = :n"), {"n": "two"})
        assert found.fetchall() == [(2,)]
