"""Every case of every shipped runbook and fragment, as `trailbook test` runs them, and what is promised of a runbook.

The same cases run with DuckDB's optimizer, and beside a Trino's answers, in `tests/conformance`.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from trailbook.cli.case_runs import results_of
from trailbook.runbook.collection import Collection
from trailbook.runbook.fragments import in_folder
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import CaseResult

ROOT = Path(__file__).parents[2] / "runbooks"
COLLECTION = Collection.load(ROOT, lint=True)
RUNBOOKS = [COLLECTION.runbooks[name].runbook for name in sorted(COLLECTION.runbooks)]
FRAGMENTS = in_folder(ROOT)
CASES = {
    **{f"fragment {name}": len(fragment.cases) for name, fragment in FRAGMENTS.items()},
    **{runbook.id: len(runbook.cases) for runbook in RUNBOOKS},
}


@pytest.fixture(scope="module")
def results() -> Mapping[str, list[CaseResult]]:
    found: dict[str, list[CaseResult]] = {name: [] for name in CASES}
    for result in results_of(RUNBOOKS, FRAGMENTS, PhysicalTable()):
        found[result.runbook].append(result)
    return found


def test_every_shipped_file_is_valid() -> None:
    assert [str(problem) for problem in COLLECTION.problems] == []
    assert {r.id for r in RUNBOOKS} >= {
        "auth-failed-logins",
        "s3-critical-bucket-activity",
        "iam-policy-changes",
        "change-unauthorised-key-resources",
    }


@pytest.mark.parametrize("name", CASES)
def test_the_cases_give_their_rows(name: str, results: Mapping[str, list[CaseResult]]) -> None:
    assert [result for result in results[name] if not result.passed] == []
    assert len(results[name]) == CASES[name]


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda r: r.id)
def test_a_runbook_can_run_as_it_is_shipped_and_says_what_to_do(runbook: Runbook) -> None:
    # Without a schedule it is an investigation, which a person begins and says of what.
    by_hand = runbook.schedule is None
    assert by_hand == bool(runbook.needs_one_of or [name for name, param in runbook.params.items() if param.required])
    assert "Check first" in runbook.guide
    assert "Contain" in runbook.guide
    assert runbook.falsepositives
    assert runbook.references
    assert all(entry.expires > date(2027, 1, 1) for entry in runbook.allow)


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda r: r.id)
def test_the_cases_show_both_what_is_found_and_what_is_not(runbook: Runbook) -> None:
    found = [case for case in runbook.cases if case.rows]
    silent = [case for case in runbook.cases if case.events and not case.rows]
    assert len(runbook.cases) >= 6
    assert len(found) >= 3
    assert sum(len(case.events) for case in silent) >= 2
    described = {event.get("eventName") for case in runbook.cases for event in case.events}
    assert len(described) >= 3


def test_each_shared_fragment_is_told_to_those_who_write_runbooks() -> None:
    guide = (ROOT.parent / "docs/writing-runbooks.md").read_text()
    assert [path.stem for path in (ROOT / "fragments").glob("*.yaml") if f"`{path.stem}(" not in guide] == []
