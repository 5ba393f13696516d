"""What statements made is there after kill -9, and a write that fails or is raced leaves all or nothing."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from moto.glue.models import GlueBackend


@pytest.fixture
def start(connected_to):
    code = (
        "import sys, threading; from pathlib import Path; from trailbook.local.server import serve\n"
        "server = serve(Path(sys.argv[1])); print(server.endpoint_url, flush=True); threading.Event().wait()"
    )
    running = []

    def begin(state):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(state)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        running.append(process)
        return process, connected_to(process.stdout.readline().strip())

    yield begin
    for process in running:
        process.kill()
        process.wait()


def test_every_acknowledged_statement_is_there_after_kill_9(start, tmp_path):
    process, before = start(tmp_path / "state")
    for bucket in ("data", "results"):
        before.s3.create_bucket(Bucket=bucket)
    for sql in (
        "CREATE DATABASE d",
        "CREATE TABLE made WITH (external_location = 's3://data/made/') AS SELECT 1 AS x",
        "INSERT INTO made VALUES 2",
        "CREATE EXTERNAL TABLE parted (v string) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://data/p/'",
        "INSERT INTO parted VALUES ('a', 'one')",
        "ALTER TABLE parted ADD PARTITION (p = 'two')",
        "CREATE VIEW seen AS SELECT x + 1 AS y FROM made",
        "PREPARE asked FROM SELECT y FROM seen WHERE y > ?",
        "UNLOAD (SELECT 5 AS z) TO 's3://data/z/' WITH (format = 'JSON', compression = 'NONE')",
    ):
        before.run(sql)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, after = start(tmp_path / "state")
    assert after.rows("SELECT x FROM made ORDER BY 1") == [["1"], ["2"]]
    assert after.lines("SHOW PARTITIONS parted") == ["p=one", "p=two"]
    assert after.rows("SELECT v, p FROM parted") == [["a", "one"]]
    assert after.rows("EXECUTE asked USING 2") == [["3"]]
    (key,) = after.keys("z/")
    assert after.body(f"s3://data/{key}") == b'{"z":5}\n'


def test_of_many_ctas_of_one_name_exactly_one_succeeds(endpoint):
    ended = []

    def make(number):
        sql = "CREATE TABLE raced AS SELECT ? AS x FROM UNNEST(sequence(1, 1000))"
        ended.append(endpoint.execute(sql, ExecutionParameters=[str(number)]))

    threads = [threading.Thread(target=make, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = sorted(found["Status"]["State"] for found in ended)
    assert states == ["FAILED"] * 5 + ["SUCCEEDED"]
    (won,) = [found for found in ended if found["Status"]["State"] == "SUCCEEDED"]
    assert [f"s3://results/{key}" for key in endpoint.keys("q/tables/", "results") if key.count("/") == 3] == (
        endpoint.manifest(won)
    )
    assert endpoint.rows("SELECT count(*) FROM raced") == [["1000"]]


def test_a_ctas_whose_last_step_fails_is_undone(endpoint, monkeypatch):
    create = GlueBackend.create_table

    def full(self, database, name, described):
        create(self, database, name, described)
        raise OSError("no space left on device")

    monkeypatch.setattr(GlueBackend, "create_table", full)
    said = endpoint.fails(
        "CREATE TABLE undone WITH (external_location = 's3://data/undone/') AS SELECT 1 AS x"
    )  # fmt: skip
    monkeypatch.undo()
    assert said == "GENERIC_INTERNAL_ERROR: OSError: no space left on device"
    assert endpoint.keys("undone/") == []
    assert "undone" not in endpoint.lines("SHOW TABLES")


def test_a_stopped_ctas_leaves_nothing(endpoint):
    numbers = "UNNEST(sequence(1, 100000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 1000000)) AS b (y)"
    sql = f"CREATE TABLE stopped WITH (external_location = 's3://data/stopped/') AS SELECT x, y FROM {numbers}"  # noqa: S608  # constants
    name = endpoint.athena.start_query_execution(
        QueryString=sql,
        ResultConfiguration={"OutputLocation": "s3://results/q/"},
        QueryExecutionContext={"Database": "d"},
    )["QueryExecutionId"]
    state = "QUEUED"
    while state in ("QUEUED", "RUNNING"):
        endpoint.athena.stop_query_execution(QueryExecutionId=name)
        state = endpoint.athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]["State"]
    assert state == "CANCELLED"
    assert endpoint.keys("stopped/") == []
    assert "stopped" not in endpoint.lines("SHOW TABLES")


def test_a_work_group_that_enforces_its_place_refuses_another(endpoint):
    endpoint.athena.create_work_group(
        Name="strict",
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {"OutputLocation": "s3://results/strict/"},
        },
    )
    sql = "CREATE TABLE placed WITH (external_location = 's3://data/placed/') AS SELECT 1 AS x"
    assert "enforces a centralized output location" in endpoint.fails(sql, WorkGroup="strict")
    found = endpoint.run("CREATE TABLE placed AS SELECT 1 AS x", WorkGroup="strict")
    assert found["ResultConfiguration"]["OutputLocation"].startswith("s3://results/strict/tables/")


def test_a_failed_ddl_says_so_in_its_result_object(endpoint):
    found = endpoint.execute("DROP TABLE not_there")
    said = endpoint.body(found["ResultConfiguration"]["OutputLocation"]).decode()
    assert (
        said
        == found["Status"]["StateChangeReason"]
        == "FAILED: SemanticException [Error 10001]: Table not found not_there"
    )
