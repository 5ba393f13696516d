"""Functions that DuckDB has not, or has with another meaning: pure Python, registered on each connection.

DuckDB calls them for whole vectors; each takes and returns plain values and NULL is None. One that raises fails the
query with the exception's text, which `engine` turns into Athena's error; TRY around it makes it NULL (see `faults`).
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from trailbook.local.engine import (
    intervals,
    native_binary,
    native_format,
    native_json,
    native_json_casts,
    native_numbers,
    native_regexp,
    native_text,
    native_time,
    native_url,
)
from trailbook.local.engine.doubles import java_double, shortest_real
from trailbook.local.engine.faults import Function, refusal

FUNCTIONS: Mapping[str, Function] = {
    "tb_double_text": (native_numbers.double_text, ["DOUBLE"], "VARCHAR"),
    "tb_double_json": (native_json_casts.double_json, ["DOUBLE"], "VARCHAR"),
    "tb_real_text": (native_numbers.real_text, ["FLOAT"], "VARCHAR"),
    "tb_real_json": (lambda value: native_json_casts.double_json(shortest_real(value)), ["FLOAT"], "VARCHAR"),
    "tb_java_double": (java_double, ["DOUBLE"], "VARCHAR"),
    **native_binary.FUNCTIONS,
    **native_format.FUNCTIONS,
    **native_numbers.FUNCTIONS,
    **native_regexp.FUNCTIONS,
    **native_text.FUNCTIONS,
    **native_time.FUNCTIONS,
    **intervals.FUNCTIONS,
    **native_json.FUNCTIONS,
    **native_json_casts.FUNCTIONS,
    **native_url.FUNCTIONS,
}

_REWRITTEN = r"[\\\x{10000}-\x{10FFFF}]|[0-9][.eE]|-0|[nN]a[nN]|[iI]nf"
"""What DuckDB and Trino write differently in JSON, or only DuckDB takes for JSON."""

# IN and NOT IN would take DuckDB three times as long to plan, and a query may have hundreds of these.
_ALIKE = "regexp_full_match(TRY(json_type(j, p)), 'VARCHAR|BOOLEAN|UBIGINT')"
"""There is a scalar that DuckDB and Trino write alike."""
_UNLIKE = "regexp_full_match(TRY(json_type(j, p)), '[^NOA].*')"
"""There is something, and it is not NULL, an OBJECT or an ARRAY."""

# DuckDB folds a constant WHEN before anything runs, so that what may fail in one stands in a TRY.
MACROS = (
    "tb_divide(a, b) AS CASE WHEN b = 0 THEN CASE WHEN a IS NULL THEN NULL WHEN a = 0 OR isnan(a) THEN "
    "CAST('NaN' AS DOUBLE) ELSE a * CAST('Infinity' AS DOUBLE) * CASE WHEN left(CAST(b AS VARCHAR), 1) = '-' "
    "THEN -1 ELSE 1 END END ELSE a / b END",
    "tb_round(x, n) AS CAST(tb_round_double(x, n) AS DOUBLE)",
    "tb_to_real(x) AS CASE WHEN isfinite(x) AND abs(x) >= 3.4028235677973366e38 THEN CAST(sign(x) * CAST('Infinity' "
    "AS DOUBLE) AS FLOAT) ELSE CAST(x AS FLOAT) END",
    "tb_sqrt(x) AS CASE WHEN x < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(x) END",
    *(
        f"tb_{n}(x) AS CASE WHEN x < 0 THEN CAST('NaN' AS DOUBLE) WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) "
        f"ELSE {n}(x) END"
        for n in ("ln", "log2", "log10")
    ),
    "tb_exp(x) AS exp(x)",
    "tb_mod(a, b) AS CASE WHEN b = 0 THEN CAST('NaN' AS DOUBLE) ELSE a % b END",
    "tb_from_unixtime(x) AS make_timestamp(CAST(CASE WHEN isnan(x) THEN 0 ELSE floor(x * 1000 + 0.5) END AS BIGINT) "
    "* 1000)",
    "tb_lower(x) AS CASE WHEN strlen(x) = length(x) THEN lower(x) ELSE tb_lower_any(x) END",
    "tb_upper(x) AS CASE WHEN strlen(x) = length(x) THEN upper(x) ELSE tb_upper_any(x) END",
    "tb_reverse(x) AS CASE WHEN strlen(x) = length(x) THEN reverse(x) ELSE tb_reverse_any(x) END",
    "tb_json_extract(j, p, t) AS CASE WHEN TRY(json_valid(j)) THEN CASE WHEN TRY(regexp_matches("
    f"CAST(json_extract(j, p) AS VARCHAR), '{_REWRITTEN}') OR regexp_matches(j, ',\\s*[\\]}}]')) "
    "THEN tb_json_extract_any(j, t) ELSE CAST(json_extract(j, p) AS VARCHAR) END ELSE tb_json_extract_any(j, t) END",
    "tb_from_iso(x) AS CASE WHEN regexp_full_match(x, '[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:"
    "[0-5][0-9]Z') THEN coalesce(TRY_CAST(left(x, 19) AS TIMESTAMP), make_timestamp(tb_iso(x))) "
    "ELSE make_timestamp(tb_iso(x)) END",
    f"tb_json_scalar(j, p, t) AS CASE WHEN TRY(json_valid(j)) THEN CASE WHEN {_ALIKE} THEN json_extract_string(j, p) "
    f"WHEN {_UNLIKE} THEN tb_json_scalar_any(j, t) END ELSE tb_json_scalar_any(j, t) END",
    f"tb_json_scalar_at(j, p, t) AS CASE WHEN TRY(json_valid(j)) THEN CASE WHEN {_ALIKE} "
    "THEN json_extract_string(j, p) ELSE tb_json_scalar_any(j, t) END ELSE tb_json_scalar_any(j, t) END",
)

PLAIN_MACROS = (
    *(f"tb_{name}(x) AS tb_{name}_any(x)" for name in ("lower", "upper", "reverse")),
    "tb_from_iso(x) AS make_timestamp(tb_iso(x))",
    "tb_json_extract(j, p, t) AS tb_json_extract_any(j, t)",
    *(f"tb_{name}(j, p, t) AS tb_json_scalar_any(j, t)" for name in ("json_scalar", "json_scalar_at")),
)
"""The macros that spare calls of Python, by those calls alone: they are planned in less time and take longer a row."""


@functools.cache
def _kind(name: str) -> DuckDBPyType:
    """Return a DuckDB type; made once, since DuckDB takes a millisecond to read one from text."""
    return DuckDBPyType(name)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every function and macro of this module known to a connection."""
    connection.execute("BEGIN")
    for name, (function, parameters, result) in FUNCTIONS.items():
        connection.create_function(
            name,
            _nullable(_bounded(function), len(parameters)),
            [_kind(p) for p in parameters],
            _kind(result),
            null_handling="special",  # type: ignore[call-overload]  # the stub wants its enum; its name is accepted
        )
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    connection.execute("COMMIT")


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with a refusal where Python's recursion is too short for what Java's would hold."""

    def call(*values: Any) -> Any:
        try:
            return function(*values)
        except RecursionError:
            return refusal("a value nested so deeply")

    return call


def _nullable(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return the function with NULL in, NULL out. DuckDB counts parameters by name, so each arity is spelt out."""

    def one(a: Any) -> Any:
        return None if a is None else function(a)

    def two(a: Any, b: Any) -> Any:
        return None if a is None or b is None else function(a, b)

    def three(a: Any, b: Any, c: Any) -> Any:
        return None if a is None or b is None or c is None else function(a, b, c)

    def four(a: Any, b: Any, c: Any, d: Any) -> Any:
        return None if a is None or b is None or c is None or d is None else function(a, b, c, d)

    return (one, two, three, four)[count - 1]
