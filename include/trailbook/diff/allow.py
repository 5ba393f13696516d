"""Accepted findings: which allow entries are in force, and the SQL that says which entry a row matches.

Invariants: every column of an entry's `match` must match; NULL matches nothing; a text has two wildcards, `*` and `?`,
and is case-sensitive; numbers and booleans match exactly and never by their text, nor a text by its number. The window
of the run decides what is in force, not the clock.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation

from trailbook.athena.resultset import quoted
from trailbook.runbook.model import Allow
from trailbook.window import Window

_INTEGERS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
_TIMES = frozenset(("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"))


def in_force(entry: Allow, window: Window) -> bool:
    """Return whether an entry counts for a run: its window ends before or as the day `expires` begins, in UTC."""
    return window.end <= datetime.combine(entry.expires, time(), UTC)


def expired(allow: Sequence[Allow], window: Window) -> tuple[int, ...]:
    """Return the indexes of the entries that are no longer in force for a run with this window."""
    return tuple(index for index, entry in enumerate(allow) if not in_force(entry, window))


def suppression(allow: Sequence[Allow], window: Window, types: Mapping[str, str]) -> tuple[str, dict[str, object]]:
    """Return the SQL of the index of the first entry in force that a row matches, else NULL; and the values it binds.

    An entry that names a column which the result does not have matches nothing.
    """
    values: dict[str, object] = {}
    branches = []
    for index, entry in enumerate(allow):
        if not in_force(entry, window):
            continue
        conditions = [_condition(quoted(name), types.get(name, ""), wanted) for name, wanted in entry.match.items()]
        if None in conditions:
            continue
        bound = {f"allow_{index}_{place}": found[1] for place, found in enumerate(conditions) if found}
        texts = [found[0].format(f"${name}") for name, found in zip(bound, conditions, strict=True) if found]
        branches.append(f"WHEN {' AND '.join(texts)} THEN {index}")
        values |= bound
    return (f"CASE {' '.join(branches)} END" if branches else "NULL"), values


def _condition(column: str, type_: str, wanted: str | int | float | bool) -> tuple[str, object] | None:
    """Return a condition with `{}` for its value, and the value; None where the column's type can never match."""
    column = column.replace("{", "{{").replace("}", "}}")
    if isinstance(wanted, bool):
        return (f"{column} = {{}}", wanted) if type_ == "BOOLEAN" else None
    if isinstance(wanted, str):
        if type_ == "VARCHAR":
            return f"{column} LIKE {{}} ESCAPE '!'", _like(wanted)
        return (f"CAST({column} AS VARCHAR) = {{}}", wanted) if type_ in _TIMES else None
    exact = _exact(wanted, type_)
    return None if exact is None else (f"{column} = CAST({{}} AS {type_})", exact)


def _like(pattern: str) -> str:
    escaped = "".join(f"!{character}" if character in "!%_" else character for character in pattern)
    return escaped.replace("*", "%").replace("?", "_")


def _exact(wanted: int | float, type_: str) -> str | None:
    """Return a number's text where the type can hold exactly that number."""
    try:
        number = Decimal(str(wanted))
    except InvalidOperation:
        return None
    if type_ in ("DOUBLE", "FLOAT"):
        return str(wanted) if isinstance(wanted, float) or abs(wanted) <= 2**53 else None
    if not number.is_finite():
        return None
    if type_ in _INTEGERS:
        most = 2 ** (_INTEGERS[type_] - 1)
        return str(int(number)) if number == int(number) and -most <= number < most else None
    if type_.startswith("DECIMAL"):
        precision, scale = (int(part) for part in type_[len("DECIMAL(") : -1].split(","))
        fits = number == round(number, scale) and abs(number) < Decimal(10) ** (precision - scale)
        return format(number, "f") if fits else None
    return None
