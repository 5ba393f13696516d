import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from trailbook.errors import DeploymentError
from trailbook.local.server import serve
from trailbook.settings import PhysicalTable
from trailbook.sql import ddl

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
PREFIX = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11"


def client(url, name, **config):
    return boto3.client(
        name, endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1",
        config=Config(**config),
    )  # fmt: skip


@pytest.fixture(scope="module")
def aws():
    with serve(None) as server:
        s3 = client(server.endpoint_url, "s3")
        s3.create_bucket(Bucket="logs")
        s3.create_bucket(Bucket="results")
        for day in (1, 2, 3):
            put_log(s3, f"{PREFIX}/{day:02d}/a.json.gz", day)
        athena = client(server.endpoint_url, "athena")
        table = PhysicalTable()
        accounts, regions = ["111122223333"], ["us-east-1"]
        query(athena, ddl.create_database(table))
        made = ddl.create_table(
            table, trail="s3://logs/AWSLogs", accounts=accounts, regions=regions, first_day=date(2026, 11, 1)
        )
        assert query(athena, made)["Status"]["State"] == "SUCCEEDED"
        yield server


def put_log(s3, key, count):
    record = {"eventID": "1", "eventName": "GetObject", "eventTime": "2026-11-01T00:00:00Z", "userIdentity": None}
    s3.put_object(Bucket="logs", Key=key, Body=gzip.compress(json.dumps({"Records": [record] * count}).encode()))


def query(athena, sql, **more):
    asked = {
        "QueryString": sql,
        "ResultConfiguration": {"OutputLocation": "s3://results/q/"},
        "QueryExecutionContext": {"Database": "trailbook"},
    }
    name = athena.start_query_execution(**{**asked, **more})["QueryExecutionId"]
    return ended(athena, name)


def ended(athena, name):
    for _ in range(1000):
        found = athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]
        if found["Status"]["State"] in ENDED:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{name} did not end: {found}")


def texts(athena, found):
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=found["QueryExecutionId"])
    return [[c.get("VarCharValue") for c in r["Data"]] for page in pages for r in page["ResultSet"]["Rows"]]


@pytest.mark.parametrize(
    ("where", "days", "count"),
    [
        ("true", (1, 2, 3), 6),
        ("\"timestamp\" = '2026/11/02'", (2,), 2),
        ("\"timestamp\" BETWEEN '2026/11/02' AND '2026/11/03' AND account IN ('111122223333')", (2, 3), 5),
        ("\"timestamp\" = '2026/11/01' OR (\"timestamp\" = '2026/11/03' AND eventname = 'x')", (1, 3), 1),
        ("\"timestamp\" = '2026/11/01' OR eventname = 'GetObject'", (1, 2, 3), 6),
        ("NOT \"timestamp\" LIKE '%/02'", (1, 3), 4),
        ("account = '444455556666'", (), 0),
    ],
)
def test_data_scanned_is_the_size_of_the_surviving_partitions(aws, where, days, count):
    s3, athena = client(aws.endpoint_url, "s3"), client(aws.endpoint_url, "athena")
    found = query(athena, f"SELECT count(*) AS n FROM cloudtrail_logs WHERE {where}")  # noqa: S608  # constants
    sizes = [s3.head_object(Bucket="logs", Key=f"{PREFIX}/{d:02d}/a.json.gz")["ContentLength"] for d in days]
    assert found["Status"]["State"] == "SUCCEEDED", found
    assert texts(athena, found) == [["n"], [str(count)]]
    assert found["Statistics"]["DataScannedInBytes"] == sum(sizes)


