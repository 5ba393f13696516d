"""Finding ids: the SQL against a twin in Python."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.diff import findings

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
FAMILIES = {
    "VARCHAR": "text",
    "BIGINT": "integer",
    "DOUBLE": "float",
    "BOOLEAN": "boolean",
    "DECIMAL(9,3)": "decimal",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "instant",
}


def text_of(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value + 0.0)
        case Decimal():
            return format(value, ".3f")
        case datetime():
            return str((value.replace(tzinfo=None) - EPOCH) // MICROSECOND)
        case time():
            return str((datetime.combine(EPOCH, value) - EPOCH) // MICROSECOND)
        case date():
            return value.isoformat()
        case _:
            return str(value)


def part(text: str) -> str:
    return f"{len(text.encode())}:{text}"


def twin(runbook: str, columns: dict[str, str], values: list[Any]) -> str:
    head = ["trailbook.finding/1", runbook, str(len(columns))]
    for name, type_ in columns.items():
        head += [name, FAMILIES[type_]]
    parts = [*map(part, head), *("n" if value is None else part(text_of(value)) for value in values)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


VALUES = {
    "VARCHAR": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": st.floats(),
    "BOOLEAN": st.booleans(),
    "DECIMAL(9,3)": st.decimals(-999999, 999999, places=3),
    "DATE": st.dates(),
    "TIME": st.times(),
    "TIMESTAMP": st.datetimes(),
    "TIMESTAMPTZ": st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)),
}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_id_is_the_digest_of_an_unambiguous_text(new_bench: Any, data: st.DataObject) -> None:
    types = data.draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    columns = {f"k{place}": type_ for place, type_ in enumerate(types)}
    values = [data.draw(st.none() | VALUES[type_]) for type_ in types]
    diff = new_bench().diff([values], columns=columns, key=tuple(columns), measures=())
    (found,) = findings(diff.snapshot, (), limit=None)
    assert found.finding_id == twin("auth-failed-logins", columns, values)


def test_parts_that_run_together_as_text_have_different_ids(bench: Any) -> None:
    rows = [("a", "bc"), ("ab", "c"), ("abc", ""), ("abc", None), (None, "abc"), ("n", "abc"), ("1:a", "b")]
    diff = bench.diff(rows, columns={"k": "VARCHAR", "l": "VARCHAR"}, key=("k", "l"), measures=())
    assert len({found.finding_id for found in findings(diff.snapshot, (), limit=None)}) == len(rows)


def test_one_and_the_text_one_have_different_ids(bench: Any) -> None:
    number = bench.diff([(1,)], columns={"k": "BIGINT"}, measures=())
    text = bench.diff([("1",)], columns={"k": "VARCHAR"}, measures=())
    ids = {findings(diff.snapshot, (), limit=None)[0].finding_id for diff in (number, text)}
    assert len(ids) == 2


def test_an_id_is_this_one_for_ever(bench: Any) -> None:
    (found,) = findings(bench.diff([("alice", 1, "x")]).snapshot, (), limit=None)
    assert found.finding_id == twin("auth-failed-logins", {"k": "VARCHAR"}, ["alice"])
    text = "19:trailbook.finding/118:auth-failed-logins1:11:k4:text5:alice"
    assert found.finding_id == hashlib.sha256(text.encode()).hexdigest()
