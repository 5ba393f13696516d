"""Numbers read from text, and arithmetic on decimals, as Trino does both."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from trailbook.local.engine.doubles import cast_double, cast_real, shortest_real
from trailbook.local.engine.faults import Failure, Function, invalid, refusal
from trailbook.local.engine.native_json_casts import integer_limit

_WIDE = Context(prec=120)
_BLANK = "".join(map(chr, range(33)))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _bad(value: str, target: str) -> Failure:
    return Failure("INVALID_CAST_ARGUMENT", f"Cannot cast '{value:.100}' to {target.upper()}")


def double_text(value: float) -> Any:
    """Return a double as CAST(… AS varchar) writes it; Java's digits of the greatest and least are not known."""
    if math.isfinite(value) and value and not 1e-20 <= abs(value) < 2**53:
        return refusal("the text of so great or small a double")
    return cast_double(value)


def real_text(value: float) -> Any:
    """Return a real as CAST(… AS varchar) writes it; how Java rounds a value just between two texts is not known."""
    digits = Decimal(shortest_real(value)).normalize(_WIDE).as_tuple().digits if math.isfinite(value) else ()
    if len(digits) == 8 and digits[-1] == 5:
        return refusal("the text of a real between two of seven digits")
    return cast_real(value)


def text_integer(value: str, target: str) -> int:
    """Return text as an integer type."""
    plain = value.strip(_BLANK)
    if not re.fullmatch(r"[+-]?\d+", plain):
        raise _bad(value, target)
    found, limit = int(plain), integer_limit(target)
    if not -limit <= found < limit:
        raise _bad(value, target)
    return found


def text_double(value: str) -> str:
    """Return text as that of a double."""
    plain = value.strip(_BLANK)
    if not re.fullmatch(r"[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?)", plain):
        raise _bad(value, "double")
    return plain if plain[-1] not in "dDfF" else plain[:-1]


def text_decimal(value: str, precision: int, scale: int) -> str:
    """Return text as that of a decimal."""
    what = f"Cannot cast VARCHAR '{value:.100}' to DECIMAL({precision}, {scale})."
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", value):
        raise Failure("INVALID_CAST_ARGUMENT", f"{what} Value is not a number.")
    return _fit(Decimal(value), precision, scale, Failure("INVALID_CAST_ARGUMENT", f"{what} Value too large."))


def _fit(value: Decimal, precision: int, scale: int, error: Failure) -> str:
    try:
        found = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _WIDE)
    except InvalidOperation:
        raise error from None
    if found.copy_abs() >= Decimal(1).scaleb(precision - scale):
        raise error
    return f"{found if found else found.copy_abs():f}"


def double_decimal(value: float, precision: int, scale: int) -> str:
    """Return a double as the text of a decimal."""
    error = Failure("INVALID_CAST_ARGUMENT", f"Cannot cast DOUBLE '{value!r}' to DECIMAL({precision}, {scale})")
    if not math.isfinite(value):
        raise error
    return _fit(Decimal(repr(value)), precision, scale, error)


def decimal_arithmetic(sign: str, left: str, right: str, digits: str) -> str:
    """Return an operation on two decimals of this precision and scale, rounded half up."""
    precision, scale = map(int, digits.split(","))
    a, b = Decimal(left), Decimal(right)
    overflow = Failure("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    if sign in "/%" and b == 0:
        raise Failure("DIVISION_BY_ZERO", "Division by zero")
    if sign == "/":
        exact = Context(prec=200, rounding=ROUND_DOWN)
        return _fit(exact.divide(a, b), precision, scale, overflow)
    result = {"+": _WIDE.add, "-": _WIDE.subtract, "*": _WIDE.multiply, "%": _WIDE.remainder}[sign](a, b)
    return _fit(result, precision, scale, overflow)


def round_double(value: float, places: int) -> str:
    """Return a double rounded half away from zero, as text (DuckDB takes a NaN from Python for NULL)."""
    if not math.isfinite(value) or value == 0:
        return repr(value + 0.0) if value else "0.0"
    factor = 10.0**places
    scaled = abs(value) * factor
    if not math.isfinite(scaled):
        return repr(value)
    whole = float(math.floor(scaled + 0.5)) if scaled < 2**52 else scaled
    if scaled < 2**52 and math.floor(scaled) + 0.5 > scaled:
        whole = float(math.floor(scaled))
    return repr(math.copysign(whole / factor if factor else 0.0, value))


def round_integer(value: int, places: int) -> int:
    """Return an integer rounded to tens, hundreds and so on where `places` is negative."""
    if places >= 0:
        return value
    unit = 10 ** min(-places, 40)
    rounded: int = (abs(value) + unit // 2) // unit * unit
    return rounded if value >= 0 else -rounded


def round_decimal(value: str, places: int) -> str:
    """Return a decimal rounded half up."""
    return _placed(value, places, ROUND_HALF_UP)


def truncate_decimal(value: str, places: int) -> str:
    """Return a decimal cut after `places` digits."""
    return _placed(value, places, ROUND_DOWN)


def _placed(value: str, places: int, rounding: str) -> str:
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and places >= -exponent:
        return value
    return f"{number.quantize(Decimal(1).scaleb(-max(places, -40)), rounding, _WIDE):f}"


def from_base(value: str, radix: int) -> int:
    """Return text in a base as a number."""
    if not 2 <= radix <= 36:
        raise invalid("Radix must be between 2 and 36")
    try:
        if not re.fullmatch(r"[+-]?[0-9A-Za-z]+", value):
            raise ValueError
        found = int(value, radix)
        if not -(2**63) <= found < 2**63:
            raise ValueError
    except ValueError:
        raise invalid(f"Not a valid base-{radix} number: {value:.100}") from None
    return found


def to_base(value: int, radix: int) -> str:
    """Return a number as text in a base."""
    if not 2 <= radix <= 36:
        raise invalid("Radix must be between 2 and 36")
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if value < 0 else "") + digits


_DATE = re.compile(r"([+-]?)(\d{4,9})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r" (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,12}))?)?", re.ASCII)


