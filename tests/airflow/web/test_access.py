from collections.abc import Callable

import pytest
from cloud import Cloud
from fastapi.testclient import TestClient
from markup import Markup

pytestmark = pytest.mark.airflow

Browser = Callable[[str | None], TestClient]


def below(run_id: str) -> tuple[str, ...]:
    run = f"/trailbook/runbooks/failed-logins/runs/{run_id}"
    return (
        "/trailbook/runbooks/failed-logins",
        "/trailbook/runbooks/failed-logins/runs",
        run,
        f"{run}/files/report.json",
    )


def test_a_viewer_reads_every_page(place: Cloud, signed_in: Browser, runs: list[dict[str, str]]) -> None:
    for path in ("/trailbook/", *below(runs[0]["run_id"])):
        assert signed_in("vera").get(path).status_code == 200


@pytest.mark.parametrize("name", ["nobody", "nina"])
def test_who_may_not_read_a_dag_gets_403_on_each_of_its_pages_and_nothing_of_it(
    place: Cloud, signed_in: Browser, runs: list[dict[str, str]], name: str
) -> None:
    for path in (*below(runs[0]["run_id"]), *below("no-such-run")):
        answer = signed_in(name).get(path)
        assert answer.status_code == 403
        assert "Failed sign-ins" not in answer.text
        assert "alice" not in answer.text


def test_what_one_may_not_read_cannot_be_told_from_what_is_not_there(place: Cloud, signed_in: Browser) -> None:
    browser = signed_in("nina")
    there, gone = (browser.get(f"/trailbook/runbooks/{name}") for name in ("failed-logins", "no-such-runbook"))
    assert (there.status_code, there.text) == (gone.status_code, gone.text)


def test_the_list_shows_what_a_user_may_read_and_counts_nothing_else(place: Cloud, signed_in: Browser) -> None:
    nina = Markup(signed_in("nina").get("/trailbook/").text)
    assert "Changes of the network" in nina.words
    assert "1 runbook: 1 that have not run" in nina.words
    assert "failed-logins" not in nina.words
    assert "CC7.2" not in nina.words
    nobody = Markup(signed_in("nobody").get("/trailbook/").text)
    assert "There is no runbook here that you may see." in nobody.words


def test_only_who_may_start_a_runbook_is_led_to_its_form(
    place: Cloud, signed_in: Browser, runs: list[dict[str, str]]
) -> None:
    page = f"/trailbook/runbooks/failed-logins/runs/{runs[0]['run_id']}"
    forms = {
        name: [link for link in Markup(signed_in(name).get(page).text).links() if "/user-timeline/new?" in link]
        for name in ("admin", "vera")
    }
    assert len(forms["admin"]) == 1
    assert forms["vera"] == []
    form = "/trailbook/runbooks/failed-logins/new"
    assert form in Markup(signed_in("admin").get("/trailbook/runbooks/failed-logins").text).links()
    assert form not in Markup(signed_in("vera").get("/trailbook/runbooks/failed-logins").text).links()


def test_a_history_without_a_runbook_any_more_is_seen_by_who_may_read_that_dag(
    place: Cloud, signed_in: Browser
) -> None:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    from trailbook.airflow.web.access import readable

    gone = {"net-gone", "auth-gone"}
    assert readable(SimpleAuthManagerUser(username="nina", role="USER"), gone) == {"net-gone"}
    assert readable(SimpleAuthManagerUser(username="vera", role="VIEWER"), gone) == gone


def test_airflow_s_own_list_of_plugins_has_our_views(admin: TestClient) -> None:
    (plugin,) = [each for each in admin.get("/api/v2/plugins").json()["plugins"] if each["name"] == "trailbook"]
    views = {(view["name"], view["destination"]): view["href"] for view in plugin["external_views"]}
    assert views == {
        ("Runbooks", "nav"): "trailbook/",
        ("Compliance", "nav"): "trailbook/compliance",
        ("Trail", "nav"): "trailbook/trail",
        ("Runbook", "dag"): "trailbook/runbooks/{DAG_ID}",
        ("Findings", "dag_run"): "trailbook/runbooks/{DAG_ID}/runs/{RUN_ID}",
    }
