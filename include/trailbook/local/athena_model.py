"""Requests of Athena's API, checked against botocore's own model of it before anything acts on them.

A body that is no JSON, or a member of another type, is a SerializationException; a member that is missing, too long,
too large or of another form is an InvalidRequestException. Types come first, then every constraint in one message, in
the model's order. The sentences are those that Athena was seen to give.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NoReturn

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from trailbook.local.athena_shapes import Refused

_DEEPEST = 32
_MOST_QUERY_RESULTS = 100_000
"""GetQueryResults judges its own MaxResults (at most 1000) after it has looked the execution up."""
_SURROGATE_PAIRS = r"\uD800\uDC00-\uDBFF\uDFFF"
_INTEGERS = {"integer": 2**31 - 1, "long": 2**63 - 1}
_KINDS = {"integer": "an Integer", "long": "a Long", "string": "a String", "boolean": "a Boolean"}
_ANOTHER = {"list": "Expected list or null", "structure": "Expected null", "map": "Expected null"}


@cache
def service() -> ServiceModel:
    """Return botocore's model of Athena."""
    return botocore.session.get_session().get_service_model("athena")


def operation(name: str) -> OperationModel:
    """Return an operation's model. Raises Refused (UnknownOperationException) where Athena has none of that name."""
    if name not in service().operation_names:
        raise Refused("", "UnknownOperationException")
    return service().operation_model(name)


def read(name: str, body: bytes) -> dict[str, Any]:
    """Return an operation's request: the members of its model that have a value. Raises Refused."""
    shape = operation(name).input_shape
    request = _members(_json(body), shape, 0) if isinstance(shape, StructureShape) else {}
    broken = list(_broken(request, shape, "")) if isinstance(shape, StructureShape) else []
    if broken:
        count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
        raise Refused(count + "; ".join(broken))
    return request


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise Refused("", "SerializationException") from None
    if isinstance(found, list):
        raise Refused("Start of list found where not expected", "SerializationException")
    if not isinstance(found, dict):
        raise Refused("", "SerializationException")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _members(value: dict[str, Any], shape: StructureShape, depth: int) -> dict[str, Any]:
    """Return the members that the model knows, each of its type; null counts as left out."""
    known = ((name, member, value[name]) for name, member in shape.members.items() if value.get(name) is not None)
    return {name: _typed(held, member, depth + 1) for name, member, held in known}


def _typed(value: Any, shape: Shape, depth: int) -> Any:
    if depth > _DEEPEST:
        raise Refused("", "SerializationException")
    kind = str(shape.type_name)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return _members(value, shape, depth)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_typed(item, shape.member, depth + 1) for item in value if item is not None]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _typed(item, shape.value, depth + 1) for key, item in value.items() if item is not None}
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind in _INTEGERS and isinstance(value, int | float) and not isinstance(value, bool):
        return _whole(value, kind)
    return _mistyped(value, kind)


def _whole(value: float, kind: str) -> int:
    """Return a number without its fraction, kept within the type, so that a limit refuses what is beyond it."""
    most = _INTEGERS[kind]
    return int(max(min(value, most), -most - 1))


def _mistyped(value: Any, kind: str) -> NoReturn:
    if isinstance(value, list):
        message = "Start of list found where not expected"
    elif isinstance(value, dict):
        message = "Start of structure or map found where not expected."
    elif kind in _ANOTHER:
        message = _ANOTHER[kind]
    else:
        found = "STRING" if isinstance(value, str) else str(value).upper() if isinstance(value, bool) else "NUMBER"
        message = f"{found}_VALUE can not be converted to {_KINDS.get(kind, 'this type')}"
    raise Refused(message, "SerializationException")


def _broken(value: dict[str, Any], shape: StructureShape, path: str) -> Iterator[str]:
    """Return a sentence for each constraint of the model that a request breaks, in the model's order."""
    for name, member in shape.members.items():
        where = f"{path}{name[:1].lower()}{name[1:]}"
        if name in value:
            yield from _unfit(value[name], member, where)
        elif name in shape.required_members:
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _unfit(value: Any, shape: Shape, where: str) -> Iterator[str]:
    for rule in _rules(value, shape):
        yield f"Value at '{where}' failed to satisfy constraint: Member must {rule}"
    if isinstance(shape, StructureShape):
        yield from _broken(value, shape, where + ".")
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, start=1):
            yield from _unfit(item, shape.member, f"{where}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _unfit(key, shape.key, f"{where}.key")
            yield from _unfit(item, shape.value, f"{where}.value")


def _rules(value: Any, shape: Shape) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.name == "MaxQueryResults":
        most = _MOST_QUERY_RESULTS
    sized = isinstance(value, str | list | dict)
    size = len(value) if sized else value
    what = "length" if sized else "value"
    if not isinstance(value, bool):
        if least is not None and size < least:
            yield f"have {what} greater than or equal to {least}"
        if most is not None and size > most:
            yield f"have {what} less than or equal to {most}"
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        yield f"satisfy enum value set: [{', '.join(shape.metadata['enum'])}]"
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not compiled(pattern).fullmatch(value):
        yield f"satisfy regular expression pattern: {pattern}"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of the model for Python, which writes what lies beyond U+FFFF as one character."""
    return re.compile(pattern.replace(_SURROGATE_PAIRS, "\U00010000-\U0010ffff"))
