"""The allow-list of functions on arrays and maps, with Trino's treatment of NULL elements and of order."""

import re
from collections.abc import Mapping, Sequence

from trailbook.local.engine.casts import failure, to_varchar
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.intervals import duckdb_interval
from trailbook.local.engine.once import once_text
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import Type, duckdb_type

_CONSTANT = re.compile(r"CAST\(([0-9]{1,9}) AS BIGINT\)")


def _element_at(args: Sequence[Sql]) -> str:
    zero = failure("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1", args[0].type.args[0])
    return f"CASE WHEN {args[1].text} = 0 THEN {zero} ELSE ({args[0].text})[{args[1].text}] END"


def _contains(args: Sequence[Sql]) -> str:
    values, wanted = args[0].text, args[1].text
    if args[1].type.args or _floating(args[1].type):
        raise not_supported(f"contains of {args[1].type}")
    return (
        f"CASE WHEN {values} IS NULL OR {wanted} IS NULL THEN NULL WHEN list_contains({values}, {wanted}) THEN true "
        f"WHEN list_position({values}, NULL) > 0 THEN NULL ELSE false END"
    )


def _position(args: Sequence[Sql]) -> str:
    values, wanted = args[0].text, args[1].text
    if _floating(args[1].type) or args[1].type.args:
        raise not_supported(f"array_position of {args[1].type}")
    found = f"CAST(coalesce(list_position({values}, {wanted}), 0) AS BIGINT)"
    return f"CASE WHEN {values} IS NOT NULL AND {wanted} IS NOT NULL THEN {found} END"


def _join(args: Sequence[Sql]) -> str:
    try:
        texts = f"list_transform({args[0].text}, lambda j: {to_varchar(Sql('j', args[0].type.args[0]), None)})"
    except SqlError as error:
        if error.code != "TYPE_MISMATCH":
            raise
        raise SqlError("OPERATOR_NOT_FOUND", f"Cannot cast {args[0].type.args[0]} to varchar") from None
    if len(args) > 2:
        texts = f"list_transform({texts}, lambda j: coalesce(j, {args[2].text}))"
        texts = f"CASE WHEN {args[2].text} IS NOT NULL THEN {texts} END"
    return f"tb_join({texts}, {args[1].text})"


def _slice(args: Sequence[Sql]) -> str:
    values, start, length = (a.text for a in args)
    kind = args[0].type
    first, count = _constant(start), _constant(length)
    if first > 0 and count > 0:  # as nearly always; the array's text may be long, and stands here once
        return f"list_slice({values}, {first}, {first + count - 1})"
    zero = failure("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1", kind)
    negative = failure("INVALID_FUNCTION_ARGUMENT", "length must be greater than or equal to 0", kind)
    empty = f"CAST([] AS {duckdb_type(kind)})"
    return (
        f"CASE WHEN {values} IS NULL OR {start} IS NULL OR {length} IS NULL THEN NULL WHEN {start} = 0 THEN {zero} "
        f"WHEN {length} < 0 THEN {negative} WHEN {length} = 0 OR -{start} > len({values}) THEN {empty} "
        f"WHEN {start} < 0 THEN list_slice({values}, len({values}) + {start} + 1, len({values}) + {start} + {length}) "
        f"ELSE list_slice({values}, {start}, {start} + {length} - 1) END"
    )


def _constant(text: str) -> int:
    """Return the number that a bigint's text is, or -1 for another expression and for what is large or negative."""
    found = _CONSTANT.fullmatch(text)
    return int(found[1]) if found else -1


def _distinct(values: str) -> str:
    return once_text(values, lambda v: f"list_filter({v}, lambda e, i: list_position({v}, e) = i)")


def _except(args: Sequence[Sql]) -> str:
    """Return array_except; Trino gives the first array as it is where the second is empty."""
    kept = f"list_filter({args[0].text}, lambda d: coalesce(list_position({args[1].text}, d), 0) = 0)"
    return (
        f"CASE WHEN len({args[1].text}) = 0 THEN {args[0].text} "
        f"WHEN {args[1].text} IS NOT NULL THEN {_distinct(kept)} END"
    )


def _intersect(args: Sequence[Sql]) -> str:
    kept = f"list_filter({args[0].text}, lambda d: list_position({args[1].text}, d) > 0)"
    return f"CASE WHEN {args[1].text} IS NOT NULL THEN {_distinct(kept)} END"


