"""The allow-list of functions on dates and times; patterns are literals, translated when the query is analysed."""

import re
from collections.abc import Mapping, Sequence

from trailbook.local.engine.casts import local
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import text

_MYSQL = {
    **{c: f"%{c}" for c in "abdfHjmpSTYy%"},
    **{"i": "%M", "s": "%S", "M": "%B", "W": "%A", "c": "%-m", "e": "%-d", "h": "%I", "I": "%I", "k": "%-H"},
    **{"l": "%-I", "r": "%I:%M:%S %p", "T": "%H:%M:%S", "v": "%V"},
}
_JODA = {
    **{"yyyy": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B", "dd": "%d", "d": "%-d", "HH": "%H"},
    **{"H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "a": "%p"},
    **{"EEE": "%a", "E": "%a", "EEEE": "%A", "DDD": "%j"},
}
_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_MOMENTS = ("date", "timestamp", "timestamptz")


def mysql_format(pattern: str) -> str:
    """Return a strftime format for date_format and date_parse. Raises ValueError naming what is not known."""
    out, i = "", 0
    while i < len(pattern):
        if pattern[i] == "%" and i + 1 < len(pattern):
            i += 1
            if pattern[i] not in _MYSQL:
                raise ValueError(f"%{pattern[i]} in a date format")
            out += _MYSQL[pattern[i]]
        else:
            out += pattern[i]
        i += 1
    return out


def joda_format(pattern: str) -> str:
    """Return a strftime format for format_datetime and parse_datetime. Raises ValueError naming what is not known."""
    out = ""
    for token in re.findall(r"'(?:[^']|'')*'|([A-Za-z])(?:\1)*|.", pattern) and re.finditer(
        r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|(.)", pattern, re.DOTALL
    ):
        quoted, letters, _, other = token.groups()
        if letters is not None:
            if letters not in _JODA:
                raise ValueError(f"{letters} in a date format")
            out += _JODA[letters]
        else:
            out += (quoted.replace("''", "'") or "'" if quoted is not None else other).replace("%", "%%")
    return out


def unit(name: str) -> str:
    """Return a date unit in lower case. Raises ValueError where it is none."""
    if name.lower() not in _UNITS:
        raise ValueError(f"'{name}' is not a valid date or time unit")
    return name.lower()


def _trunc(args: Sequence[Sql]) -> str:
    if args[1].type.base == "timestamptz" and args[1].type.zone != "UTC":
        zone = text(args[1].type.zone)
        return f"timezone('UTC', timezone({zone}, date_trunc({args[0].text}, {local(args[1])})))"
    kind = "DATE" if args[1].type.base == "date" else "TIMESTAMP"
    return f"CAST(date_trunc({args[0].text}, {args[1].text}) AS {kind})"


def _diff(args: Sequence[Sql]) -> str:
    return f"CAST(date_sub({args[0].text}, {args[1].text}, {args[2].text}) AS BIGINT)"


def _add(args: Sequence[Sql]) -> str:
    name = args[0].text.strip("'")
    amount = args[1].text
    if name == "quarter":
        name, amount = "month", f"3 * {amount}"
    kind = "DATE" if args[2].type.base == "date" else "TIMESTAMP"
    return f"CAST({args[2].text} + to_{name}s(CAST({amount} AS {'BIGINT' if name in _LONG else 'INTEGER'})) AS {kind})"


_LONG = ("millisecond", "second", "minute", "hour")


def _format(args: Sequence[Sql]) -> str:
    return f"strftime({local(args[0])}, {args[1].text})"


def _parse(args: Sequence[Sql]) -> str:
    return f"strptime({args[0].text}, {args[1].text})"


def _part(name: str, template: str) -> Sequence[Signature]:
    return [
        signature(f"{k} -> bigint", lambda a, t=template: f"CAST({t.format(local(a[0]))} AS BIGINT)")  # type: ignore[misc]  # the default binds the loop's value
        for k in (_MOMENTS if name not in ("hour", "minute", "second", "millisecond") else _MOMENTS[1:])
    ]


def _same(declared: str, build: "object") -> Sequence[Signature]:
    return [signature(declared.replace("M", k), build, lambda a: a[-1].type) for k in _MOMENTS]  # type: ignore[arg-type]  # a Build


_PARTS = {
    **{n: n + "({0})" for n in ("year", "quarter", "month", "day", "hour", "minute", "second")},
    **{"day_of_month": "day({0})", "day_of_week": "isodow({0})", "dow": "isodow({0})", "day_of_year": "dayofyear({0})"},
    **{"doy": "dayofyear({0})", "week": "weekofyear({0})", "week_of_year": "weekofyear({0})"},
    **{"millisecond": "(epoch_ms({0}) % 1000)", "year_of_week": "isoyear({0})", "yow": "isoyear({0})"},
}

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    **{name: _part(name, template) for name, template in _PARTS.items()},
    "date_trunc": _same("varchar, M -> M", _trunc),
    "date_diff": [signature(f"varchar, {k}, {k} -> bigint", _diff) for k in _MOMENTS],
    "date_add": _same("varchar, bigint, M -> M", _add),
    "date_format": [signature(f"{k}, varchar -> varchar", _format) for k in _MOMENTS[1:]],
    "format_datetime": [signature(f"{k}, varchar -> varchar", _format) for k in _MOMENTS[1:]],
    "date_parse": [signature("varchar, varchar -> timestamp", _parse)],
    "parse_datetime": [signature("varchar, varchar -> timestamptz", _parse)],
    "from_iso8601_timestamp": [signature("varchar -> timestamptz", "CAST(tb_iso({0}) AS TIMESTAMP)")],
    "from_iso8601_date": [signature("varchar -> date", "CAST(strptime({0}, '%Y-%m-%d') AS DATE)")],
    "to_iso8601": [
        signature("date -> varchar", "strftime({0}, '%Y-%m-%d')"),
        signature("timestamp -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')"),
        signature("timestamptz -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%gZ')"),
    ],
    "to_unixtime": [signature(f"{k} -> double", "(epoch_us({0}) / 1e6)") for k in _MOMENTS[1:]],
    "from_unixtime": [signature("double -> timestamptz", "make_timestamp(CAST(round({0} * 1000) AS BIGINT) * 1000)")],
    "date": [signature(f"{k} -> date", lambda a: f"CAST({local(a[0])} AS DATE)") for k in _MOMENTS],
    "last_day_of_month": [signature(f"{k} -> date", lambda a: f"last_day({local(a[0])})") for k in _MOMENTS],
}

PATTERNS = {
    "date_format": (1, mysql_format),
    "date_parse": (1, mysql_format),
    "format_datetime": (1, joda_format),
    "parse_datetime": (1, joda_format),
    **dict.fromkeys(("date_trunc", "date_diff", "date_add"), (0, unit)),
}
"""Function name to the index of its literal argument and the translation of it."""
