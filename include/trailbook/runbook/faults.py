"""What is wrong with a value, in the words of the person who gave it: expected and found, never the schema's own."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import ValidationError

from trailbook.runbook.common import ACCOUNT_PATTERN, LONGEST_TEXT, REGION_PATTERN

_EXAMPLES = {
    "date": "a date such as 2026-11-01",
    "date-time": "a time such as 2026-11-01T00:00:00Z",
    "time": "a time of day such as 13:30:00",
    "duration": "an ISO 8601 duration such as PT15M or P1D",
}
_PATTERNS = {
    ACCOUNT_PATTERN: "an AWS account id of 12 digits",
    REGION_PATTERN: "a region name such as eu-central-1",
}
_TYPES = {
    "string": "text",
    "array": "a list",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing (null)",
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST = 2**53 - 1  # the ledger is JSON, whose integers end there
_LONGEST_SHOWN = 60


def _parses(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except (ValueError, OverflowError):
        return False
    return True


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)  # may overflow at the calendar's ends


def _checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    texts: dict[str, Callable[[str], bool]] = {
        "date": lambda value: _DATE.fullmatch(value) is not None and _parses(date.fromisoformat, value),
        "date-time": lambda value: _DATE_TIME.fullmatch(value) is not None and _parses(_moment, value),
        "time": lambda value: _parses(time.fromisoformat, value),
        "duration": lambda value: _DURATION.fullmatch(value) is not None,
    }
    for name, check in texts.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    return checker


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    r"""JSON Schema's `$` is the end of the text; Python's also stands before a last newline, as in `'x\n'`."""
    parts = _DOLLAR.findall(pattern)
    strict = "".join(r"\Z" if part == "$" else part for part in parts)
    if isinstance(value, str) and not re.search(strict, value):
        yield ValidationError("does not match")


_DOLLAR = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL
)  # an escape, a class of characters, or one character
_FORMATS = _checker()
_Validator = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # its stubs have none


def faults(name: str, value: Any, schema: Mapping[str, Any]) -> list[str]:
    """Return every fault of a value against its JSON Schema, each `name: expected …, found …`."""
    validator = _Validator(schema, format_checker=_FORMATS)
    found = [f"{name}{_place(error)}: {_said(error)}" for error in validator.iter_errors(value)]
    for place, item in enumerate(value) if isinstance(value, list) else [(None, value)]:
        where = name if place is None else f"{name}[{place}]"
        found += [f"{where}: {fault}" for fault in _unwritable(item)]
    return found


def shown(value: Any) -> str:
    """Return a value for a sentence: quoted, short, and free of control characters."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _unwritable(value: Any) -> list[str]:
    """Faults that no schema states: what neither a query nor the ledger can hold."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            return [f"expected at most {LONGEST_TEXT} characters, found {len(value)}"]
        if _SURROGATE.search(value):
            return [f"expected Unicode text, found half of a surrogate pair in {shown(value)}"]
    if isinstance(value, float) and not math.isfinite(value):
        return [f"expected a finite number, found {value}"]
    if isinstance(value, int) and abs(value) > _LARGEST:
        return [f"expected an integer of at most {_LARGEST} either way, found {shown(value)}"]
    return []


def _place(error: ValidationError) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)


def _said(error: ValidationError) -> str:
    rule = str(error.validator)
    found: Any = error.instance
    want: Any = error.validator_value
    said: dict[str, Callable[[], str]] = {
        "type": lambda: f"expected {_kinds(want)}, found {shown(found)}",
        "enum": lambda: f"expected one of {', '.join(shown(item) for item in want)}, found {shown(found)}",
        "format": lambda: f"expected {_EXAMPLES.get(want, want)}, found {shown(found)}",
        "pattern": lambda: f"expected {_PATTERNS.get(want, f'text that matches {want}')}, found {shown(found)}",
        "minimum": lambda: f"expected at least {want}, found {shown(found)}",
        "maximum": lambda: f"expected at most {want}, found {shown(found)}",
        "minLength": lambda: f"expected at least {want} characters, found {len(found)}",
        "maxLength": lambda: f"expected at most {want} characters, found {len(found)}",
        "minItems": lambda: f"expected at least {want} values, found {len(found)}",
        "maxItems": lambda: f"expected at most {want} values, found {len(found)}",
        "uniqueItems": lambda: "expected no value twice",
    }
    return said[rule]() if rule in said else f"expected {rule} {shown(want)}, found {shown(found)}"


def _kinds(want: Any) -> str:
    names = want if isinstance(want, list) else [want]
    return " or ".join(_TYPES[name] for name in names)
