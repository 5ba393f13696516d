"""The aggregate and window functions that are known equal to Trino's: signatures and DuckDB templates.

In a template `{0}` is the first argument, `{d}` DISTINCT, `{o}` ORDER BY, `{i}` IGNORE NULLS, and `{s}` the FILTER and
OVER that follow a call; `{s0}` and `{s1}` add to FILTER that the first or second argument is not NULL.

approx_distinct and approx_percentile are exact here, as Trino's are on small inputs; on large ones Trino's own answers
vary within its documented error. max and min leave out NaN as Trino does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trailbook.local.engine.casts import failure
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import BIGINT, Type

MEAN = "the mean of decimals"
"""A template that stands for a rule of its own."""
_BAD = "INVALID_FUNCTION_ARGUMENT"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One overload: its signature, its template, and whether it may be called with DISTINCT."""

    overload: Signature
    template: str
    distinct: bool = True


def _aggregate(declared: str, template: str, *, distinct: bool = True, like: int | None = None) -> Aggregate:
    result_of = (lambda values: values[like].type) if like is not None else None
    return Aggregate(signature(declared, "", result_of), template, distinct)


def _sum_of_decimals() -> Aggregate:
    def total(values: Sequence[Sql]) -> Type:
        return Type("decimal", digits=(38, values[0].type.digits[1]))

    return Aggregate(signature("decimal -> decimal", "", total), "sum({d}{0}){s}")


def _extreme(name: str) -> tuple[Aggregate, ...]:
    sort = "list_sort" if name == "min" else "list_reverse_sort"
    listed = f"{sort}(array_agg({{0}}){{s0}})[1:{{1}}]"
    number = f"coalesce({name}(CASE WHEN NOT isnan({{0}}) THEN {{0}} END){{s}}, {name}({{0}}){{s}})"
    return (
        _aggregate("double -> double", number),
        _aggregate("real -> real", number),
        _aggregate("T -> T", f"{name}({{0}}){{s}}"),
        _aggregate("T, bigint -> array(T)", listed, distinct=False),
    )


def _by(name: str) -> tuple[Aggregate, ...]:
    listed = f"array_agg({{0}} ORDER BY {{1}} {'DESC' if name == 'max' else 'ASC'}){{s1}}[1:{{2}}]"
    return (
        _aggregate("V, K -> V", f"arg_{name}_null({{0}}, {{1}}){{s}}", distinct=False),
        _aggregate("V, K, bigint -> array(V)", listed, distinct=False),
    )


_ENTRIES = "array_agg(struct_pack(k := {0}, v := {1}){o}){s0}"
_FIRST = (
    "list_transform([{}], lambda pairs: CASE WHEN len(pairs) = len(list_distinct(list_transform(pairs, lambda e: e.k)))"
    " THEN map_from_entries(pairs) ELSE map_from_entries(list_filter(pairs, lambda e, n: "
    "list_position(list_transform(pairs, lambda f: f.k), e.k) = n)) END)[1]"
)
_EVERY = (
    "list_transform([{}], lambda pairs: map_from_entries(list_transform("
    "list_distinct(list_transform(pairs, lambda e: e.k)), lambda name: struct_pack(k := name, v := list_transform("
    "list_filter(pairs, lambda e: e.k = name), lambda e: e.v)))))[1]"
)
_UNITED = "flatten(array_agg(list_transform(map_entries({0}), lambda e: struct_pack(k := e.key, v := e.value))){s0})"
_LOG = "CASE WHEN {0} > 0 THEN ln({0}) WHEN {0} = 0 THEN CAST('-inf' AS DOUBLE) "
_LOG += "WHEN {0} < 0 THEN CAST('nan' AS DOUBLE) END"
_SORTED = "list_sort(array_agg({0}){s0})"


def _percentile(share: str) -> str:
    at = f"CAST(least(floor({share} * len(v)), len(v) - 1) AS BIGINT) + 1"
    bad = failure(_BAD, "Percentile must be between 0 and 1", BIGINT)
    return f"v[CASE WHEN {share} >= 0 AND {share} <= 1 THEN {at} ELSE {bad} END]"


def _percentiles(kind: str) -> tuple[Aggregate, ...]:
    one = f"list_transform([{_SORTED}], lambda v: {_percentile('{1}')})[1]"
    many = (
        f"list_transform([{_SORTED}], lambda v: CASE WHEN v IS NOT NULL THEN list_transform({{1}}, lambda p: "
        f"{_percentile('p')}) END)[1]"
    )
    return (
        _aggregate(f"{kind}, double -> {kind}", one, distinct=False),
        _aggregate(f"{kind}, array(double) -> array({kind})", many, distinct=False),
    )


def _counted(least: int, index: int, message: str) -> str:
    bad = failure(_BAD, message, BIGINT)
    return f"CASE WHEN {{{index}}} >= {least} THEN {{{index}}} ELSE {bad} END"


_BUCKETS = _counted(1, 0, "Buckets must be greater than 0")


