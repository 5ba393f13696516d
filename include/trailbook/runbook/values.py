"""From what an operator gave (a form, a JSON conf, `--param k=v`) to the typed request of one run.

Invariants: every wrong thing is said at once, by the parameter's name; an unknown name is refused; what comes out is
plain JSON values of the declared types, so it can go into a plan and a ledger entry as it is.
A text may hold any character, NUL and quotes too, and stays a value (see `sql.literals`), except half of a surrogate
pair: UTF-8 cannot say it, so neither a query nor the ledger could.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trailbook.canonical import digest
from trailbook.errors import InvalidRequest
from trailbook.runbook.common import COMMON_SCHEMAS, DEFAULT_ROW_LIMIT
from trailbook.runbook.faults import faults, shown
from trailbook.runbook.model import COMMON_PARAMS, Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.params import Param
from trailbook.window import Window, parse_time, text

__all__ = ["COMMON_SCHEMAS", "Request", "from_fields", "from_text", "resolve"]

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_LINE_END = re.compile(r"\r\n?")  # as browsers send it


@dataclass(frozen=True, slots=True)
class Request:
    """What one run was asked to do: the runbook's own params (defaults filled) and the common ones.

    `window` is None where start and end were not given; empty `accounts` or `regions` mean all of them.
    """

    params: Mapping[str, Any]
    window: Window | None = None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    row_limit: int = DEFAULT_ROW_LIMIT
    compare_with: str | None = None
    reason: str | None = None

    def comparison_key(self, runbook: str) -> str:
        """Return the digest of what is asked: runs with another one cannot be compared with this."""
        return digest([runbook, dict(self.params), list(self.accounts), list(self.regions)])


def resolve(runbook: Runbook, given: Mapping[str, Any]) -> Request:
    """Return the request that `given` makes of a runbook. Raises InvalidRequest with every reason at once."""
    known = (*runbook.params, *COMMON_PARAMS)
    reasons = [f"{shown(name)}: unknown parameter{did_you_mean(name, known)}" for name in given if name not in known]
    params: dict[str, Any] = {}
    for name, param in runbook.params.items():
        value = given.get(name, param.default)
        if name in given:
            value = _emptied(value, param)
        if name not in given and param.required:
            reasons.append(f"{name}: expected a value, found none: this parameter is required")
            continue
        params[name] = _typed(value, param)
        reasons += faults(name, params[name], param.json_schema())
    if runbook.needs_one_of and not any(_given(params.get(name)) for name in runbook.needs_one_of):
        reasons.append(f"expected a value for at least one of {', '.join(runbook.needs_one_of)}, found none")
    common = {name: None if given.get(name) == "" else given.get(name) for name in COMMON_PARAMS}
    for name, value in common.items():
        if value is not None:
            reasons += faults(name, value, COMMON_SCHEMAS[name])
    window = None if reasons else _window(common["start"], common["end"], reasons)
    if reasons:
        raise InvalidRequest(*reasons)
    return Request(
        params=params,
        window=window,
        accounts=tuple(sorted(set(common["accounts"] or ()))),
        regions=tuple(sorted(set(common["regions"] or ()))),
        row_limit=DEFAULT_ROW_LIMIT if common["row_limit"] is None else int(common["row_limit"]),
        compare_with=common["compare_with"],
        reason=common["reason"],
    )


def from_text(runbook: Runbook, pairs: Sequence[str]) -> dict[str, Any]:
    """Return `["k=v", …]` of a command line as values for `resolve`, typed by each parameter's schema.

    A list is a repeated key, a comma-separated text, or (for values with commas) a JSON list. What does not read as its
    type stays text, for `resolve` to refuse by name. Raises InvalidRequest where there is no `=` or a key is repeated.
    """
    found: dict[str, Any] = {}
    reasons = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            reasons.append(f"{pair!r:.80}: expected name=value")
            continue
        items = _item_type(runbook, name)
        if items is not None:
            found.setdefault(name, []).extend(_read_list(value, items))
        elif name in found:
            reasons.append(f"{name}: given twice, and it takes one value")
        else:
            found[name] = _read(value, _type(runbook, name))
    if reasons:
        raise InvalidRequest(*reasons)
    return found


def from_fields(runbook: Runbook, fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a web form's fields as values for `resolve`: an empty field is not given, a list has one value a line.

    A time becomes one with its zone, UTC where it names none, as Airflow's own check wants it. What does not read as
    its type stays text, for `resolve` to refuse by name.
    """
    found: dict[str, Any] = {}
    for name, texts in fields.items():
        items = _item_type(runbook, name)
        given = [_LINE_END.sub("\n", each) for each in texts]
        if items is not None:
            values = [line.strip() for each in given for line in each.split("\n")]
            found[name] = [_read(value, items) for value in values if value]
        elif given and given[-1]:
            kind, format_ = _type(runbook, name), _format(runbook, name)
            plain = kind == "string" and format_ in (None, "multiline")
            value = _read(given[-1] if plain else given[-1].strip(), kind)
            found[name] = _with_zone(value) if format_ == "date-time" else value
    return {name: value for name, value in found.items() if value not in (None, [], "")}


def _window(start: str | None, end: str | None, reasons: list[str]) -> Window | None:
    if not start and not end:
        return None
    if not start or not end:
        absent = "end" if start else "start"
        reasons.append(f"{absent}: expected a time, found none: start and end go together")
        return None
    try:
        window = Window(parse_time(start, "start"), parse_time(end, "end"))
    except InvalidRequest as error:
        reasons += error.reasons
        return None
    if window.start.microsecond or window.end.microsecond:
        reasons.append("start, end: expected whole seconds, as CloudTrail's own times are")
    return window


def _given(value: Any) -> bool:
    return value is not None and value != []


def _emptied(value: Any, param: Param) -> Any:
    """Return what an emptied field of a form means: null for a list is no values, no text for a date is no date."""
    if value is None and param.items is not None and param.default == []:
        return []
    return None if value == "" and param.format not in (None, "multiline") and param.default is None else value


def _typed(value: Any, param: Param) -> Any:
    """Return the value in the type that its schema names: JSON Schema takes 5.0 for an integer, and 5 for a number."""
    if isinstance(value, list) and param.items is not None:
        return [_number(item, param.items.type) for item in value]
    return _number(value, param.type)


def _number(value: Any, kind: str) -> Any:
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _type(runbook: Runbook, name: str) -> str:
    if name in runbook.params:
        return runbook.params[name].type
    return "integer" if name == "row_limit" else "string"


def _format(runbook: Runbook, name: str) -> str | None:
    if name in runbook.params:
        return runbook.params[name].format
    return "date-time" if name in ("start", "end") else None


def _with_zone(value: str) -> str:
    try:
        return text(parse_time(value, "time"))
    except (InvalidRequest, OverflowError):
        return value


def _item_type(runbook: Runbook, name: str) -> str | None:
    if name in ("accounts", "regions"):
        return "string"
    items = runbook.params[name].items if name in runbook.params else None
    return None if items is None else items.type


def _read_list(value: str, kind: str) -> list[Any]:
    if value.startswith("["):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            pass
        else:
            return list(found)
    return [_read(part.strip(), kind) for part in value.split(",") if part.strip()]


def _read(value: str, kind: str) -> Any:
    if kind != "string" and not value:
        return None
    if kind == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    if kind in ("integer", "number") and _WHOLE.fullmatch(value):
        return int(value)
    if kind == "number":
        try:
            return float(value)
        except ValueError:
            return value
    return value
