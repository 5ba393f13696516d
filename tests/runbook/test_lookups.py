import hashlib

import pytest

from trailbook.errors import InvalidRunbook
from trailbook.runbook.lookups import MOST_ROWS, read
from trailbook.runbook.params import Lookup

LOOKUP = Lookup(
    description="Ports", columns={"name": "string", "port": "integer", "share": "number", "open": "boolean"}
)
HEADER = "open,note,name,port,share\n"


@pytest.fixture
def table(tmp_path):
    def written(body, lookup=LOOKUP):
        (tmp_path / "ports.csv").write_bytes(body if isinstance(body, bytes) else body.encode())
        return read(tmp_path, "ports", lookup)

    return written


def _said(table, body):
    with pytest.raises(InvalidRunbook) as caught:
        table(body)
    return [(p.line, p.key, p.message) for p in caught.value.problems]


def test_rows_have_the_declared_columns_in_declared_order_and_type(table):
    body = HEADER + "true,x,ssh,22,0.5\nfalse,,web,-443,1\n"

    found = table(body)

    assert found.columns == ("name", "port", "share", "open")
    assert found.rows == (("ssh", 22, 0.5, True), ("web", -443, 1.0, False))
    assert [type(value) for value in found.rows[1]] == [str, int, float, bool]
    assert found.sha256 == hashlib.sha256(body.encode()).hexdigest()


def test_an_empty_cell_is_empty_text_or_null(table):
    assert table(HEADER + ",,,,\n,x,,,\n").rows == (("", None, None, None),)


@pytest.mark.parametrize(
    "body", ["\ufeffname\nä\n", "name\r\nä\r\n", "name\rä\r", "\n\nname\n\n  \nä\n\n", 'name\n"ä"', "name\nä"]
)
def test_byte_order_marks_line_endings_and_blank_lines_do_not_matter(table, body):
    assert table(body, Lookup(description="x", columns={"name": "string"})).rows == (("ä",),)


def test_quotes_commas_line_breaks_and_hostile_text_stay_in_their_cell(table):
    rows = table(
        'name\n"a,""b""\nc"\n=cmd()\n\' OR 1=1 --\n\u2028x\n', Lookup(description="x", columns={"name": "string"})
    )

    assert [row[0] for row in rows.rows] == ['a,"b"\nc', "=cmd()", "' OR 1=1 --", "\u2028x"]


def test_every_wrong_cell_is_told_with_its_line(table):
    assert _said(table, HEADER + 'yes,,a,1,1\ntrue,,"b\nb",1.5,nan\n\ntrue,,c,9223372036854775808,1e999\ntrue\n') == [
        (2, "open", "expected true or false, found 'yes'"),
        (3, "port", "expected an integer of 64 bits, found '1.5'"),
        (3, "share", "expected a number, found 'nan'"),
        (6, "port", "expected an integer of 64 bits, found '9223372036854775808'"),
        (6, "share", "expected a number, found '1e999'"),
        (7, "row", "expected 5 cells as in the header, found 1"),
    ]


def test_the_header_has_each_declared_column_once_and_no_blank_name(table):
    assert _said(table, "nmae,port,share,port,\n") == [
        (1, "header", "expected a name for column 5, found none"),
        (1, "header", "expected each column once, found 'port' twice"),
        (1, "header", "expected the column `name`, found none; did you mean `nmae`?"),
        (1, "header", "expected the column `open`, found none; known: nmae, port, share"),
    ]


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (b"", 1, "found an empty file"),
        (b"name\na\n\xff\n", 3, "expected UTF-8 text, found the byte 0xff"),
        (b"name\na\0b\n", 2, "found a NUL character"),
        (b'name\na\n"open\n', 3, "expected CSV, found something else"),
        (b'name\n"a"b\n', 2, "expected CSV, found something else"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(table, body, line, message):
    lookup = Lookup(description="x", columns={"name": "string"})
    with pytest.raises(InvalidRunbook) as caught:
        table(body, lookup)

    [problem] = caught.value.problems
    assert problem.line == line
    assert message in problem.message


def test_a_file_with_too_many_rows_is_refused_and_one_row_less_is_not(table):
    lookup = Lookup(description="x", columns={"n": "integer"})

    assert len(table("n\n" + "1\n" * MOST_ROWS, lookup).rows) == MOST_ROWS
    with pytest.raises(InvalidRunbook, match="expected at most 100,000 rows"):
        table("n\n" + "1\n" * (MOST_ROWS + 1), lookup)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InvalidRunbook, match=r"nowhere\.csv:1:1: nowhere: the lookup's file cannot be read"):
        read(tmp_path, "nowhere", LOOKUP)
