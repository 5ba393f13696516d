from dataclasses import replace
from datetime import timedelta

from samples import DAY, failed_logins, finding, make
from summaries import NOW, run

from trailbook.airflow.web.dag_states import AirflowRun
from trailbook.airflow.web.views.history import history
from trailbook.airflow.web.views.pending import REFRESH_SECONDS, pending
from trailbook.airflow.web.views.run import MOST_LINK, leads
from trailbook.diff import State
from trailbook.report import Report
from trailbook.verdict import Verdict
from trailbook.window import text

WINDOW = (("start", text(DAY.start)), ("end", text(DAY.end)))


def everything(name: str) -> bool:
    return True


def ids(report: Report) -> set[str]:
    return {finding.finding_id for finding in report.findings}


def test_a_finding_leads_to_the_next_runbook_with_its_values_and_the_run_s_window() -> None:
    report = make([finding(0, State.NEW), finding(1, State.ABSENT)])
    found = leads(report, everything, ids(report))
    (lead,) = found[report.findings[0].finding_id]
    assert (lead.runbook, lead.values) == ("principal-timeline", (("source_ip", "198.51.0.1"), *WINDOW))
    assert report.findings[1].finding_id not in found


def test_a_finding_that_the_page_does_not_list_leads_nowhere() -> None:
    report = make([finding(0, State.NEW), finding(1, State.NEW)])
    listed = report.findings[1].finding_id
    assert set(leads(report, everything, {listed})) == {listed}


def test_what_gives_no_value_or_too_long_a_one_leads_nowhere() -> None:
    rows = [{"source_ip": None}, {"source_ip": "x" * (MOST_LINK + 1)}]
    report = make([finding(number, State.NEW, row=row) for number, row in enumerate(rows)])
    assert set(leads(report, everything, ids(report)).values()) == {()}


def test_a_runbook_that_the_reader_may_not_start_is_no_lead() -> None:
    report = failed_logins()
    assert not any(leads(report, lambda name: False, ids(report)).values())


def under_way(state: str = "running", **changes: object) -> AirflowRun:
    known = AirflowRun(
        "a", "manual__1", state, 1, NOW, NOW, None, "manual", "vera", {"reason": "x", "users": [], "n": 0}
    )
    return replace(known, **changes)  # type: ignore[arg-type]  # fields by name


def test_a_run_under_way_says_who_asked_for_what_and_is_loaded_anew() -> None:
    page = pending(under_way(), title="A", now=NOW + timedelta(minutes=3))
    assert (page.started, page.since, page.refresh) == ("by hand in Airflow by vera", "3 minutes ago", REFRESH_SECONDS)
    assert page.conf == (("reason", "x"), ("n", "0"))


def test_a_run_that_has_just_ended_is_loaded_anew_until_the_ledger_has_it_and_an_old_one_is_not() -> None:
    def refresh(ago: int) -> int | None:
        return pending(under_way("success", ended=NOW - timedelta(seconds=ago)), title="A", now=NOW).refresh

    assert (refresh(30), refresh(90)) == (REFRESH_SECONDS, None)


def test_a_history_shows_what_is_under_way_on_its_first_page_only() -> None:
    def shown(first: bool, **changes: object) -> int:
        page = history(
            "a", "A", ((run(run_id="manual__1"),), None), under_way=[under_way(**changes)], verdicts=(), total=1,
            first=first, now=NOW,
        )  # fmt: skip
        return len(page.under_way)

    assert shown(True, run_id="manual__2") == 1
    assert shown(False, run_id="manual__2") == 0
    assert shown(True) == 0, "the ledger has it, and Airflow has yet to say that it ended"
    assert shown(True, attempt=2) == 1, "it was cleared and runs again"


def test_a_page_of_the_history_asks_for_the_next_one_with_the_same_verdicts() -> None:
    page = history(
        "a", "A", ((run("error"),), 7), under_way=(), verdicts=(Verdict.ERROR,), total=9, first=True, now=NOW
    )
    assert page.query(page.older) == (("verdict", "error"), ("before", "7"))
    assert page.rows[0].because == "query: refused"
