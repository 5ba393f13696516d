"""docs/catalogue.md says what the library says now."""

from pathlib import Path

from trailbook.cli.list_ import page
from trailbook.runbook.collection import Collection

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "catalogue.md"


def test_the_catalogue_is_fresh():
    runbooks = ROOT / "runbooks"
    assert PAGE.is_file(), f"{PAGE.relative_to(ROOT)} is missing: run `make docs`"
    assert PAGE.read_text(encoding="utf-8") == page(Collection.load(runbooks), runbooks), (
        f"{PAGE.relative_to(ROOT)} is not what the runbooks say now: run `make docs`"
    )


def test_each_file_that_the_catalogue_links_to_is_there():
    links = [line.partition(": ")[2] for line in PAGE.read_text(encoding="utf-8").splitlines() if "]: ../" in line]
    assert links
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []
