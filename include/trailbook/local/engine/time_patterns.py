"""The patterns of date_parse (MySQL's) and parse_datetime (Joda's) as the fields that they read."""

import functools
import re
from dataclasses import dataclass

from trailbook.local.engine.faults import invalid


@dataclass(frozen=True)
class Piece:
    """One element of a pattern: a field with its most digits, or text to be met (field '')."""

    field: str
    most: int = 2
    text: str = ""


@functools.lru_cache(maxsize=256)
def mysql_pieces(pattern: str) -> tuple[Piece, ...] | str:
    """Return the elements of a date_parse pattern, or what of it is refused. Raises Failure."""
    known = {
        "Y": Piece("year", 4), "y": Piece("shortyear"), "m": Piece("month"), "c": Piece("month"), "d": Piece("day"),
        "e": Piece("day"), "H": Piece("hour"), "k": Piece("hour"), "h": Piece("clockhalf"), "I": Piece("clockhalf"),
        "l": Piece("clockhalf"), "i": Piece("minute"), "s": Piece("second"), "S": Piece("second"),
        "f": Piece("fraction", 9), "j": Piece("dayofyear", 3), "p": Piece("half"), "b": Piece("monthtext"),
        "M": Piece("monthtext"), "%": Piece("", text="%"),
    }  # fmt: skip
    expanded = pattern.replace("%T", "%H:%i:%s").replace("%r", "%h:%i:%s %p")
    out, i = [], 0
    if not pattern:
        raise invalid("Both printing and parsing not supported")
    while i < len(expanded):
        char = expanded[i]
        if char == "%":
            i += 1
            if i >= len(expanded):
                raise invalid("Invalid format")
            letter = expanded[i]
            if letter in "DUuVwX":
                raise invalid(f"%{letter} not supported in date format string")
            if letter in "aWvx":
                return f"%{letter} in a date format to read"
            out.append(known.get(letter) or Piece("", text=letter))
        else:
            out.append(Piece("", text=char))
        i += 1
    return tuple(out)


_JODA = {
    "M": "month", "d": "day", "H": "hour", "k": "clockhour", "K": "halfhour", "h": "clockhalf", "m": "minute",
    "s": "second", "D": "dayofyear",
}  # fmt: skip
_JODA_TOKEN = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|(.)", re.DOTALL)


@functools.lru_cache(maxsize=256)
def joda_pieces(pattern: str) -> tuple[Piece, ...] | str:
    """Return the elements of a parse_datetime pattern, or what of it is refused. Raises Failure."""
    tokens = list(_JODA_TOKEN.finditer(pattern))
    out: list[Piece] = []
    for i, token in enumerate(tokens):
        quoted, letters, letter, other = token.groups()
        if letters is None:
            out.append(Piece("", text=(quoted.replace("''", "'") or "'") if quoted is not None else other))
            continue
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        numeric_next = bool(after and after[3] and (after[3] in "yYxdHkKhmsSD" or after[2] in ("M", "MM")))
        piece = _joda_piece(letter, letters, numeric_next)
        if piece is None:
            return f"{letters} in a date format to read"
        out.append(piece)
    return tuple(out)


def _joda_piece(letter: str, letters: str, numeric_next: bool) -> Piece | None:
    """Return the element of some equal letters, or None where they are refused. Raises Failure."""
    if letter == "M" and len(letters) >= 3:
        return Piece("monthtext")
    if letter in _JODA:
        return Piece(_JODA[letter], max(len(letters), 3 if letter == "D" else 2))
    if letter in "yY":
        return Piece("shortyear") if len(letters) == 2 else Piece("year", len(letters) if numeric_next else 9)
    if letter in "Sa":
        return Piece("fraction", len(letters)) if letter == "S" else Piece("half")
    if letter == "Z" and len(letters) < 3:
        return Piece("offset")
    if letter not in "GCxweEzZ":
        raise invalid(f"Illegal pattern component: {letters}")
    return None
