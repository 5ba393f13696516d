"""Records in a few words, and chains of them in a folder."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

# Test modules are imported by path (`--import-mode=importlib`), so what they share needs a place to be found.
sys.path.append(str(Path(__file__).parent))

from chain_records import a_baseline, record, with_report

from trailbook.ledger import Ledger, Record, Written
from trailbook.objects import FolderStore
from trailbook.outcome import Product


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(FolderStore(tmp_path / "ledger"))


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
