"""The `.metadata` message, byte for byte as Athena wrote it where its bytes were published."""

import pytest

from trailbook.local.result_metadata import engine_id, message

DUMP = (
    "0a1b32303139303432335f3132353132385f30303030315f6568747572"  # 1: the engine's id
    "2219" "0a0468697665" "2203617279" "2a03617279" "32056172726179" "4803"  # 4: a column of type array
)  # fmt: skip


def test_an_array_column_is_what_athena_wrote():
    assert message("20190423_125128_00001_ehtur", [("ary", "array")]).hex() == DUMP


def test_a_count_column_after_an_insert_is_what_athena_wrote():
    """75 bytes: an id of 27, `INSERT`, a count of 1, and `rows bigint` with 7 = 19, 8 = 0, 9 = 3, 10 = 0."""
    found = message("20260920_182735_00001_ehtur", [("rows", "bigint")], "INSERT", 1)
    assert len(found) == 75
    assert found[29:].hex() == (
        "1206494e53455254" "1801" "2222" "0a0468697665" "2204726f7773" "2a04726f7773" "3206626967696e74"
        "3813" "4000" "4803" "5000"
    )  # fmt: skip


def test_a_count_of_nothing_is_written_all_the_same():
    assert b"\x18\x00" in message("i", [("rows", "bigint")], "UPDATE", 0)


@pytest.mark.parametrize(
    ("kind", "tail"),
    [
        ("integer", "380a400048035000"),
        ("varchar", "38ffffffff074000" "48035001"),
        ("varchar(5)", "3805400048035001"),
        ("decimal(10,2)", "380a400248035000"),
        ("timestamp with time zone", "3803400048035000"),
        ("date", "400048035000"),
        ("boolean", "48035000"),
        ("interval year to month", "48035000"),
        ("row", "4803"),
        ("json", "4803"),
        ("string", "4803"),
        ("ipaddress", "4803"),
    ],
)  # fmt: skip
def test_what_is_written_of_a_column_depends_on_its_type(kind, tail):
    found = message("i", [("c", kind)])
    shown = kind.partition("(")[0].encode()
    after = found[found.index(b"2" + bytes([len(shown)]) + shown) + 2 + len(shown) :]
    assert after.hex() == tail


def test_names_of_any_length_and_alphabet_are_kept():
    name = "ü" * 300
    assert name.encode() in message("i", [(name, "varchar")])


def test_an_engines_id_has_the_form_of_the_engines_and_is_the_same_each_time():
    found = engine_id("4a3e5a0e-6fb9-4c1c-a7c0-0d3a6f0c2b11", 1_789_000_000.5)
    assert found == engine_id("4a3e5a0e-6fb9-4c1c-a7c0-0d3a6f0c2b11", 1_789_000_000.5)
    assert len(found) == 27
