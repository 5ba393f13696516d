"""The ledger as an Athena table, and the queries of docs/evidence.md, on the embedded AWS."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from chain_records import record

from trailbook.athena.api import AthenaApi
from trailbook.athena.resultset import read_csv, rows
from trailbook.diff import Counts
from trailbook.errors import InvalidRequest
from trailbook.ledger import Ledger, Notification
from trailbook.ledger.table import columns, create_ledger_table
from trailbook.local.server import serve
from trailbook.objects_s3 import S3Store
from trailbook.plan import Trigger
from trailbook.settings import PhysicalTable
from trailbook.sql.ddl import create_database
from trailbook.verdict import Verdict

DOCS = Path(__file__).parents[2] / "docs" / "evidence.md"
QUERIES = re.findall(r"```sql\n(.*?)```", DOCS.read_text(), re.DOTALL)


def filled(ledger: Ledger) -> None:
    """Record two months of runs of two runbooks: passed, failed, incomplete, broken, by hand, and a re-run."""
    high, low = {"severity": "high"}, {"severity": "low", "runbook": "iam-changes"}
    by_hand = replace(record().run, run_id="m", trigger=Trigger.MANUAL, triggered_by="ana", reason="ticket 7")
    for made in (
        record("one", day=0, counts=Counts(new=3, open_new=3, open_present=3), verdict=Verdict.FAIL, **high),
        record("two", day=1, counts=Counts(new=1, unchanged=2, open_new=1, open_present=2), **high),
        record("hand", day=1, run=by_hand, rerun_of="two", params={"users": ["o'hara", 'a "b"']}, **high),
        record("cut", day=2, verdict=Verdict.INCOMPLETE, reasons=("rows were cut", "no logs of eu-west-1"), **high),
        record(
            "bad",
            day=3,
            verdict=Verdict.ERROR,
            error="query: TABLE_NOT_FOUND",
            snapshot=None,
            counts=None,
            notifications=(
                Notification("sns", "arn:x", ("error",), sent=True),
                Notification("notifier", "a.B", ("error", "recovery"), sent=False, error="a.B raised OSError"),
            ),
            **low,
        ),
        record("dec", day=30, counts=Counts(new=2, open_new=2, open_present=2), **low),
    ):
        ledger.append(made)


@pytest.fixture(scope="module")
def athena() -> Iterator[AthenaApi]:
    with serve(None) as server:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        s3, client = (
            boto3.client(service, endpoint_url=server.endpoint_url, region_name="us-east-1", **keys)  # type: ignore[call-overload]  # one call for both
            for service in ("s3", "athena")
        )
        for bucket in ("ledger", "results"):
            s3.create_bucket(Bucket=bucket)
        filled(Ledger(S3Store(s3, "ledger", "chains")))
        api = AthenaApi(client, s3, "primary", "trailbook", "s3://results/", 0.05)
        for ddl in (create_database(PhysicalTable()), create_ledger_table("trailbook", "s3://ledger/chains")):
            api.execute(ddl, token=("t" * 32 + str(hash(ddl)))[:100])
        yield api


def ask(athena: AthenaApi, sql: str, folder: Path) -> list[dict[str, Any]]:
    execution = athena.execute(sql, token=("q" * 32 + str(hash(sql)))[:100])
    athena.download(execution, folder / "r.csv")
    return [dict(row) for row in rows(read_csv(folder / "r.csv", execution.columns, folder / "r.parquet").path, None)]


def test_each_entry_is_a_row_and_each_field_a_column(athena: AthenaApi, tmp_path: Path) -> None:
    found = ask(athena, "SELECT * FROM trailbook.ledger ORDER BY runbook, sequence", tmp_path)
    assert [(row["runbook"], row["sequence"]) for row in found] == [
        *(("auth-failed-logins", number) for number in (1, 2, 3, 4)),
        *(("iam-changes", number) for number in (1, 2)),
    ]
    body = json.loads(S3Store(athena.s3, "ledger", "chains").get("auth-failed-logins/000000000003.json"))
    assert set(found[2]) == set(body) == set(columns())
    assert json.loads(found[2]["params"]) == body["params"]
    assert json.loads(found[2]["window"]) == body["window"]
    assert json.loads(found[2]["materials"]) == body["materials"]
    for name in ("fingerprint", "prev_event", "run_id", "reason", "comparison_key", "rerun_of", "truncated", "error"):
        assert found[2][name] == body[name], name


def test_what_is_nested_can_be_asked_for(athena: AthenaApi, tmp_path: Path) -> None:
    sql = (
        "SELECT products.manifest.sha256 AS manifest, snapshot.size AS size, completeness.events AS events, "
        "element_at(queries, 1).query_execution_id AS query, cardinality(columns) AS width "
        "FROM trailbook.ledger WHERE run_id = 'one'"
    )
    (row,) = ask(athena, sql, tmp_path)
    assert row == {"manifest": None, "size": 100, "events": 100, "query": "q-one", "width": 2}


def test_the_documentation_has_four_queries() -> None:
    assert len(QUERIES) == 4


def test_runs_that_failed_or_were_incomplete(athena: AthenaApi, tmp_path: Path) -> None:
    found = ask(athena, QUERIES[0], tmp_path)
    assert [(row["run_id"], row["verdict"], row["why"]) for row in found] == [
        ("cut", "incomplete", "rows were cut; no logs of eu-west-1"),
        ("bad", "error", "query: TABLE_NOT_FOUND"),
    ]


def test_who_ran_what_by_hand_and_why(athena: AthenaApi, tmp_path: Path) -> None:
    (row,) = ask(athena, QUERIES[1], tmp_path)
    assert (row["triggered_by"], row["reason"], row["window_start"]) == ("ana", "ticket 7", "2026-11-02T00:00:00Z")
    assert json.loads(row["params"]) == {"users": ["o'hara", 'a "b"']}


def test_messages_that_were_not_sent_and_why(athena: AthenaApi, tmp_path: Path) -> None:
    (row,) = ask(athena, QUERIES[2], tmp_path)
    told = (row["run_id"], row["destination"], row["events"], row["why"])
    assert told == ("bad", "a.B", "error, recovery", "a.B raised OSError")


def test_findings_by_severity_over_time(athena: AthenaApi, tmp_path: Path) -> None:
    found = ask(athena, QUERIES[3], tmp_path)
    assert [tuple(row.values()) for row in found] == [("2026-11", "high", 2, 4, 3), ("2026-12", "low", 1, 2, 2)]


@pytest.mark.parametrize("location", ["", "/a/folder", "s3://", "s3://Bucket/x", "s3://ledger/a'b", "s3://ledger/a b"])
def test_another_location_is_refused(location: str) -> None:
    with pytest.raises(InvalidRequest, match="TRAILBOOK_LEDGER: expected s3://bucket/prefix"):
        create_ledger_table("trailbook", location)
