import csv as reader
import io

import pytest
from planted import hostile
from samples import ALL, failed_logins, finding, make, typed

from trailbook.diff import State
from trailbook.report import csv


def cells(body):
    return list(reader.DictReader(io.StringIO(body.decode(), newline=""), strict=True))


@pytest.mark.parametrize("name", ["failed-logins", "typed"])
def test_the_csv_is_the_golden_one(name, golden):
    golden(f"{name}.csv", csv.dumps(ALL[name]()))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u3000=1",
        "＝1",
        "=cmd|' /C calc'!A0",
        "-5",
        '="x"',
    ],
)
def test_a_text_that_a_spreadsheet_would_calculate_is_neutralised(text):
    report = make([finding(0, State.NEW, row={"user_name": text})])
    assert cells(csv.dumps(report))[0]["user_name"] == "'" + text


@pytest.mark.parametrize("text", ["", "alice", "a=b", "a-b", "'=1", '"', "a,b", "a\r\nb", " x ", "日本"])
def test_any_other_text_reads_back_as_it_was(text):
    report = make([finding(0, State.NEW, row={"user_name": text})])
    assert cells(csv.dumps(report))[0]["user_name"] == text


def test_numbers_stay_numbers():
    row = cells(csv.dumps(typed()))[0]
    assert (row["small"], row["id"], row["price"]) == ("-42", "9007199254740993", "-12345678901234567890.0123456789")


def test_null_is_nothing_and_the_empty_text_is_quoted():
    line = csv.dumps(make([finding(0, State.NEW, row={"user_agent": "", "mfa_share": None})])).decode().split("\r\n")[1]
    assert ',"",,' in line


def test_every_line_ends_in_cr_lf_and_has_the_header_s_columns():
    body = csv.dumps(hostile()).decode()
    assert body.endswith("\r\n")
    rows = list(reader.reader(io.StringIO(body, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == 1 + len(hostile().findings)


def test_no_cell_of_a_hostile_report_is_a_formula_or_drives_a_terminal():
    body = csv.dumps(hostile()).decode()
    for row in reader.reader(io.StringIO(body, newline="")):
        assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert not [c for c in body if (ord(c) < 32 and c not in "\r\n\t") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]


def test_the_state_and_the_old_value_stand_beside_the_row():
    rows = cells(csv.dumps(failed_logins()))
    assert [row["tb_state"] for row in rows] == ["new", "new", "updated", "unchanged", "absent", "new"]
    assert [row["tb_old_failures"] for row in rows] == ["", "", "9", "", "", ""]
    assert rows[1]["tb_reopened"] == "true"
    assert rows[5]["tb_suppressed_reason"] == "Login canary"
