import gzip
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailbook.errors import DeploymentError, InvalidRequest, QueryFailed
from trailbook.local.engine.results import read_csv
from trailbook.local.folder import FolderAthena
from trailbook.settings import PhysicalTable

TABLE = PhysicalTable()


def record(number=1, **fields):
    return {
        "eventVersion": "1.11",
        "eventID": f"id-{number}",
        "eventTime": f"2026-11-0{number}T10:00:00Z",
        "eventName": "PutBucketPolicy",
        "awsRegion": "eu-west-1",
        "readOnly": False,
        "userIdentity": {"type": "AssumedRole", "accountId": "111122223333",
                         "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/ci"}}},
        "requestParameters": {"bucketName": "ledger", "n": 1},
        "resources": [{"ARN": "arn:aws:s3:::ledger", "accountId": "111122223333", "type": "AWS::S3::Bucket"}],
        **fields,
    }  # fmt: skip


def rows(athena, sql, tmp_path):
    athena.download(athena.execute(sql, token="t"), tmp_path / "out.csv")
    return read_csv((tmp_path / "out.csv").read_bytes())[1:]


def test_every_shape_of_file_is_read_and_a_bad_file_stops_nothing(tmp_path):
    logs = tmp_path / "logs" / "any" / "depth"
    logs.mkdir(parents=True)
    whole = gzip.compress(json.dumps({"Records": [record(1)]}).encode())
    (logs / "wrapped.json.gz").write_bytes(whole)
    (logs / "array.json").write_text(json.dumps([record(2)], indent=1))
    (logs / "lines.json").write_text("\n".join(json.dumps(record(3, eventID=f"l{i}")) for i in range(2)))
    (logs / "truncated.json.gz").write_bytes(whole[:-12])
    (logs / "empty.json.gz").write_bytes(b"")
    (logs / "stranger.json").write_text('{"foo": 1}')
    (logs / "text.json").write_text("hello")
    (logs / "half.json").write_text('{"Records":[{"eventID":"x"},{"ev')
    (logs / "notes.txt").write_text("not looked at")
    (logs / "digest.json").write_text('{"awsAccountId":"1","digestStartTime":"2026-11-01T00:00:00Z"}')
    with FolderAthena.from_folder([tmp_path / "logs"], table=TABLE) as athena:
        assert athena.events == 4
        assert athena.span() == (datetime(2026, 11, 1, 10, tzinfo=UTC), datetime(2026, 11, 3, 10, tzinfo=UTC))
        named = sorted(Path(p.split(": ")[0]).name for p in athena.problems)
        assert named == ["empty.json.gz", "half.json", "stranger.json", "text.json", "truncated.json.gz"]


def test_a_folder_of_nothing_but_bad_files_still_answers(tmp_path):
    (tmp_path / "bad.json").write_text("]")
    with FolderAthena.from_folder([tmp_path], table=TABLE) as athena:
        assert (athena.events, athena.span(), len(athena.problems)) == (0, None, 1)
        assert rows(athena, "SELECT count(*) FROM trailbook.cloudtrail_logs", tmp_path) == [["0"]]


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(DeploymentError, match="expected a folder"):
        FolderAthena.from_folder([tmp_path / "nowhere"], table=TABLE)


def test_a_bound_query_runs_over_records(tmp_path):
    sql = """
    WITH cloudtrail AS (
      SELECT eventname, eventid, eventtime, useridentity, requestparameters, resources, readonly, errorcode,
             recipientaccountid
      FROM "trailbook"."cloudtrail_logs"
      WHERE "timestamp" BETWEEN '2026/11/01' AND '2026/11/02' AND "account" IN ('111122223333')
        AND eventtime >= '2026-11-01T00:00:00' AND eventtime < '2026-11-03T00:00:00'),
    critical (bucket, owner) AS (SELECT * FROM (VALUES ('ledger', 'finance')) AS t (bucket, owner))
    SELECT useridentity.sessioncontext.sessionissuer.arn AS p, c.owner, r.arn, r.type, count(*) AS n,
           count_if(errorcode IS NOT NULL) AS denied, min(readonly) AS readonly,
           slice(array_agg(eventid ORDER BY eventtime DESC, eventid), 1, 25) AS event_ids
    FROM cloudtrail
    JOIN critical AS c ON c.bucket = json_extract_scalar(requestparameters, '$.bucketName')
    CROSS JOIN UNNEST(resources) AS r (arn, accountid, type)
    GROUP BY 1, 2, 3, 4 ORDER BY n DESC LIMIT 10001"""
    found = [record(1), record(2, errorCode="AccessDenied"), record(3), record(1, requestParameters=None)]
    with FolderAthena.from_records(found, table=TABLE) as athena:
        execution = athena.execute(sql, token="t")
        assert [(c.name, c.type) for c in execution.columns][4:] == [
            ("n", "bigint"), ("denied", "bigint"), ("readonly", "varchar"), ("event_ids", "array")]  # fmt: skip
        role, bucket = "arn:aws:iam::111122223333:role/ci", "arn:aws:s3:::ledger"
        assert rows(athena, sql, tmp_path) == [
            [role, "finance", bucket, "AWS::S3::Bucket", "2", "1", "false", "[id-2, id-1]"]]  # fmt: skip
        athena.replace_records([])
        assert rows(athena, sql, tmp_path) == []


