from dataclasses import replace
from pathlib import Path

import pytest
from samples import NOW_SEEN, SNAPSHOT, failed_logins

from trailbook.airflow.web import evidence
from trailbook.airflow.web.verification import verify_run
from trailbook.errors import EvidenceError
from trailbook.ledger import Entry, Ledger
from trailbook.objects import FolderStore
from trailbook.report import write
from trailbook.steps.record import record
from trailbook.verdict import Verdict
from trailbook.window import parse_time


class Place:
    """A ledger with a second place, and reports, in folders; three runs of one report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(FolderStore(folder / "ledger"), FolderStore(folder / "heads"))
        self.reports = FolderStore(folder / "reports")
        report = failed_logins()
        self.reports.put_new(report.outcome.snapshot.key, SNAPSHOT, "application/vnd.apache.parquet")
        products = write(self.reports, report, snapshot=report.outcome.snapshot)
        self.entries = [
            record(
                report.plan.runbook,
                replace(report.plan.run, run_id=f"{NOW_SEEN.run_id}{number}"),
                plan=report.plan,
                outcome=report.outcome,
                products=products,
                failure=None,
                ledger=self.ledger,
                finished=parse_time(f"2026-11-0{3 + number}T02:00:00Z", "finished"),
            )
            for number in range(3)
        ]

    def path(self, store: str, key: str) -> Path:
        return self.folder / store / key

    def checks(self, entry: Entry) -> dict[str, bool | None]:
        return {check.what: check.good for check in verify_run(self.ledger, self.reports, entry)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_report_of_an_entry_is_read_from_the_files_that_its_manifest_names(place: Place) -> None:
    files = evidence.listed(place.reports, place.entries[0])
    assert [file.name for file in files][-1] == "manifest.json"
    assert evidence.report_of(place.reports, files) == failed_logins()
    for file in files:
        assert b"".join(evidence.pieces(place.reports, file)) == place.reports.get(file.key)


@pytest.mark.parametrize("name", ["manifest.json", "report.json", "findings.csv"])
def test_a_file_that_was_changed_or_removed_is_refused_with_its_name(place: Place, name: str) -> None:
    files = {file.name: file for file in evidence.listed(place.reports, place.entries[0])}
    path = place.path("reports", files[name].key)
    for says in ("its SHA-256 is not the recorded one", "it is not there"):
        path.write_bytes(path.read_bytes() + b" ") if "SHA" in says else path.unlink()
        for ask in (evidence.pieces, evidence.body_of):
            with pytest.raises(EvidenceError, match=rf"{name}: .*{says}"):
                ask(place.reports, files[name])
    if name == "manifest.json":
        with pytest.raises(EvidenceError, match="it is not there"):
            evidence.listed(place.reports, place.entries[0])


def test_a_run_without_a_report_has_no_files(place: Place) -> None:
    bare = replace(place.entries[0], record=replace(place.entries[0].record, products=None, verdict=Verdict.ERROR))
    assert evidence.listed(place.reports, bare) == ()
    assert evidence.report_of(place.reports, ()) is None


def test_a_run_as_it_was_recorded_passes_every_check(place: Place) -> None:
    good = {"Entry": True, "Entry before": True, "Entry after": True, "Second place": True, "Files": True}
    assert place.checks(place.entries[0]) == place.checks(place.entries[1]) == good
    assert place.checks(place.entries[2]) == good | {"Entry after": None}


def test_each_kind_of_tampering_fails_its_own_check(place: Place) -> None:
    before, entry, after = place.entries
    place.path("ledger", before.key).unlink()
    assert place.checks(entry)["Entry before"] is False
    forged = Entry.after(after.record, 2, before.fingerprint, None)
    place.path("ledger", after.key).write_bytes(forged.to_bytes())
    assert place.checks(entry)["Entry after"] is False
    place.path("ledger", after.key).write_bytes(b"{}")
    assert place.checks(entry)["Entry after"] is False
    place.path("heads", entry.key).write_bytes(place.path("heads", after.key).read_bytes())
    assert place.checks(entry)["Second place"] is False
    place.path("reports", evidence.listed(place.reports, entry)[0].key).write_bytes(b"x")
    assert place.checks(entry)["File"] is False
