import json

import pytest

from trailbook.cli import main


@pytest.fixture
def runbooks(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(tmp_path))
    assert main(["new", "second"]) == 0
    assert main(["new", "first"]) == 0
    return tmp_path


def test_the_table_has_each_runbook_by_id(runbooks, capsys):
    capsys.readouterr()

    assert main(["list"]) == 0

    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["id", "severity", "status", "schedule", "title"]
    assert [row.split() for row in rows] == [
        ["first", "medium", "experimental", "0", "2", "*", "*", "*", "First"],
        ["second", "medium", "experimental", "0", "2", "*", "*", "*", "Second"],
    ]


def test_json_has_what_a_tool_needs(runbooks, capsys):
    capsys.readouterr()

    assert main(["list", "--format", "json"]) == 0

    first, second = json.loads(capsys.readouterr().out)["runbooks"]
    assert first["id"] == "first"
    assert first["params"] == ["event_names", "users"]
    assert first["schedule"] == "0 2 * * *"
    assert second["path"] == str(runbooks / "second.yaml")


def test_a_broken_file_is_not_silent_and_hides_no_other(runbooks, capsys):
    (runbooks / "broken.yaml").write_text("id: broken\n")
    path = runbooks / "first.yaml"
    path.write_text(
        path.read_text()
        .replace("title: First", 'title: "\\e]0;owned\\a\\u202eFirst"')
        .replace('schedule: {cron: "0 2 * * *", window: 1d, settle: 2h}', "schedule: null")
    )
    capsys.readouterr()

    assert main(["list"]) == 2

    out, err = capsys.readouterr()
    assert "on demand" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "second" in out
    assert "1 file(s) with problems: run `trailbook check`" in err


def test_json_says_which_mappings_nobody_has_reviewed(runbooks, capsys):
    path = runbooks / "first.yaml"
    path.write_text(path.read_text() + "mappings_reviewed: false\n")
    capsys.readouterr()

    assert main(["list", "--format", "json"]) == 0

    first, second = json.loads(capsys.readouterr().out)["runbooks"]
    assert (first["mappings_reviewed"], second["mappings_reviewed"]) == (False, True)


def test_markdown_is_the_catalogue_as_a_page_with_links_from_a_folder_beside(runbooks, capsys):
    (runbooks / "identity").mkdir()
    (runbooks / "first.yaml").rename(runbooks / "identity" / "first.yaml")
    capsys.readouterr()

    assert main(["list", "--format", "markdown"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("# The runbooks\n")
    assert f"[first]: ../{runbooks.name}/identity/first.yaml\n" in out
    assert out.endswith(f"[second]: ../{runbooks.name}/second.yaml\n")


def test_a_catalogue_that_lacks_a_broken_file_is_no_success(runbooks, capsys):
    (runbooks / "broken.yaml").write_text("id: broken\n")
    capsys.readouterr()

    assert main(["list", "--format", "markdown"]) == 2

    out, err = capsys.readouterr()
    assert "2 runbooks" in out
    assert "1 file(s) with problems" in err
