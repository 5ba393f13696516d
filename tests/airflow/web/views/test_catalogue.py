from datetime import timedelta
from typing import Any

import pytest
from runbook_files import spec
from summaries import NOW, run

from trailbook.airflow.web.dag_states import DagState
from trailbook.airflow.web.views.catalogue import Catalogue, Known, catalogue
from trailbook.airflow.web.views.filters import Filters
from trailbook.runbook.model import Runbook

BOOKS = {
    "a": {"severity": "low", "status": "stable", "owner": "x", "title": "Alpha"},
    "b": {"severity": "critical", "controls": {"soc2@2017": ["CC7.2"]}, "attack": None, "title": "Beta of ALPHA"},
    "c": {"severity": "high", "schedule": None},
}


def page(known: Known | None = None, filters: Filters | None = None, **more: Any) -> Catalogue:
    runbooks = {name: Runbook.from_spec(spec(name, **changes)) for name, changes in BOOKS.items()}
    known = known or Known({}, {}, {}, {})
    more = {"retired": (), "problems": 0, "now": NOW} | more
    return catalogue(runbooks, known=known, filters=filters or Filters(), **more)


def ids(found: Catalogue) -> list[str]:
    return [line.id for line in found.lines]


def known(**verdicts: str) -> Known:
    return Known({name: run(verdict, runbook=name) for name, verdict in verdicts.items()}, {}, {}, {})


def test_what_needs_somebody_first_stands_first() -> None:
    assert ids(page(known(a="fail", b="pass", c="pass"))) == ["a", "b", "c"]
    assert ids(page(known(a="error", b="fail"))) == ["b", "a", "c"]
    assert ids(page()) == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "alpha"}, {"a", "b"}),
        ({"q": "beta alpha"}, {"b"}),
        ({"q": "cc7.2"}, {"b"}),
        ({"verdict": "none"}, {"b", "c"}),
        ({"verdict": "fail"}, {"a"}),
        ({"severity": "critical"}, {"b"}),
        ({"status": "stable"}, {"a"}),
        ({"owner": "x"}, {"a"}),
        ({"framework": "soc2@2017"}, {"b"}),
        ({"control": "nist-800-53@rev5:AU-6"}, {"a", "c"}),
        ({"control": "soc2@2017:AU-6"}, set()),
        ({"technique": "T1110.001", "severity": "high"}, {"c"}),
    ],
)
def test_each_filter_leaves_what_it_says(asked: dict[str, str], found: set[str]) -> None:
    assert set(ids(page(known(a="fail"), Filters(**asked)))) == found


def test_the_controls_to_choose_are_those_of_the_framework_that_is_asked_for() -> None:
    def controls(filters: Filters) -> tuple[tuple[str, str], ...]:
        return next(choice.options for choice in page(filters=filters).choices if choice.name == "control")

    assert controls(Filters(framework="soc2@2017")) == (("soc2@2017:CC7.2", "CC7.2"),)
    assert len(controls(Filters())) == 2


def test_the_head_counts_all_and_the_list_what_matches() -> None:
    found = page(known(a="fail", b="pass"), Filters(severity="low"))
    assert (found.total, found.tally, ids(found)) == (3, (("fail", 1), ("pass", 1), ("none", 1)), ["a"])


def test_a_runbook_without_a_file_keeps_its_line_as_long_as_it_has_a_history() -> None:
    found = page(known(gone="fail", a="pass"), retired=["gone", "a"])
    line = found.lines[0]
    assert (line.id, line.retired, line.status, line.severity) == ("gone", True, "retired", "high")
    assert [line.retired for line in found.lines].count(True) == 1


def test_the_next_run_is_what_airflow_says_or_why_there_is_none() -> None:
    def said(**dags: DagState) -> dict[str, str]:
        return {line.id: line.next_run for line in page(Known({}, {}, {}, dags)).lines}

    soon = DagState(False, NOW + timedelta(hours=7))
    assert said(a=soon, b=DagState(True, NOW)) == {"a": "in 7 hours", "b": "paused in Airflow", "c": ""}
    late = DagState(False, NOW - timedelta(hours=18))
    assert said(a=late)["a"] == "was due 18 hours ago"
    assert said(a=DagState(False, None)) == {"a": "none planned", "b": "not in Airflow yet", "c": ""}


def test_the_age_is_that_of_the_last_whole_run_and_not_of_the_last() -> None:
    last, good = run("incomplete", runbook="a"), run("pass", runbook="a", days=3)
    line = next(line for line in page(Known({"a": last}, {"a": good}, {}, {})).lines if line.id == "a")
    assert (line.past.last_ago, line.past.good_ago) == ("17 hours ago", "3 days ago")
