"""Requests against botocore's model, in the words that Athena was seen to use."""

import pytest

from trailbook.local import athena_model
from trailbook.local.athena_shapes import Refused, after, column, page, token


def refusal(name, body):
    with pytest.raises(Refused) as found:
        athena_model.read(name, body)
    return found.value.code, found.value.detail, str(found.value)


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("ListWorkGroups", b'{"MaxResults": "1"}', "STRING_VALUE can not be converted to an Integer"),
        ("ListWorkGroups", b'{"MaxResults": true}', "TRUE_VALUE can not be converted to an Integer"),
        ("ListWorkGroups", b'{"MaxResults": []}', "Start of list found where not expected"),
        ("ListWorkGroups", b'{"MaxResults": {}}', "Start of structure or map found where not expected."),
        ("GetWorkGroup", b'{"WorkGroup": 1}', "NUMBER_VALUE can not be converted to a String"),
        ("StartQueryExecution", b'{"ExecutionParameters": "1"}', "Expected list or null"),
        ("StartQueryExecution", b'{"ResultConfiguration": "1"}', "Expected null"),
        ("ListWorkGroups", b"[]", "Start of list found where not expected"),
        ("ListWorkGroups", b"{", ""),
        ("ListWorkGroups", b"", ""),
        ("ListWorkGroups", b"null", ""),
        ("ListWorkGroups", b'"x"', ""),
        ("ListWorkGroups", b'{"MaxResults": NaN}', ""),
        ("ListWorkGroups", b"\xff", ""),
        ("ListWorkGroups", b"[" * 100_000, ""),
        ("ListWorkGroups", b'{"MaxResults": ' + b"9" * 5000 + b"}", ""),
        ("StartQueryExecution", b'{"QueryString": "\\ud800"}', ""),
    ],
)
def test_another_type_is_a_serialization_exception(name, body, message):
    assert refusal(name, body) == ("SerializationException", "", message)


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("GetQueryResults", b'{"MaxResults": 1}', "Value null at 'queryExecutionId' failed to satisfy constraint: "
         "Member must not be null"),
        ("ListWorkGroups", b'{"MaxResults": 51}', "Value at 'maxResults' failed to satisfy constraint: "
         "Member must have value less than or equal to 50"),
        ("ListWorkGroups", b'{"MaxResults": 99999999999}', "Value at 'maxResults' failed to satisfy constraint: "
         "Member must have value less than or equal to 50"),
        ("ListWorkGroups", b'{"MaxResults": 0}', "Value at 'maxResults' failed to satisfy constraint: "
         "Member must have value greater than or equal to 1"),
        ("ListWorkGroups", b'{"NextToken": ""}', "Value at 'nextToken' failed to satisfy constraint: "
         "Member must have length greater than or equal to 1"),
    ],
)  # fmt: skip
def test_a_broken_constraint_is_an_invalid_request(name, body, message):
    code, detail, said = refusal(name, body)
    assert (code, detail, said) == (
        "InvalidRequestException", "INVALID_INPUT", f"1 validation error detected: {message}",
    )  # fmt: skip


def test_all_broken_constraints_are_said_at_once_in_the_models_order():
    _, _, said = refusal("ListWorkGroups", b'{"MaxResults": 0, "NextToken": ""}')
    assert said.startswith("2 validation errors detected: Value at 'nextToken'")
    assert "; Value at 'maxResults'" in said


def test_null_counts_as_left_out_unknown_members_are_ignored_and_fractions_are_cut():
    assert athena_model.read("ListWorkGroups", b'{"NextToken": null, "Surprise": [1], "MaxResults": 1.5}') == {
        "MaxResults": 1
    }


def test_an_unknown_operation_has_a_name_and_no_message():
    with pytest.raises(Refused) as found:
        athena_model.read("DropEverything", b"{}")
    assert found.value.body() == {"__type": "UnknownOperationException"}


def test_every_pattern_of_the_model_is_a_pattern_of_pythons():
    def patterns(shape, seen):
        if shape is None or shape.name in seen:
            return
        seen.add(shape.name)
        if "pattern" in shape.metadata:
            yield shape.metadata["pattern"]
        inner = getattr(shape, "members", {}).values() if shape.type_name == "structure" else ()
        inner = [shape.member] if shape.type_name == "list" else inner
        for one in [shape.key, shape.value] if shape.type_name == "map" else inner:
            yield from patterns(one, seen)

    seen: set[str] = set()
    service = athena_model.service()
    found = [p for name in service.operation_names for p in patterns(service.operation_model(name).input_shape, seen)]
    assert len(found) > 10
    assert all(athena_model.compiled(pattern) for pattern in found)
    assert athena_model.compiled("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*").fullmatch("a😀\t")


def test_pages_follow_each_other_to_the_end_and_take_no_token_of_another_list():
    names = [f"n{i}" for i in range(7)]
    found, request = [], {"MaxResults": 3}
    while True:
        shown, more = page("k", names, request)
        found += shown
        if not more:
            break
        request = {"MaxResults": 3, **more}
    assert found == names
    for wrong in ("", "x", "AAAA", token("other", "n1"), token("k", "n1")[:-4] + "AAAA"):
        with pytest.raises(Refused, match="malformed"):
            page("k", names, {"NextToken": wrong})
    assert after("k", token("k", "ü\ud800")) == "ü\ud800"


def test_a_column_of_decimals_shows_its_digits_apart_from_its_type():
    found = column("d", "decimal(10,2)")
    assert (found["Type"], found["Precision"], found["Scale"]) == ("decimal", 10, 2)