def test_a_result_is_paged_has_a_header_and_tells_null_from_empty(aws):
    athena = client(aws.endpoint_url, "athena")
    found = query(
        athena, "SELECT x, CAST(NULL AS varchar) AS a, '' AS b FROM UNNEST(sequence(1, 2500)) AS t (x) ORDER BY x"
    )
    rows = texts(athena, found)
    assert (len(rows), rows[0], rows[2500]) == (2501, ["x", "a", "b"], ["2500", None, ""])
    described = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"], MaxResults=1)
    kinds = [c["Type"] for c in described["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert kinds == ["bigint", "varchar", "varchar"]
    bucket, _, key = found["ResultConfiguration"]["OutputLocation"][5:].partition("/")
    body = client(aws.endpoint_url, "s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert body.startswith(b'"x","a","b"\n"1",,""\n')
    assert found["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


def test_the_same_token_attaches_and_another_request_with_it_is_refused(aws):
    athena = client(aws.endpoint_url, "athena")
    first = query(athena, "SELECT 1", ClientRequestToken="k" * 32)
    assert query(athena, "SELECT 1", ClientRequestToken="k" * 32)["QueryExecutionId"] == first["QueryExecutionId"]
    with pytest.raises(ClientError, match="InvalidRequestException"):
        query(athena, "SELECT 2", ClientRequestToken="k" * 32)


def test_reuse_answers_from_the_earlier_result_and_scans_nothing(aws):
    athena = client(aws.endpoint_url, "athena")
    sql = "SELECT count(*) AS reused FROM cloudtrail_logs"
    reuse = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}}
    first, second = query(athena, sql), query(athena, sql, **reuse)
    assert texts(athena, first) == texts(athena, second)
    assert second["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] is True
    assert second["Statistics"]["DataScannedInBytes"] == 0


def test_a_running_query_really_stops(aws):
    athena = client(aws.endpoint_url, "athena")
    numbers = "UNNEST(sequence(1, 10000)) a (x), UNNEST(sequence(1, 10000)) b (y), UNNEST(sequence(1, 1000)) c (z)"
    sql = f"SELECT count(*) FROM {numbers} WHERE x * y % 7 = 3"  # noqa: S608  # a constant
    name = athena.start_query_execution(QueryString=sql, ResultConfiguration={"OutputLocation": "s3://results/"})[
        "QueryExecutionId"
    ]
    while athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]["State"] == "QUEUED":
        time.sleep(0.02)
    time.sleep(0.3)
    athena.stop_query_execution(QueryExecutionId=name)
    assert ended(athena, name)["Status"]["State"] == "CANCELLED"


def test_a_stop_is_heard_however_early_it_comes(aws):
    """DuckDB forgets an interrupt that comes just before a statement begins."""
    athena = client(aws.endpoint_url, "athena")
    numbers = "UNNEST(sequence(1, 10000)) a (x), UNNEST(sequence(1, 10000)) b (y), UNNEST(sequence(1, 1000)) c (z)"
    sql = f"SELECT count(*) FROM {numbers} WHERE x * y % 7 = 3"  # noqa: S608  # a constant
    for early in range(25):
        place = {"OutputLocation": "s3://results/"}
        name = athena.start_query_execution(QueryString=sql, ResultConfiguration=place)["QueryExecutionId"]
        time.sleep(early * 0.002)
        athena.stop_query_execution(QueryExecutionId=name)
        assert ended(athena, name)["Status"]["State"] == "CANCELLED"


def test_a_corrupt_object_fails_the_query_and_is_named(aws):
    s3, athena = client(aws.endpoint_url, "s3"), client(aws.endpoint_url, "athena")
    key = f"{PREFIX}/04/corrupt.json.gz"
    s3.put_object(Bucket="logs", Key=key, Body=gzip.compress(b'{"Records":[{"eventID":"1"}]}')[:-12])
    found = query(athena, "SELECT eventid FROM cloudtrail_logs WHERE \"timestamp\" = '2026/11/04'")
    s3.delete_object(Bucket="logs", Key=key)
    assert found["Status"]["State"] == "FAILED"
    assert found["Status"]["StateChangeReason"].startswith("HIVE_CURSOR_ERROR")
    assert f"s3://logs/{key}" in found["Status"]["StateChangeReason"]


def test_requests_that_aws_refuses_are_refused_with_its_error(aws):
    athena = client(aws.endpoint_url, "athena")
    for wrong in (
        lambda: athena.get_query_execution(QueryExecutionId="none"),
        lambda: athena.get_query_results(QueryExecutionId="none"),
        lambda: athena.stop_query_execution(QueryExecutionId="none"),
        lambda: athena.get_work_group(WorkGroup="none"),
        lambda: athena.start_query_execution(QueryString="SELECT 1"),
        lambda: query(athena, "SELECT 1", ResultConfiguration={"OutputLocation": "s3://no-such-bucket/"}),
    ):
        with pytest.raises(ClientError) as refusal:
            wrong()
        assert refusal.value.response["Error"]["Code"] == "InvalidRequestException"
    assert query(athena, "SELECT 1 FROM nowhere.t")["Status"]["StateChangeReason"].startswith("SCHEMA_NOT_FOUND")


def test_an_enforcing_work_group_names_the_place_and_the_limit(aws):
    s3, athena = client(aws.endpoint_url, "s3"), client(aws.endpoint_url, "athena")
    athena.create_work_group(
        Name="small",
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://results/small/"},
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    found = query(athena, "SELECT 1", WorkGroup="small")
    assert found["ResultConfiguration"]["OutputLocation"].startswith("s3://results/small/")
    s3.put_object(Bucket="logs", Key=f"{PREFIX}/09/large.json.gz", Body=b"\0" * 10_000_001)
    over = query(athena, "SELECT count(*) FROM cloudtrail_logs", WorkGroup="small")
    s3.delete_object(Bucket="logs", Key=f"{PREFIX}/09/large.json.gz")
    assert over["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit" in over["Status"]["StateChangeReason"]


def test_the_amazon_providers_hook_runs_a_query(aws, monkeypatch):
    hook_module = pytest.importorskip("airflow.providers.amazon.aws.hooks.athena")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
    hook = hook_module.AthenaHook(aws_conn_id=None, region_name="us-east-1")
    name = hook.run_query(
        "SELECT count(*) AS n FROM cloudtrail_logs", {"Database": "trailbook"}, {"OutputLocation": "s3://results/"}
    )
    assert hook.poll_query_status(name, max_polling_attempts=100, sleep_time=0.1) == "SUCCEEDED"
    assert hook.get_query_results(name)["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"] == "6"


def test_of_many_conditional_puts_exactly_one_wins(aws):
    won, lost = [], []

    def put(number):
        try:
            client(aws.endpoint_url, "s3").put_object(Bucket="results", Key="head", Body=b"x" * 1000, IfNoneMatch="*")
            won.append(number)
        except ClientError as error:
            lost.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    threads = [threading.Thread(target=put, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), set(lost)) == (1, {412})


def raw(aws, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=10)
    connection.request(method, path, b"" if method == "GET" else b"x", headers)
    answer = connection.getresponse()
    connection.close()
    return answer


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "OPTIONS"])
def test_no_web_page_reaches_the_endpoint_through_a_browser(aws, method):
    answer = raw(aws, method, "/results/page", Origin="https://evil.example")
    assert (answer.status, answer.getheader("Access-Control-Allow-Origin")) == (403, None)


def test_motos_own_door_is_shut(aws):
    for path in ("/moto-api/reset", "/moto-api//reset", "//moto-api/reset", "/%6doto-api/reset", "/moto-api/"):
        assert raw(aws, "POST", path).status in (404, 405), path
        signed = "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/glue/aws4_request, SignedHeaders=host, Signature=0"
        assert raw(aws, "POST", path, Authorization=signed).status in (404, 405), path
    assert client(aws.endpoint_url, "s3").head_bucket(Bucket="results")


def test_lists_are_answered_while_objects_come_and_go(aws):
    s3, end, wrong = client(aws.endpoint_url, "s3"), time.monotonic() + 1.5, []
    s3.create_bucket(Bucket="busy")

    def change(number):
        own = client(aws.endpoint_url, "s3")
        while time.monotonic() < end:
            own.put_object(Bucket="busy", Key=f"k{number}", Body=b"x")
            own.delete_object(Bucket="busy", Key=f"k{number}")

    def listing():
        own = client(aws.endpoint_url, "s3", retries={"total_max_attempts": 1})
        while time.monotonic() < end:
            try:
                own.list_objects_v2(Bucket="busy")
                own.list_object_versions(Bucket="busy")
            except ClientError as error:
                wrong.append(error)

    threads = [*(threading.Thread(target=change, args=(n,)) for n in range(3)), threading.Thread(target=listing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_second_server_in_one_process_is_refused(aws):
    with pytest.raises(DeploymentError, match="already"):
        serve(None)


def start(state):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    code = (
        "import sys, threading; from pathlib import Path; from trailbook.local.server import serve\n"
        "server = serve(Path(sys.argv[1])); print(server.endpoint_url, flush=True); threading.Event().wait()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(state)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment,
    )  # fmt: skip
    return process, process.stdout.readline().strip()


def test_every_acknowledged_write_is_there_after_kill_9(tmp_path):
    process, url = start(tmp_path / "state")
    try:
        s3, glue, athena = client(url, "s3"), client(url, "glue"), client(url, "athena")
        s3.create_bucket(Bucket="ledger", ObjectLockEnabledForBucket=True)
        first = s3.put_object(Bucket="ledger", Key="a b/ü", Body=b"1")["VersionId"]
        until = datetime.now(UTC) + timedelta(days=2)
        kept = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
        s3.put_object_retention(Bucket="ledger", Key="a b/ü", VersionId=first, Retention=kept)
        s3.put_object(Bucket="ledger", Key="a b/ü", Body=b"2")
        s3.delete_object(Bucket="ledger", Key="a b/ü")
        glue.create_database(DatabaseInput={"Name": "d"})
        athena.create_work_group(
            Name="audit", Configuration={"ResultConfiguration": {"OutputLocation": "s3://ledger/results/"}}
        )
        done = query(athena, "SELECT 1 AS one", WorkGroup="audit", ClientRequestToken="t" * 32)
        s3.put_object(Bucket="ledger", Key="last", Body=b"last")
        process.send_signal(signal.SIGKILL)
        process.wait()
        process, url = start(tmp_path / "state")
        s3, glue, athena = client(url, "s3"), client(url, "glue"), client(url, "athena")
        listed = s3.list_object_versions(Bucket="ledger", Prefix="a b/")
        assert (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (2, 1)
        assert s3.get_object(Bucket="ledger", Key="a b/ü", VersionId=first)["Body"].read() == b"1"
        assert s3.get_object(Bucket="ledger", Key="last")["Body"].read() == b"last"
        held = s3.get_object_retention(Bucket="ledger", Key="a b/ü", VersionId=first)["Retention"]
        assert held["Mode"] == "COMPLIANCE"
        earlier = {"Mode": "COMPLIANCE", "RetainUntilDate": until - timedelta(days=1)}
        for forbidden in (
            lambda: s3.delete_object(Bucket="ledger", Key="a b/ü", VersionId=first),
            lambda: s3.put_object_retention(Bucket="ledger", Key="a b/ü", VersionId=first, Retention=earlier),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                forbidden()
        assert [d["Name"] for d in glue.get_databases()["DatabaseList"]] == ["d"]
        again = query(athena, "SELECT 1 AS one", WorkGroup="audit", ClientRequestToken="t" * 32)
        assert again["QueryExecutionId"] == done["QueryExecutionId"]
        assert texts(athena, again) == [["one"], ["1"]]
    finally:
        process.kill()
        process.wait()
