import pytest
from airflow.sdk.exceptions import ParamValidationError
from runbook_files import spec

from trailbook.airflow.form import COMMON_SECTION, fields
from trailbook.runbook.model import COMMON_PARAMS, Runbook


def form(**changes: object) -> dict[str, dict[str, object]]:
    found = fields(Runbook.from_spec(spec("a", **changes)))
    return {name: field.serialize() for name, field in found.items()}


def test_own_params_come_first_and_the_common_ones_have_their_own_section() -> None:
    found = form()
    assert list(found) == ["threshold", "users", *COMMON_PARAMS]
    assert {name for name, field in found.items() if field["schema"].get("section") == COMMON_SECTION} == set(
        COMMON_PARAMS
    )


def test_a_field_has_the_schema_title_and_description_of_its_param() -> None:
    param = {
        "type": "string",
        "default": "high",
        "enum": ["low", "high"],
        "values_display": {"low": "Low", "high": "High"},
        "title": "Level",
        "description": "How loud.",
        "section": "Noise",
        "examples": ["low"],
    }
    field = form(params={"level": param}, query="SELECT :level AS account_id FROM cloudtrail")["level"]
    assert field["value"] == "high"
    assert field["description"] == "How loud."
    assert field["schema"] == {
        "type": "string",
        "title": "Level",
        "enum": ["low", "high"],
        "examples": ["low"],
        "values_display": {"low": "Low", "high": "High"},
        "section": "Noise",
    }


def test_formats_limits_and_item_types_reach_the_form() -> None:
    found = form(
        params={
            "day": {"type": "string", "format": "date", "default": None, "title": "Day"},
            "count": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9, "title": "Count"},
            "names": {"type": "array", "items": {"type": "string", "maxLength": 9}, "default": [], "title": "Names"},
        }
    )
    assert found["day"]["schema"] == {"type": ["string", "null"], "format": "date", "title": "Day"}
    assert found["count"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 9, "title": "Count"}
    # Without null in its type the form would demand a value for a list whose default is empty.
    expected = {"type": ["array", "null"], "items": {"type": "string", "maxLength": 9}, "title": "Names"}
    assert found["names"]["schema"] == expected
    assert found["names"]["value"] == []


def test_every_default_fits_its_own_field() -> None:
    for field in fields(Runbook.from_spec(spec("a"))).values():
        field.resolve()


def test_without_a_schedule_start_and_end_must_be_filled_in() -> None:
    found = fields(Runbook.from_spec(spec("a", schedule=None)))
    for name in ("start", "end"):
        assert found[name].schema["type"] == "string"
        with pytest.raises(ParamValidationError, match="no default"):
            found[name].resolve()
        with pytest.raises(ParamValidationError):
            found[name].resolve(None)


def test_a_required_param_has_no_default() -> None:
    params = {"bucket": {"type": "string", "title": "Bucket"}}
    found = fields(Runbook.from_spec(spec("a", schedule=None, params=params)))
    assert not found["bucket"].has_value
    assert found["bucket"].schema["type"] == "string"
