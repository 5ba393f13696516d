"""What an operator does in Airflow's UI, from signing in to following a finding, in a real browser."""

import re
from collections.abc import Callable

import pytest
from browsing import Visitor
from playwright.sync_api import expect

pytestmark = pytest.mark.ui

LOGINS = "Failed logins to the console and to Identity Center, by user and source"
Visit = Callable[..., Visitor]


def test_who_is_not_signed_in_is_led_to_airflows_login_page_and_back(visit: Visit) -> None:
    visitor = visit().expecting(401)
    answer = visitor.page.goto("/trailbook/runbooks/auth-failed-logins")
    assert answer is not None
    assert answer.status == 401
    expect(visitor.page.get_by_role("heading", name="Not signed in")).to_be_visible()
    expect(visitor.page.get_by_text(LOGINS)).to_have_count(0)
    visitor.page.get_by_role("link", name="Sign in").click()
    visitor.signs_in("uma")
    expect(visitor.page.get_by_role("heading", name=LOGINS)).to_be_visible()


def test_a_runbook_is_found_by_search_in_airflows_navigation(visit: Visit) -> None:
    visitor = visit("uma")
    page = visitor.page
    page.goto("/")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Runbooks").click()
    inside = visitor.embedded()
    lines = inside.locator("#lines tr:visible")
    expect(lines).to_have_count(10)
    inside.get_by_role("searchbox", name="Search").fill("failed sign in console")
    expect(lines).not_to_have_count(10)
    inside.get_by_role("searchbox", name="Search").fill("failed-logins")
    expect(lines).to_have_count(1)
    inside.get_by_role("link", name=LOGINS).click()
    expect(inside.get_by_role("heading", name=LOGINS)).to_be_visible()
    expect(inside.get_by_role("heading", name="What to do with a finding")).to_be_visible()


def test_the_filters_work_without_the_script(visit: Visit) -> None:
    page = visit("uma", java_script_enabled=False).opens("/")
    page.get_by_label("Severity").select_option("critical")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("severity=critical"))
    expect(page.locator("#lines tr")).to_have_count(4)
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("#lines tr")).to_have_count(10)


def test_the_tab_on_a_dag_shows_its_runbook_and_the_one_on_a_run_its_findings(visit: Visit) -> None:
    visitor = visit("uma")
    visitor.page.goto("/dags/auth-failed-logins")
    visitor.page.get_by_role("link", name="Runbook", exact=True).click()
    inside = visitor.embedded()
    expect(inside.get_by_role("heading", name=LOGINS)).to_be_visible()
    visitor.page.goto("/dags/auth-failed-logins/runs/day-2")
    visitor.page.get_by_role("link", name="Findings", exact=True).click()
    expect(inside.get_by_role("group", name="Verdict")).to_contain_text("PASS")
    inside.get_by_role("link", name="In Airflow").click()  # leaves the frame
    expect(visitor.page).to_have_url(re.compile("/dags/auth-failed-logins/runs/day-2/?$"))
    expect(visitor.page.locator("iframe")).to_have_count(0)


def test_our_pages_keep_the_theme_of_the_airflow_around_them(visit: Visit) -> None:
    visitor = visit("uma", color_scheme="light")
    visitor.page.goto("/plugin/trailbook-runbooks")
    body = visitor.embedded().locator("body")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    visitor.page.get_by_role("button", name="User").click()
    visitor.page.get_by_role("menuitem", name="Appearance").click()
    visitor.page.get_by_text("Dark Mode").click()
    expect(body).to_have_css("background-color", "rgb(15, 19, 24)")


def test_a_finding_shows_its_events_and_leads_to_the_form_of_another_runbook(visit: Visit) -> None:
    page = visit("uma").opens("/runbooks/auth-failed-logins/runs/day-1")
    expect(page.get_by_role("group", name="Verdict")).to_contain_text("FAIL")
    new = page.get_by_role("region", name="New findings")
    first = new.locator("tbody").first
    events = first.locator("details")
    expect(events.get_by_role("listitem").first).to_be_hidden()
    events.locator("summary").click()
    expect(events.get_by_role("listitem").first).to_be_visible()
    user = first.locator('[data-name="user_name"]').inner_text()
    first.get_by_role("link", name="What this user changed in IAM policies").click()
    expect(page).to_have_url(re.compile("/trailbook/runbooks/iam-policy-changes/new"))
    expect(page.get_by_label("Only callers like")).to_have_value(f"*{user}*")


def test_the_history_leads_from_the_runbook_to_each_run(visit: Visit) -> None:
    page = visit("vera").opens("/runbooks/auth-failed-logins/runs")
    rows = page.get_by_role("region", name="Runs").locator("tbody tr")
    expect(rows.last.locator('[data-name="entry"]')).to_have_text("1")
    expect(rows.last).to_contain_text("Day 1 of the sample trail")
    page.get_by_role("checkbox", name="pass").check()
    page.get_by_role("button", name="Filter").click()
    expect(rows.last.locator('[data-name="entry"]')).to_have_text("2")
    rows.last.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/runs/day-2"))
    expect(page.get_by_role("group", name="Verdict")).to_contain_text("PASS")


def test_suppressed_findings_are_folded_until_they_are_asked_for(visit: Visit) -> None:
    page = visit("vera").opens("/runbooks/auth-failed-logins/runs/day-1")
    group = page.locator("details.group.suppressed")
    reason = group.get_by_text("Login canary that fails on purpose")
    expect(reason).to_be_hidden()
    group.locator("summary").first.click()
    expect(reason).to_be_visible()


def test_a_run_is_verified_on_request_and_hands_out_its_files(visit: Visit) -> None:
    page = visit("vera").opens("/runbooks/auth-failed-logins/runs/day-1")
    page.get_by_role("link", name="Verify now").click()
    expect(page.get_by_role("status").filter(has_text="Verified just now")).to_be_visible()
    with page.expect_download() as begun:
        page.get_by_role("link", name="report.html").click()
    download = begun.value
    assert download.suggested_filename == "auth-failed-logins-1-report.html"
    text = download.path().read_text()
    assert text.startswith("<!doctype html>")
    assert LOGINS in text
