from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cloud import Cloud
from fastapi.testclient import TestClient
from markup import Markup, only_ours

from trailbook.airflow.web.views.controls import Asked, period_of
from trailbook.errors import InvalidRequest

pytestmark = pytest.mark.airflow

PAGE = "/trailbook/compliance"


def shown(browser: TestClient, query: str = "") -> Markup:
    answer = browser.get(f"{PAGE}{query}")
    assert answer.status_code == 200, answer.text
    page = Markup(answer.text)
    only_ours(page)
    return page


def days(runs: list[dict[str, Any]]) -> str:
    """The period that the runs' windows cover, as the page's form sends it."""
    ends = [run["window"]["end"][:10] for run in runs]
    return f"from={runs[0]['window']['start'][:10]}&to={runs[-1]['window']['start'][:10]}&x={ends[-1]}"


def test_controls_without_evidence_come_first_and_each_runbook_leads_to_its_runs(
    admin: TestClient, runs: list[dict[str, Any]]
) -> None:
    page = shown(admin, f"?{days(runs)}")
    words = page.words
    assert words.index("Controls without any evidence") < words.index("Reports kept as evidence")
    assert "CC7.2" in words
    assert "FAIL" in words
    assert any("/trailbook/runbooks/failed-logins/runs" in link for link in page.links())
    assert any(runs[-1]["run_id"].replace(":", "%3A").replace("+", "%2B") in link for link in page.links())


def test_a_window_without_a_run_leads_to_the_form_that_runs_it(admin: TestClient) -> None:
    page = shown(admin, "?from=2025-12-01&to=2025-12-03")
    (first, *_) = [link for link in page.links() if "/runbooks/failed-logins/new?" in link]
    assert "start=2025-1" in first
    assert "no run" in page.words


def test_a_viewer_sees_the_gaps_and_no_way_to_start_a_run(
    place: Cloud, signed_in: Callable[[str | None], TestClient]
) -> None:
    page = shown(signed_in("vera"), "?from=2025-12-01&to=2025-12-03")
    assert "no run" in page.words
    assert [link for link in page.links() if "/new" in link] == []


def test_of_runbooks_that_one_may_not_see_only_their_number_is_said(
    place: Cloud, signed_in: Callable[[str | None], TestClient]
) -> None:
    page = shown(signed_in("nina"))
    assert "2 runbooks that you may not see are not in this view." in page.words
    assert "failed-logins" not in page.words
    assert "CC7.2" not in page.words


def test_one_framework_alone(admin: TestClient) -> None:
    page = shown(admin, "?framework=soc2%402017")
    assert [option["value"] for option in page.all("option") if "selected" in option] == ["soc2@2017"]
    assert "CC7.2" in page.words


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?framework=no-such", "no runbook maps to the framework"),
        ("?from=yesterday", "from: expected a day like 2026-01-31, found"),
        ("?from=2026-02-01&to=2026-01-01", "expected a day not after 2026-01-01"),
        ("?from=2020-01-01&to=2026-01-01", "expected at most 400 days"),
    ],
)
def test_what_cannot_be_shown_is_said(admin: TestClient, query: str, says: str) -> None:
    answer = admin.get(f"{PAGE}{query}")
    page = Markup(answer.text)
    only_ours(page)
    assert answer.status_code == 400
    assert says in page.words


def test_a_period_is_whole_days_and_thirty_of_them_where_nothing_is_asked() -> None:
    today = date(2026, 11, 29)
    found = period_of(Asked(), today)
    assert (found.start, found.end) == (datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
    one = period_of(Asked(start="2026-01-31", end="2026-01-31"), today)
    assert (one.end - one.start).days == 1
    with pytest.raises(InvalidRequest, match="from: expected a day"):
        period_of(Asked(start="x", end="y"), today)
