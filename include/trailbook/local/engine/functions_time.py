"""The allow-list of functions on dates and times; units and patterns are translated when the query is analysed.

A unit or pattern that is no literal becomes a CASE over all units, or a Python function that reads the pattern.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from trailbook.local.engine.casts import failure, from_varchar, local
from trailbook.local.engine.errors import not_supported
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, constant, signature
from trailbook.local.engine.types import DATE, VARCHAR, Type, text

_MYSQL = {
    **{c: f"%{c}" for c in "abdfHjmpSyY"},
    **{"i": "%M", "s": "%S", "M": "%B", "W": "%A", "c": "%-m", "e": "%-d", "h": "%I", "I": "%I", "k": "%-H"},
    **{"l": "%-I", "r": "%I:%M:%S %p", "T": "%H:%M:%S", "v": "%V", "x": "%G", "%": "%%"},
}
_JODA = {
    **{"yyyy": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B"},
    **{"YYYY": "%Y", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M"},
    **{"ss": "%S", "s": "%-S", "SSS": "%g", "a": "%p", "EEE": "%a", "EE": "%a", "E": "%a", "EEEE": "%A", "DDD": "%j"},
    **{"xxxx": "%G", "ww": "%V", "e": "%u"},
}
_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_UNITS = ("millisecond", "second", "minute", "hour", *_DATE_UNITS)
_MOMENTS = ("date", "timestamp", "timestamptz")
_TOKEN = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|(.)", re.DOTALL)


def mysql_format(pattern: str) -> str:
    """Return date_format's pattern for strftime. Raises ValueError naming what is an error in Trino."""
    out, i = "", 0
    while i < len(pattern):
        if pattern[i] == "%":
            i += 1
            if i >= len(pattern) or pattern[i] in "DUuVwX":
                raise ValueError(f"%{pattern[i : i + 1]} not supported in date format string")
            out += _MYSQL.get(pattern[i], pattern[i])
        else:
            out += pattern[i]
        i += 1
    if not out:
        raise ValueError("Both printing and parsing not supported")
    return out


def joda_format(pattern: str) -> str:
    """Return format_datetime's pattern for strftime. Raises ValueError for an error in Trino; refuses the rest."""
    out = ""
    if not pattern:
        raise ValueError("Invalid pattern specification")
    for token in _TOKEN.finditer(pattern):
        quoted, letters, letter, other = token.groups()
        if letters is not None:
            if letter not in "yYxwMdDaKhHkmsSzZGCeE":
                raise ValueError(f"Illegal pattern component: {letters}")
            if letters not in _JODA:
                raise not_supported(f"{letters} in a date format")
            out += _JODA[letters]
        elif other == "'":
            raise not_supported("an open quote in a date format")
        else:
            out += (quoted.replace("''", "'") or "'" if quoted is not None else other).replace("%", "%%")
    return out


def _by_unit(build: Callable[[str, Sequence[Sql]], str], result: Type | None) -> Callable[[Sequence[Sql]], str]:
    """Return what compiles a call whose first argument is a unit."""

    def compiled(args: Sequence[Sql]) -> str:
        moment = args[-1].type
        kind = result or moment
        allowed = _DATE_UNITS if moment.base == "date" else _UNITS
        unit = constant(args[0].text)
        if unit is not None and unit.lower() in allowed:
            return build(unit.lower(), args)
        word = "DATE" if moment.base == "date" else "TIMESTAMP"
        if unit is not None:
            return failure("INVALID_FUNCTION_ARGUMENT", f"'{unit:.50}' is not a valid {word} field", kind)
        bad = failure("INVALID_FUNCTION_ARGUMENT", f"the unit is not a valid {word} field", kind)
        whens = " ".join(f"WHEN '{u}' THEN {build(u, args)}" for u in allowed)
        return f"CASE lower({args[0].text}) {whens} ELSE CASE WHEN {args[0].text} IS NOT NULL THEN {bad} END END"

    return compiled


def _trunc(unit: str, args: Sequence[Sql]) -> str:
    if args[1].type.base == "timestamptz" and args[1].type.zone != "UTC":
        zone = text(args[1].type.zone)
        return f"timezone('UTC', timezone({zone}, date_trunc('{unit}', {local(args[1])})))"
    kind = "DATE" if args[1].type.base == "date" else "TIMESTAMP"
    return f"CAST(date_trunc('{unit}', {args[1].text}) AS {kind})"


def _utc_only(value: Sql, what: str) -> None:
    if value.type.zone not in ("", "UTC"):
        raise not_supported(f"{what} of a time in a zone other than UTC")


def _diff(unit: str, args: Sequence[Sql]) -> str:
    for value in args[1:]:
        _utc_only(value, "date_diff")
    return f"CAST(date_sub('{unit}', {args[1].text}, {args[2].text}) AS BIGINT)"


def _add(unit: str, args: Sequence[Sql]) -> str:
    _utc_only(args[2], "date_add")
    name, amount = ("month", f"3 * {args[1].text}") if unit == "quarter" else (unit, args[1].text)
    kind = "DATE" if args[2].type.base == "date" else "TIMESTAMP"
    held = "BIGINT" if name in ("millisecond", "second", "minute", "hour") else "INTEGER"
    return f"CAST({args[2].text} + to_{name}s(CAST({amount} AS {held})) AS {kind})"


