from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from trailbook.report.values import from_json, items, shown, to_json

CASES = [
    ("bigint", 2**53 - 1, 2**53 - 1),
    ("bigint", 2**53, "9007199254740992"),
    ("bigint", -(2**63), "-9223372036854775808"),
    ("tinyint", 0, 0),
    ("double", 0.1, 0.1),
    ("double", float("-inf"), "-Infinity"),
    ("real", 2.0, 2.0),
    ("decimal(38,2)", Decimal("0.10"), "0.10"),
    ("decimal(5,0)", Decimal("1E+3"), "1000"),
    ("boolean", True, True),
    ("varchar", "NaN", "NaN"),
    ("varchar(12)", "12", "12"),
    ("date", date(2026, 11, 2), "2026-11-02"),
    ("time", time(1, 2, 3, 4000), "01:02:03.004000"),
    ("timestamp", datetime(2026, 11, 2, 3, 4, 5, 6), "2026-11-02T03:04:05.000006"),
    ("timestamp with time zone", datetime(2026, 11, 2, tzinfo=UTC), "2026-11-02T00:00:00Z"),
    ("array", "[a, b]", "[a, b]"),
    ("bigint", None, None),
]


@pytest.mark.parametrize(("type_", "value", "plain"), CASES)
def test_a_value_of_each_type_is_json_by_the_rule_and_reads_back(type_, value, plain):
    assert to_json(value) == plain
    assert type(to_json(value)) is type(plain)
    back = from_json(plain, type_)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("type_", "plain"), [("bigint", "x"), ("decimal(1,0)", "x"), ("date", "2026-13-01"), ("double", "x")]
)
def test_a_text_that_is_no_value_of_its_type_is_refused(type_, plain):
    with pytest.raises(ValueError, match=r".+"):
        from_json(plain, type_)


def test_a_time_of_another_zone_is_written_in_utc():
    assert to_json(datetime(2026, 11, 2, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-01T23:00:00Z"


def test_binary_is_base64_and_lists_and_maps_keep_their_shape():
    assert to_json({"a": [b"\xff", (1, None)]}) == {"a": ["/w==", [1, None]]}


def test_values_are_shown_as_people_read_them():
    assert [shown(v) for v in (None, True, 5, "x", Decimal("1.50"), ["a", 1], {"k": False})] == [
        "NULL", "true", "5", "x", "1.50", "a, 1", "k: false",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "ids"),
    [(None, ()), ("[]", ()), ("[a, b]", ("a", "b")), (["a", "b"], ("a", "b")), ("one", ("one",)), ("[a", ("[a",))],
)
def test_the_elements_of_an_array_are_found_in_athena_s_text(value, ids):
    assert items(value) == ids
