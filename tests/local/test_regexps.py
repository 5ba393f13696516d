import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.local.engine.faults import Failure
from trailbook.local.engine.native_regexp import FUNCTIONS
from trailbook.local.engine.regexps import Refused, expression

LIKE = FUNCTIONS["tb_regexp_like"][0]


@pytest.mark.parametrize("pattern", ["(", "a)", "[", "*a", "a{2,1}", "[z-a]", "\\", "(?<n", "(a", "\\8"])
def test_what_joni_refuses_is_an_invalid_argument(pattern):
    with pytest.raises(Failure, match="INVALID_FUNCTION_ARGUMENT"):
        expression(pattern)


@pytest.mark.parametrize("pattern", ["[a&&b]", "[a[b]]", "\\p{L}", "\\h", "\\R", "(?x)a", "a**", "(?i)é", "(?<a>x)(y)"])
def test_what_is_not_known_equal_is_refused(pattern):
    with pytest.raises(Refused):
        expression(pattern)


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [("a$", "a\n", True), ("a$", "a\nb", False), ("(?m)a$", "a\nb", True), ("a\\z", "a\n", False), ("\\d", "٣", False)],
)
def test_ends_and_digits_are_those_of_joni(pattern, value, found):
    assert LIKE(value, pattern) is found


def test_a_refusal_is_an_object_that_names_itself_so_that_try_does_not_catch_it():
    answer = LIKE("Straße", "(?i)strasse")
    assert "NOT_SUPPORTED" in type(answer).__name__


@given(st.text(alphabet="ab01()[]{}|\\^$.*+?-,&<>:=!dwsbi#", max_size=12), st.text(alphabet="ab01\n", max_size=6))
def test_any_pattern_is_an_expression_an_error_of_trino_or_refused(pattern, value):
    try:
        found = expression(pattern)
    except (Failure, Refused):
        return
    assert isinstance(found.compiled, re.Pattern)
    assert LIKE(value, pattern) in (True, False)
