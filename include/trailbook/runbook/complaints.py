"""What pydantic found wrong, in the words of the person who wrote the file: expected, found, and where.

Invariant: one complaint per place; what pydantic says about each branch of a union becomes one sentence.
"""

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from trailbook.errors import Problem
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.source import Loc, Source

_KINDS: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "date_type": "a date such as 2027-03-31",
    "date_from_datetime_inexact": "a date such as 2027-03-31",
    "none_required": "null",
}
_PATTERNS: Mapping[str, str] = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lower-case words joined by hyphens, such as auth-failed-logins",
    r"^[a-z][a-z0-9_]*$": "a lower-case name such as source_ip (letters, digits, underscores)",
    r"^\d+\.\d+$": 'a version such as "19.1"',
    r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$": "lookup.column, such as critical_buckets.bucket",
    r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$": (
        "the ARN of a standard SNS topic such as arn:aws:sns:eu-central-1:111122223333:findings"
    ),
    r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$": (
        "a class path such as airflow.providers.smtp.notifications.smtp.SmtpNotifier"
    ),
}


def problems(source: Source, error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Return one problem per place of what `error` says about `source.data`."""
    by_place: dict[Loc, list[Mapping[str, Any]]] = {}
    for item in error.errors(include_url=False):
        known = source.known(item["loc"])
        name = item["loc"][: len(known) + 1] if item["type"] == "missing" else known
        by_place.setdefault(name, []).append(item)
    return [
        source.problem(loc, _sentence(loc, items, model), of_key=_is_about_key(items[0]))
        for loc, items in by_place.items()
    ]


def _is_about_key(item: Mapping[str, Any]) -> bool:
    return item["type"] in ("extra_forbidden", "missing") or "[key]" in item["loc"]


def _sentence(loc: Loc, items: list[Mapping[str, Any]], model: type[BaseModel]) -> str:
    first = items[0]
    found = first["input"]
    if first["type"] == "extra_forbidden":
        name = str(loc[-1])
        return f"unknown key `{name}`{did_you_mean(name, fields_at(model, loc[:-1]))}"
    if first["type"] == "missing":
        return f"expected the key `{loc[-1]}`, found nothing: add it"
    kinds = [_KINDS[item["type"]] for item in items if item["type"] in _KINDS]
    if len(kinds) == len(items):
        words = list(dict.fromkeys(kinds))
        expected = ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0]
        return f"expected {expected}, found {shown(found)}{_advice(expected, found)}"
    return "; ".join(dict.fromkeys(_one(item) for item in items if item["type"] not in _KINDS))


def _advice(expected: str, found: Any) -> str:
    if expected == "text" and isinstance(found, (int, float)):
        return ": put it in quotes"
    return ""


def _one(item: Mapping[str, Any]) -> str:
    kind, found, context = item["type"], item["input"], item.get("ctx", {})
    match kind:
        case "literal_error":
            choices = [part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", ")]
            close = did_you_mean(found, choices) if isinstance(found, str) else ""
            return f"expected {context['expected'].replace(chr(39), '')}, found {shown(found)}" + (
                close if "did you mean" in close else ""
            )
        case "string_pattern_mismatch":
            expected = _PATTERNS.get(context["pattern"], f"text that matches {context['pattern']}")
            return f"expected {expected}, found {shown(found)}"
        case "string_too_short" | "too_short":
            return "expected at least one, found none" if kind == "too_short" else "expected some text, found none"
        case "string_too_long":
            return f"expected at most {context['max_length']} characters, found {len(found)}"
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
            return f"expected {bound}, found {shown(found)}"
        case "value_error":
            return _own_words(str(context["error"]), found)
        case _:
            return f"{item['msg'][:1].lower()}{item['msg'][1:]}, found {shown(found)}"


def _own_words(message: str, found: Any) -> str:
    if "isoformat" in message or "month must" in message or "day is out" in message:
        return f"expected a date such as 2027-03-31, found {shown(found)}"
    return message


def shown(value: Any) -> str:
    """Return a value as an error shows it: its kind where it is large, shortened where it is long."""
    if isinstance(value, dict):
        return "a mapping of keys"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def fields_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that the model knows at `loc`, as they are written in YAML."""
    annotation: Any = model
    for part in loc:
        annotation = next((step for kind in _members(annotation) if (step := _step(kind, part)) is not None), None)
    return [
        field.alias or name
        for kind in _members(annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for name, field in kind.model_fields.items()
    ]


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the branches of a union (or the annotation itself), without `Annotated`."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        yield from _members(typing.get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for branch in typing.get_args(annotation):
            yield from _members(branch)
    elif annotation is not None:
        yield annotation


def _step(annotation: Any, part: str | int) -> Any:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is list and isinstance(part, int):
        return arguments[0]
    if origin is dict and isinstance(part, str):
        return arguments[1]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return next((f.annotation for name, f in annotation.model_fields.items() if part == (f.alias or name)), None)
    return None
