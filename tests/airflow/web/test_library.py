import os
from pathlib import Path

import pytest
from runbook_files import write

from trailbook.airflow.web.library import Library
from trailbook.errors import InvalidRequest


def test_the_runbooks_are_read_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    path = write(tmp_path, "a")
    library = Library(tmp_path)
    first = library.shelf()
    assert library.shelf() is first
    path.write_text(path.read_text().replace("Failed sign-ins", "Renamed"))
    assert library.shelf().runbooks["a"].runbook.title == "Renamed"
    write(tmp_path, "b")
    assert set(library.shelf().runbooks) == {"a", "b"}
    os.remove(path)
    assert set(library.shelf().runbooks) == {"b"}


def test_a_fragment_that_changes_is_a_change_of_the_runbooks(tmp_path: Path) -> None:
    write(tmp_path, "a")
    library = Library(tmp_path)
    first = library.shelf()
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / "x.yaml").write_text("description: x\n")
    assert library.shelf() is not first


def test_a_broken_file_is_counted_and_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b", severity="loud")
    shelf = Library(tmp_path).shelf()
    assert (set(shelf.runbooks), shelf.problems) == ({"a"}, 1)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="expected a folder of runbooks"):
        Library(tmp_path / "none").shelf()
