"""Run with parameters, on Airflow's own app: who may, what is said of what was sent, and the run that Airflow makes."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.utils.session import create_session
from cloud import Cloud
from fastapi.testclient import TestClient
from markup import Markup, only_ours
from sqlalchemy import select

from trailbook.airflow.dag_factory import load
from trailbook.settings import Settings

pytestmark = pytest.mark.airflow

Browser = Callable[[str | None], TestClient]
ORIGIN = {"Origin": "http://localhost:8080"}
LOGINS = "/trailbook/runbooks/failed-logins/new"
TIMELINE = "/trailbook/runbooks/user-timeline/new"
WINDOW = {"start": "2025-11-01T00:00:00", "end": "2025-11-02T00:00:00"}
HOSTILE = "\"><script>alert(1)</script>\u202e'{{ 7*7 }}"


@pytest.fixture(scope="module")
def known(place: Cloud) -> None:
    """Airflow knows the DAGs, as after its DAG processor has read them."""
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    with create_session() as session:
        if session.get(DagBundleModel, "tests") is None:
            session.add(DagBundleModel(name="tests"))
            session.flush()
        for dag in load(Settings.from_env()).values():
            lazy = LazyDeserializedDAG.from_dag(dag)
            SerializedDAG.bulk_write_to_db("tests", None, [lazy], session=session)
            SerializedDagModel.write_dag(lazy, bundle_name="tests", session=session)
            session.get(DagModel, dag.dag_id).is_paused = False  # type: ignore[union-attr]  # it was just written


def once(browser: TestClient, path: str) -> str:
    page = Markup(browser.get(path).text)
    return next(each["value"] for each in page.all("input") if each["name"] == "form-once")


def post(browser: TestClient, path: str, fields: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    sent = {"form-once": once(browser, path), **fields}
    return browser.post(path, data=sent, headers=ORIGIN if headers is None else headers)


def values(page: Markup) -> dict[str, Any]:
    """What the form's one-line fields hold."""
    return {each["name"]: each.get("value") for each in page.all("input") if each.get("type") != "checkbox"}


def run_of(path: str) -> DagRun:
    dag_id, run_id = path.removeprefix("/trailbook/runbooks/").split("/runs/")
    with create_session() as session:
        found = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == unquote(run_id)))
        assert found is not None
        return found


def test_the_form_has_a_label_for_each_field_and_help_that_is_read_with_it(known: None, admin: TestClient) -> None:
    page = Markup(admin.get(LOGINS).text)
    only_ours(page)
    fields = [
        attrs
        for tag in ("input", "select", "textarea")
        for attrs in page.all(tag)
        if attrs.get("type") not in ("hidden", "checkbox")
    ]
    assert len(fields) == 9
    labels = {attrs["for"] for attrs in page.all("label") if "for" in attrs}
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for field in fields:
        assert field["id"] in labels
        for described in field.get("aria-describedby", "").split():
            assert described in ids
    assert "Failures before a row counts threshold At least 1. Left empty: 5." in page.words


def test_the_address_of_a_pivot_fills_the_form_and_stays_text(known: None, admin: TestClient) -> None:
    answer = admin.get(TIMELINE, params={"user_name": HOSTILE, "start": "2025-11-01T00:00:00Z", "unknown": "x"})
    page = Markup(answer.text)
    only_ours(page)
    assert (values(page)["user_name"], values(page)["start"]) == (HOSTILE, "2025-11-01T00:00:00")
    assert "<script>alert" not in answer.text
    assert "unknown: this runbook has no such parameter" in page.words
    assert "⟨U+202E⟩" in page.words


def test_an_earlier_run_fills_the_form_with_what_it_was_asked_and_not_with_its_reason(
    known: None, admin: TestClient, runs: list[dict[str, Any]]
) -> None:
    page = Markup(admin.get(LOGINS, params={"like": runs[0]["run_id"]}).text)
    held = values(page)
    assert (held["start"], held["end"]) == ("2025-11-01T00:00:00", "2025-11-02T00:00:00")
    assert (held["threshold"], held["row_limit"]) == ("5", "10000")
    assert "quarterly" not in page.words
    assert f"Filled with what run {runs[0]['run_id']} was asked" in page.words
    gone = Markup(admin.get(LOGINS, params={"like": "../../x"}).text)
    assert "is neither in the ledger nor in Airflow" in gone.words


def test_a_good_form_starts_a_run_as_the_user_and_leads_to_it(known: None, admin: TestClient) -> None:
    answer = post(admin, LOGINS, {**WINDOW, "threshold": "3", "users": "alice\r\no'hara\r\n", "reason": "ticket 7"})
    assert answer.status_code == 303
    run = run_of(answer.headers["location"])
    assert run.conf == {
        "threshold": 3,
        "users": ["alice", "o'hara"],
        "reason": "ticket 7",
        "start": "2025-11-01T00:00:00Z",
        "end": "2025-11-02T00:00:00Z",
    }
    assert run.triggering_user_name == "admin"
    assert (str(run.state), str(run.run_type)) == ("queued", "manual")
    page = Markup(admin.get(answer.headers["location"]).text)
    assert "queued" in page.words
    with create_session() as session:
        logged = session.scalars(select(Log).where(Log.event == "trigger_dag_run", Log.run_id == run.run_id)).all()
        assert [entry.owner for entry in logged] == ["admin"]
        assert json.loads(logged[0].extra or "{}")["conf"]["threshold"] == 3


def test_what_is_wrong_stands_beside_its_field_and_above_and_what_was_given_is_kept(
    known: None, admin: TestClient
) -> None:
    markup = HOSTILE.replace("\u202e", "")
    wrong = {"threshold": "0", "users": markup, "start": "2999-01-01T00:00:00", "end": "2999-01-02T00:00:00"}
    answer = post(admin, LOGINS, {**wrong, "accounts": "111122223333\r\n12", "reason": "why"})
    assert answer.status_code == 422
    page = Markup(answer.text)
    only_ours(page)
    by_id = {attrs["id"]: attrs for _, attrs in page.elements if "id" in attrs}
    assert by_id["field-threshold"]["aria-invalid"] == "true"
    assert "error-threshold" in by_id
    assert by_id["field-threshold"]["aria-describedby"].split()[0] == "error-threshold"
    assert {"#field-threshold", "#field-accounts"} <= set(page.links())
    assert "Expected at least 1, found 0." in page.words
    assert "Line 2: expected an AWS account id of 12 digits, found '12'." in page.words
    assert values(page)["threshold"] == "0"
    assert "\nwhy" in page.text
    assert markup in page.text


def test_a_window_that_is_not_over_and_a_run_that_is_not_there_are_said_before_anything_starts(
    known: None, admin: TestClient
) -> None:
    future = {"start": "2999-01-01T00:00:00", "end": "2999-01-02T00:00:00", "compare_with": "no-such-run"}
    page = Markup(post(admin, LOGINS, future).text)
    assert "which is not over yet" in page.words
    assert "The ledger has no run of this runbook with this id." in page.words
    assert {"#field-end", "#field-compare_with"} <= set(page.links())


def test_a_runbook_on_demand_wants_its_window_and_its_required_params(known: None, admin: TestClient) -> None:
    page = Markup(post(admin, TIMELINE, {"user_name": ""}).text)
    assert {"#field-user_name"} <= set(page.links())
    page = Markup(post(admin, TIMELINE, {"user_name": "alice"}).text)
    assert {"#field-start", "#field-end"} <= set(page.links())


