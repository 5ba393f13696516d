from datetime import timedelta

import pytest
from summaries import NOW

from trailbook.airflow.web.views import words
from trailbook.diff import Counts


@pytest.mark.parametrize(
    ("length", "says"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=400), "400 days ago"),
        (timedelta(hours=-7), "in 7 hours"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(length: timedelta, says: str) -> None:
    assert words.ago(NOW - length, NOW) == says


def test_findings_are_named_by_state_and_new_are_those_that_nothing_suppresses() -> None:
    counts = Counts(new=3, updated=1, suppressed=2, open_new=1, open_present=2)
    assert [(part.state, part.count) for part in words.found(counts)] == [("new", 1), ("updated", 1), ("suppressed", 2)]
    assert words.found(Counts()) == words.found(None) == ()


def test_a_time_is_shown_for_people_and_what_is_none_as_it_is() -> None:
    assert words.clock("2026-11-29T02:03:04Z") == "2026-11-29 02:03:04 UTC"
    assert words.clock("<soon>") == "<soon>"


def test_a_text_in_a_list_is_one_short_line() -> None:
    assert words.short(" a\n\tb ") == "a b"
    assert words.short("x" * 200, 10) == "x" * 9 + "…"