def _overlap(args: Sequence[Sql]) -> str:
    a, b = args[0].text, args[1].text
    return (
        f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL "
        f"WHEN len(list_filter({a}, lambda d: d IS NOT NULL AND list_position({b}, d) > 0)) > 0 THEN true "
        f"WHEN len({a}) > 0 AND len({b}) > 0 AND (list_position({a}, NULL) > 0 OR list_position({b}, NULL) > 0) "
        f"THEN NULL ELSE false END"
    )


def _extreme(name: str) -> "object":
    def build(args: Sequence[Sql]) -> str:
        values = args[0].text
        found = f"list_{name}({values})"
        if _floating(args[0].type.args[0]):
            found = f"coalesce(list_{name}(list_filter({values}, lambda n: NOT isnan(n))), list_{name}({values}))"
        return f"CASE WHEN coalesce(list_position({values}, NULL), 0) = 0 THEN {found} END"

    return build


def _any(args: Sequence[Sql]) -> str:
    return _match(args, "true", "false")


def _match(args: Sequence[Sql], decisive: str, otherwise: str) -> str:
    """Return three-valued any/all: `decisive` where an element is, NULL where one is unknown, else `otherwise`."""
    values, function = args[0].text, args[1].text
    return once_text(
        f"list_transform({values}, {function})",
        lambda results: (
            f"CASE WHEN {results} IS NULL THEN NULL WHEN list_contains({results}, {decisive}) THEN {decisive} "
            f"WHEN list_position({results}, NULL) > 0 THEN NULL ELSE {otherwise} END"
        ),
    )


def _all(args: Sequence[Sql]) -> str:
    return _match(args, "false", "true")


def _none(args: Sequence[Sql]) -> str:
    return f"(NOT {_any(args)})"


def _sequence(args: Sequence[Sql]) -> str:
    start, stop = args[0].text, args[1].text
    step = args[2].text if len(args) > 2 else f"CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END"
    return _checked(f"{start}", f"{stop}", step, f"generate_series({start}, {stop}, {step})", "BIGINT[]")


def _checked(start: str, stop: str, step: str, series: str, kind: str) -> str:
    result = Type("array", (Type("bigint" if kind == "BIGINT[]" else "date" if kind == "DATE[]" else "timestamp"),))
    zero = failure("INVALID_FUNCTION_ARGUMENT", "step must not be zero", result)
    wrong = failure(
        "INVALID_FUNCTION_ARGUMENT",
        "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise "
        "stop should be less than or equal to start",
        result,
    )
    many = failure(
        "INVALID_FUNCTION_ARGUMENT", "result of sequence function must not have more than 10000 entries", result
    )
    return (
        f"CASE WHEN {step} = 0 THEN {zero} WHEN ({step} > 0 AND {stop} < {start}) OR ({step} < 0 AND {stop} > {start}) "
        f"THEN {wrong} WHEN {step} IS NULL OR {start} IS NULL OR {stop} IS NULL THEN NULL "
        f"WHEN len({series}) > 10000 THEN {many} ELSE CAST({series} AS {kind}) END"
    )


def _time_sequence(args: Sequence[Sql]) -> str:
    kind = "DATE[]" if args[0].type.base == "date" else "TIMESTAMP[]"
    start, stop = (f"CAST({a.text} AS TIMESTAMP)" for a in args[:2])
    if len(args) < 3:
        step, by = f"CASE WHEN {start} <= {stop} THEN 1 ELSE -1 END", "to_days(CAST({0} AS INTEGER))"
    else:
        step, by = args[2].text, duckdb_interval(args[2]).replace(args[2].text, "{0}")
    series = f"generate_series({start}, {stop}, {by.format(step)})"
    if len(args) > 2 and args[2].type.base == "interval year to month":
        steps = "range(0, 10002)"
        taken = f"list_transform({steps}, lambda d: {start} + to_months(CAST(d * {step} AS INTEGER)))"
        within = f"({step} > 0 AND d <= {stop}) OR ({step} < 0 AND d >= {stop})"
        series = f"list_filter({taken}, lambda d: {within})"
    return _checked(start, stop, step, series, kind)


def _sort(args: Sequence[Sql]) -> str:
    if args[0].type.args[0].base in ("json", "map"):
        raise not_supported(f"array_sort of {args[0].type}")
    return f"list_sort({args[0].text}, 'ASC', 'NULLS LAST')"


def _repeat(args: Sequence[Sql]) -> str:
    value, count = args[0].text, args[1].text
    kind = Type("array", (args[0].type,))
    what = "count argument of repeat function must be"
    few = failure("INVALID_FUNCTION_ARGUMENT", f"{what} greater than or equal to 0", kind)
    many = failure("INVALID_FUNCTION_ARGUMENT", f"{what} less than or equal to 10000", kind)
    return (
        f"CASE WHEN {count} < 0 THEN {few} WHEN {count} > 10000 THEN {many} "
        f"WHEN {count} IS NOT NULL THEN list_transform(range({count}), lambda d: {value}) END"
    )


