"""`format`: Java's Formatter for the conversions that are known, with Java's rounding (half up) and grouping."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from trailbook.local.engine.faults import Function, invalid, refusal

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_JAVA = {
    **dict.fromkeys(_INTEGERS, "java.lang.Long"),
    **{"varchar": "java.lang.String", "boolean": "java.lang.Boolean", "decimal": "java.math.BigDecimal"},
    **{"double": "java.lang.Double", "real": "java.lang.Float"},
}
_MOST = 10_000


def formatted(pattern: str, kinds: str, values: list[str | None]) -> Any:
    """Return the pattern with the values filled in; `kinds` names their types, parted by commas."""
    given = list(zip(kinds.split(",") if kinds else [], values, strict=True))
    out, at, following = "", 0, 0
    for found in _SPECIFIER.finditer(pattern):
        if "%" in pattern[at : found.start()]:
            return refusal(f"format with {pattern!r:.60}")
        out += pattern[at : found.start()]
        at = found.end()
        place, flags, width, precision, conversion = found.groups()
        if conversion in "%n":
            if flags or width or precision:
                return refusal(f"format with {found[0]}")
            out += "\n" if conversion == "n" else "%"
            continue
        index = int(place) - 1 if place else following
        following += not place
        if index >= len(given):
            raise invalid(
                f"Invalid format string: {pattern:.100} (MissingFormatArgument: Format specifier '{found[0]}')"
            )
        piece = _piece(found[0], flags, precision, conversion, *given[index])
        if not isinstance(piece, str):
            return piece
        out += _padded(piece, flags, int(width or 0))
    if "%" in pattern[at:]:
        raise invalid(f"Invalid format string: {pattern:.100} (UnknownFormatConversion: Conversion = '%')")
    return out + pattern[at:]


def _padded(piece: str, flags: str, width: int) -> str:
    if width > _MOST:
        raise invalid("the width in a format string is too large")
    if "-" in flags:
        return piece.ljust(width)
    if "0" in flags and re.search(r"\d|[a-f]", piece):
        sign = piece[0] if piece[:1] in "+-( " and piece[:1] else ""
        return sign + piece[len(sign) :].rjust(width - len(sign), "0")
    return piece.rjust(width)


def _piece(whole: str, flags: str, precision: str | None, conversion: str, kind: str, value: str | None) -> Any:
    if "#" in flags or conversion in "tTCgGaAhHE":
        return refusal(f"format with {whole}")
    if conversion not in "sSdxXofebBc":
        raise invalid(f"Invalid format string: {whole} (UnknownFormatConversion: Conversion = '{conversion}')")
    if conversion in "sS":
        return _text(conversion, precision, flags, value, whole)
    if conversion == "c":
        raise _mismatch(whole, conversion, kind)
    if conversion in "bB":
        return refusal(f"format with {whole} of {kind}") if kind != "boolean" else ("false" if value is None else value)
    if kind not in (_INTEGERS if conversion in "dxXo" else ("double", "real", "decimal")):
        raise _mismatch(whole, conversion, kind)
    if value is None:
        return "null"
    if conversion in "xXo":
        if kind != "bigint" and int(value) < 0:
            return refusal(f"format with {whole} of a negative {kind}")
        number = int(value) & (2**64 - 1)
        return format(number, conversion)
    return _number(flags, precision, conversion, value, whole)


def _text(conversion: str, precision: str | None, flags: str, value: str | None, whole: str) -> Any:
    if set(flags) - {"-"}:
        return refusal(f"format with {whole}")
    piece = "null" if value is None else value
    piece = piece[: int(precision)] if precision is not None else piece
    return piece.upper() if conversion == "S" and piece.isascii() else piece


def _mismatch(whole: str, conversion: str, kind: str) -> Exception:
    java = _JAVA.get(kind, kind)
    return invalid(f"Invalid format string: {whole} (IllegalFormatConversion: {conversion} != {java})")


def _number(flags: str, precision: str | None, conversion: str, value: str, whole: str) -> Any:
    if value in ("NaN", "Infinity", "-Infinity"):
        return value
    negative = value.startswith("-")
    number = abs(Decimal(value))
    if conversion == "e":
        if "," in flags or "(" in flags:
            return refusal(f"format with {whole}")
        body = f"{number:.{int(precision or 6)}e}" if number == 0 else _scientific(number, int(precision or 6))
    elif conversion == "f":
        body = f"{number.quantize(Decimal(1).scaleb(-int(6 if precision is None else precision)), ROUND_HALF_UP):f}"
    else:
        body = str(int(number))
    if "," in flags:
        head, point, tail = body.partition(".")
        body = f"{int(head):,}{point}{tail}"
    if negative:
        return f"({body})" if "(" in flags else f"-{body}"
    return ("+" if "+" in flags else " " if " " in flags else "") + body


def _scientific(number: Decimal, precision: int) -> str:
    power = number.adjusted()
    digits = number.scaleb(-power).quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)
    if digits >= 10:
        power, digits = power + 1, digits / 10
        digits = digits.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)
    return f"{digits:f}e{'-' if power < 0 else '+'}{abs(power):02d}"


FUNCTIONS: Mapping[str, Function] = {"tb_format": (formatted, ["VARCHAR", "VARCHAR", "VARCHAR[]"], "VARCHAR")}