def _format(translate: Callable[[str], str]) -> Callable[[Sequence[Sql]], str]:
    def compiled(args: Sequence[Sql]) -> str:
        pattern = constant(args[1].text)
        if pattern is None:
            if args[1].text.startswith("CAST(NULL"):
                return args[1].text
            raise not_supported("a date format that is not a literal")
        try:
            return f"strftime({local(args[0])}, {text(translate(pattern))})"
        except ValueError as error:
            return failure("INVALID_FUNCTION_ARGUMENT", str(error), VARCHAR)

    return compiled


def _refused(what: str) -> Callable[[Sequence[Sql]], str]:
    def refuse(args: Sequence[Sql]) -> str:
        raise not_supported(what)

    return refuse


def _part(name: str, template: str) -> Sequence[Signature]:
    found = [
        signature(f"{k} -> bigint", lambda a, t=template: f"CAST({t.format(local(a[0]))} AS BIGINT)")  # type: ignore[misc]  # the default binds the loop's value
        for k in (_MOMENTS if name not in ("hour", "minute", "second", "millisecond") else _MOMENTS[1:])
    ]
    if name in _INTERVAL_PARTS:
        kind = "interval year to month" if name in ("year", "month") else "interval day to second"
        found.append(signature(f"{kind} -> bigint", f"CAST({_INTERVAL_PARTS[name]} AS BIGINT)"))
    return found


_INTERVAL_PARTS = {
    "year": "({0} // 12)",
    "month": "({0} % 12)",
    "day": "({0} // 86400000)",
    "hour": "({0} % 86400000 // 3600000)",
    "minute": "({0} % 3600000 // 60000)",
    "second": "({0} % 60000 // 1000)",
    "millisecond": "({0} % 1000)",
}


def _same(declared: str, build: Callable[[str, Sequence[Sql]], str]) -> Sequence[Signature]:
    return [signature(declared.replace("M", k), _by_unit(build, None), lambda a: a[-1].type) for k in _MOMENTS]


_PARTS = {
    **{n: n + "({0})" for n in ("year", "quarter", "month", "day", "hour", "minute", "second")},
    **{"day_of_month": "day({0})", "day_of_week": "isodow({0})", "dow": "isodow({0})", "day_of_year": "dayofyear({0})"},
    **{"doy": "dayofyear({0})", "week": "weekofyear({0})", "week_of_year": "weekofyear({0})"},
    **{"millisecond": "(millisecond({0}) % 1000)", "year_of_week": "isoyear({0})", "yow": "isoyear({0})"},
}

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    **{name: _part(name, template) for name, template in _PARTS.items()},
    "date_trunc": _same("varchar, M -> M", _trunc),
    "date_diff": [signature(f"varchar, {k}, {k} -> bigint", _by_unit(_diff, Type("bigint"))) for k in _MOMENTS],
    "date_add": _same("varchar, bigint, M -> M", _add),
    "date_format": [signature(f"{k}, varchar -> varchar", _format(mysql_format)) for k in _MOMENTS[1:]],
    "format_datetime": [signature(f"{k}, varchar -> varchar", _format(joda_format)) for k in _MOMENTS[1:]],
    "date_parse": [signature("varchar, varchar -> timestamp", "make_timestamp(tb_date_parse({0}, {1}))")],
    "parse_datetime": [signature("varchar, varchar -> timestamptz", "make_timestamp(tb_parse_datetime({0}, {1}))")],
    "from_iso8601_timestamp": [signature("varchar -> timestamptz", "tb_from_iso({0})")],
    "from_iso8601_date": [signature("varchar -> date", "CAST(tb_iso_date({0}) AS DATE)")],
    "to_iso8601": [
        signature("date -> varchar", "strftime({0}, '%Y-%m-%d')"),
        signature("timestamp -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')"),
        signature("timestamptz -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%gZ')"),
    ],
    "to_unixtime": [signature(f"{k} -> double", "(epoch_us({0}) / 1e6)") for k in _MOMENTS[1:]],
    "from_unixtime": [
        signature("double -> timestamptz", "tb_from_unixtime({0})"),
        signature("double, varchar -> timestamptz", _refused("from_unixtime with a time zone")),
        signature("double, bigint, bigint -> timestamptz", _refused("from_unixtime with an offset")),
    ],
    "date": [
        *(signature(f"{k} -> date", lambda a: f"CAST({local(a[0])} AS DATE)") for k in _MOMENTS),
        signature("varchar -> date", lambda a: from_varchar(a[0].text, DATE, None)),
    ],
    "last_day_of_month": [signature(f"{k} -> date", lambda a: f"last_day({local(a[0])})") for k in _MOMENTS],
    "to_milliseconds": [signature("interval day to second -> bigint", "{0}")],
    "parse_duration": [signature("varchar -> interval day to second", "tb_duration({0})")],
    "human_readable_seconds": [signature("double -> varchar", "tb_human_seconds(tb_java_double({0}))")],
    "current_timezone": [signature("-> varchar", "'UTC'")],
}
