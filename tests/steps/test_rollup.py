"""A roll-up from the ledger to the ledger: planned, written, recorded, and verified like any run."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from watched_logins import runbook

from trailbook.canonical import loads
from trailbook.compliance import Mapped
from trailbook.diff import Counts
from trailbook.errors import InvalidRequest
from trailbook.ledger import Ledger, Looked, Materials, Record, verify
from trailbook.objects import FolderStore
from trailbook.plan import Run, Trigger
from trailbook.runbook.collection import Collection
from trailbook.runbook.load import Loaded
from trailbook.runbook.source import read
from trailbook.steps import Failure, rollup
from trailbook.steps.rollup import CHAIN, RollupPlan
from trailbook.verdict import Judgement, Verdict
from trailbook.window import Window, text

START = datetime(2026, 11, 2, tzinfo=UTC)
WEEK = Window(START, START + timedelta(days=7))
RUN = Run("scheduled__2026-11-09", trigger=Trigger.SCHEDULED, logical_date="2026-11-09T04:00:00Z")
STARTED = datetime(2026, 11, 9, 4, 0, 5, 250000, tzinfo=UTC)
NAME = "watched-logins"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(FolderStore(tmp_path / "ledger"), FolderStore(tmp_path / "heads"))


@pytest.fixture
def reports(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "reports")


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """One daily runbook; its file is not what matters here, but for its digest."""
    path = tmp_path / f"{NAME}.yaml"
    path.write_text("id: watched-logins\n")
    made = runbook(controls={"nist-800-53@rev5": ["AU-6"], "soc2@2017": ["CC7.2"]})
    return Collection({NAME: Loaded(made, replace(read(path), data=None))}, ())


@pytest.fixture
def daily(ledger: Ledger, collection: Collection) -> Callable[..., None]:
    """Record the run of a day of the week."""
    key = Mapped.of(collection.runbooks[NAME]).comparison_key

    def add(day: int, verdict: str = "pass", **changes: Any) -> None:
        window = Window(START + timedelta(days=day), START + timedelta(days=day + 1))
        begun = window.end + timedelta(hours=2)
        looked = Looked(10, 1024, text(window.start), text(window.end), 1, 1)
        made = Record(
            runbook=NAME,
            run=Run(f"scheduled__{day}", trigger=Trigger.SCHEDULED),
            verdict=Verdict(verdict),
            reasons=("so it is",),
            started=text(begun),
            finished=text(begun + timedelta(minutes=1)),
            version="0.1.0",
            window=window,
            materials=Materials("a" * 64, "b" * 64, "c" * 64),
            counts=Counts(),
            completeness=looked,
            comparison_key=key,
        )
        ledger.append(replace(made, **changes))

    return add


def planned(ledger: Ledger, collection: Collection, *frameworks: str, period: Window = WEEK) -> RollupPlan:
    return rollup.plan(RUN, period, frameworks, collection, ledger, started=STARTED)


def recorded(ledger: Ledger, reports: FolderStore, made: RollupPlan) -> Any:
    products, judgement = rollup.report(made, ledger=ledger, reports=reports)
    return rollup.record(
        made.run, made=made, products=products, judgement=judgement, failure=None, ledger=ledger, finished=STARTED
    )


def test_a_week_of_whole_runs_passes_and_the_roll_up_verifies_like_any_run(
    ledger: Ledger, reports: FolderStore, collection: Collection, daily: Callable[..., None]
) -> None:
    for day in range(-3, 7):
        daily(day)
    for number in (1, 2):
        made = planned(ledger, collection)
        entry = recorded(ledger, reports, replace(made, run=replace(RUN, run_id=f"week-{number}")))
    record = entry.record
    assert (record.verdict, record.window, entry.sequence) == (Verdict.PASS, WEEK, 2)
    assert record.params == {"from": "2026-11-02T00:00:00Z", "to": "2026-11-09T00:00:00Z", "frameworks": []}
    assert record.materials.runbook_sha256 == made.runbooks_sha256
    found = verify(ledger.store, reports, second=ledger.heads, runbooks=[CHAIN])
    assert (found.entries, found.files, found.faults, found.unrecorded) == (2, 8, [], 0)
    manifest = json.loads(reports.get(record.products.manifest.key))
    assert manifest["ledger_head"] == {"sequence": 1, "fingerprint": next(ledger.entries(CHAIN)).fingerprint}


@pytest.mark.parametrize(
    ("missing", "verdict", "said"),
    [
        ({}, "incomplete", "2 controls of 2 with part of the evidence"),
        ({"verdict": "error", "completeness": None, "counts": None}, "incomplete", "part of the evidence"),
        ({"verdict": "incomplete"}, "incomplete", "part of the evidence"),
        ({"verdict": "fail"}, "fail", "1 run of 1 runbook failing"),
    ],
)
def test_the_verdict_is_that_of_what_is_missing_and_what_fails(
    ledger: Ledger,
    reports: FolderStore,
    collection: Collection,
    daily: Callable[..., None],
    missing: dict[str, Any],
    verdict: str,
    said: str,
) -> None:
    for day in range(7):
        if day != 3:
            daily(day)
        elif missing:
            daily(3, missing["verdict"], **{name: value for name, value in missing.items() if name != "verdict"})
    record = recorded(ledger, reports, planned(ledger, collection)).record
    assert record.verdict == verdict
    assert said in record.reasons[0]


def test_a_cleared_run_that_passes_at_its_last_word_fails_no_more(
    ledger: Ledger, reports: FolderStore, collection: Collection, daily: Callable[..., None]
) -> None:
    for day in range(7):
        daily(day, "fail" if day == 2 else "pass")
    daily(2, run=Run("scheduled__2", 2, Trigger.SCHEDULED))
    assert recorded(ledger, reports, planned(ledger, collection)).record.verdict is Verdict.PASS


def test_an_empty_ledger_is_incomplete_and_says_first_that_there_is_nothing(
    ledger: Ledger, reports: FolderStore, collection: Collection
) -> None:
    record = recorded(ledger, reports, planned(ledger, collection, "soc2")).record
    assert record.verdict is Verdict.INCOMPLETE
    assert record.reasons[0].startswith("1 control of 1 without any evidence: SOC 2")


def test_the_report_is_the_same_whatever_is_recorded_after_the_plan(
    ledger: Ledger, reports: FolderStore, collection: Collection, daily: Callable[..., None]
) -> None:
    for day in range(6):
        daily(day)
    made = RollupPlan.from_json(json.loads(json.dumps(planned(ledger, collection).to_json())))
    first = rollup.report(made, ledger=ledger, reports=reports)
    daily(6)
    assert rollup.report(made, ledger=ledger, reports=reports) == first
    assert first[1].verdict is Verdict.INCOMPLETE
    assert rollup.gathered(planned(ledger, collection), ledger).verdict is Verdict.PASS


def test_a_plan_survives_its_json(ledger: Ledger, collection: Collection, daily: Callable[..., None]) -> None:
    daily(0)
    made = planned(ledger, collection, "nist-800-53", "soc2@2017")
    assert RollupPlan.from_json(json.loads(json.dumps(made.to_json()))) == made
    assert made.attempt(3).run.attempt == 3


@pytest.mark.parametrize("sequence", [2, 4])
def test_a_changed_entry_makes_the_roll_up_incomplete_and_does_not_end_it(
    ledger: Ledger, reports: FolderStore, collection: Collection, daily: Callable[..., None], sequence: int
) -> None:
    for day in range(7):
        daily(day)
    path = Path(ledger.store.uri(f"{NAME}/{sequence:012d}.json"))
    path.write_bytes(path.read_bytes().replace(b'"pass"', b'"fail"'))
    record = recorded(ledger, reports, planned(ledger, collection)).record
    assert record.verdict is Verdict.INCOMPLETE
    assert f"{sequence:012d}.json: not an entry as it was recorded" in record.reasons[0]


def test_a_stray_key_and_a_broken_last_entry_are_faults_too(
    ledger: Ledger, collection: Collection, daily: Callable[..., None]
) -> None:
    daily(0)
    path = Path(ledger.store.uri(f"{NAME}/{1:012d}.json"))
    path.write_bytes(b"{}")
    assert len(rollup.gathered(planned(ledger, collection), ledger).faults) == 1
    ledger.store.put_new(f"{NAME}/zzz.json", b"{}", "application/json")
    (fault,) = rollup.gathered(planned(ledger, collection), ledger).faults
    assert "the chain does not end in an entry" in fault


def test_a_failed_step_is_recorded_with_its_sentence(ledger: Ledger, collection: Collection) -> None:
    failure = Failure("report", "the bucket is gone")
    made = planned(ledger, collection)
    entry = rollup.record(
        RUN, made=made, products=None, judgement=None, failure=failure, ledger=ledger, finished=STARTED
    )
    assert entry.record.verdict is Verdict.ERROR
    assert entry.record.error == "report: the bucket is gone"
    again = rollup.record(
        RUN,
        made=None,
        products=None,
        judgement=Judgement(Verdict.PASS, ("never",)),
        failure=None,
        ledger=ledger,
        finished=STARTED,
    )
    assert again == entry


def test_a_period_that_is_not_over_and_an_unknown_framework_are_refused(ledger: Ledger, collection: Collection) -> None:
    with pytest.raises(InvalidRequest, match="which is not over yet"):
        planned(ledger, collection, period=Window(START, START + timedelta(days=8)))
    with pytest.raises(InvalidRequest, match=r"no runbook maps to the framework 'nist'.*there are: nist-800-53@rev5"):
        planned(ledger, collection, "nist")


def test_the_report_names_the_chains_ends_that_it_was_read_from(
    ledger: Ledger, reports: FolderStore, collection: Collection, daily: Callable[..., None]
) -> None:
    for day in range(7):
        daily(day)
    products, _ = rollup.report(planned(ledger, collection), ledger=ledger, reports=reports)
    value: Any = loads(reports.get(products.manifest.key.replace("manifest.json", "report.json")))
    head = ledger.head(NAME)
    assert head is not None
    assert value["chains"] == {NAME: {"sequence": 7, "fingerprint": head.fingerprint}}
    assert [run["entry"] for run in value["runbooks"][0]["runs"]] == [1, 2, 3, 4, 5, 6, 7]