def test_null_identity_and_missing_fields_are_null(tmp_path):
    with FolderAthena.from_records([{"eventID": "1", "userIdentity": None}, {"eventID": "2"}], table=TABLE) as athena:
        picked = "useridentity.type, readonly, cardinality(resources), eventid"
        sql = f"SELECT {picked} FROM trailbook.cloudtrail_logs ORDER BY 4"  # noqa: S608  # a constant
        assert rows(athena, sql, tmp_path) == [[None, None, None, "1"], [None, None, None, "2"]]


def test_json_columns_are_compact_text(tmp_path):
    with FolderAthena.from_records([record(requestParameters={"a": [1, {"b": "é"}]})], table=TABLE) as athena:
        assert rows(athena, "SELECT requestparameters FROM trailbook.cloudtrail_logs", tmp_path) == [
            ['{"a":[1,{"b":"é"}]}']]  # fmt: skip


def test_hostile_text_in_a_record_comes_back_as_it_was(tmp_path):
    text = "'; DROP TABLE records; -- \" , \n \t {{ x }} 🧨"
    with FolderAthena.from_records([record(userAgent=text)], table=TABLE) as athena:
        assert rows(athena, "SELECT useragent FROM trailbook.cloudtrail_logs", tmp_path) == [[text]]


@pytest.mark.parametrize("keep_plans", [False, True])
def test_a_failure_carries_athenas_reason(keep_plans):
    with FolderAthena.from_records([record()], table=TABLE, keep_plans=keep_plans) as athena:
        for _ in range(2):
            with pytest.raises(QueryFailed, match="COLUMN_NOT_FOUND: line 1:8: Column 'eventnam' cannot be resolved"):
                athena.execute("SELECT eventnam FROM trailbook.cloudtrail_logs", token="t")
            with pytest.raises(QueryFailed, match="DIVISION_BY_ZERO"):
                athena.execute("SELECT length(eventname) / 0 FROM trailbook.cloudtrail_logs", token="t")
            with pytest.raises(QueryFailed, match="DIVISION_BY_ZERO"):
                athena.execute("SELECT 1 / 0 FROM trailbook.cloudtrail_logs", token="t")
            with pytest.raises(QueryFailed, match="EXPRESSION_NOT_AGGREGATE"):
                athena.execute("SELECT eventname, count(*) FROM trailbook.cloudtrail_logs", token="t")
            with pytest.raises(QueryFailed, match="INVALID_CAST_ARGUMENT"):
                athena.execute("SELECT CAST(eventname AS bigint) FROM trailbook.cloudtrail_logs", token="t")


def test_a_capture_through_logstash_keeps_its_event_times(tmp_path):
    captured = {**record(1), "@timestamp": "2020-09-14T00:44:23.000Z", "@version": "1"}
    del captured["eventTime"]
    (tmp_path / "capture.json").write_text(json.dumps(captured))
    with FolderAthena.from_folder([tmp_path], table=TABLE) as athena:
        assert rows(athena, 'SELECT eventtime, "timestamp" FROM trailbook.cloudtrail_logs', tmp_path) == [
            ["2020-09-14T00:44:23Z", "2020/09/14"]]  # fmt: skip


