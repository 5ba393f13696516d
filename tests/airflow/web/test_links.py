from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from trailbook.airflow.web.links import Links

LINKS = Links("/air/trailbook", "/air", "digest")


def test_every_address_is_below_where_airflow_is_served() -> None:
    assert LINKS.catalogue(verdict="fail") == "/air/trailbook/?verdict=fail"
    assert LINKS.run("a", "scheduled__2026-11-01T02:00:00+00:00", 2) == (
        "/air/trailbook/runbooks/a/runs/scheduled__2026-11-01T02%3A00%3A00%2B00%3A00?attempt=2"
    )
    assert LINKS.asset("trailbook.css") == "/air/trailbook/static/digest/trailbook.css"
    assert LINKS.airflow_run("a", "x/y") == "/air/dags/a/runs/x%2Fy"


@pytest.mark.parametrize("run_id", ["..", ".", "a/b", "a\nb", "<b>", "a b", "", "é", "a?b#c"])
def test_a_run_id_that_no_path_can_hold_stands_whole_in_the_query(run_id: str) -> None:
    for link in (LINKS.run("a", run_id, 1), LINKS.verify("a", run_id, 1), LINKS.file("a", run_id, 1, "report.json")):
        place = urlsplit(link)
        assert place.path in ("/air/trailbook/runbooks/a/run", "/air/trailbook/runbooks/a/file")
        assert dict(parse_qsl(place.query)).get("run_id", "") == run_id


def test_a_hostile_text_in_an_address_stays_one_segment_or_one_value() -> None:
    bad = '"><script>/../?#&javascript:'
    assert unquote(LINKS.runbook(bad).removeprefix("/air/trailbook/runbooks/")) == bad
    assert LINKS.runbook(bad).count("/") == 4
    assert dict(parse_qsl(urlsplit(LINKS.form("a", [("users", bad), ("none", "")])).query)) == {"users": bad}
