"""The runbooks that the sample is planted for, end to end: three days of it through Airflow and the embedded AWS.

What must come out is in `tests/data/planted.json`, written by hand from the sample's planted incidents.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trailbook.airflow.dag_factory import load
from trailbook.canonical import sha256
from trailbook.cli.connections import Clients
from trailbook.laptop import seed
from trailbook.laptop.airflow_home import connection
from trailbook.laptop.children import Children
from trailbook.laptop.place import Place
from trailbook.laptop.stack import start_aws
from trailbook.ledger import Entry, Ledger, verify
from trailbook.objects import ObjectStore
from trailbook.sample import PLANTED, generate, lookups
from trailbook.settings import Settings

pytestmark = pytest.mark.airflow

REPO = Path(__file__).resolve().parents[2]
_PLANTED = json.loads((REPO / "tests/data/planted.json").read_text())
_FIRST = date.fromisoformat(_PLANTED["first_day"])
_RUNBOOKS: Mapping[str, Any] = _PLANTED["runbooks"]


@dataclass(frozen=True)
class ThreeDays:
    """What the twelve runs left."""

    place: Place
    settings: Settings
    environment: Mapping[str, str]
    ledger: Ledger
    reports: ObjectStore

    def entry(self, runbook: str, day: int) -> Entry:
        return list(self.ledger.entries(runbook))[day]

    def file(self, runbook: str, day: int, name: str) -> bytes:
        snapshot = self.entry(runbook, day).record.snapshot
        assert snapshot is not None
        return self.reports.get(snapshot.key.rpartition("/")[0] + "/" + name)


@pytest.fixture(scope="module")
def three_days(airflow_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeDays]:
    """The embedded AWS as a process of its own, filled, after each day's runs."""
    place = Place(tmp_path_factory.mktemp("three-days"), REPO)
    with Children(place.logs) as children, pytest.MonkeyPatch.context() as patch:
        aws = start_aws(children, place)
        environment = aws | place.settings_environment() | {"AIRFLOW_CONN_AWS_DEFAULT": connection(aws)}
        for name, value in environment.items():
            patch.setenv(name, value)
        settings, clients = Settings.from_env(), Clients(aws)
        trail = place.root / "trail"
        generate(trail, first_day=_FIRST, days=3, events_per_day=1500, accounts=2, seed=11, processes=1)
        lookups(place.lookups)
        seed.buckets(clients.s3)
        seed.upload(clients.s3, trail, lambda done, total: None)
        seed.table(clients.athena(settings), settings, trail, _FIRST)
        for day in range(3):
            for dag in (load(settings)[runbook] for runbook in PLANTED):
                assert dag.test(logical_date=_night_after(day)).state == "success"
        ledger, reports = clients.ledger(settings), clients.store(settings.reports, "TRAILBOOK_REPORTS")
        yield ThreeDays(place, settings, environment, ledger, reports)


def _night_after(day: int) -> datetime:
    return datetime.combine(_FIRST + timedelta(days=day + 1), datetime.min.time(), UTC) + timedelta(hours=2)


def _expected(runbook: str, day: int) -> dict[tuple[str, ...], Mapping[str, Any]]:
    findings = _RUNBOOKS[runbook]["findings"]
    return {
        tuple(finding["key"]): finding["days"][day] | {"suppressed": finding.get("suppressed", False)}
        for finding in findings
        if finding["days"][day] is not None
    }


@pytest.mark.parametrize("day", [0, 1, 2])
@pytest.mark.parametrize("runbook", sorted(_RUNBOOKS))
def test_each_finding_has_the_state_and_the_measures_that_were_planted(
    three_days: ThreeDays, runbook: str, day: int
) -> None:
    key = _RUNBOOKS[runbook]["key"]
    report = json.loads(three_days.file(runbook, day, "report.json"))
    found = {tuple(finding["row"][name] for name in key): finding for finding in report["findings"]}
    expected = _expected(runbook, day)
    assert found.keys() == expected.keys()
    for name, want in expected.items():
        finding = found[name]
        assert finding["state"] == want["state"], name
        assert finding["reopened"] == want.get("reopened", False), name
        assert (finding["suppression"] is not None) == want["suppressed"], name
        assert {m: finding["row"][m] for m in want.get("measures", {})} == want.get("measures", {}), name