@pytest.mark.parametrize("keep_plans", [False, True])
def test_a_query_is_analysed_once_and_reads_what_is_held_each_time(tmp_path, keep_plans):
    with FolderAthena.from_records([], table=TABLE, keep_plans=keep_plans) as athena:
        for turn in range(2):
            for number in range(40):  # more than are kept
                athena.replace_records([record(eventID=f"{turn}/{number}"), record(eventID="z")])
                sql = f"SELECT min(eventid), {number} FROM trailbook.cloudtrail_logs"  # noqa: S608  # a number
                assert rows(athena, sql, tmp_path) == [[f"{turn}/{number}", str(number)]]


@pytest.mark.parametrize("keep_plans", [False, True])
@pytest.mark.parametrize("clock", ["now()", "current_timestamp"])
def test_a_query_that_asks_for_the_time_gets_that_of_each_run(tmp_path, clock, keep_plans):
    sql = f"SELECT to_unixtime({clock}) FROM trailbook.cloudtrail_logs"  # noqa: S608  # a constant
    found = []
    with FolderAthena.from_records([], table=TABLE, keep_plans=keep_plans) as athena:
        for _ in range(3):
            athena.replace_records([record()])
            found.append(float(rows(athena, sql, tmp_path)[0][0]))
            time.sleep(0.01)

    assert found == sorted(set(found))
    assert len(found) == 3


def test_a_kept_plan_takes_many_tables_and_joins_and_holds_for_any_records(tmp_path):
    table = "trailbook.cloudtrail_logs"
    sql = f"""
    WITH seen AS (SELECT eventid, eventname FROM {table}),
      named AS (SELECT eventname, count(*) AS n FROM {table} GROUP BY 1)
    SELECT s.eventid, n.n, (SELECT max(eventid) FROM {table}) AS last
    FROM seen AS s JOIN named AS n ON n.eventname = s.eventname WHERE s.eventid IN (SELECT eventid FROM {table})
    ORDER BY 1"""  # noqa: S608  # a constant
    with FolderAthena.from_records([], table=TABLE, keep_plans=True) as athena:
        for count in (0, 3, 1, 5):
            athena.replace_records([record(n) for n in range(count)])
            last = f"id-{count - 1}"
            assert rows(athena, sql, tmp_path) == [[f"id-{n}", str(count), last] for n in range(count)]


def test_the_plans_of_queries_that_are_not_kept_are_let_go():
    with FolderAthena.from_records([record()], table=TABLE, keep_plans=True) as athena:
        for number in range(100):
            athena.execute(f"SELECT {number} FROM trailbook.cloudtrail_logs", token="t")  # noqa: S608  # a number
        prepared = athena._connection.execute("SELECT name FROM duckdb_prepared_statements()").fetchall()

    assert 1 < len(prepared) < 40


def test_records_that_cannot_be_taken_leave_none(tmp_path):
    sql = "SELECT count(*) FROM trailbook.cloudtrail_logs"
    with FolderAthena.from_records([record()], table=TABLE) as athena:
        with pytest.raises(InvalidRequest, match=r"cannot be read in: .*surrogate"):
            athena.replace_records([record(eventName="\ud800")])
        athena.replace_records([record(1), record(2)])
        assert rows(athena, sql, tmp_path) == [["2"]]


def test_of_sets_of_records_the_one_that_is_shown_is_read(tmp_path):
    sql = "SELECT eventid FROM trailbook.cloudtrail_logs ORDER BY 1"
    sets = [[record(1), record(2)], [], [record(3)]]
    with FolderAthena.from_records([], table=TABLE, keep_plans=True) as athena:
        athena.hold_records(sets)
        assert rows(athena, sql, tmp_path) == [["id-1"], ["id-2"]]
        executions = []
        for number, held in ((2, 1), (1, 0), (0, 2), (2, 1)):
            athena.show_records(number)
            executions.append(athena.execute(sql, token=str(number)))
            assert len(athena.rows(executions[-1])) == athena.events == held
        assert [[row["eventid"] for row in one] for one in athena.rows_of_each(executions)] == [
            ["id-3"], [], ["id-1", "id-2"], ["id-3"]]  # fmt: skip
        for number in (-1, 3):
            with pytest.raises(InvalidRequest, match=f"found {number}"):
                athena.show_records(number)


def test_a_folders_records_are_not_replaced(tmp_path):
    with FolderAthena.from_folder([tmp_path], table=TABLE) as athena, pytest.raises(InvalidRequest, match="folder"):
        athena.replace_records([record()])
