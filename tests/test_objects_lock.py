"""Object Lock on the embedded AWS: each object's retention by the settings, never weaker than the bucket's default."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from trailbook.errors import DeploymentError
from trailbook.local.server import serve
from trailbook.objects_lock import Retention
from trailbook.objects_s3 import S3Store, open_store
from trailbook.settings import Locks, Settings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with serve(None) as server:
        yield boto3.client(
            "s3",
            endpoint_url=server.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )


def locked(s3: Any, bucket: str, default: dict[str, Any] | None = None) -> str:
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    if default:
        rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=rule)
    return bucket


def held(s3: Any, bucket: str, key: str) -> tuple[str, datetime]:
    found = s3.head_object(Bucket=bucket, Key=key)
    return found["ObjectLockMode"], found["ObjectLockRetainUntilDate"]


def put(s3: Any, bucket: str, retention: Retention | None) -> tuple[str, timedelta]:
    S3Store(s3, bucket, retention=retention, clock=lambda: NOW).put_new("key", b"x", "text/plain")
    mode, until = held(s3, bucket, "key")
    return mode, until - NOW


@pytest.mark.parametrize(
    ("default", "own", "mode", "days"),
    [
        (None, ("COMPLIANCE", 30), "COMPLIANCE", 30),
        (None, ("GOVERNANCE", 30), "GOVERNANCE", 30),
        ({"Mode": "COMPLIANCE", "Days": 90}, ("GOVERNANCE", 30), "COMPLIANCE", 90),
        ({"Mode": "GOVERNANCE", "Days": 10}, ("COMPLIANCE", 30), "COMPLIANCE", 30),
        ({"Mode": "GOVERNANCE", "Years": 1}, ("GOVERNANCE", 365), "GOVERNANCE", 366),
    ],
)
def test_an_objects_retention_is_the_stronger_of_the_settings_and_the_buckets(
    s3: Any, request: pytest.FixtureRequest, default: Any, own: tuple[str, int], mode: str, days: int
) -> None:
    bucket = locked(s3, f"lock-{abs(hash(request.node.name)) % 10**8}", default)
    assert put(s3, bucket, Retention(*own)) == (mode, timedelta(days=days))


def test_without_days_in_the_settings_the_buckets_default_holds(s3: Any) -> None:
    bucket = locked(s3, "default-only", {"Mode": "COMPLIANCE", "Days": 7})
    S3Store(s3, bucket).put_new("key", b"x", "text/plain")
    assert held(s3, bucket, "key")[0] == "COMPLIANCE"


def test_what_is_locked_cannot_be_removed_or_shortened(s3: Any) -> None:
    bucket = locked(s3, "held-fast")
    store = S3Store(s3, bucket, retention=Retention("COMPLIANCE", 30))
    store.put_new("key", b"x", "text/plain")
    version = next(store.versions("key")).version_id
    for bypass in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=bucket, Key="key", VersionId=version, **bypass)
    assert store.get("key") == b"x"


def test_a_bucket_without_object_lock_is_named_before_anything_is_written(s3: Any) -> None:
    s3.create_bucket(Bucket="no-lock")
    store = S3Store(s3, "no-lock", retention=Retention("COMPLIANCE", 30))
    with pytest.raises(DeploymentError, match="s3://no-lock: TRAILBOOK_LOCK_DAYS asks for Object Lock"):
        store.put_new("key", b"x", "text/plain")
    assert not store.exists("key")


def test_each_store_has_the_days_of_its_setting(s3: Any) -> None:
    locks = Settings.from_env({"TRAILBOOK_LOCK_DAYS": "ledger=3650,reports=400"}).locks
    days = {
        name: getattr(open_store("s3://b", f"TRAILBOOK_{name}", lambda: s3, locks), "retention", None)
        for name in ("LEDGER", "REPORTS", "HEADS")
    }
    assert days == {"LEDGER": Retention("COMPLIANCE", 3650), "REPORTS": Retention("COMPLIANCE", 400), "HEADS": None}


def test_locks_are_read_from_the_environment() -> None:
    def read(**given: str) -> Locks:
        return Settings.from_env({f"TRAILBOOK_LOCK_{name}": value for name, value in given.items()}).locks

    assert read() == Locks()
    assert read(DAYS="30").days == (("ledger", 30), ("reports", 30), ("heads", 30))
    assert read(DAYS=" heads=7 ", MODE="governance") == Locks("GOVERNANCE", (("heads", 7),))


@pytest.mark.parametrize("days", ["0", "-1", "many", "ledger", "ledger=", "trail=3", "ledger=3,ledger=4", "3,4", "1e3"])
def test_wrong_days_are_refused_by_name(days: str) -> None:
    with pytest.raises(DeploymentError, match="TRAILBOOK_LOCK_DAYS: expected days, or some of ledger=days"):
        Settings.from_env({"TRAILBOOK_LOCK_DAYS": days})


def test_a_wrong_mode_is_refused_by_name() -> None:
    with pytest.raises(DeploymentError, match="TRAILBOOK_LOCK_MODE: expected COMPLIANCE or GOVERNANCE, found 'LEGAL'"):
        Settings.from_env({"TRAILBOOK_LOCK_MODE": "LEGAL"})
