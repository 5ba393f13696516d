"""One value, one text, one digest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.canonical import digest, dumps, loads, safe_name
from trailbook.errors import EvidenceError

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2.0**53) + 1, 2.0**53 - 1)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner),
    max_leaves=12,
)


@given(_JSON)
def test_every_value_comes_back(value: object) -> None:
    body = dumps(value)  # type: ignore[arg-type]  # hypothesis knows no recursive types
    assert loads(body) == value
    assert dumps(loads(body)) == body


def test_the_order_of_keys_does_not_change_the_digest() -> None:
    assert digest({"a": 1, "b": [True, None]}) == digest({"b": [True, None], "a": 1})


def test_the_digest_is_that_of_the_rfc_text() -> None:
    # RFC 8785 sorts keys by UTF-16 units and escapes nothing but control characters, quotes and backslashes.
    assert dumps({"😀": 2, "€": 1}) == '{"€":1,"😀":2}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {"a": [float("-inf")]}])
def test_what_json_cannot_hold_is_an_error(value: object) -> None:
    with pytest.raises(EvidenceError, match="canonical JSON"):
        dumps(value)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_an_error(body: bytes) -> None:
    with pytest.raises(EvidenceError):
        loads(body)


@given(st.text(max_size=300))
def test_a_safe_name_is_one_harmless_path_segment(text: str) -> None:
    name = safe_name(text)
    assert name
    assert not name.startswith(".")
    assert all(c.isascii() and (c.isalnum() or c in "._=-") for c in name)
    assert len(name) <= 120


@given(st.lists(st.text(max_size=120), unique=True, min_size=2, max_size=8))
def test_two_texts_never_share_a_safe_name(texts: list[str]) -> None:
    assert len({safe_name(text) for text in texts}) == len(texts)
