"""The trigger form: a runbook's own params, then the ones that every run has, as Airflow Params.

Invariant: a field that may stay empty has `null` in its type (without it the form demands a value), and an emptied
field arrives as null, which the plan step reads as not given.
"""

from typing import Any

from airflow.sdk import Param as Field

from trailbook.runbook.model import Runbook
from trailbook.runbook.params import Param
from trailbook.runbook.values import COMMON_SCHEMAS

COMMON_SECTION = "Window, scope and reason"
"""The form's section of the params that every run has."""

_WINDOW = ("start", "end")


def fields(runbook: Runbook) -> dict[str, Field]:
    """Return the form's fields in their order. A runbook without a schedule demands `start` and `end`."""
    own = {name: _own(param) for name, param in runbook.params.items()}
    return own | {name: _common(name, dict(schema), runbook) for name, schema in COMMON_SCHEMAS.items()}


def _own(param: Param) -> Field:
    schema = param.json_schema()
    extras: dict[str, Any] = {"values_display": param.values_display, "section": param.section}
    if param.items is not None and param.items.enum is not None:
        extras["examples"] = list(param.items.enum)  # makes the form offer the values instead of an empty text field
    schema |= {name: value for name, value in extras.items() if value is not None}
    if param.required:
        return _field(schema)
    return _field(schema, default=param.default)


def _common(name: str, schema: dict[str, Any], runbook: Runbook) -> Field:
    default = schema.pop("default", None)
    schema["section"] = COMMON_SECTION
    if name in _WINDOW and runbook.schedule is None:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema["type"] = next(kind for kind in kinds if kind != "null")
        return _field(schema)
    return _field(schema, default=default)


def _field(schema: dict[str, Any], **default: Any) -> Field:
    if default and not default["default"] and default["default"] not in (0, False):
        schema["type"] = _nullable(schema["type"])
    return Field(description=schema.pop("description", None), **default, **schema)


def _nullable(kind: str | list[str]) -> list[str]:
    kinds = [kind] if isinstance(kind, str) else list(kind)
    return kinds if "null" in kinds else [*kinds, "null"]
