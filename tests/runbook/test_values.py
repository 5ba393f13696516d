"""What an operator gives becomes a typed request, or every reason why not, each by the parameter's name."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trailbook.errors import InvalidRequest
from trailbook.runbook.model import COMMON_PARAMS, Runbook
from trailbook.runbook.values import COMMON_SCHEMAS, Request, from_fields, from_text, resolve
from trailbook.window import Window

PARAMS: dict[str, Any] = {
    "threshold": {"type": "integer", "default": 5, "minimum": 1, "maximum": 100, "title": "Threshold"},
    "ratio": {"type": "number", "default": None, "title": "Ratio"},
    "users": {
        "type": "array",
        "items": {"type": "string", "maxLength": 9},
        "default": [],
        "maxItems": 3,
        "title": "Users",
    },
    "counts": {"type": "array", "items": {"type": "integer"}, "default": [], "title": "Counts"},
    "mode": {"type": "string", "enum": ["a", "b"], "default": "a", "title": "Mode"},
    "since": {"type": "string", "format": "date-time", "default": None, "title": "Since"},
    "day": {"type": "string", "format": "date", "default": None, "title": "Day"},
    "strict": {"type": "boolean", "default": False, "title": "Strict"},
    "pattern": {"type": "string", "pattern": "^x", "default": None, "title": "Pattern"},
    "bucket": {"type": "string", "pattern": "^[a-z$]+$|^a-b$", "default": None, "title": "Bucket"},
}


def make(needs_one_of: Sequence[str] = (), **more: Any) -> Runbook:
    return Runbook.model_validate(
        {
            "id": "a-runbook",
            "title": "A runbook",
            "description": "For tests.",
            "severity": "low",
            "owner": "tests",
            "schedule": None,
            "params": PARAMS | more,
            "needs_one_of": list(needs_one_of),
            "query": "SELECT 1 AS a",
            "result": {"kind": "aggregate", "key": ["a"]},
        }
    )


DEFAULTS = {name: param["default"] for name, param in PARAMS.items()}


def reasons(given: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        resolve(make(**more), given)
    return list(caught.value.reasons)


def test_nothing_given_is_the_defaults_and_no_window() -> None:
    assert resolve(make(), {}) == Request(params=DEFAULTS)


def test_everything_given_is_typed() -> None:
    given = {
        "threshold": 7.0,
        "ratio": 2,
        "users": ["a", "b'\0\U0001f600"],
        "counts": [1, 2.0],
        "mode": "b",
        "since": "2026-11-01T00:00:00+02:00",
        "day": "2026-11-01",
        "strict": True,
        "pattern": "xyz",
        "bucket": "a$",
        "start": "2026-11-01",
        "end": "2026-11-02T00:00:00+01:00",
        "accounts": ["444455556666", "111122223333", "111122223333"],
        "regions": ["us-gov-west-1", "eu-central-1"],
        "row_limit": 5,
        "compare_with": "manual__2026-11-01",
        "reason": "because",
    }
    found = resolve(make(), given)
    assert found.params == {name: given[name] for name in PARAMS}
    assert isinstance(found.params["threshold"], int)
    assert [type(count) for count in found.params["counts"]] == [int, int]
    assert found.window == Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, 23, tzinfo=UTC))
    assert found.accounts == ("111122223333", "444455556666")
    assert found.regions == ("eu-central-1", "us-gov-west-1")
    assert (found.row_limit, found.compare_with, found.reason) == (5, "manual__2026-11-01", "because")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"threshold": True}, "threshold: expected an integer, found True"),
        ({"threshold": "7"}, "threshold: expected an integer, found '7'"),
        ({"threshold": 7.5}, "threshold: expected an integer, found 7.5"),
        ({"threshold": 0}, "threshold: expected at least 1, found 0"),
        ({"threshold": 101}, "threshold: expected at most 100, found 101"),
        ({"threshold": None}, "threshold: expected an integer, found None"),
        ({"ratio": float("nan")}, "ratio: expected a finite number, found nan"),
        ({"ratio": "1"}, "ratio: expected a number or nothing (null), found '1'"),
        ({"users": "a"}, "users: expected a list, found 'a'"),
        ({"users": [1]}, "users[0]: expected text, found 1"),
        ({"users": ["a" * 10]}, "users[0]: expected at most 9 characters, found 10"),
        ({"users": list("abcd")}, "users: expected at most 3 values, found 4"),
        (
            {"counts": [2**53]},
            "counts[0]: expected an integer of at most 9007199254740991 either way, found 9007199254740992",
        ),
        ({"mode": "c"}, "mode: expected one of 'a', 'b', found 'c'"),
        ({"since": "yesterday"}, "since: expected a time such as 2026-11-01T00:00:00Z, found 'yesterday'"),
        (
            {"since": "2026-13-01T00:00:00Z"},
            "since: expected a time such as 2026-11-01T00:00:00Z, found '2026-13-01T00:00:00Z'",
        ),
        ({"day": "2026-02-29"}, "day: expected a date such as 2026-11-01, found '2026-02-29'"),
        ({"strict": 1}, "strict: expected true or false, found 1"),
        ({"strict": "true"}, "strict: expected true or false, found 'true'"),
        ({"pattern": "y\x1b[2J"}, "pattern: expected text that matches ^x, found 'y\\x1b[2J'"),
        ({"bucket": "a-b\n"}, "bucket: expected text that matches ^[a-z$]+$|^a-b$, found 'a-b\\n'"),
        ({"pattern": "x" * 10_001}, "pattern: expected at most 10000 characters, found 10001"),
        ({"pattern": "x\ud800"}, "pattern: expected Unicode text, found half of a surrogate pair in 'x\\ud800'"),
        ({"start": "2026-11-01"}, "end: expected a time, found none: start and end go together"),
        ({"end": "2026-11-01"}, "start: expected a time, found none: start and end go together"),
        (
            {"start": "2026-11-02", "end": "2026-11-02"},
            "start 2026-11-02T00:00:00Z is not before end 2026-11-02T00:00:00Z: give an end after start",
        ),
        (
            {"start": "2026-11-01T00:00:00.5Z", "end": "2026-11-02"},
            "start, end: expected whole seconds, as CloudTrail's own times are",
        ),
        (
            {"start": "0001-01-01T00:00:00+14:00", "end": "2026-11-02"},
            "start: expected a time such as 2026-11-01T00:00:00Z, found '0001-01-01T00:00:00+14:00'",
        ),
        ({"start": 5, "end": "2026-11-02"}, "start: expected text or nothing (null), found 5"),
        ({"accounts": ["12345678901"]}, "accounts[0]: expected an AWS account id of 12 digits, found '12345678901'"),
        ({"accounts": ["١٢٣٤٥٦٧٨٩٠١٢"]}, "accounts[0]: expected an AWS account id of 12 digits, found '١٢٣٤٥٦٧٨٩٠١٢'"),
        (
            {"accounts": ["111122223333\n"]},
            "accounts[0]: expected an AWS account id of 12 digits, found '111122223333\\n'",
        ),
        ({"regions": ["Frankfurt"]}, "regions[0]: expected a region name such as eu-central-1, found 'Frankfurt'"),
        ({"row_limit": 0}, "row_limit: expected at least 1, found 0"),
        ({"row_limit": 100_001}, "row_limit: expected at most 100000, found 100001"),
        ({"row_limit": True}, "row_limit: expected an integer or nothing (null), found True"),
        ({"treshold": 1}, "'treshold': unknown parameter; did you mean `threshold`?"),
        ({"raison": 1}, "'raison': unknown parameter; did you mean `reason`?"),
    ],
)
def test_one_wrong_value_is_one_reason(given: dict[str, Any], expected: str) -> None:
    assert reasons(given) == [expected]


def test_all_reasons_are_said_at_once() -> None:
    given = {"zzz": 1, "threshold": 0, "users": [1, 2], "accounts": ["x"], "row_limit": -1}
    assert [reason.split(":")[0] for reason in reasons(given)] == [
        "'zzz'",
        "threshold",
        "users[0]",
        "users[1]",
        "accounts[0]",
        "row_limit",
    ]


def test_a_required_parameter_without_a_value_is_named() -> None:
    required = {"arn": {"type": "string", "title": "ARN"}}
    assert reasons({}, **required) == ["arn: expected a value, found none: this parameter is required"]
    assert reasons({"arn": None}, **required) == ["arn: expected text, found None"]
    assert resolve(make(**required), {"arn": "x"}).params["arn"] == "x"


def test_an_emptied_field_of_the_form_is_unset() -> None:
    emptied = dict.fromkeys(("start", "end", "compare_with", "reason", "since", "day"), "") | {
        "users": None,
        "accounts": None,
        "regions": None,
        "row_limit": None,
    }
    assert resolve(make(), emptied) == Request(params=DEFAULTS)


def test_an_empty_text_is_a_value_where_any_text_is_one() -> None:
    anything = {"anything": {"type": "string", "default": None, "title": "Anything"}}
    assert resolve(make(**anything), {"anything": ""}).params["anything"] == ""


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["threshold=7"], {"threshold": 7}),
        (["threshold=seven"], {"threshold": "seven"}),
        (["threshold=-1", "row_limit=9"], {"threshold": -1, "row_limit": 9}),
        (["ratio=1.5"], {"ratio": 1.5}),
        (["ratio=3"], {"ratio": 3}),
        (["ratio="], {"ratio": None}),
        (["users=a,b", "users=c"], {"users": ["a", "b", "c"]}),
        (['users=["a,b", "c"]'], {"users": ["a,b", "c"]}),
        (["users=[a,b"], {"users": ["[a", "b"]}),
        (["users="], {"users": []}),
        (["counts=1,two,3"], {"counts": [1, "two", 3]}),
        (["strict=TRUE"], {"strict": True}),
        (["strict=yes"], {"strict": "yes"}),
        (["mode=a=b"], {"mode": "a=b"}),
        (["mode= a "], {"mode": " a "}),
        (["accounts=111122223333,444455556666"], {"accounts": ["111122223333", "444455556666"]}),
        (["start=2026-11-01", "end=2026-11-02"], {"start": "2026-11-01", "end": "2026-11-02"}),
        (["unknown=1"], {"unknown": "1"}),
    ],
)
def test_the_command_line_s_texts_are_typed_by_the_parameter(pairs: list[str], expected: dict[str, Any]) -> None:
    found = from_text(make(), pairs)
    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]


def test_a_text_without_an_equals_sign_and_a_repeated_one_are_refused() -> None:
    with pytest.raises(InvalidRequest) as caught:
        from_text(make(), ["threshold", "mode=a", "mode=b"])
    assert list(caught.value.reasons) == [
        "'threshold': expected name=value",
        "mode: given twice, and it takes one value",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"threshold": [" 7 "], "ratio": ["0.5"], "strict": ["true"]}, {"threshold": 7, "ratio": 0.5, "strict": True}),
        ({"threshold": [""], "users": ["", "\r\n"], "mode": [""], "start": [""], "reason": [""]}, {}),
        ({"users": ["ana\r\n o'hara; -- \n\nb,c"], "counts": ["1\n2", "3"]}, {"users": ["ana", "o'hara; --", "b,c"]}),
        ({"accounts": ["111122223333"], "regions": ["eu-west-1\neu-west-2"]}, {"regions": ["eu-west-1", "eu-west-2"]}),
        ({"start": ["2026-11-01T00:00"], "end": ["2026-11-02"]}, {"start": "2026-11-01T00:00:00Z"}),
        ({"since": ["2026-11-01T02:00:00+02:00"], "day": [" 2026-11-01 "]}, {"since": "2026-11-01T00:00:00Z"}),
        ({"since": ["yesterday"], "threshold": ["many"]}, {"since": "yesterday", "threshold": "many"}),
        ({"since": ["0001-01-01T00:00:00+14:00"]}, {"since": "0001-01-01T00:00:00+14:00"}),
        ({"pattern": [" x\r\ny "], "unknown": ["1"]}, {"pattern": " x\ny ", "unknown": "1"}),
        ({"mode": ["a", "b"]}, {"mode": "b"}),
    ],
)
def test_a_form_s_fields_are_typed_by_the_parameter(fields: dict[str, list[str]], expected: dict[str, Any]) -> None:
    found = from_fields(make(), fields)
    assert {name: found.get(name) for name in expected} == expected
    assert found.keys() <= fields.keys()
    assert "" not in found.values()


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from([*PARAMS, *COMMON_PARAMS, "x"]), st.lists(st.text(), max_size=3), max_size=5))
def test_any_fields_are_values_that_resolve_accepts_or_refuses_with_a_sentence(fields: dict[str, list[str]]) -> None:
    said: Sequence[str] = ("none",)
    try:
        resolve(make(), from_fields(make(), fields))
    except InvalidRequest as error:
        said = error.reasons
    assert said


def test_the_common_schemas_are_json_schemas_of_the_common_parameters() -> None:
    assert tuple(COMMON_SCHEMAS) == COMMON_PARAMS
    for schema in COMMON_SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(schema["default"])
        assert schema["title"]
        assert schema["description"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*PARAMS, *COMMON_PARAMS, "other"]) | st.text(max_size=5), _JSON, max_size=4))
def test_anything_given_is_a_request_of_plain_json_or_refused(given: dict[str, Any]) -> None:
    said: Sequence[str] = ()
    try:
        json.dumps(dict(resolve(make(), given).params), allow_nan=False).encode()
    except InvalidRequest as error:
        said = error.reasons or ["\0"]
    assert all(reason.isprintable() for reason in said)


def test_a_run_gives_at_least_one_of_the_params_that_the_runbook_says() -> None:
    runbook = make(needs_one_of=["pattern", "users"])
    for empty in ({}, {"pattern": None, "users": []}, {"pattern": None, "users": None}, {"day": "2026-01-01"}):
        with pytest.raises(InvalidRequest) as caught:
            resolve(runbook, empty)
        assert list(caught.value.reasons) == ["expected a value for at least one of pattern, users, found none"]
    assert resolve(runbook, {"pattern": "xy"}).params["pattern"] == "xy"
    assert resolve(runbook, {"users": ["ana"]}).params["users"] == ["ana"]
