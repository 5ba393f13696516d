"""Records in a few words, and chains of them in a folder."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

# Test modules are imported by path (`--import-mode=importlib`), so what they share needs a place to be found.
sys.path.append(str(Path(__file__).parent))

from chain_records import BUCKET, a_baseline, record, with_report

from trailbook.ledger import Ledger, Record, Written
from trailbook.objects import FolderStore
from trailbook.objects_s3 import S3Store
from trailbook.outcome import Product


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(FolderStore(tmp_path / "ledger"))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of moto's S3, with a versioned bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def on_s3(s3: Any) -> Ledger:
    return Ledger(S3Store(s3, BUCKET, "ledger"))


@pytest.fixture
def asked() -> list[str]:
    """The keys that were read of the store of `watched`."""
    return []


@pytest.fixture
def watched(tmp_path: Path, asked: list[str]) -> Ledger:
    class Watched(FolderStore):
        def get(self, key: str) -> bytes:
            asked.append(key)
            return super().get(key)

    return Ledger(Watched(tmp_path / "ledger"))


@pytest.fixture
def reports(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "reports")


@pytest.fixture(scope="session")
def make() -> Callable[..., Record]:
    return record


@pytest.fixture
def make_with_report() -> Callable[..., Record]:
    return with_report


@pytest.fixture
def full() -> Record:
    """A record with every field set to something."""
    manifest = Product("r/manifest.json", "1" * 64, 10)
    return record(
        rerun_of="run-00",
        truncated=True,
        error="it broke",
        products=Written(manifest, "s3://b/r/manifest.json", "s3://b/r/report.html"),
        materials=replace(record().materials, baseline=a_baseline()),
    )
