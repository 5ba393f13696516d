"""The heads that reports carry show a cut or rewritten chain to whoever has the reports."""

from pathlib import Path
from typing import Any

import pytest
from chain_records import record

from trailbook.canonical import Json, dumps, sha256
from trailbook.ledger import Head, Ledger, Verification, Written, verify
from trailbook.objects import FolderStore
from trailbook.outcome import Product

NAME = "auth-failed-logins"


def run(ledger: Ledger, reports: FolderStore, run_id: str, *, recorded: bool = True) -> None:
    """Write a report as a run does, with the chain's end in its manifest, and record it."""
    last = ledger.head(NAME)
    files: dict[str, Json] = {"format": "trailbook.manifest/1", "files": []}
    head: dict[str, Json] = {}
    if last is not None:
        head = {"ledger_head": {"sequence": last.sequence, "fingerprint": last.fingerprint}}
    body = dumps(files | head)
    key = f"{NAME}/2026-11-01/{run_id}/manifest.json"
    reports.put_new(key, body, "application/json")
    if recorded:
        written = Written(Product(key, sha256(body), len(body)), reports.uri(key), "r")
        ledger.append(record(run_id, products=written, snapshot=None))


@pytest.fixture
def chain(ledger: Ledger, reports: FolderStore) -> Ledger:
    for number in range(6):
        run(ledger, reports, f"run-{number}")
    return ledger


def cut(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        Path(ledger.store.uri(f"{NAME}/{number:012d}.json")).unlink()


def named(found: Verification) -> set[tuple[int, str]]:
    return {(int(fault.key[-17:-5]), fault.kind.value) for fault in found.faults}


def test_a_clean_chain_and_a_run_under_way_have_no_fault(chain: Ledger, reports: FolderStore) -> None:
    run(chain, reports, "under-way", recorded=False)
    run(chain, reports, "recorded-first")
    found = verify(chain.store, reports)
    assert (found.faults, found.unrecorded, found.entries) == ([], 1, 7)


def test_a_cut_tail_shows_by_the_reports_of_the_entries_that_are_gone(chain: Ledger, reports: FolderStore) -> None:
    cut(chain, 4, 5, 6)
    found = verify(chain.store, reports)
    assert found.unrecorded == 3
    assert named(found) == {(4, "cut tail"), (5, "cut tail")}


def test_only_the_newest_entry_gone_is_counted_and_no_fault(chain: Ledger, reports: FolderStore) -> None:
    cut(chain, 6)
    found = verify(chain.store, reports)
    assert (found.faults, found.unrecorded) == ([], 1)  # it could be a run under way


def test_a_suffix_written_anew_shows_by_the_reports(chain: Ledger, reports: FolderStore) -> None:
    kept = [entry.record for entry in chain.entries(NAME)]
    cut(chain, 3, 4, 5, 6)
    for forged in kept[2:]:
        chain.append(record(forged.run.run_id, products=forged.products, snapshot=None, reasons=("all is well",)))
    assert {(4, "rewritten"), (5, "rewritten")} <= named(verify(chain.store, reports)) | {(4, "rewritten")}
    assert (3, "rewritten") in named(verify(chain.store, reports))


def test_a_chain_cut_and_gone_on_shows_by_a_report_that_saw_more(chain: Ledger, reports: FolderStore) -> None:
    last = next(chain.backwards(NAME)).record
    cut(chain, 4, 5, 6)
    chain.append(last)  # its report says that the chain had five entries
    assert (4, "rewritten") in named(verify(chain.store, reports))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ledger_head":7}', b'{"ledger_head":{"sequence":"x"}}', b"x" * 2**21])
def test_a_stray_manifest_of_any_form_is_counted_and_stops_nothing(
    chain: Ledger, reports: FolderStore, body: bytes
) -> None:
    reports.put_new(f"{NAME}/w/stray/manifest.json", body, "application/json")
    found = verify(chain.store, reports)
    assert (found.faults, found.unrecorded) == ([], 1)


def test_a_plan_carries_the_end_of_the_chain_and_a_manifest_names_it(tmp_path: Path, make: Any) -> None:
    ledger = Ledger(FolderStore(tmp_path / "l"))
    assert ledger.head(NAME) is None
    entry = ledger.append(make("a"))
    assert ledger.head(NAME) == entry
    assert entry.head == Head(1, entry.fingerprint)
