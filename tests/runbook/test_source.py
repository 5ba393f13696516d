import subprocess
import sys

import pytest

from trailbook.errors import InvalidRunbook
from trailbook.runbook.scalars import core_value
from trailbook.runbook.source import MOST_BYTES, key_path, read


@pytest.fixture
def source(tmp_path):
    def written(text):
        path = tmp_path / "probe.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return written


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("+7", 7),
     ("111122223333", 111122223333), ("9007199254740991", 2**53 - 1), ("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0),
     ("1.", 1.0)],
)  # fmt: skip
def test_the_core_schema_has_truth_null_and_numbers(word, value):
    found = core_value(word)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "word",
    ["yes", "no", "on", "off", "y", "Yes", "2026-11-01", "2026-11-01T00:00:00Z", "0123", "012345678901", "-01", "1:30",
     "0x1f", "0o17", "1_000", "00.5", "1.2.3", "5.6.7", "192.0.2.1", "٣", "tRue", "nil", "<<", "=", "--", "+", "-", ".",
     "e5", "1e", "infinity", "nan"],
)  # fmt: skip
def test_what_people_mean_as_text_stays_text(word):
    assert core_value(word) == word


def test_every_key_and_value_has_its_place(source):
    found = source(
        'id: probe\n\nresult:\n  key: [a, "b"]\n  kind:\n    events\ncases:\n- name: é one\n  rows: [{é: 1, x: 2}]\n'
    )

    assert found.data == {
        "id": "probe",
        "result": {"key": ["a", "b"], "kind": "events"},
        "cases": [{"name": "é one", "rows": [{"é": 1, "x": 2}]}],
    }
    assert found.place(("id",)) == (1, 5)
    assert found.place(("id",), of_key=True) == (1, 1)
    assert found.place(("result", "key", 1)) == (4, 12)
    assert found.place(("result", "kind")) == (6, 5)
    assert found.place(("result", "kind"), of_key=True) == (5, 3)
    assert found.place(("cases", 0, "rows", 0, "x")) == (9, 20)


def test_a_place_that_the_file_does_not_have_is_its_nearest_parents(source):
    found = source("result:\n  key: [a]\n")

    assert found.place(("result", "key", 7, "deeper")) == (2, 8)
    assert found.place(("nothing",)) == (1, 1)
    assert found.known(("result", "measures", 0)) == ("result",)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_place_in_a_block_text_is_the_files(source, ending, start):
    lines = ["id: probe", "query: |  # why", "", "    SELECT a", "      , b", "", "    FROM c", "title: x"]
    found = source(start + ending.join(lines))

    assert found.data["query"] == "\nSELECT a\n  , b\n\nFROM c\n"
    assert found.text_place(("query",), 2, 8) == (4, 12)
    assert found.text_place(("query",), 5, 6) == (7, 10)


def test_a_block_with_its_own_indent_keeps_leading_spaces_and_places(source):
    found = source("query: |2-\n     SELECT a\n    FROM b\n")

    assert found.data["query"] == "   SELECT a\n  FROM b"
    assert found.text_place(("query",), 1, 4) == (2, 6)


def test_a_place_in_a_text_of_one_line_is_the_files_and_in_a_quoted_one_its_start(source):
    assert source("query: SELECT a\n").text_place(("query",), 1, 8) == (1, 15)
    assert source('query: "SELECT \\x61"\n').text_place(("query",), 1, 8) == (1, 8)
    assert source("query: >\n  SELECT\n  a\n").text_place(("query",), 1, 8) == (1, 8)


def test_escapes_in_quoted_texts_are_read(source):
    assert source('title: "a\\u202e\\0\\e"\n').data == {"title": "a\u202e\0\x1b"}


def test_the_digest_is_of_the_bytes(source):
    import hashlib

    body = "\ufeffid: probe\r\n".encode()

    assert source(body).sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    "text", ["&a x", "[&a x]", "{k: &a x}", "{k: *a}", "- &a x", '{"k":&a x}', "!!str &a x", "x: &a\n  y: 1"]
)
def test_anchors_and_aliases_are_found_wherever_they_stand(source, text):
    with pytest.raises(InvalidRunbook, match=r"anchor|alias"):
        source(text)


@pytest.mark.parametrize("text", ["a: R&D", "a: 5 * 3", "a: '&x *y'", "a: |\n  SELECT count(*), *x &y\n", "a: x &b *c"])
def test_what_only_looks_like_an_anchor_is_text(source, text):
    assert isinstance(source(text).data["a"], str)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " + "[" * 900_000,
        "- " * 100_000,
        "? " * 100_000,
        "{a: " * 100_000,
        "a: " + "[" * 65 + "]" * 65,
    ],
)
def test_deep_nesting_is_refused_and_does_not_crash_the_process(source, text):
    try:
        problems = source(text).problems
    except InvalidRunbook as error:
        problems = error.problems

    assert any("levels of nesting" in p.message for p in problems)


def test_a_thousand_indented_levels_are_refused_and_do_not_crash_the_process(source):
    with pytest.raises(InvalidRunbook, match="levels of nesting"):
        source("\n".join(" " * n + "a:" for n in range(1, 1300)))


def test_a_file_that_is_too_long_or_not_there_is_refused(source, tmp_path):
    with pytest.raises(InvalidRunbook, match="expected at most 1,000,000 bytes"):
        source("#" * (MOST_BYTES + 1))
    with pytest.raises(InvalidRunbook, match="cannot be read"):
        read(tmp_path / "nowhere.yaml")
    with pytest.raises(InvalidRunbook, match="cannot be read"):
        read(tmp_path)


def test_the_environment_is_never_looked_at(source, monkeypatch):
    monkeypatch.setenv("HOME", "/secret")

    assert source("a: $HOME ${HOME} {{ env }}\n").data == {"a": "$HOME ${HOME} {{ env }}"}


def test_a_key_path_reads_as_people_write_it():
    assert key_path(("cases", 0, "events", 2, "userIdentity")) == "cases[0].events[2].userIdentity"
    assert key_path(()) == "runbook"


def test_loading_a_runbook_imports_no_sql_parser_no_boto_and_no_pandas():
    code = (
        "import sys, trailbook.runbook.collection as c; "
        "print(sorted({'sqlglot', 'pandas', 'duckdb', 'boto3', 'airflow'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("text", ["*bold", "*bold*", "**bold** text", "&and", "&and more"])
def test_an_alias_of_nothing_is_most_likely_a_text_that_wants_quotes(source, text):
    with pytest.raises(InvalidRunbook, match=r":2:4: runbook: expected a plain value, found .*quote a text"):
        source(f"a: x\nb: {text}\n")
