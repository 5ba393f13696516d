"""The sample's lookups: a file for each list that a shipped runbook reads, which the runbook accepts."""

import csv
from pathlib import Path

import pytest

from trailbook.runbook.collection import Collection
from trailbook.runbook.lookups import read_all
from trailbook.runbook.model import Runbook
from trailbook.sample import lookups

RUNBOOKS = Collection.load(Path(__file__).parents[2] / "runbooks").runbooks
READING = [loaded.runbook for loaded in RUNBOOKS.values() if loaded.runbook.lookups]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("sample") / "lookups"
    lookups(written, accounts=2)
    return written


@pytest.mark.parametrize("runbook", READING, ids=lambda r: r.id)
def test_a_shipped_runbook_finds_every_list_that_it_reads_and_none_that_it_needs_is_empty(
    runbook: Runbook, folder: Path
) -> None:
    tables = read_all(folder, runbook)
    assert [name for name, lookup in runbook.lookups.items() if lookup.required and not tables[name].rows] == []


def test_the_own_accounts_are_those_of_the_trail(folder: Path) -> None:
    with (folder / "org_accounts.csv").open() as file:
        assert [row["account_id"] for row in csv.DictReader(file)] == ["111122223333", "444455556666"]