def text_date(value: str) -> Any:
    """Return text as that of a date."""
    found = _DATE.fullmatch(value.strip(_BLANK))
    if found is None:
        raise Failure("INVALID_CAST_ARGUMENT", f"Value cannot be cast to date: {value:.100}")
    if found[1] == "-" or not 1 <= int(found[2]) <= 9999:
        return refusal("a year before 1 or after 9999")
    try:
        return date(int(found[2]), int(found[3]), int(found[4])).isoformat()
    except ValueError:
        raise Failure("INVALID_CAST_ARGUMENT", f"Value cannot be cast to date: {value:.100}") from None


def text_timestamp(value: str, precision: int, zoned: bool) -> Any:
    """Return text as microseconds since 1970; a zone is left out of a timestamp, and must be UTC in the other type."""
    error = Failure("INVALID_CAST_ARGUMENT", f"Value cannot be cast to timestamp: {value:.100}")
    plain = value.strip(_BLANK)
    day = _DATE.match(plain)
    if day is None:
        raise error
    clock = _TIME.match(plain, day.end())
    zone = plain[clock.end() if clock else day.end() :].strip(" ")
    if zone and (not re.fullmatch(r"[A-Za-z]\w*(/[\w+-]+)*|[+-]\d{2}:?\d{2}", zone) or (not clock and zone[0] == "T")):
        raise error
    if zone and zone not in ("UTC", "Z") and (zoned or not re.fullmatch(r"[+-]\d{2}:\d{2}", zone)):
        return refusal("a time with a zone other than UTC")
    if day[1] == "-" or not 1 <= int(day[2]) <= 9999:
        return refusal("a year before 1 or after 9999")
    hour, minute, second, fraction = clock.groups() if clock else ("0", "0", "0", None)
    try:
        moment = datetime(
            int(day[2]), int(day[3]), int(day[4]), int(hour), int(minute), int(second or 0), tzinfo=UTC
        )  # fmt: skip
    except ValueError:
        raise error from None
    parts = Decimal(f"0.{fraction or 0}").quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)
    return (moment - _EPOCH) // timedelta(microseconds=1) + int(parts * 1_000_000)


FUNCTIONS: Mapping[str, Function] = {
    "tb_text_integer": (text_integer, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "tb_text_double": (text_double, ["VARCHAR"], "VARCHAR"),
    "tb_text_decimal": (text_decimal, ["VARCHAR", "INTEGER", "INTEGER"], "VARCHAR"),
    "tb_double_decimal": (double_decimal, ["DOUBLE", "INTEGER", "INTEGER"], "VARCHAR"),
    "tb_decimal": (decimal_arithmetic, ["VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    "tb_from_base": (from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "tb_to_base": (to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    "tb_text_date": (text_date, ["VARCHAR"], "VARCHAR"),
    "tb_text_timestamp": (text_timestamp, ["VARCHAR", "INTEGER", "BOOLEAN"], "BIGINT"),
    "tb_round_double": (round_double, ["DOUBLE", "INTEGER"], "VARCHAR"),
    "tb_round_integer": (round_integer, ["BIGINT", "INTEGER"], "BIGINT"),
    "tb_round_decimal": (round_decimal, ["VARCHAR", "INTEGER"], "VARCHAR"),
    "tb_truncate_decimal": (truncate_decimal, ["VARCHAR", "INTEGER"], "VARCHAR"),
}
