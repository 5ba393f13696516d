import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cloud import Cloud
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markup import Markup, only_ours

from trailbook.airflow.web.chain_check import ChainCheck, Checked
from trailbook.airflow.web.data import Data
from trailbook.airflow.web.gate import FORM
from trailbook.errors import ServiceUnavailable
from trailbook.ledger.chain import Fault, FaultKind
from trailbook.ledger.verify import Verification

pytestmark = pytest.mark.airflow

TRAIL = "/trailbook/trail"
SENT = {"Content-Type": FORM, "Origin": "http://localhost:8080"}


@pytest.fixture
def fresh(place: Cloud, pages: FastAPI, tmp_path: Path) -> Iterator[Data]:
    """The app with nothing verified yet."""
    kept = pages.state.data
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAILBOOK_WEB_CACHE", str(tmp_path / "cache"))
        pages.state.data = Data({})
        yield pages.state.data
    pages.state.data = kept


@pytest.fixture
def second_version(place: Cloud) -> Iterator[str]:
    """A report's file that somebody wrote over, as it is during the test."""
    s3 = place.client("s3")
    key = next(key for key in place.keys("reports") if key.endswith("findings.csv"))
    was = s3.get_object(Bucket="reports", Key=key)["Body"].read()
    s3.put_object(Bucket="reports", Key=key, Body=was + b"one more row\n")
    yield key
    s3.put_object(Bucket="reports", Key=key, Body=was)


def shown(browser: TestClient) -> Markup:
    answer = browser.get(TRAIL)
    assert answer.status_code == 200, answer.text
    page = Markup(answer.text)
    only_ours(page)
    return page


def verified(browser: TestClient) -> Markup:
    answer = browser.post(TRAIL, content="", headers=SENT)
    assert (answer.status_code, answer.headers["location"]) == (303, TRAIL)
    deadline = time.monotonic() + 60
    while "A check is under way" in (page := shown(browser)).words:
        assert any(attrs.get("http-equiv") == "refresh" for attrs in page.all("meta"))
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return page


def test_before_a_check_nothing_is_called_verified(fresh: Data, admin: TestClient) -> None:
    page = shown(admin)
    assert "Not verified yet Nobody has verified this ledger from here yet." in page.words
    assert "✓ verified" not in page.words
    assert [attrs["action"] for attrs in page.all("form")] == [TRAIL]


def test_a_check_reads_every_entry_and_file_and_says_when(
    fresh: Data, admin: TestClient, runs: list[dict[str, Any]]
) -> None:
    page = verified(admin)
    assert f"{len(runs)} entries and {6 * len(runs)} report files read and hashed again" in page.words
    assert "All as recorded (last checked" in page.words
    assert "✓ verified" in page.words
    assert runs[-1]["fingerprint"][:16] in page.words
    assert "No second place keeps the chains' ends" in page.words
    newest = quote(runs[-1]["run_id"], safe="")
    assert any(newest in link for link in page.links())


def test_a_file_that_was_written_over_is_named(fresh: Data, admin: TestClient, second_version: str) -> None:
    page = verified(admin)
    assert "Not as recorded (last checked" in page.words
    assert second_version.removeprefix("kept/") in page.words
    assert "✕ 1 fault" in page.words or "✕ 2 faults" in page.words
    assert "✓ verified" not in page.words


def test_who_may_not_see_a_chain_is_told_that_there_is_a_fault_and_not_where(
    fresh: Data, admin: TestClient, signed_in: Callable[[str | None], TestClient], second_version: str
) -> None:
    verified(admin)
    page = shown(signed_in("nina"))
    assert "in chains that you may not see" in page.words
    assert "failed-logins" not in page.words
    assert "No runbook that you may see has run yet." in page.words


def test_every_process_shows_the_last_check_and_only_one_is_under_way(tmp_path: Path) -> None:
    here, there = ChainCheck(tmp_path, "x"), ChainCheck(tmp_path, "x")
    goes_on = tmp_path / "goes-on"

    def verify() -> Verification:
        while not goes_on.exists():
            time.sleep(0.01)
        return Verification(entries=7)

    assert here.begin(verify, second_place=False)
    assert there.under_way()
    assert not there.begin(verify, second_place=False)
    assert there.last() is None
    goes_on.touch()
    while there.under_way():
        time.sleep(0.01)
    found = there.last()
    assert found is not None
    assert (found.entries, found.problem, found.faults) == (7, None, ())


def test_a_check_that_does_not_come_to_its_end_is_said_and_verifies_nothing(tmp_path: Path) -> None:
    check = ChainCheck(tmp_path, "x")

    def verify() -> Verification:
        raise ServiceUnavailable("S3 does not answer")

    assert check.begin(verify, second_place=True)
    while check.under_way():
        time.sleep(0.01)
    found = check.last()
    assert found is not None
    assert found.problem is not None
    assert "S3 does not answer" in found.problem


def test_what_is_kept_is_read_back_as_it_was_and_what_is_damaged_counts_as_none(tmp_path: Path) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    faults = (Fault("a/1.json", FaultKind.CHANGED, "its <b>fingerprint</b> is another"),)
    whole = Checked(now, now, 1, 2, 3, 4, second_place=True, heads=(("a", 1, "f" * 64),), faults=faults, more=5)
    assert Checked.from_bytes(whole.to_bytes()) == whole
    check = ChainCheck(tmp_path, "x")
    for damaged in (b"", b"{}", b"[1]", whole.to_bytes()[:-3], b'{"began": 1}'):
        (tmp_path / "check-x.json").write_bytes(damaged)
        assert check.last() is None


@pytest.mark.parametrize(
    ("key", "chain"),
    [
        ("a/000000000001.json", "a"),
        ("a/2026-11-01/run/report.html", "a"),
        ("heads/a/000000000001.json", "a"),
        ("stray.json", ""),
    ],
)
def test_a_fault_belongs_to_the_chain_of_its_key(key: str, chain: str) -> None:
    assert Fault(key, FaultKind.CHANGED, "").chain == chain


def test_a_removed_tail_shows_against_the_check_before(fresh: Data, admin: TestClient, place: Cloud) -> None:
    verified(admin)
    s3 = place.client("s3")
    key = sorted(key for key in place.keys("ledger") if key.startswith("failed-logins/"))[-1]
    was = s3.get_object(Bucket="ledger", Key=key)["Body"].read()
    for version in s3.list_object_versions(Bucket="ledger", Prefix=key).get("Versions", []):
        s3.delete_object(Bucket="ledger", Key=key, VersionId=version["VersionId"])
    try:
        page = verified(admin)
    finally:
        s3.put_object(Bucket="ledger", Key=key, Body=was)
    assert "Not as recorded" in page.words
    assert "failed-logins/" in page.words
