"""AthenaApi, the DDL and the bound SQL against the embedded AWS: from log files in S3 to a result file."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from trailbook.athena.api import AthenaApi
from trailbook.canonical import sha256
from trailbook.errors import DeploymentError, QueryFailed
from trailbook.local.server import serve
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import LookupRows, bind, bind_coverage
from trailbook.sql.ddl import create_database, create_table
from trailbook.window import Window

TABLE = PhysicalTable()
DAY = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
ACCOUNTS = ["111122223333", "444455556666"]
SEEN = ["it's", "x\ny", "'; DROP TABLE t; --", "{{ ds }}", "\\", "\U0001f600", "üé", "%_", '"']
UNSEEN = ["a\0b", "x\r\ny", "\u200d", "\u202egnp.exe", "\x1b[2J\\"]  # written as U&'…'


def event(account: str, time: str, user: str, number: int) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "userName": user, "accountId": account},
        "eventTime": time,
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1",
        "eventID": f"{number:08d}",
        "recipientAccountId": account,
    }


LOGS = {
    (ACCOUNTS[0], "2026/11/01"): [
        event(ACCOUNTS[0], "2026-10-31T23:59:59Z", "alice", 1),
        event(ACCOUNTS[0], "2026-11-01T00:00:00Z", "alice", 2),
        event(ACCOUNTS[0], "2026-11-01T12:00:00Z", "a\\b", 3),
    ],
    # Delivered on the next day, of the window's last second and of the one after it.
    (ACCOUNTS[0], "2026/11/02"): [
        event(ACCOUNTS[0], "2026-11-01T23:59:59Z", "bob", 4),
        event(ACCOUNTS[0], "2026-11-02T00:00:00Z", "bob", 5),
    ],
    (ACCOUNTS[1], "2026/11/01"): [event(ACCOUNTS[1], "2026-11-01T01:00:00Z", "it's", 6)],
    (ACCOUNTS[1], "2026/11/04"): [event(ACCOUNTS[1], "2026-11-01T02:00:00Z", "late", 7)],
}


@pytest.fixture(scope="module")
def api() -> Iterator[AthenaApi]:
    with serve(None) as server:
        keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        athena, s3 = (boto3.client(name, endpoint_url=server.endpoint_url, **keys) for name in ("athena", "s3"))
        for bucket in ("logs", "results"):
            s3.create_bucket(Bucket=bucket)
        for number, ((account, day), records) in enumerate(LOGS.items()):
            key = f"AWSLogs/{account}/CloudTrail/us-east-1/{day}/{account}_{number}.json.gz"
            s3.put_object(Bucket="logs", Key=key, Body=gzip.compress(json.dumps({"Records": records}).encode()))
        api = AthenaApi(athena, s3, "primary", TABLE.database, "s3://results/q/", poll_seconds=0.1)
        ddl = create_table(
            TABLE, trail="s3://logs/AWSLogs", accounts=ACCOUNTS, regions=["us-east-1"], first_day=date(2026, 10, 1)
        )
        for statement in (create_database(TABLE), ddl):
            api.execute(statement, token=sha256(statement.encode()))
        yield api


def make(query: str, key: list[str]) -> Runbook:
    a_list = {"type": "array", "items": {"type": "string"}, "default": [], "title": "Users"}
    return Runbook.model_validate(
        {
            "id": "a-runbook",
            "title": "A runbook",
            "description": "For tests.",
            "severity": "low",
            "owner": "tests",
            "schedule": None,
            "params": {"users": a_list, "at_least": {"type": "integer", "default": 1, "title": "At least"}},
            "lookups": {"people": {"description": "x", "columns": {"name": "string", "rank": "integer"}}},
            "query": query,
            "result": {"kind": "aggregate", "key": key},
        }
    )


def rows(api: AthenaApi, sql: str, to: Path) -> list[dict[str, str]]:
    execution = api.execute(sql, token=sha256(sql.encode()))
    api.download(execution, to)
    with to.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [column.name for column in execution.columns] == list(found[0] if found else [])
    return found


BY_USER = make(
    "SELECT recipientaccountid AS account_id, useridentity.username AS user_name, count(*) AS n, "
    "slice(array_agg(eventid ORDER BY eventtime), 1, 25) AS event_ids FROM cloudtrail "
    "WHERE eventname = 'ConsoleLogin' AND useridentity.username IN (:users) "
    "GROUP BY 1, 2 HAVING count(*) >= :at_least",
    ["account_id", "user_name"],
)


@pytest.mark.parametrize(
    ("accounts", "users", "expected"),
    [
        ([], [], ["a\\b", "alice", "bob", "it's"]),
        (ACCOUNTS[1:], [], ["it's"]),
        ([], ["it's", "a\\b", "nobody"], ["a\\b", "it's"]),
        (ACCOUNTS[1:], ["alice"], []),
    ],
)
def test_a_bound_query_sees_its_window_accounts_and_values(
    api: AthenaApi, tmp_path: Path, accounts: list[str], users: list[str], expected: list[str]
) -> None:
    params = {"users": users, "at_least": 1}
    sql = bind(BY_USER, window=DAY, table=TABLE, params=params, accounts=accounts)
    found = rows(api, sql, tmp_path / "result.csv") if expected else []
    assert [row["user_name"] for row in found] == expected
    assert all(row["n"] == "1" for row in found)


def test_coverage_is_of_the_same_scope(api: AthenaApi, tmp_path: Path) -> None:
    found = rows(api, bind_coverage(DAY, TABLE), tmp_path / "result.csv")
    assert [tuple(row.values()) for row in found] == [
        (ACCOUNTS[0], "us-east-1", "3", "2026-11-01T00:00:00Z", "2026-11-01T23:59:59Z"),
        (ACCOUNTS[1], "us-east-1", "1", "2026-11-01T01:00:00Z", "2026-11-01T01:00:00Z"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        SEEN,
        UNSEEN,
    ],
)
def test_hostile_values_come_back_as_they_are(api: AthenaApi, tmp_path: Path, values: list[str]) -> None:
    runbook = make(
        "SELECT p.name AS said, p.rank AS place, contains(:users, p.name) AS known FROM people AS p", ["place"]
    )
    lookups = {"people": LookupRows({"name": "string", "rank": "integer"}, tuple(zip(values, range(99), strict=False)))}
    sql = bind(runbook, window=DAY, table=TABLE, params={"users": values}, lookups=lookups)
    found = rows(api, sql, tmp_path / "result.csv")
    assert [row["said"] for row in found] == values
    assert {row["known"] for row in found} == {"true"}


def test_an_empty_lookup_matches_nothing(api: AthenaApi, tmp_path: Path) -> None:
    runbook = make(
        "SELECT count(*) AS n FROM cloudtrail WHERE useridentity.username IN (SELECT name FROM people)", ["n"]
    )
    lookups = {"people": LookupRows({"name": "string", "rank": "integer"}, ())}
    sql = bind(runbook, window=DAY, table=TABLE, params={}, lookups=lookups)
    assert rows(api, sql, tmp_path / "result.csv") == [{"n": "0"}]


def test_the_same_token_is_the_same_execution(api: AthenaApi) -> None:
    sql = bind_coverage(DAY, TABLE)
    assert api.start(sql, "t" * 40) == api.start(sql, "t" * 40) != api.start(sql, "u" * 40)


def test_wrong_sql_and_a_missing_table_are_told_apart(api: AthenaApi) -> None:
    with pytest.raises(QueryFailed, match="COLUMN_NOT_FOUND"):
        api.execute("SELECT nothing AS a", token="a" * 40)
    with pytest.raises(DeploymentError, match="does not exist"):
        api.execute(bind_coverage(DAY, PhysicalTable(name="other")), token="b" * 40)
    with pytest.raises(DeploymentError, match="never-started"):
        api.wait("never-started")