def _zip(args: Sequence[Sql]) -> str:
    texts = ", ".join(a.text for a in args)
    return f"CASE WHEN {' OR '.join(f'{a.text} IS NULL' for a in args)} THEN NULL ELSE list_zip({texts}) END"


def _zip_with(args: Sequence[Sql]) -> str:
    left, right, function = (a.text for a in args)
    names, body = function.removeprefix("lambda ").split(": ", 1)
    x, y = names.split(", ")
    pairs = f"list_zip({left}, {right})"
    inner = f"list_transform([{x}z[1]], lambda {x}: list_transform([{x}z[2]], lambda {y}: {body})[1])[1]"
    return (
        f"CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL ELSE list_transform({pairs}, lambda {x}z: {inner}) END"
    )


def _floating(kind: Type) -> bool:
    return kind.base in ("double", "real")


def _zip_type(args: Sequence[Sql]) -> Type:
    return Type("array", (Type("row", tuple(a.type.args[0] for a in args), ("",) * len(args)),))


FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "cardinality": [
        signature("array(T) -> bigint", "CAST(len({0}) AS BIGINT)"),
        signature("map(K,V) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    ],
    "element_at": [
        signature("array(T), bigint -> T", _element_at),
        signature("map(K,V), K -> V", "({0})[{1}]"),
    ],
    "contains": [
        signature("array(T), T -> boolean", _contains),
        signature("varchar, ipaddress -> boolean", "tb_cidr_contains({0}, {1})"),
    ],
    "array_position": [signature("array(T), T -> bigint", _position)],
    "array_join": [
        signature("array(T), varchar -> varchar", _join),
        signature("array(T), varchar, varchar -> varchar", _join),
    ],
    "array_distinct": [signature("array(T) -> array(T)", lambda a: _distinct(a[0].text))],
    "array_sort": [signature("array(T) -> array(T)", _sort)],
    "array_max": [signature("array(T) -> T", _extreme("max"))],  # type: ignore[arg-type]  # a Build, made by a closure
    "array_min": [signature("array(T) -> T", _extreme("min"))],  # type: ignore[arg-type]  # a Build, made by a closure
    "array_remove": [
        signature(
            "array(T), T -> array(T)",
            "CASE WHEN {1} IS NOT NULL THEN list_filter({0}, lambda d: d IS DISTINCT FROM {1}) END",
        )
    ],
    "array_except": [signature("array(T), array(T) -> array(T)", _except)],
    "array_intersect": [signature("array(T), array(T) -> array(T)", _intersect)],
    "array_union": [
        signature(
            "array(T), array(T) -> array(T)",
            lambda a: (
                f"CASE WHEN {a[0].text} IS NOT NULL AND {a[1].text} IS NOT NULL THEN "
                f"{_distinct(f'list_concat({a[0].text}, {a[1].text})')} END"
            ),
        )
    ],
    "arrays_overlap": [signature("array(T), array(T) -> boolean", _overlap)],
    "flatten": [signature("array(array(T)) -> array(T)", "flatten({0})")],
    "repeat": [signature("T, bigint -> array(T)", _repeat)],
    "slice": [signature("array(T), bigint, bigint -> array(T)", _slice)],
    "sequence": [
        signature("bigint, bigint -> array(bigint)", _sequence),
        signature("bigint, bigint, bigint -> array(bigint)", _sequence),
        signature("date, date -> array(date)", _time_sequence),
        *(
            signature(f"{t}, {t}, {i} -> array({t})", _time_sequence)
            for t in ("date", "timestamp")
            for i in ("interval day to second", "interval year to month")
        ),
    ],
    "zip": [
        signature("array(T), array(U) -> unknown", _zip, _zip_type),
        signature("array(T), array(U), array(V) -> unknown", _zip, _zip_type),
    ],
    "zip_with": [signature("array(T), array(U), function(T,U,R) -> array(R)", _zip_with)],
    "any_match": [signature("array(T), function(T,boolean) -> boolean", _any)],
    "all_match": [signature("array(T), function(T,boolean) -> boolean", _all)],
    "none_match": [signature("array(T), function(T,boolean) -> boolean", _none)],
    "filter": [signature("array(T), function(T,boolean) -> array(T)", "list_filter({0}, {1})")],
    "transform": [signature("array(T), function(T,R) -> array(R)", "list_transform({0}, {1})")],
}
