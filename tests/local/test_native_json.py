import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.local.engine.faults import Failure
from trailbook.local.engine.json_reader import Malformed, Reader
from trailbook.local.engine.native_json import canonical, extract_scalar, steps_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def test_a_value_answers_though_the_text_behind_it_is_malformed():
    assert extract_scalar('{"a":1, bad', "$.a") == "1"
    assert extract_scalar('{"b":bad, "a":1}', "$.a") is None


def test_a_scalar_keeps_the_writing_of_its_number():
    assert [extract_scalar(f'{{"a":{n}}}', "$.a") for n in ("1e3", "-0", "1.50")] == ["1e3", "-0", "1.50"]


def test_a_step_that_is_a_number_is_an_index_and_a_name():
    assert extract_scalar('["x","y"]', "$.1") == "y"
    assert extract_scalar('{"1":"y"}', "$[1]") == "y"


@pytest.mark.parametrize("path", ["", "a", "$.", "$..a", "$.a[*]", "$['a']", "$.a b", "$[-1]", "lax $.a"])
def test_what_is_no_path_of_trino_is_an_invalid_argument(path):
    with pytest.raises(Failure, match="Invalid JSON path"):
        steps_of(path)


def test_a_text_nested_too_deeply_is_malformed_and_not_a_traceback():
    with pytest.raises((Malformed, RecursionError)):
        Reader("[" * 5000).skip()


@given(JSON)
def test_canonical_json_means_the_same(value):
    text = canonical(json.dumps(value))
    assert text is not None
    assert json.loads(text) == value
    assert canonical(text) == text


@given(st.text(alphabet='{}[]",:\\au10.eE-tfn ', max_size=15))
def test_any_text_is_read_or_malformed(source):
    try:
        strict = json.loads(source, parse_constant=lambda name: pytest.fail(name))
    except (ValueError, RecursionError):
        assert canonical(source) is None
    else:
        assert canonical(source) is not None or strict is None
