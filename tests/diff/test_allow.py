"""Accepted findings: what an entry matches, and when it is in force."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.diff import Counts, expired, findings
from trailbook.runbook.model import Allow
from trailbook.window import Window

WINDOW = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))


def allow(expires: str = "2027-01-01", reason: str = "a canary", **match: Any) -> Allow:
    return Allow.model_validate({"match": match, "reason": reason, "owner": "platform", "expires": expires})


def suppressed(bench: Any, type_: str, value: Any, wanted: Any) -> bool:
    diff = bench.diff([(value, 1)], columns={"k": type_, "n": "BIGINT"}, allow=(allow(k=wanted),))
    assert diff.counts.suppressed in (0, 1)
    return bool(diff.counts.suppressed)


@pytest.mark.parametrize(
    ("type_", "value", "wanted", "matches"),
    [
        ("VARCHAR", "synthetic-1", "synthetic-*", True),
        ("VARCHAR", "Synthetic-1", "synthetic-*", False),
        ("VARCHAR", "synthetic-", "synthetic-*", True),
        ("VARCHAR", "a\nb", "a?b", True),
        ("VARCHAR", "a\nx\x00b", "a*b", True),
        ("VARCHAR", "ab", "a?b", False),
        ("VARCHAR", "a😀b", "a?b", True),
        ("VARCHAR", "a%b_c!d", "a%b_c!d", True),
        ("VARCHAR", "axb", "a%b", False),
        ("VARCHAR", "axb", "a_b", False),
        ("VARCHAR", "[a]", "[a]", True),
        ("VARCHAR", "a", "[a]", False),
        ("VARCHAR", "", "*", True),
        ("VARCHAR", None, "*", False),
        ("VARCHAR", "5", 5, False),
        ("VARCHAR", "true", True, False),
        ("BIGINT", 5, 5, True),
        ("BIGINT", 5, 5.0, True),
        ("BIGINT", 5, 5.5, False),
        ("BIGINT", 5, "5", False),
        ("BIGINT", 1, True, False),
        ("BIGINT", 2**53 + 1, 2**53 + 1, True),
        ("BIGINT", 2**53, 2**53 + 1, False),
        ("BIGINT", 5, 10**30, False),
        ("BOOLEAN", True, True, True),
        ("BOOLEAN", True, 1, False),
        ("DOUBLE", 0.1, 0.1, True),
        ("DOUBLE", 2.0**60, 2**60 + 1, False),
        ("DECIMAL(5,1)", Decimal("0.2"), 0.15, False),
        ("DECIMAL(5,1)", Decimal("0.2"), 0.2, True),
        ("DATE", "2026-11-01", "2026-11-01", True),
    ],
)
def test_a_value_matches_exactly_or_by_two_wildcards(
    bench: Any, type_: str, value: Any, wanted: Any, matches: bool
) -> None:
    assert suppressed(bench, type_, value, wanted) is matches


@settings(max_examples=30, deadline=None)
@given(pattern=st.text("ab*?%_!\\[", max_size=6), value=st.text("ab%_!\\[\n", max_size=6))
def test_a_pattern_matches_as_a_plain_model_does(new_bench: Any, pattern: str, value: str) -> None:
    regex = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    expected = re.fullmatch(regex, value, re.DOTALL) is not None
    assert suppressed(new_bench(), "VARCHAR", value, pattern) is expected


def test_every_column_of_a_match_must_match_and_a_missing_column_never_does(bench: Any) -> None:
    entries = (allow(k="a", n=2), allow(k="a", other="x"), allow(k="b", n=1))
    diff = bench.diff([("a", 1, ""), ("b", 1, "")], allow=entries)
    assert diff.allow_matches == (0, 0, 1)


def test_the_first_matching_entry_wins_and_the_state_stays(bench: Any) -> None:
    entries = (allow(k="z*"), allow(k="a*", reason="first"), allow(k="*", reason="second"))
    days = bench.days([("a1", 1, ""), ("b", 1, ""), ("c", 1, "")], [("a1", 2, ""), ("b", 1, "")], allow=entries[:2])
    assert days[-1].counts == Counts(updated=1, unchanged=1, absent=1, suppressed=1, open_present=1)
    last = bench.diff([("a1", 1, ""), ("b", 1, "")], allow=entries)
    assert last.allow_matches == (0, 1, 1)
    assert last.counts == Counts(new=2, suppressed=2)
    reasons = [found.suppression.reason for found in findings(last.snapshot, entries, limit=None) if found.suppression]
    assert reasons == ["first", "second"]


def test_an_absent_finding_can_be_suppressed_by_its_last_row(bench: Any) -> None:
    _, second = bench.days([("a", 1, "x")], [], allow=(allow(note="x"),))
    assert second.counts == Counts(absent=1, suppressed=1)


@pytest.mark.parametrize(("expires", "in_force"), [("2026-11-03", True), ("2026-11-02", True), ("2026-11-01", False)])
def test_the_end_of_the_window_decides_whether_an_entry_is_in_force(bench: Any, expires: str, in_force: bool) -> None:
    entries = (allow(expires=expires, k="*"),)
    diff = bench.diff([("a", 1, "x")], allow=entries)  # the window ends as 2026-11-02 begins
    assert diff.expired_allow == (() if in_force else (0,))
    assert diff.counts.suppressed == int(in_force)
    assert expired(entries, WINDOW) == diff.expired_allow
