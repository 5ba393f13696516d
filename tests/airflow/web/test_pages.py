import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from airflow.utils.session import create_session
from cloud import Cloud
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markup import Markup, only_ours

from trailbook.airflow.web.data import Data

pytestmark = pytest.mark.airflow

BOOK = "/trailbook/runbooks/failed-logins"


def address(entry: dict[str, Any]) -> str:
    return f"{BOOK}/runs/{quote(entry['run_id'], safe='')}"


@pytest.fixture
def get(admin: TestClient) -> Callable[..., Markup]:
    def _get(path: str, status: int = 200) -> Markup:
        answer = admin.get(path)
        assert answer.status_code == status, answer.text
        page = Markup(answer.text)
        only_ours(page)
        return page

    return _get


@pytest.fixture
def anew(place: Cloud, pages: FastAPI, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Let the app begin anew, with some variables of the environment changed and an empty index."""
    kept = pages.state.data
    with pytest.MonkeyPatch.context() as patch:

        def _anew(**variables: str) -> None:
            for name, value in {"TRAILBOOK_WEB_CACHE": str(tmp_path), **variables}.items():
                patch.setenv(name, value)
            pages.state.data = Data({})

        yield _anew
    pages.state.data = kept


def test_the_catalogue_says_of_each_runbook_how_its_last_run_ended(get: Callable[..., Markup]) -> None:
    words = get("/trailbook/").words
    assert "3 runbooks: 1 passing, 2 that have not run" in words
    assert "✓ pass" in words
    assert "Δ1 updated" in words
    assert words.index("All that a user did") > words.index("Changes of the network")


def test_the_catalogue_is_searched_and_filtered_by_the_address(get: Callable[..., Markup]) -> None:
    def found(query: str) -> set[str]:
        links = get(f"/trailbook/?{query}").links()
        return {link.rpartition("/")[2] for link in links if link.count("/") == 3}

    everything = {"failed-logins", "user-timeline", "net-changes"}
    assert found("") == everything
    assert found("q=CHANGES+network") == {"net-changes"}
    assert found("severity=low") == {"user-timeline"}
    assert found("verdict=pass") == {"failed-logins"}
    assert found("verdict=none") == everything - {"failed-logins"}
    assert found("framework=soc2%402017") == {"user-timeline"}
    assert found("control=nist-800-53%40rev5%3AAU-6") == everything - {"user-timeline"}
    assert found("technique=T1110.001&severity=high") == {"net-changes"}
    assert found("owner=nobody") == set()
    assert "No runbook matches." in get("/trailbook/?owner=nobody").words


def test_a_runbook_is_shown_as_a_document_with_the_sql_that_would_run(get: Callable[..., Markup]) -> None:
    page = get(BOOK)
    assert "Is the user real?" in page.words
    assert "Failures before a row counts" in page.words
    assert "count(*) >= 5" in page.words.lower()
    assert "canary-*" in page.words
    assert f"{BOOK}/new" in page.links()
    assert "a run must be given values: user_name: expected a value" in get("/trailbook/runbooks/user-timeline").words


def test_the_history_is_paged_from_the_newest_and_filtered_by_verdict(
    get: Callable[..., Markup], runs: list[dict[str, Any]]
) -> None:
    def shown(query: str = "") -> list[str]:
        return [a for a in dict.fromkeys(get(f"{BOOK}/runs{query}").links()) if a.endswith("?attempt=1")]

    whole = [f"{address(entry)}?attempt=1" for entry in reversed(runs)]
    assert shown() == whole
    assert shown("?before=2") == whole[1:]
    assert shown("?verdict=fail&verdict=pass") == whole
    assert shown("?verdict=error") == []
    assert "Expected one of pass, fail, incomplete, error" in get(f"{BOOK}/runs?verdict=%3Cscript%3E", 400).words


def test_a_run_shows_its_findings_as_a_diff_with_what_backs_each(
    get: Callable[..., Markup], runs: list[dict[str, Any]]
) -> None:
    first, second = (get(address(entry)) for entry in runs)
    assert "There is 1 new finding, expected no new ones." in first.words
    assert "+ New (1)" in first.words
    assert "Δ Updated (1)" in second.words
    assert "was 6 →, now 9" in second.words
    assert "alice-20251102-0" in second.words
    assert "⊘ Suppressed (1)" in second.words
    assert "Accepted: Login canary" in second.words
    folded = [attrs["class"] for attrs in second.all("details") if "group" in attrs.get("class", "")]
    assert folded == ["group suppressed"]
    assert "quarterly <b>audit</b>" in second.words
    assert f"Compared with run {runs[0]['run_id']}" in second.words


def test_a_finding_leads_to_the_next_runbook_s_form_with_its_values_and_the_same_window(
    get: Callable[..., Markup], runs: list[dict[str, Any]]
) -> None:
    (lead,) = [link for link in get(address(runs[0])).links() if "/user-timeline/new?" in link]
    assert urlsplit(lead).path == "/trailbook/runbooks/user-timeline/new"
    assert dict(parse_qsl(urlsplit(lead).query)) == {"user_name": "alice", **runs[0]["window"]}


def test_the_files_of_a_run_are_handed_out_as_they_were_recorded(
    admin: TestClient, get: Callable[..., Markup], runs: list[dict[str, Any]]
) -> None:
    page = get(address(runs[0]))
    files = [link for link in page.links() if "/files/" in link]
    assert len(files) == 6
    for link in files:
        answer = admin.get(link)
        assert hashlib.sha256(answer.content).hexdigest() in page.words
        assert answer.headers["content-disposition"].startswith('attachment; filename="failed-logins-1-')
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_attempt_of_a_run_is_asked_for_by_its_number(get: Callable[..., Markup], runs: list[dict[str, Any]]) -> None:
    assert runs[0]["run_id"] in get(f"{address(runs[0])}?attempt=1").words
    get(f"{address(runs[0])}?attempt=0", 400)
    get(f"{BOOK}/runs/none?attempt=7", 404)


def test_verify_now_hashes_everything_again(get: Callable[..., Markup], runs: list[dict[str, Any]]) -> None:
    assert "Verified just now" not in get(address(runs[1])).words
    page = get(f"{address(runs[1])}?attempt=1&verify=1")
    assert "Verified just now" in page.words
    assert "6 files hashed again, each with the recorded SHA-256" in page.words
    assert f"entry 1 has the fingerprint {runs[0]['fingerprint']}, which this one names" in page.words
    assert "entry 2 names this one" in get(f"{address(runs[0])}?verify=1").words


@pytest.mark.parametrize(
    "path",
    [
        "/trailbook/runbooks/no-such-runbook",
        "/trailbook/runbooks/..%2Ffailed-logins",
        "/trailbook/runbooks/failed-logins%00",
        "/trailbook/runbooks/FAILED-LOGINS",
        f"{BOOK}/runs/nothing",
        f"{BOOK}/runs/..%2F..%2Fledger",
        f"{BOOK}/runs/%2e%2e%2f000000000001.json",
        f"{BOOK}/runs/a/files/report.json",
        f"{BOOK}/runs/a/files/..%2Fresult.parquet",
        f"{BOOK}/runs/%ED%A0%80",
    ],
)
def test_what_is_not_there_is_404_in_a_sentence(get: Callable[..., Markup], path: str) -> None:
    assert "There is no such" in get(path, 404).words


@pytest.mark.parametrize("name", ["..%2Freport.json", "%2Fetc%2Fpasswd", "report.html%00", "nothing.txt"])
def test_a_file_s_name_is_one_that_the_manifest_lists_or_nothing(
    get: Callable[..., Markup], runs: list[dict[str, Any]], name: str
) -> None:
    get(f"{address(runs[0])}/files/{name}", 404)


def test_a_run_that_the_ledger_does_not_have_yet_says_so_and_loads_itself_anew(
    admin: TestClient, place: Cloud, get: Callable[..., Markup]
) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    now = datetime.now(UTC)
    with create_session() as session:
        session.add(
            DagRun(
                dag_id="failed-logins",
                run_id="manual__under-way",
                run_type=DagRunType.MANUAL,
                run_after=now,
                state="running",
                start_date=now,
                conf={"reason": "<b>incident</b>", "users": ["eve"], "start": None},
                triggered_by=DagRunTriggeredByType.UI,
                triggering_user_name="vera",
            )
        )
    page = get(f"{BOOK}/runs/manual__under-way")
    assert {"http-equiv": "refresh", "content": "4"} in page.all("meta")
    assert "by hand in Airflow by vera" in page.words
    assert "<b>incident</b>" in page.words
    assert "manual__under-way" in get(BOOK).words
    with create_session() as session:
        session.query(DagRun).filter_by(run_id="manual__under-way").update({"_state": "failed"})
    page = get(f"{BOOK}/runs/manual__under-way")
    assert "It has failed and left no entry in the ledger." in page.words
    assert not [meta for meta in page.all("meta") if meta.get("http-equiv") == "refresh"]


def test_a_file_that_was_changed_is_named_loudly_and_neither_shown_nor_handed_out(
    admin: TestClient, place: Cloud, get: Callable[..., Markup], runs: list[dict[str, Any]]
) -> None:
    s3, key = place.client("s3"), f"{runs[0]['products']['manifest']['key'].rpartition('/')[0]}/report.json"
    where = {"Bucket": "reports", "Key": f"kept/{key}"}
    was = s3.get_object(**where)["Body"].read()
    s3.put_object(**where, Body=was.replace(b"alice", b"mallory"))
    try:
        page = get(address(runs[0]))
        assert "The report is not what the ledger recorded" in page.words
        assert "mallory" not in page.words
        assert "There is 1 new finding" in page.words
        assert admin.get(f"{address(runs[0])}/files/report.json").status_code == 409
        assert "Not as it was recorded" in get(f"{address(runs[0])}?verify=1").words
        s3.delete_object(**where)
        assert "it is not there" in get(address(runs[0])).words
    finally:
        s3.put_object(**where, Body=was)
    assert "alice" in get(address(runs[0])).words


def test_a_ledger_that_cannot_be_reached_is_a_sentence_on_a_page_that_answers(
    place: Cloud, get: Callable[..., Markup], anew: Callable[..., None]
) -> None:
    anew(TRAILBOOK_LEDGER="s3://no-such-bucket/x")
    words = get("/trailbook/").words
    assert "The ledger could not be read" in words
    assert "Failed sign-ins" in words
    assert "It has not run yet." in get(BOOK).words


def test_a_setting_that_is_missing_is_a_sentence_and_no_traceback(
    place: Cloud, get: Callable[..., Markup], anew: Callable[..., None]
) -> None:
    anew(TRAILBOOK_RUNBOOKS="/nowhere/runbooks")
    assert "expected a folder of runbooks, found none at /nowhere/runbooks" in get("/trailbook/", 400).words
    anew(TRAILBOOK_LOCK_DAYS="soon")
    assert "TRAILBOOK_LOCK_DAYS" in get("/trailbook/", 503).words


def test_credentials_that_were_replaced_in_airflow_s_connection_are_found_without_a_new_start(
    place: Cloud, pages: FastAPI, anew: Callable[..., None]
) -> None:
    anew(TRAILBOOK_LEDGER="s3://no-such-bucket/x")
    data = pages.state.data
    before = data.ledger
    assert data.fresh(wait=20).problem is not None
    assert data.ledger is not before
    assert data.ledger is data.ledger
