"""AthenaApi on botocore's own model of the API: what it asks, when it asks again, and how failures are told."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from trailbook.athena.api import AthenaApi
from trailbook.athena.execution import Athena, Column, Execution, QueryState
from trailbook.errors import DeploymentError, QueryCancelled, QueryFailed, ServiceUnavailable

ID = "11111111-2222-3333-4444-555555555555"
TOKEN = "t" * 32
SQL = "SELECT 1 AS a"


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stubs() -> Iterator[tuple[Stubber, Stubber]]:
    keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    with Stubber(boto3.client("athena", **keys)) as athena, Stubber(boto3.client("s3", **keys)) as s3:
        yield athena, s3
        athena.assert_no_pending_responses()
        s3.assert_no_pending_responses()


@pytest.fixture
def api(stubs: tuple[Stubber, Stubber], clock: Clock) -> AthenaApi:
    athena, s3 = stubs
    return AthenaApi(
        athena.client,
        s3.client,
        workgroup="audit",
        database="trailbook",
        output="s3://results/q/",
        poll_seconds=2.0,
        timeout_seconds=10.0,
        sleep=clock.sleep,
        clock=clock,
    )


@pytest.fixture
def athena(stubs: tuple[Stubber, Stubber]) -> Stubber:
    return stubs[0]


def answers(athena: Stubber, *states: str, **more: Any) -> None:
    """Let the next questions for the query be answered with these states; `more` goes into each."""
    for state in states:
        status = {"State": state} | more.get("Status", {})
        query = {
            "QueryExecutionId": ID,
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": 1234,
                "EngineExecutionTimeInMillis": 56,
                "ResultReuseInformation": {"ReusedPreviousResult": more.get("reused", False)},
            },
            "EngineVersion": {"EffectiveEngineVersion": "Athena engine version 3"},
            "ResultConfiguration": {"OutputLocation": f"s3://results/q/{ID}.csv"},
        }
        athena.add_response("get_query_execution", {"QueryExecution": query}, {"QueryExecutionId": ID})


def columns(athena: Stubber) -> None:
    infos = [
        {"Name": "a", "Type": "varchar", "Precision": 2147483647, "Scale": 0},
        {"Name": "b", "Type": "decimal", "Precision": 10, "Scale": 2},
        {"Name": "c", "Type": "timestamp with time zone", "Precision": 3, "Scale": 0},
    ]
    answer = {"ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": infos}}}
    athena.add_response("get_query_results", answer, {"QueryExecutionId": ID, "MaxResults": 1})


def started(athena: Stubber, **more: Any) -> None:
    request = {
        "QueryString": SQL,
        "ClientRequestToken": TOKEN,
        "WorkGroup": "audit",
        "QueryExecutionContext": {"Database": "trailbook"},
        "ResultConfiguration": {"OutputLocation": "s3://results/q/"},
    }
    athena.add_response("start_query_execution", {"QueryExecutionId": ID}, request | more)


def test_it_is_the_port_that_the_steps_use(api: AthenaApi) -> None:
    port: Athena = api
    assert port is api


def test_a_query_runs_to_its_end_and_is_described(api: AthenaApi, athena: Stubber, clock: Clock) -> None:
    started(athena)
    answers(athena, "QUEUED", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "SUCCEEDED")
    columns(athena)
    assert api.execute(SQL, token=TOKEN) == Execution(
        query_execution_id=ID,
        columns=(Column("a", "varchar"), Column("b", "decimal(10,2)"), Column("c", "timestamp with time zone")),
        output=f"s3://results/q/{ID}.csv",
        data_scanned_in_bytes=1234,
        engine_ms=56,
        engine_version="Athena engine version 3",
    )
    assert clock.sleeps == [0.25, 0.5, 1.0, 2.0, 2.0]


def test_a_result_may_be_reused_where_that_is_asked_for(api: AthenaApi, athena: Stubber) -> None:
    by_age = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    started(athena, ResultReuseConfiguration=by_age)
    answers(athena, "SUCCEEDED", reused=True)
    columns(athena)
    assert api.execute(SQL, token=TOKEN, reuse_minutes=60).reused


def test_a_database_is_made_without_naming_it_as_the_context(api: AthenaApi, athena: Stubber) -> None:
    request = {
        "QueryString": "CREATE DATABASE IF NOT EXISTS `trailbook`",
        "ClientRequestToken": TOKEN,
        "WorkGroup": "audit",
        "ResultConfiguration": {"OutputLocation": "s3://results/q/"},
    }
    athena.add_response("start_query_execution", {"QueryExecutionId": ID}, request)
    answers(athena, "SUCCEEDED")
    athena.add_response("get_query_results", {"ResultSet": {"Rows": []}})
    assert api.execute("CREATE DATABASE IF NOT EXISTS `trailbook`", token=TOKEN).columns == ()


@pytest.mark.parametrize(
    ("reason", "error", "expected"),
    [
        ("line 1:8: COLUMN_NOT_FOUND: Column 'x' cannot be resolved", {}, QueryFailed),
        ("HIVE_CURSOR_ERROR: Failed to read s3://b/k: Unexpected end of input stream", {}, QueryFailed),
        ("Query exhausted resources", {"ErrorCategory": 2, "Retryable": False}, QueryFailed),
        ("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.t' does not exist", {}, DeploymentError),
        ("SCHEMA_NOT_FOUND: line 1:15: Schema 'db' does not exist", {}, DeploymentError),
        ("Access Denied (Service: Amazon S3; Status Code: 403)", {}, DeploymentError),
        ("com.amazonaws…: The specified bucket does not exist (NoSuchBucket)", {}, DeploymentError),
        ("Insufficient Lake Formation permission(s) on t", {}, DeploymentError),
        ("GENERIC_INTERNAL_ERROR: x", {"ErrorCategory": 1, "Retryable": True}, ServiceUnavailable),
        ("GENERIC_INTERNAL_ERROR: x", {"ErrorCategory": 1, "Retryable": False}, QueryFailed),
    ],
)
def test_a_failed_query_says_athena_s_reason_to_whom_it_concerns(
    api: AthenaApi, athena: Stubber, reason: str, error: dict[str, Any], expected: type[Exception]
) -> None:
    answers(athena, "FAILED", Status={"StateChangeReason": reason, "AthenaError": error})
    with pytest.raises(expected) as caught:
        api.wait(ID)
    assert str(caught.value) == f"query {ID} failed: {reason}"
    assert type(caught.value) is expected


def test_a_cancelled_query_is_told_as_cancelled(api: AthenaApi, athena: Stubber) -> None:
    answers(athena, "CANCELLED", Status={"StateChangeReason": "Query cancelled by user"})
    with pytest.raises(QueryCancelled, match=f"query {ID} was cancelled: Query cancelled by user"):
        api.wait(ID)


def test_a_query_over_its_time_is_stopped(api: AthenaApi, athena: Stubber, clock: Clock) -> None:
    answers(athena, *["RUNNING"] * 9)
    athena.add_response("stop_query_execution", {}, {"QueryExecutionId": ID})
    with pytest.raises(QueryCancelled, match=r"no result after 10 s and was stopped.*QUERY_TIMEOUT_SECONDS"):
        api.wait(ID)
    assert clock.now >= 10


def test_who_stops_waiting_stops_the_query(api: AthenaApi, athena: Stubber, clock: Clock) -> None:
    answers(athena, "RUNNING")
    athena.add_response("stop_query_execution", {}, {"QueryExecutionId": ID})

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    waiting = AthenaApi(api.client, api.s3, "audit", "trailbook", "", sleep=interrupted, clock=clock)
    with pytest.raises(KeyboardInterrupt):
        waiting.wait(ID)


def test_describing_a_running_query_can_be_tried_again(api: AthenaApi, athena: Stubber) -> None:
    answers(athena, "RUNNING", "RUNNING")
    assert api.state(ID) is QueryState.RUNNING
    with pytest.raises(ServiceUnavailable, match="is still RUNNING"):
        api.describe(ID)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ThrottlingException", "Rate exceeded", ServiceUnavailable),
        ("TooManyRequestsException", "too many", ServiceUnavailable),
        ("InternalServerException", "oops", ServiceUnavailable),
        ("AccessDeniedException", "not authorized to perform: athena:StartQueryExecution", DeploymentError),
        ("InvalidRequestException", "WorkGroup audit is not found.", DeploymentError),
        ("InvalidRequestException", "Unable to verify/create output bucket results", DeploymentError),
        ("InvalidRequestException", "line 1:1: mismatched input 'SELEC'", QueryFailed),
        ("MetadataException", "Database x not found", DeploymentError),
        ("UnrecognizedClientException", "The security token is invalid", DeploymentError),
    ],
)
def test_a_refused_start_says_who_must_act(
    api: AthenaApi, athena: Stubber, code: str, message: str, expected: type[Exception]
) -> None:
    http = 500 if code.startswith("Internal") else 400
    athena.add_client_error("start_query_execution", code, message, http)
    with pytest.raises(expected) as caught:
        api.start(SQL, TOKEN)
    assert str(caught.value) == f"starting a query in workgroup audit: {code}: {message}"
    assert type(caught.value) is expected


def test_no_credentials_are_the_platform_s_to_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    session = boto3.session.Session(region_name="us-east-1")
    api = AthenaApi(session.client("athena"), session.client("s3"), "audit", "trailbook", "")
    with pytest.raises(DeploymentError, match="Unable to locate credentials"):
        api.start(SQL, TOKEN)


@pytest.fixture
def execution() -> Execution:
    return Execution(ID, (), "s3://results/q/a b.csv", 0, 0, "")


def test_a_result_is_written_byte_for_byte(
    api: AthenaApi, stubs: tuple[Stubber, Stubber], execution: Execution, tmp_path: Path
) -> None:
    body = b'"a"\r\n"\xff\0"\n' * 100_000
    stubs[1].add_response(
        "get_object", {"Body": StreamingBody(io.BytesIO(body), len(body))}, {"Bucket": "results", "Key": "q/a b.csv"}
    )
    api.download(execution, tmp_path / "result.csv")
    assert (tmp_path / "result.csv").read_bytes() == body
    assert [file.name for file in tmp_path.iterdir()] == ["result.csv"]


def test_a_result_that_is_gone_leaves_no_file(
    api: AthenaApi, stubs: tuple[Stubber, Stubber], execution: Execution, tmp_path: Path
) -> None:
    stubs[1].add_client_error("get_object", "NoSuchKey", "The specified key does not exist.", 404)
    with pytest.raises(DeploymentError, match=r"reading the result s3://results/q/a b\.csv: NoSuchKey"):
        api.download(execution, tmp_path / "result.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_breaks_off_leaves_no_file_and_can_be_tried_again(
    api: AthenaApi, stubs: tuple[Stubber, Stubber], execution: Execution, tmp_path: Path
) -> None:
    stubs[1].add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"half"), 8)})
    with pytest.raises(ServiceUnavailable, match="reading the result"):
        api.download(execution, tmp_path / "result.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_the_platform_s_to_mend(
    api: AthenaApi, execution: Execution, tmp_path: Path
) -> None:
    with pytest.raises(DeploymentError, match="cannot be written: No such file or directory"):
        api.download(execution, tmp_path / "none" / "result.csv")
