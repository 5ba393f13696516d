"""Runs that are started in the browser: Airflow's own form, ours, and who may use neither."""

import re
from collections.abc import Callable

import pytest
from browsing import Visitor
from playwright.sync_api import expect

pytestmark = pytest.mark.ui

LOGINS = "Failed logins to the console and to Identity Center, by user and source"
ENDED = 180_000
"""Milliseconds until a run has surely ended, on a busy machine."""

Visit = Callable[..., Visitor]


def test_a_run_by_airflows_own_form_is_watched_until_its_findings_are_there(visit: Visit) -> None:
    visitor = visit("uma")
    page = visitor.page
    page.goto("/dags/auth-failed-logins")
    page.get_by_role("button", name="Trigger Dag").click()
    form = page.get_by_role("dialog")
    form.get_by_role("spinbutton", name="Failures before a row counts").fill("3")
    form.get_by_role("button", name="Window, scope and reason").click()
    form.locator("#element_reason").fill("A lower threshold, for the auditor")
    form.get_by_role("button", name="Trigger", exact=True).click()
    expect(form).to_have_count(0)
    page = visitor.opens("/runbooks/auth-failed-logins")
    page.get_by_role("status").get_by_role("link").click()
    expect(page.get_by_role("group", name="Verdict")).to_contain_text(re.compile("PASS|FAIL"), timeout=ENDED)
    facts = page.get_by_role("region", name="Key facts")
    expect(facts).to_contain_text("uma")
    expect(facts).to_contain_text("A lower threshold, for the auditor")
    expect(page.get_by_role("region", name="Query", exact=True)).to_contain_text("threshold")
    expect(page.get_by_role("region", name="Compared with")).to_contain_text("had other parameters")


def test_our_form_says_what_is_wrong_beside_the_field_and_starts_the_run_once_it_is_right(visit: Visit) -> None:
    visitor = visit("uma").expecting(422)
    page = visitor.opens("/runbooks/principal-timeline")
    page.get_by_role("link", name="Run with parameters").click()
    page.get_by_label("From which address").fill("the office")
    page.get_by_role("button", name="Start the run").click()
    problems = page.get_by_role("alert")
    expect(problems).to_contain_text("Nothing was started")
    address = page.get_by_label("From which address")
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_have_value("the office")
    problems.get_by_role("link").first.click()
    expect(address).to_be_focused()

    address.fill("198.51.100.0/24")
    page.get_by_label(re.compile("^Start")).fill(f"{visitor.site.days[0]}T00:00")
    page.get_by_label(re.compile("^End")).fill(f"{visitor.site.days[1]}T00:00")
    page.get_by_role("textbox", name=re.compile("^Reason")).fill("Who is in this network?")
    page.get_by_role("checkbox", name=re.compile("Unpause")).check()
    page.get_by_role("button", name="Start the run").click()
    expect(page).to_have_url(re.compile("/trailbook/runbooks/principal-timeline/runs/"))
    expect(page.get_by_role("group", name="Verdict")).to_contain_text("PASS", timeout=ENDED)
    expect(page.get_by_role("region", name="Key facts")).to_contain_text("Who is in this network?")
    expect(page.get_by_role("region", name="Key facts")).to_contain_text("uma")


def test_a_viewer_sees_every_page_and_can_start_nothing(visit: Visit) -> None:
    visitor = visit("vera").expecting(403)
    page = visitor.opens("/runbooks/auth-failed-logins")
    expect(page.get_by_role("heading", name=LOGINS)).to_be_visible()
    expect(page.get_by_role("link", name="Run with parameters")).to_have_count(0)
    page = visitor.opens("/runbooks/auth-failed-logins/runs/day-1")
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.get_by_role("link", name="What this user changed in IAM policies")).to_have_count(0)
    answer = page.goto("/trailbook/runbooks/auth-failed-logins/new")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("button", name="Start the run")).to_have_count(0)
    posted = page.request.post(
        "/trailbook/runbooks/auth-failed-logins/new", form={"reason": "x"}, headers={"Origin": visitor.site.url}
    )
    assert posted.status == 403


def test_who_may_see_one_runbook_finds_no_trace_of_the_others(visit: Visit) -> None:
    visitor = visit("ivan")
    page = visitor.opens("/")
    expect(page.locator("#lines").get_by_role("rowheader")).to_contain_text(["iam-policy-changes"])
    for path in ("", "/runs", "/runs/day-1", "/runs/day-1/files/report.html", "/new"):
        answer = page.request.get(f"/trailbook/runbooks/auth-failed-logins{path}")
        assert answer.status == 403
        assert LOGINS not in answer.text()
    for path in ("/compliance", "/trail"):
        visitor.opens(path)
        expect(page.get_by_role("main")).not_to_contain_text("auth-failed-logins")
        expect(page.get_by_role("main")).not_to_contain_text(LOGINS)


@pytest.mark.parametrize(
    "path", ["/", "/runbooks/iam-policy-changes/runs/day-1", "/static/x/trailbook.css", "/openapi.json"]
)
def test_nobody_gets_nothing(visit: Visit, path: str) -> None:
    assert visit().page.request.get(f"/trailbook{path}").status == 401
