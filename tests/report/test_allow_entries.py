"""What a report says of its allow entries: expired ones, and those that no longer accept anything."""

from dataclasses import replace

from page import Page
from samples import failed_logins

from trailbook.canonical import loads
from trailbook.diff import AllowUse
from trailbook.report import html, json

DAYS = 86_400


def with_uses(*uses):
    sample = failed_logins()
    assert len(sample.runbook.allow) == 2
    assert sample.expired_allow == (1,)
    return replace(sample, outcome=replace(sample.outcome, allow=uses))


def test_an_entry_that_matched_nothing_for_90_days_is_named_with_its_owner_and_last_match():
    report = with_uses(AllowUse("a" * 64, 0, "2026-08-04T00:00:00Z", 90 * DAYS), AllowUse("b" * 64, 0, None, 0))
    page = Page(html.render(report))
    assert "1 allow entry has matched nothing for 90 days of runs" in page.text
    assert "last matched in the window to 2026-08-04T00:00:00Z" in page.text
    assert loads(json.dumps(report))["stale_allow"] == [0]
    assert json.loads(json.dumps(report)) == report


def test_an_entry_that_never_matched_is_said_to_have_never_matched():
    report = with_uses(AllowUse("a" * 64, 0, None, 91 * DAYS), AllowUse("b" * 64, 0, None, 0))
    assert "never matched" in Page(html.render(report)).text


def test_an_expired_entry_is_not_called_stale_too():
    report = with_uses(AllowUse("a" * 64, 1, "2026-11-03T00:00:00Z", 0), AllowUse("b" * 64, 0, None, 400 * DAYS))
    assert report.stale == ()
    text = Page(html.render(report)).text
    assert "1 allow entry has expired" in text
    assert "matched nothing" not in text


def test_an_entry_idle_for_less_than_90_days_is_not_stale():
    report = with_uses(AllowUse("a" * 64, 0, None, 90 * DAYS - 1), AllowUse("b" * 64, 0, None, 0))
    assert report.stale_allow == ()
