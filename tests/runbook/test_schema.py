import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from trailbook.runbook.collection import files
from trailbook.runbook.schema import schema, text

RUNBOOKS = Path(__file__).parents[2] / "runbooks"


def test_the_schema_beside_the_runbooks_is_fresh():
    written = (RUNBOOKS / "schema.json").read_text()

    assert written == text(), "write it: python -m trailbook.runbook.schema > runbooks/schema.json"


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(json.loads(text()))


class _TextDates(yaml.SafeLoader):
    """What editors read: a date is text."""


_TextDates.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("path", sorted(files(RUNBOOKS)), ids=lambda path: path.stem)
def test_an_editor_finds_nothing_wrong_in_the_runbooks_of_this_repository(path):
    loader = _TextDates(path.read_text())

    Draft202012Validator(schema()).validate(loader.get_single_data())


def test_an_editor_sees_an_unknown_key_and_a_wrong_value():
    errors = {
        error.validator for error in Draft202012Validator(schema()).iter_errors({"titel": "x", "severity": "hgih"})
    }

    assert {"additionalProperties", "enum", "required"} <= errors
