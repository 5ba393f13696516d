"""Result sets: a value is read as it is, or named as an error."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.athena.execution import Column
from trailbook.athena.resultset import ResultSet, csv_rows, read_csv, rows
from trailbook.errors import DeploymentError, EvidenceError, QueryFailed

TEXT = (Column("a", "varchar"), Column("b", "varchar"))


def athena_csv(header: list[str], lines: list[list[str | None]]) -> bytes:
    """What Athena writes: every value quoted, NULL as nothing."""

    def cell(value: str | None) -> str:
        return "" if value is None else '"' + value.replace('"', '""') + '"'

    return "".join(",".join(cell(value) for value in line) + "\n" for line in [header, *lines]).encode()


def read(
    folder: Path, columns: tuple[Column, ...], lines: list[list[str | None]], limit: int | None = None
) -> ResultSet:
    csv = folder / "q.csv"
    csv.write_bytes(athena_csv([column.name for column in columns], lines))
    return read_csv(csv, columns, folder / "q.parquet", limit=limit)


def one(folder: Path, type_: str, value: str | None) -> Any:
    columns = (Column("x", type_),)
    result = read(folder, columns, [[value]])
    found = rows(result.path, None)
    assert repr(csv_rows(folder / "q.csv", columns)) == repr(found)
    return found[0]["x"]


def test_null_is_not_the_empty_string(tmp_path: Path) -> None:
    result = read(tmp_path, TEXT, [["", None], [None, None], ["NULL", "\\N"]])
    assert rows(result.path, None) == [{"a": "", "b": None}, {"a": None, "b": None}, {"a": "NULL", "b": "\\N"}]
    assert result.rows == 3


def test_null_in_a_result_of_one_column_is_a_row(tmp_path: Path) -> None:
    result = read(tmp_path, TEXT[:1], [[None], [""], [None]])
    assert [row["a"] for row in rows(result.path, None)] == [None, "", None]


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("boolean", "true", True),
        ("tinyint", "-128", -128),
        ("integer", "2147483647", 2**31 - 1),
        ("bigint", "9007199254740993", 2**53 + 1),
        ("bigint", "-9223372036854775808", -(2**63)),
        ("double", "1.0E10", 1e10),
        ("double", "-Infinity", float("-inf")),
        ("float", "0.5", 0.5),
        (
            "decimal(38,2)",
            "123456789012345678901234567890123456.78",
            Decimal("123456789012345678901234567890123456.78"),
        ),
        ("decimal(5,0)", "12", Decimal("12")),
        ("decimal", "1.5", Decimal("1.5")),
        ("decimal(0,0)", "1.5", Decimal("1.5")),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("timestamp", "2023-07-10 12:08:04.000", datetime(2023, 7, 10, 12, 8, 4)),
        ("timestamp(6)", "2023-07-10 12:08:04.123456", datetime(2023, 7, 10, 12, 8, 4, 123456)),
        ("timestamp with time zone", "2023-07-10 12:08:04.000 UTC", datetime(2023, 7, 10, 12, 8, 4, tzinfo=UTC)),
        ("timestamp with time zone", "2023-07-10 14:08:04.000 +02:00", datetime(2023, 7, 10, 12, 8, 4, tzinfo=UTC)),
        ("time", "01:02:03.004", time(1, 2, 3, 4000)),
        ("array", "[a, b]", "[a, b]"),
        ("map", "{k=v}", "{k=v}"),
        ("row", "{a=1, b=null}", "{a=1, b=null}"),
        ("varbinary", "00 ff", "00 ff"),
        ("json", '{"a": 1}', '{"a": 1}'),
    ],
)
def test_every_type_is_read_as_its_value(tmp_path: Path, type_: str, text: str, value: Any) -> None:
    assert one(tmp_path, type_, text) == value
    assert one(tmp_path, type_, None) is None


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("bigint", "1.5"),
        ("bigint", "1e3"),
        ("bigint", " 1"),
        ("bigint", ""),
        ("bigint", "9223372036854775808"),
        ("tinyint", "128"),
        ("boolean", "1"),
        ("double", "1_0"),
        ("double", "twelve"),
        ("decimal(3,2)", "1.234"),
        ("decimal(3,2)", "12.34"),
        ("date", "2023-02-30"),
        ("date", "2023-02-03 00:00:00"),
        ("timestamp", "2023-07-10T12:08:04"),
        ("timestamp", "2023-07-10 12:08:04.1234567"),
        ("timestamp with time zone", "2023-07-10 12:08:04.000"),
        ("timestamp with time zone", "2023-07-10 12:08:04.000 Nowhere/Land"),
        ("time", "25:00:00"),
    ],
)
def test_a_value_that_does_not_parse_is_named_by_row_and_column(tmp_path: Path, type_: str, text: str) -> None:
    columns = (Column("name", "varchar"), Column("x", type_))
    with pytest.raises(EvidenceError, match=r"row 3, column 'x': expected a value of type"):
        read(tmp_path, columns, [["a\nb", None], ["c", None], ["d", text]])
    assert not (tmp_path / "q.parquet").exists()
    with pytest.raises(EvidenceError, match=r"row 3, column 'x': expected a value of type"):
        csv_rows(tmp_path / "q.csv", columns)


def test_an_error_shows_hostile_text_without_its_control_characters(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, (Column("n", "bigint"),), [["\x1b[31m\u202e" + "x" * 10_000]])
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ((Column("a", "varchar"), Column("A", "varchar")), "column 2 .'A'. has the name of a column before it"),
        ((Column("_col0", "bigint"),), "column 1 .'_col0'. has no name"),
        ((Column("", "bigint"),), "has no name"),
        ((Column("tb_state", "varchar"),), "begin with tb_"),
        ((Column("a\x1bb", "varchar"),), "control characters"),
        ((), "no columns"),
    ],
)
def test_columns_that_no_snapshot_can_hold_are_refused(tmp_path: Path, columns: tuple[Column, ...], words: str) -> None:
    with pytest.raises(QueryFailed, match=words):
        read(tmp_path, columns, [])


@pytest.mark.parametrize("type_", ["hyperloglog", "decimal(39,0)", "decimal(2,3)", "", "interval day to second"])
def test_an_unknown_type_is_refused_by_name(tmp_path: Path, type_: str) -> None:
    with pytest.raises(QueryFailed, match=f"column 'x': expected a type of Athena's, found '{re.escape(type_)}'"):
        one(tmp_path, type_, "x")


def test_a_header_that_is_not_the_columns_is_an_error(tmp_path: Path) -> None:
    csv = tmp_path / "q.csv"
    csv.write_bytes(athena_csv(["b", "a"], [["1", "2"]]))
    with pytest.raises(EvidenceError, match="expected the columns"):
        read_csv(csv, TEXT, tmp_path / "q.parquet")


@pytest.mark.parametrize(
    "cut", [b'"x","y', b'"x","y\n', b'"x","y"', b'"x"\n', b'"x","y","z"\n', b'"x"y,"z"\n', b'"\xff",\n']
)
def test_a_cut_or_broken_file_is_an_error_and_loses_no_row(tmp_path: Path, cut: bytes) -> None:
    csv = tmp_path / "q.csv"
    csv.write_bytes(athena_csv(["a", "b"], [["1", "2"]]) + cut)
    with pytest.raises(EvidenceError, match=r"q\.csv"):
        read_csv(csv, TEXT, tmp_path / "q.parquet")


@pytest.mark.parametrize("body", [b"", b'"a","b"'])
def test_a_file_without_a_whole_header_is_an_error(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "q.csv").write_bytes(body)
    with pytest.raises(EvidenceError):
        read_csv(tmp_path / "q.csv", TEXT, tmp_path / "q.parquet")


def test_a_missing_file_is_an_error_of_the_deployment(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="cannot be read"):
        read_csv(tmp_path / "none.csv", TEXT, tmp_path / "q.parquet")


def test_an_empty_result_has_columns_and_no_rows(tmp_path: Path) -> None:
    result = read(tmp_path, TEXT, [])
    assert (result.rows, rows(result.path, None)) == (0, [])


@pytest.mark.parametrize(("count", "kept", "truncated"), [(2, 2, False), (3, 3, False), (4, 3, True)])
def test_rows_over_the_limit_are_cut_and_said(tmp_path: Path, count: int, kept: int, truncated: bool) -> None:
    result = read(tmp_path, TEXT, [[str(n), None] for n in range(count)], limit=3)
    assert (result.rows, result.truncated) == (kept, truncated)
    assert [row["a"] for row in rows(result.path, None)] == [str(n) for n in range(kept)]


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    lines: list[list[str | None]] = [[str(n), None if n % 7 else "v" * (n % 50)] for n in range(200_000)]
    first = read(tmp_path, TEXT, lines).path.read_bytes()
    assert read(tmp_path, TEXT, lines).path.read_bytes() == first


def test_the_names_of_folders_and_columns_may_hold_anything_printable(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] *folder?"
    folder.mkdir()
    column = Column('x"; DROP TABLE y; --', "bigint")
    assert rows(read(folder, (column,), [["1"]]).path, None) == [{column.name: 1}]


HOSTILE = (
    st.none()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(
        [
            "\x00",
            '"',
            '""',
            "\r\n",
            "\n",
            ",",
            "\\",
            "'; DROP TABLE x; --",
            "{{ x }}",
            "😀",
            "e\u0301",
            "\ufeff",
            "#",
            " ",
        ]
    )
)


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(st.lists(HOSTILE, min_size=2, max_size=2), max_size=6))
def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, lines: list[list[str | None]]) -> None:
    result = read(tmp_path_factory.mktemp("csv"), TEXT, lines)
    assert [[row["a"], row["b"]] for row in rows(result.path, None)] == lines