def test_the_same_form_sent_twice_starts_one_run_and_with_other_values_none(known: None, admin: TestClient) -> None:
    sent = {"form-once": once(admin, LOGINS), "reason": "double click"}
    first, second = (admin.post(LOGINS, data=sent, headers=ORIGIN) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    other = admin.post(LOGINS, data=sent | {"reason": "other"}, headers=ORIGIN)
    assert other.status_code == 409
    assert first.headers["location"] in Markup(other.text).links()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 403), ({"Origin": "https://evil.example"}, 403), ({"Referer": "http://localhost:8080/x"}, 303)],
)
def test_a_form_from_elsewhere_starts_nothing(
    known: None, admin: TestClient, headers: dict[str, str], status: int
) -> None:
    assert post(admin, LOGINS, {"reason": "from elsewhere"}, headers).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"form-once=x", 400),
        (b"", 400),
        (b"a=%ff", 400),
        ("a=\xe9".encode(), 400),
        (b"&".join(b"a%d=1" % number for number in range(3000)), 400),
        (b"reason=" + b"x" * 2**20, 413),
    ],
    ids=["not our page's", "empty", "not UTF-8", "not ASCII", "too many fields", "too large"],
)
def test_what_no_browser_sends_is_refused(known: None, admin: TestClient, body: bytes, status: int) -> None:
    headers = ORIGIN | {"Content-Type": "application/x-www-form-urlencoded"}
    assert admin.post(LOGINS, content=body, headers=headers).status_code == status


def test_an_unknown_field_is_refused_by_name(known: None, admin: TestClient) -> None:
    answer = post(admin, LOGINS, {"treshold": "3"})
    assert answer.status_code == 422
    assert "did you mean `threshold`?" in Markup(answer.text).words


def test_a_viewer_sees_no_form_and_starts_nothing(known: None, signed_in: Browser) -> None:
    browser = signed_in("vera")
    answer = browser.get(LOGINS)
    assert answer.status_code == 403
    assert "You may read this runbook, but not start it." in Markup(answer.text).words
    assert Markup(answer.text).all("form") == []
    sent = {"form-once": "2026-11-29T00:00:00.0123abcd", "reason": "x"}
    assert browser.post(LOGINS, data=sent, headers=ORIGIN).status_code == 403


@pytest.mark.parametrize("name", ["nobody", "nina"])
def test_who_may_not_read_the_runbook_learns_nothing_of_its_form(known: None, signed_in: Browser, name: str) -> None:
    for answer in (
        signed_in(name).get(LOGINS),
        signed_in(name).post(LOGINS, data={"form-once": "2026-11-29T00:00:00.0123abcd"}, headers=ORIGIN),
    ):
        assert answer.status_code == 403
        assert "Failed sign-ins" not in answer.text


def test_airflow_itself_is_asked_and_its_refusal_is_a_sentence(
    known: None, admin: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_session() as session:
        session.get(DagModel, "failed-logins").is_stale = True  # type: ignore[union-attr]  # the fixture wrote it
    try:
        answer = post(admin, LOGINS, {"reason": "gone"})
    finally:
        with create_session() as session:
            session.get(DagModel, "failed-logins").is_stale = False  # type: ignore[union-attr]  # as above
    assert answer.status_code == 404
    page = Markup(answer.text)
    assert "Airflow does not know this runbook’s DAG, so nothing was started." in page.words
    assert "\ngone" in page.text


def test_a_paused_dag_is_said_and_unpaused_where_the_user_asks_for_it(known: None, admin: TestClient) -> None:
    def paused(value: bool | None = None) -> bool:
        with create_session() as session:
            dag = session.get(DagModel, "net-changes")
            assert dag is not None
            if value is not None:
                dag.is_paused = value
            return dag.is_paused

    path = "/trailbook/runbooks/net-changes/new"
    paused(True)
    assert "paused in Airflow, so a run waits" in Markup(admin.get(path).text).words
    assert post(admin, path, {"reason": "waits"}).status_code == 303
    assert paused()
    assert post(admin, path, {"reason": "goes", "form-unpause": "yes"}).status_code == 303
    assert not paused()
    assert "paused" not in Markup(admin.get(path).text).words
