"""Controls, their evidence, and the verdict over all of them."""

from pathlib import Path

import pytest
from month import AFTER, DAYS, PERIOD, book, every_day, run, seen

from trailbook.compliance.evidence import Standing
from trailbook.compliance.mapped import Mapped
from trailbook.compliance.statements import reasons
from trailbook.compliance.view import view
from trailbook.errors import InvalidRequest
from trailbook.report.frameworks import COVERAGE
from trailbook.runbook.collection import Collection
from trailbook.verdict import Verdict

CIS = "cis-aws-foundations@7.0.0"
NIST = {"nist-800-53@rev5": ("AU-6", "AC-10", "AC-2")}


def test_whole_evidence_passes() -> None:
    found = seen(every_day())
    assert found.verdict is Verdict.PASS
    assert reasons(found) == ("1 control, each with its evidence, and no run fails",)


def test_a_control_that_no_runbook_maps_to_has_no_evidence_and_is_said_first() -> None:
    found = view(PERIOD, [CIS], [book()], every_day(), by=AFTER, last_good={})
    (framework,) = found.frameworks
    assert [control.id for control in framework.controls] == list(COVERAGE[CIS])
    assert [control.id for control in framework.of(Standing.WHOLE)] == ["5.6"]
    assert found.verdict is Verdict.INCOMPLETE
    assert reasons(found)[0].startswith("15 controls of 16 without any evidence: CIS AWS Foundations")


def test_a_failing_run_fails_and_what_is_missing_is_still_said_first() -> None:
    found = view(PERIOD, [CIS], [book()], [*every_day(3), run(3, "fail")], by=AFTER, last_good={})
    assert found.verdict is Verdict.FAIL
    first, last = reasons(found)
    assert "without any evidence" in first
    assert last == "1 run of 1 runbook failing: failed-logins"


def test_a_gap_in_one_runbook_leaves_its_controls_with_part_of_the_evidence() -> None:
    a, b = book("a-book", controls=NIST), book("b-book", controls={"nist-800-53@rev5": ("AU-6", "SI-4")})
    runs = [*every_day(runbook="a-book"), *every_day(4, runbook="b-book")]
    found = seen(runs, a, b)
    (framework,) = found.frameworks
    assert [control.id for control in framework.controls] == ["AC-2", "AC-10", "AU-6", "SI-4"]
    assert [control.id for control in framework.of(Standing.PARTIAL)] == ["AU-6", "SI-4"]
    assert found.verdict is Verdict.INCOMPLETE
    assert reasons(found) == ("2 controls of 4 with part of the evidence: NIST SP 800-53 rev5 AU-6, SI-4",)


def test_a_runbook_that_nobody_asked_takes_nothing_from_a_control() -> None:
    asked, idle = book("asked", controls=NIST), book("idle", controls=NIST, cadence=None)
    assert seen(every_day(runbook="asked"), asked, idle).verdict is Verdict.PASS
    alone = seen([], idle)
    assert [control.standing for control in alone.frameworks[0].controls] == [Standing.NONE] * 3


@pytest.mark.parametrize("missing", [{"faults": ["x: entry 3 is not there"]}, {"left_out": ["broken.yaml"]}])
def test_what_cannot_be_trusted_is_incomplete(missing: dict[str, list[str]]) -> None:
    found = seen(every_day(), **missing)
    assert found.verdict is Verdict.INCOMPLETE
    assert any(next(iter(missing.values()))[0] in reason for reason in reasons(found))


def test_only_the_frameworks_that_are_asked_for_are_looked_at() -> None:
    runbooks = [book(), book("other", controls=NIST)]
    runs = [*every_day(), run(0, "fail", runbook="other")]
    found = view(PERIOD, ["cis-aws-foundations"], runbooks, runs, by=AFTER, last_good={})
    assert [framework.name for framework in found.frameworks] == [CIS]
    assert (found.failing, found.unmapped) == ((), ("other",))
    every = view(PERIOD, [], runbooks, runs, by=AFTER, last_good={})
    assert [framework.name for framework in every.frameworks] == [CIS, "nist-800-53@rev5"]
    assert (len(every.failing), every.unmapped) == (1, ())


def test_an_unknown_framework_is_refused_with_all_others() -> None:
    with pytest.raises(InvalidRequest) as caught:
        view(PERIOD, ["nist-800-54", "nothing"], [book(controls=NIST)], [], by=AFTER, last_good={})
    assert len(caught.value.reasons) == 2
    assert "there are: nist-800-53@rev5" in str(caught.value)


def test_the_order_of_runs_and_runbooks_does_not_matter() -> None:
    runbooks = [book("b"), book("a"), book("c", cadence=None)]
    runs = [*every_day(2, runbook="a"), *every_day(runbook="b"), run(1, "fail", runbook="c")]
    one = view(PERIOD, [], runbooks, runs, by=AFTER, last_good={})
    assert view(PERIOD, [], runbooks[::-1], runs[::-1], by=AFTER, last_good={}) == one


def test_the_shipped_runbooks_owe_evidence_for_every_listed_control() -> None:
    shipped = Collection.load(Path(__file__).parents[2] / "runbooks", lint=False).runbooks.values()
    found = view(PERIOD, [], [Mapped.of(loaded) for loaded in shipped], [], by=AFTER, last_good={})
    assert found.controls > 100
    assert all(control.evidence for framework in found.frameworks for control in framework.controls)
    assert found.unmapped == ()
    daily = [of for of in found.evidence if of.expected == DAYS]
    assert len(daily) > 50