@pytest.mark.parametrize("runbook", sorted(_RUNBOOKS))
def test_verdicts_and_counts_are_in_the_ledger(three_days: ThreeDays, runbook: str) -> None:
    entries = list(three_days.ledger.entries(runbook))
    assert [entry.record.verdict.value for entry in entries] == _RUNBOOKS[runbook]["verdicts"]
    for day, entry in enumerate(entries):
        states = [finding["state"] for finding in _expected(runbook, day).values()]
        counts = entry.record.counts
        assert counts is not None
        for state in ("new", "updated", "unchanged", "absent"):
            assert getattr(counts, state) == states.count(state)
        window = entry.record.window
        assert window is not None
        assert (window.start.date(), window.duration) == (_FIRST + timedelta(days=day), timedelta(days=1))
        baseline = entry.record.materials.baseline
        assert baseline is not None
        assert baseline.sequence == (None if day == 0 else entries[day - 1].sequence)


@pytest.mark.parametrize("runbook", sorted(_RUNBOOKS))
def test_the_manifest_names_every_file_by_its_digest(three_days: ThreeDays, runbook: str) -> None:
    for day in range(3):
        manifest = json.loads(three_days.file(runbook, day, "manifest.json"))
        names = {file["name"] for file in manifest["files"]}
        assert names == {"report.html", "report.json", "findings.csv", "findings.ocsf.jsonl", "result.parquet"}
        for file in manifest["files"]:
            body = three_days.file(runbook, day, file["name"])
            assert (sha256(body), len(body)) == (file["sha256"], file["size"])
        products = three_days.entry(runbook, day).record.products
        assert products is not None
        assert products.manifest.sha256 == sha256(three_days.file(runbook, day, "manifest.json"))


def test_bytes_scanned_are_those_of_the_windows_partitions(three_days: ThreeDays) -> None:
    """Two days of prefixes for one day of events, read once: the files of the day after may hold its last minutes."""
    trail = three_days.place.root / "trail" / "AWSLogs"
    for day in range(3):
        days = [_FIRST + timedelta(days=day), _FIRST + timedelta(days=day + 1)]
        expected = sum(p.stat().st_size for d in days for p in trail.glob(f"*/CloudTrail/*/{d:%Y/%m/%d}/*.gz"))
        for runbook in _RUNBOOKS:
            looked = three_days.entry(runbook, day).record.completeness
            assert looked is not None
            assert looked.data_scanned_in_bytes == expected, runbook


def test_the_ledger_verifies_and_the_command_line_says_so(three_days: ThreeDays) -> None:
    found = verify(three_days.ledger.store, three_days.reports)
    assert (found.entries, found.files, found.faults) == (12, 12 * 6, [])
    command = [sys.executable, "-m", "trailbook"]
    verified = subprocess.run([*command, "verify"], capture_output=True, text=True, check=True)
    assert "verified: 4 chains, 12 entries, 72 report files" in verified.stdout
    asked = [*command, "history", "auth-failed-logins", "--format", "json"]
    history = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    assert [entry["verdict"] for entry in history["entries"]] == ["fail", "pass", "fail"]


def test_a_window_run_again_compares_with_the_day_before_and_says_that_it_is_a_rerun(three_days: ThreeDays) -> None:
    dag = load(three_days.settings)["iam-policy-changes"]
    again = _night_after(1) + timedelta(hours=3)
    assert dag.test(logical_date=again).state == "success"
    entries = list(three_days.ledger.entries("iam-policy-changes"))
    first, second = entries[1], entries[-1]
    assert second.record.run.run_id != first.record.run.run_id
    assert second.record.window == first.record.window
    assert second.record.rerun_of == first.record.run.run_id
    assert second.record.counts == first.record.counts
    assert second.record.materials.baseline is not None
    assert second.record.materials.baseline.sequence == entries[0].sequence
