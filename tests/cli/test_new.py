import pytest
import yaml
from jsonschema import Draft202012Validator

from trailbook.cli import main
from trailbook.runbook.schema import schema


@pytest.fixture
def runbooks(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(tmp_path / "runbooks"))
    return tmp_path / "runbooks"


def test_a_new_runbook_passes_check_and_its_own_cases(runbooks, capsys):
    assert main(["new", "trails-deleted", "--folder", str(runbooks / "change")]) == 0

    assert capsys.readouterr().out == f"{runbooks}/change/trails-deleted.yaml\n"
    assert main(["check"]) == 0
    assert main(["test", "trails-deleted"]) == 0
    assert "2 cases, 0 failed" in capsys.readouterr().err


def test_a_new_runbook_tells_editors_where_its_schema_is_and_fits_it(runbooks):
    assert main(["new", "probe", "--folder", str(runbooks / "change" / "deep")]) == 0

    text = (runbooks / "change" / "deep" / "probe.yaml").read_text()

    assert text.startswith("# yaml-language-server: $schema=../../schema.json\n")
    Draft202012Validator(schema()).validate(yaml.safe_load(text))


@pytest.mark.parametrize("name", ["Upper", "under_score", "../escape", "", "a--b", "x" * 101])
def test_what_is_no_id_is_refused(runbooks, capsys, name):
    assert main(["new", name]) == 2

    assert "expected an id such as" in capsys.readouterr().err
    assert not runbooks.exists()


def test_an_id_that_is_taken_anywhere_is_refused_and_the_file_stays(runbooks, capsys):
    assert main(["new", "probe", "--folder", str(runbooks / "change")]) == 0
    (runbooks / "change" / "probe.yaml").write_text("mine")

    assert main(["new", "probe"]) == 2

    assert "expected a new id, found `probe` at" in capsys.readouterr().err
    assert (runbooks / "change" / "probe.yaml").read_text() == "mine"
