"""The embedded AWS for these tests: four buckets, one day of logs in two accounts, the Athena table over them."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from trailbook.athena.api import AthenaApi
from trailbook.local.server import serve
from trailbook.settings import Settings
from trailbook.steps.init import init, statements

REGION = "us-east-1"
ACCOUNT = "111122223333"
DAY = datetime(2025, 11, 1, tzinfo=UTC)
INTERVAL_END = DAY + timedelta(days=1, hours=2)
"""The day whose logs there are; its run's interval ends the day after, at 02:00."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running embedded AWS."""

    endpoint: str

    def environment(self) -> dict[str, str]:
        """The variables by which Airflow and boto3 reach it."""
        extra = {"endpoint_url": self.endpoint, "region_name": REGION}
        connection = {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
        return {
            "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
            "TRAILBOOK_RESULTS": "s3://results/athena/",
            "TRAILBOOK_REPORTS": "s3://reports/kept",
            "TRAILBOOK_LEDGER": "s3://ledger",
            "TRAILBOOK_TRAIL": "s3://trail/AWSLogs",
            "TRAILBOOK_POLL_SECONDS": "0.1",
            "TRAILBOOK_RETRY_SECONDS": "0.1",
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client of it."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}),
        )

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket."""
        return [item["Key"] for item in self.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]

    def entries(self, runbook: str) -> list[dict[str, Any]]:
        """Return the ledger entries of a runbook, in their order."""
        s3 = self.client("s3")
        keys = sorted(key for key in self.keys("ledger") if key.startswith(f"{runbook}/"))
        return [json.loads(s3.get_object(Bucket="ledger", Key=key)["Body"].read()) for key in keys]

    def executions(self) -> list[str]:
        """Return the ids of all query executions so far."""
        return list(self.client("athena").list_query_executions()["QueryExecutionIds"])

    def log(self, records: Sequence[Mapping[str, Any]], day: datetime = DAY, name: str = "a") -> None:
        """Put records as one log file of a day."""
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day:%Y/%m/%d}/{name}.json.gz"
        body = gzip.compress(json.dumps({"Records": list(records)}).encode())
        self.client("s3").put_object(Bucket="trail", Key=key, Body=body)


def failed_logins(user: str, times: int, day: datetime = DAY) -> list[dict[str, Any]]:
    """Return `times` failed sign-ins of a user, a minute apart, from noon on."""
    return [
        {
            "eventVersion": "1.11",
            "eventID": f"{user}-{day:%Y%m%d}-{number}",
            "eventTime": f"{day + timedelta(hours=12, minutes=number):%Y-%m-%dT%H:%M:%SZ}",
            "eventName": "ConsoleLogin",
            "eventSource": "signin.amazonaws.com",
            "awsRegion": REGION,
            "recipientAccountId": ACCOUNT,
            "errorMessage": "Failed authentication",
            "userIdentity": {"type": "IAMUser", "userName": user, "accountId": ACCOUNT},
        }
        for number in range(times)
    ]


@contextmanager
def running(settings_of: Any = Settings.from_env) -> Iterator[Cloud]:
    """Serve it, filled."""
    with serve(None) as server:
        cloud = Cloud(server.endpoint_url)
        s3 = cloud.client("s3")
        for bucket in ("trail", "results", "reports", "ledger"):
            s3.create_bucket(Bucket=bucket)
        cloud.log(failed_logins("alice", 6) + failed_logins("bob", 4))
        settings = settings_of(cloud.environment())
        athena = AthenaApi(
            cloud.client("athena"),
            s3,
            workgroup=settings.workgroup,
            database="default",
            output=settings.results,
            poll_seconds=0.1,
        )
        init(athena, statements(settings, accounts=[ACCOUNT], regions=[REGION], first_day=DAY.date()))
        yield cloud
