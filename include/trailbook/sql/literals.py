r"""A parameter's value as a node of the syntax tree: typed, and a value whatever characters it holds.

Trino's string literals have no escapes but the doubled quote, so any text is a literal as it is. What a person cannot
see (control characters, NUL, bidirectional and zero-width marks) is written as `U&'\0000'`, Trino's literal with code
points, so the SQL in a report reads as what it is. Half of a surrogate pair is no character: no log can hold it, UTF-8
cannot say it, and it is refused.
"""

import math
import re
from typing import Any

from sqlglot import exp

from trailbook.errors import InvalidRequest
from trailbook.runbook.params import Items, Param
from trailbook.sql.dialect import AsWritten
from trailbook.window import parse_time

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_ESCAPED = re.compile(rf"\\|{_UNSEEN.pattern}")
_CODE_POINT = re.compile(r"\\(\+[0-9A-F]{6}|[0-9A-F]{4})")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
_FORMATS = {"date": "DATE", "date-time": "TIMESTAMP(3) WITH TIME ZONE"}
_LARGEST = 2**63 - 1


def data_type(kind: str, form: str | None = None) -> exp.DataType:
    """Return the SQL type of a JSON Schema type and format."""
    name = _FORMATS.get(form or "", _TYPES[kind]) if kind == "string" else _TYPES[kind]
    return exp.DataType.build(name, dialect=AsWritten)


def literal(value: Any, kind: str, form: str | None = None) -> exp.Expr:
    """Return a scalar of JSON Schema type `kind` as a typed literal. Raises InvalidRequest for what cannot be one."""
    if value is None:
        return exp.Cast(this=exp.Null(), to=data_type(kind, form))
    if kind == "boolean" and isinstance(value, bool):
        return exp.Boolean(this=value)
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return _signed(str(abs(value)), value < 0)
    if kind == "number" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _double(float(value))
    if kind == "string" and isinstance(value, str):
        return _formatted(value, form)
    raise InvalidRequest(f"expected a value of type {kind}, found {value!r:.80}")


def array(values: list[Any], items: Items) -> exp.Expr:
    """Return a list as an SQL array; an empty one has a type all the same."""
    node = exp.Array(expressions=[literal(value, items.type, items.format) for value in values])
    if values:
        return node
    kind = exp.DataType(this=exp.DType.ARRAY, expressions=[data_type(items.type, items.format)], nested=True)
    return exp.Cast(this=node, to=kind)


def parameter(value: Any, param: Param) -> exp.Expr:
    """Return a parameter's value where an expression stands: NULL or an empty array, typed, where it is unset."""
    if param.items is not None:
        return array(list(value or ()), param.items)
    return literal(value, param.type, param.format)


def text_value(node: exp.Expr) -> str:
    """Return the text that a literal made by `string` stands for."""
    if not isinstance(node, exp.UnicodeString):
        return node.name
    return _CODE_POINT.sub(lambda match: chr(int(match[1], 16)), node.name)


def string(value: str) -> exp.Expr:
    """Return a text as a string literal. Raises InvalidRequest for half a surrogate pair."""
    if _SURROGATE.search(value):
        raise InvalidRequest(f"expected Unicode text, found half of a surrogate pair in {value!r:.80}")
    if not _UNSEEN.search(value):
        return exp.Literal.string(value)

    def escaped(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\{code:04X}" if code <= 0xFFFF else f"\\+{code:06X}"

    return exp.UnicodeString(this=_ESCAPED.sub(escaped, value))


def _formatted(value: str, form: str | None) -> exp.Expr:
    if form == "date":
        return exp.Cast(this=string(value), to=data_type("string", form))
    if form == "date-time":
        moment = parse_time(value, "a date-time parameter")
        digits = 6 if moment.microsecond % 1000 else 3
        written = moment.replace(tzinfo=None).isoformat(" ", "microseconds" if digits == 6 else "milliseconds")
        kind = exp.DataType.build(f"TIMESTAMP({digits}) WITH TIME ZONE", dialect=AsWritten)
        return exp.Cast(this=exp.Literal.string(f"{written} UTC"), to=kind)
    return string(value)


def _double(value: float) -> exp.Expr:
    if not math.isfinite(value):
        raise InvalidRequest(f"expected a finite number, found {value}")
    mantissa, _, exponent = repr(abs(value)).partition("e")
    return _signed(f"{mantissa}E{int(exponent or 0)}", math.copysign(1, value) < 0)


def _signed(digits: str, negative: bool) -> exp.Expr:
    number = exp.Literal.number(digits)
    return exp.Neg(this=number) if negative else number
