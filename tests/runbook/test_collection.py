import os

import pytest

from trailbook.errors import InvalidRequest, InvalidRunbook
from trailbook.runbook.collection import Collection, files, find

TEXT = """\
id: {id}
title: A probe
description: What was called.
severity: low
owner: security-operations
schedule: null
query: {query}
result: {{kind: events, key: [event_id]}}
{more}
"""
QUERY = "SELECT eventid AS event_id FROM cloudtrail"


@pytest.fixture
def write(tmp_path):
    def written(name, *, query=QUERY, more="", text=None):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT.format(id=path.stem, query=query, more=more) if text is None else text)
        return path

    return written


def test_a_broken_file_removes_no_other_runbook_and_is_not_silent(tmp_path, write):
    for name in ("a", "b/b", "b/c/c"):
        write(name)
    broken = write("broken", text="id: [")

    found = Collection.load(tmp_path)

    assert list(found.runbooks) == ["a", "b", "c"]
    assert {problem.path for problem in found.problems} == {str(broken)}
    assert found.runbooks["c"].source.path == tmp_path / "b" / "c" / "c.yaml"


def test_two_files_with_one_id_are_both_refused(tmp_path, write):
    first, second = write("x/same"), write("y/same")
    write("other")

    found = Collection.load(tmp_path)

    assert list(found.runbooks) == ["other"]
    assert [(p.path, p.key) for p in found.problems] == [(str(first), "id"), (str(second), "id")]
    with pytest.raises(InvalidRunbook, match="expected each id once, found `same`"):
        find(tmp_path, "same")


def test_the_sql_is_judged_only_where_it_is_asked_for(tmp_path, write):
    path = write("wrong", query="SELECT now() AS event_id FROM cloudtrail")

    assert list(Collection.load(tmp_path, lint=False).runbooks) == ["wrong"]
    judged = Collection.load(tmp_path, lint=True)
    assert list(judged.runbooks) == []
    assert [str(p).partition(": ")[0] for p in judged.problems] == [f"{path}:7:15"]


def test_a_pivot_to_nowhere_is_a_problem_but_takes_no_runbook_away(tmp_path, write):
    write("a", more='pivots: [{runbook: gone, with: {accounts: "{event_id}"}}]')

    found = Collection.load(tmp_path, lint=True)

    assert list(found.runbooks) == ["a"]
    assert [p.message for p in found.problems] == ["no runbook `gone`; known: a"]


def test_a_pivot_to_a_runbook_that_is_broken_just_now_is_no_problem_of_its_own(tmp_path, write):
    write("a", more='pivots: [{runbook: b, with: {anything: "{event_id}"}}]')
    broken = write("b", text="id: b\n")

    assert {p.path for p in Collection.load(tmp_path, lint=True).problems} == {str(broken)}


def test_only_visible_yaml_outside_lookups_is_a_runbook(tmp_path, write):
    write("a")
    write("lookups/not-one")
    write(".hidden/b")
    write(".swap")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "short.yml").write_text(TEXT.format(id="short", query=QUERY, more=""))

    assert [path.name for path in sorted(files(tmp_path))] == ["a.yaml", "short.yml"]


def test_mounted_runbooks_are_read_once_though_links_lead_to_them_twice(tmp_path, write):
    """Kubernetes mounts a config map as links into a hidden folder that is swapped as a whole."""
    real = write("..data/a")
    os.symlink(real, tmp_path / "a.yaml")

    assert list(Collection.load(tmp_path).runbooks) == ["a"]
    assert Collection.load(tmp_path).problems == ()


def test_one_runbook_is_found_by_reading_its_file_only(tmp_path, write):
    write("deep/er/wanted")
    write("broken", text="id: [")

    assert find(tmp_path, "wanted").runbook.id == "wanted"


def test_a_runbook_that_is_not_there_is_named_with_the_nearest(tmp_path, write):
    write("auth-failed-logins")

    with pytest.raises(InvalidRequest, match=r"no runbook `auth-failed-login` in .*did you mean `auth-failed-logins`"):
        find(tmp_path, "auth-failed-login")
    with pytest.raises(InvalidRequest, match=r"no runbook `\.\./x`"):
        find(tmp_path, "../x")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InvalidRequest, match="expected a folder of runbooks, found none at"):
        Collection.load(tmp_path / "nowhere")


def test_lookups_are_read_where_their_folder_is_given(tmp_path, write):
    path = write(
        "a",
        query="SELECT eventid AS event_id FROM cloudtrail JOIN names ON eventname = name",
        more="lookups: {names: {description: Names, columns: {name: string}}}",
    )
    lookups = tmp_path / "lookups"

    assert Collection.load(tmp_path, lint=True).problems == ()
    missing = Collection.load(tmp_path, lint=True, lookups=lookups)
    assert [(p.path, p.line, p.key) for p in missing.problems] == [(str(path), 9, "lookups.names")]
    assert list(missing.runbooks) == ["a"]
    lookups.mkdir()
    (lookups / "names.csv").write_text("name\n")
    assert Collection.load(tmp_path, lint=True, lookups=lookups).problems == ()
