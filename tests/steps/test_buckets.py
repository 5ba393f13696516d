"""What `trailbook init` says of the buckets of the evidence, on the embedded AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from trailbook.cli import main
from trailbook.errors import DeploymentError
from trailbook.local.server import serve
from trailbook.settings import Locks, Settings
from trailbook.steps.buckets import protections

ARGUMENTS = ["init", "--accounts", "111122223333", "--regions", "us-east-1", "--first-day", "2026-01-01"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with serve(None) as server:
        yield server.endpoint_url


@pytest.fixture(scope="module")
def s3(endpoint: str) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.create_bucket(Bucket="bare")
    client.create_bucket(Bucket="whole", ObjectLockEnabledForBucket=True)
    protect(client, "whole")
    client.create_bucket(Bucket="results")
    return client


def protect(client: Any, bucket: str) -> None:
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def found(s3: Any, settings: Settings) -> dict[tuple[str, str], tuple[bool, str]]:
    return {(item.bucket, item.name): (item.present, item.says) for item in protections(s3, settings)}


def test_what_a_bare_bucket_lacks_is_said_with_what_it_means(s3: Any) -> None:
    said = found(s3, Settings(ledger="s3://bare/ledger", reports="s3://bare/reports"))
    assert {name for bucket, name in said} == {"versioning", "Object Lock", "public access block", "encryption"}
    assert said["bare", "versioning"] == (
        False,
        "an object that was replaced or deleted leaves no trace: turn it on",
    )
    assert "can remove the evidence for good" in said["bare", "Object Lock"][1]
    assert "BlockPublicAcls, IgnorePublicAcls" in said["bare", "public access block"][1]
    assert [present for present, _ in said.values()] == [False] * len(said)


def test_a_bucket_with_all_protections_lacks_nothing(s3: Any) -> None:
    settings = Settings(ledger="s3://whole/ledger", locks=Locks(days=(("ledger", 3650),)))
    said = found(s3, settings)
    assert all(present for present, _ in said.values()), said
    assert said["whole", "Object Lock"][1] == "COMPLIANCE, 3650 days from TRAILBOOK_LOCK_DAYS"


def test_a_lock_that_holds_nothing_or_can_be_bypassed_is_told_apart(s3: Any) -> None:
    assert "holds nothing" in found(s3, Settings(ledger="s3://whole"))["whole", "Object Lock"][1]
    locks = Locks("GOVERNANCE", (("ledger", 1), ("reports", 1)))
    weak = found(s3, Settings(ledger="s3://whole", locks=locks))["whole", "Object Lock"]
    assert weak[0]
    assert "s3:BypassGovernanceRetention can still delete" in weak[1]
    shared = Settings(ledger="s3://whole/l", heads="s3://whole/h", locks=locks)  # the heads have no days of their own
    assert not found(s3, shared)["whole", "Object Lock"][0]


def test_a_folder_has_no_buckets_and_a_missing_bucket_is_named(s3: Any, tmp_path: Path) -> None:
    assert found(s3, Settings(ledger=str(tmp_path))) == {}
    with pytest.raises(DeploymentError, match="asking for s3://not-there"):
        found(s3, Settings(ledger="s3://not-there"))


def test_what_the_role_may_not_ask_counts_as_missing() -> None:
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        stubber.add_response("head_bucket", {})
        for call in ("bucket_versioning", "object_lock_configuration", "public_access_block", "bucket_encryption"):
            stubber.add_client_error(f"get_{call}", "AccessDenied", "no", 403)
        said = found(client, Settings(ledger="s3://secret"))
    assert [present for present, _ in said.values()] == [False] * 4
    assert all("does not let this role ask (AccessDenied)" in says for _, says in said.values())


@pytest.mark.parametrize(("bucket", "code"), [("bare", 1), ("whole", 0)])
def test_init_makes_both_tables_and_says_what_is_missing(
    endpoint: str,
    s3: Any,
    bucket: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    env = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TRAILBOOK_TRAIL": "s3://trail/AWSLogs",
        "TRAILBOOK_RESULTS": "s3://results/",
        "TRAILBOOK_LEDGER": f"s3://{bucket}/ledger",
        "TRAILBOOK_REPORTS": f"s3://{bucket}/reports",
        "TRAILBOOK_LOCK_DAYS": "3650",
        "TRAILBOOK_POLL_SECONDS": "0.1",
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert main(ARGUMENTS) == code
    said = capsys.readouterr().out
    assert f"trailbook.ledger reads s3://{bucket}/ledger" in said
    assert ("MISSING s3://bare: versioning: " in said) is (code == 1)
    assert ("4 protections are missing: docs/evidence.md" in said) is (code == 1)
    assert (f"ok      s3://{bucket}: encryption: AES256" in said) is (code == 0)
