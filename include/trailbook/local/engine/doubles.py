"""Doubles and reals as text: as Java's Double.toString shows them, and as CAST to varchar writes them."""

import math
import struct
from decimal import ROUND_HALF_UP, Context, Decimal


def java_double(value: float) -> str:
    """Return a double as Java's Double.toString writes it (`1.0E10`, `1.2E-4`, `0.1`)."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    sign, digits, power = _parts(value)
    if 1e-3 <= abs(value) < 1e7:
        if power < 0:
            return f"{sign}0.{'0' * (-power - 1)}{digits}"
        whole = digits[: power + 1].ljust(power + 1, "0")
        return f"{sign}{whole}.{digits[power + 1 :] or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"


def cast_double(value: float) -> str:
    """Return a double as CAST(… AS varchar) writes it: always with an exponent (`1.5E0`)."""
    if math.isnan(value) or math.isinf(value):
        return java_double(value)
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    if abs(value) == 5e-324:
        return "-4.9E-324" if value < 0 else "4.9E-324"
    sign, digits, power = _parts(value)
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"


def cast_real(value: float) -> str:
    """Return a real as CAST(… AS varchar) writes it: seven digits and an exponent."""
    if not math.isfinite(value) or value == 0:
        return cast_double(value)
    digits = Context(prec=7, rounding=ROUND_HALF_UP).create_decimal(Decimal(shortest_real(value)))
    return cast_double(float(digits))


def shortest_real(value: float) -> float:
    """Return the double of the shortest decimal text that means a real (a 32-bit float)."""
    if not math.isfinite(value) or value == 0:
        return value
    wanted = struct.pack("f", value)
    for precision in range(1, 10):
        text = f"{value:.{precision}g}"
        try:
            if struct.pack("f", float(text)) == wanted:
                return float(text)
        except OverflowError:
            continue
    return value


def _parts(value: float) -> tuple[str, str, int]:
    """Return the sign, the significant digits and the power of ten of the first of them."""
    text = f"{abs(value)!r}"
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    power = len(whole) - 1 - leading + int(exponent or 0)
    return ("-" if value < 0 else ""), (digits.rstrip("0") or "0"), power