def _near(name: str) -> tuple[Aggregate, ...]:
    offset = _counted(0, 1, "Offset must be at least 0")
    return (
        _aggregate("T -> T", f"{name}({{0}}{{i}}){{s}}", distinct=False),
        _aggregate("T, bigint -> T", f"{name}({{0}}, {offset}{{i}}){{s}}", distinct=False),
        _aggregate("T, bigint, T -> T", f"{name}({{0}}, {offset}, {{2}}{{i}}){{s}}", distinct=False),
    )


def _same(name: str, declared: str, call: str) -> tuple[Aggregate, ...]:
    return (_aggregate(declared, f"{call}({{d}}{{0}}){{s}}"),)


AGGREGATES: Mapping[str, tuple[Aggregate, ...]] = {
    "count": (_aggregate("-> bigint", "count(*){s}", distinct=False), _aggregate("T -> bigint", "count({d}{0}){s}")),
    "count_if": (_aggregate("boolean -> bigint", "count(CASE WHEN {0} THEN 1 END){s}", distinct=False),),
    "sum": (
        _aggregate("bigint -> bigint", "CAST(sum({d}{0}){s} AS BIGINT)"),
        _sum_of_decimals(),
        _aggregate("real -> real", "CAST(sum({d}{0}){s} AS FLOAT)"),
        _aggregate("double -> double", "sum({d}{0}){s}"),
    ),
    "avg": (
        _aggregate("bigint -> double", "avg({d}CAST({0} AS DOUBLE)){s}"),
        _aggregate("decimal -> decimal", MEAN, like=0),
        _aggregate("real -> real", "CAST(avg({d}CAST({0} AS DOUBLE)){s} AS FLOAT)"),
        _aggregate("double -> double", "avg({d}{0}){s}"),
    ),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "min_by": _by("min"),
    "max_by": _by("max"),
    "array_agg": (_aggregate("T -> array(T)", "array_agg({d}{0}{o}){s}"),),
    "arbitrary": (_aggregate("T -> T", "any_value({0}){s}"),),
    "any_value": (_aggregate("T -> T", "any_value({0}){s}"),),
    "bool_and": _same("bool_and", "boolean -> boolean", "bool_and"),
    "every": _same("every", "boolean -> boolean", "bool_and"),
    "bool_or": _same("bool_or", "boolean -> boolean", "bool_or"),
    "bitwise_and_agg": _same("bitwise_and_agg", "bigint -> bigint", "bit_and"),
    "bitwise_or_agg": _same("bitwise_or_agg", "bigint -> bigint", "bit_or"),
    "bitwise_xor_agg": _same("bitwise_xor_agg", "bigint -> bigint", "bit_xor"),
    "approx_distinct": (
        _aggregate("T -> bigint", "count(DISTINCT {0}){s}", distinct=False),
        _aggregate("T, double -> bigint", "count(DISTINCT {0}){s}", distinct=False),
    ),
    "approx_percentile": (*_percentiles("bigint"), *_percentiles("double"), *_percentiles("real")),
    "geometric_mean": (
        _aggregate("bigint -> double", f"exp(avg({_LOG}){{s}})", distinct=False),
        _aggregate("double -> double", f"exp(avg({_LOG}){{s}})", distinct=False),
    ),
    **{
        name: (_aggregate("bigint -> double", f"{call}({{d}}CAST({{0}} AS DOUBLE)){{s}}"),
               _aggregate("double -> double", f"{call}({{d}}{{0}}){{s}}"))
        for name, call in {
            **{"stddev": "stddev_samp", "stddev_samp": "stddev_samp", "stddev_pop": "stddev_pop"},
            **{"variance": "var_samp", "var_samp": "var_samp", "var_pop": "var_pop"},
        }.items()
    },
    "histogram": (_aggregate("K -> map(K,bigint)", "CAST(histogram({0}){s} AS {t})", distinct=False),),
    "map_agg": (_aggregate("K, V -> map(K,V)", _FIRST.format(_ENTRIES), distinct=False),),
    "multimap_agg": (_aggregate("K, V -> map(K,array(V))", _EVERY.format(_ENTRIES), distinct=False),),
    "map_union": (_aggregate("map(K,V) -> map(K,V)", _FIRST.format(_UNITED), distinct=False),),
}  # fmt: skip
WINDOW_ONLY: Mapping[str, tuple[Aggregate, ...]] = {
    **{
        name: (_aggregate("-> bigint", f"{name}(){{s}}", distinct=False),)
        for name in ("row_number", "rank", "dense_rank")
    },
    **{name: (_aggregate("-> double", f"{name}(){{s}}", distinct=False),) for name in ("percent_rank", "cume_dist")},
    "ntile": (_aggregate("bigint -> bigint", f"ntile({_BUCKETS}){{s}}", distinct=False),),
    "lag": _near("lag"),
    "lead": _near("lead"),
    "first_value": (_aggregate("T -> T", "first_value({0}{i}){s}", distinct=False),),
    "last_value": (_aggregate("T -> T", "last_value({0}{i}){s}", distinct=False),),
    "nth_value": (
        _aggregate("T, bigint -> T", f"nth_value({{0}}, {_counted(1, 1, 'Offset must be at least 1')}{{i}}){{s}}"),
    ),
}
