"""The allow-list of scalar functions on numbers, text, JSON, URLs, hashes and conditions.

Each entry is a function whose answers were compared with Trino's documented ones; whatever is absent is refused.
"""

from collections.abc import Mapping, Sequence

from trailbook.local.engine import functions_array, functions_time
from trailbook.local.engine.casts import failure
from trailbook.local.engine.functions_text import FUNCTIONS as TEXT
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import JSON, VARCHAR, Type, text


def _json_text(value: Sql) -> str:
    return value.text


def _path(value: Sql) -> str:
    """Return a DuckDB path for a Trino one (a literal), which calls.py has checked and rewritten."""
    return value.text


def _extract(args: Sequence[Sql]) -> str:
    return f"TRY(json_extract({_json_text(args[0])}, {_path(args[1])}))"


def _scalar(args: Sequence[Sql]) -> str:
    return f"tb_json_scalar({_json_text(args[0])}, {_path(args[1])})"


def _all_or_null(name: str) -> "object":
    def build(args: Sequence[Sql]) -> str:
        absent = " OR ".join(f"{a.text} IS NULL" for a in args)
        return f"CASE WHEN {absent} THEN NULL ELSE {name}({', '.join(a.text for a in args)}) END"

    return build


def _contains_json(args: Sequence[Sql]) -> str:
    return f"tb_json_contains(CAST({args[0].text} AS VARCHAR), CAST(to_json({args[1].text}) AS VARCHAR))"


_JSON_INVALID = failure("INVALID_FUNCTION_ARGUMENT", "Cannot convert value to JSON", JSON)

JSON_FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "json_extract": [signature(f"{t}, varchar -> json", _extract) for t in ("varchar", "json")],
    "json_extract_scalar": [signature(f"{t}, varchar -> varchar", _scalar) for t in ("varchar", "json")],
    "json_size": [
        signature(
            f"{t}, varchar -> bigint",
            "CASE TRY(json_type({0}, {1})) WHEN 'ARRAY' THEN CAST(json_array_length({0}, {1}) AS BIGINT) "
            "WHEN 'OBJECT' THEN CAST(len(json_keys({0}, {1})) AS BIGINT) WHEN NULL THEN NULL "
            "ELSE CASE WHEN TRY(json_type({0}, {1})) IS NOT NULL THEN 0 END END",
        )
        for t in ("varchar", "json")
    ],
    "json_array_length": [
        signature(
            f"{t} -> bigint",
            "CASE WHEN TRY(json_type({0})) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END",
        )
        for t in ("varchar", "json")
    ],
    "json_array_contains": [
        signature(f"{t}, {v} -> boolean", _contains_json)
        for t in ("varchar", "json")
        for v in ("boolean", "bigint", "varchar", "double")
    ],
    "json_array_get": [
        signature(
            f"{t}, bigint -> json",
            "CASE WHEN TRY(json_type({0})) = 'ARRAY' THEN json_extract({0}, CAST({1} AS BIGINT)) END",
        )
        for t in ("varchar", "json")
    ],
    "json_format": [signature("json -> varchar", "CAST({0} AS VARCHAR)")],
    "json_parse": [signature("varchar -> json", "CAST(tb_json_parse({0}) AS JSON)")],
    "is_json_scalar": [
        signature(f"{t} -> boolean", "(json_type({0}) NOT IN ('OBJECT', 'ARRAY'))") for t in ("varchar", "json")
    ],
}

_SAME = ("bigint", "double")


def _numbers(
    name: str, template: str, kinds: Sequence[str] = ("integer", "bigint", "double")
) -> dict[str, Sequence[Signature]]:
    return {name: [signature(f"{k} -> {k}", template) for k in kinds]}


NUMBERS: Mapping[str, Sequence[Signature]] = {
    **_numbers("abs", "abs({0})"),
    **_numbers("sign", "CAST(sign({0}) AS DOUBLE)", ("double",)),
    **{
        n: [signature("bigint -> bigint", "{0}"), signature("double -> double", "ceil({0})")]
        for n in ("ceil", "ceiling")
    },
    "floor": [signature("bigint -> bigint", "{0}"), signature("double -> double", "floor({0})")],
    "round": [
        signature("bigint -> bigint", "{0}"),
        signature("double -> double", "round({0})"),
        signature("double, integer -> double", "round({0}, {1})"),
    ],
    "truncate": [signature("double -> double", "trunc({0})")],
    "mod": [
        signature(
            "bigint, bigint -> bigint",
            "CASE WHEN {1} = 0 THEN "
            + failure("DIVISION_BY_ZERO", "Division by zero", Type("bigint"))
            + " ELSE {0} % {1} END",
        )
    ],
    **{n: [signature("double, double -> double", "power({0}, {1})")] for n in ("pow", "power")},
    **{n: [signature("double -> double", n + "({0})")] for n in ("sqrt", "ln", "log2", "log10", "exp", "cbrt")},
    "log": [signature("double, double -> double", "(ln({1}) / ln({0}))")],
    "pi": [signature("-> double", "pi()")],
    "is_nan": [signature("double -> boolean", "isnan({0})")],
    "is_finite": [signature("double -> boolean", "isfinite({0})")],
    "is_infinite": [signature("double -> boolean", "isinf({0})")],
    "infinity": [signature("-> double", "CAST('Infinity' AS DOUBLE)")],
    "nan": [signature("-> double", "CAST('NaN' AS DOUBLE)")],
    "bitwise_and": [signature("bigint, bigint -> bigint", "({0} & {1})")],
    "bitwise_or": [signature("bigint, bigint -> bigint", "({0} | {1})")],
    "bitwise_xor": [signature("bigint, bigint -> bigint", "xor({0}, {1})")],
    "greatest": [signature("T... -> T", _all_or_null("greatest"))],  # type: ignore[arg-type]  # a Build, made by a closure
    "least": [signature("T... -> T", _all_or_null("least"))],  # type: ignore[arg-type]  # a Build, made by a closure
    "coalesce": [signature("T, T... -> T", lambda args: f"coalesce({', '.join(a.text for a in args)})")],
    "nullif": [signature("T, T -> T", "nullif({0}, {1})")],
    "typeof": [],
}

BINARY: Mapping[str, Sequence[Signature]] = {
    "to_utf8": [signature("varchar -> varbinary", "encode({0})")],
    "from_utf8": [signature("varbinary -> varchar", "decode({0})")],
    "to_hex": [signature("varbinary -> varchar", "hex({0})")],
    "from_hex": [signature("varchar -> varbinary", "unhex({0})")],
    "to_base64": [signature("varbinary -> varchar", "to_base64({0})")],
    "from_base64": [signature("varchar -> varbinary", "from_base64({0})")],
    **{n: [signature("varbinary -> varbinary", f"tb_{n}({{0}})")] for n in ("md5", "sha1", "sha256", "sha512")},
    "crc32": [signature("varbinary -> bigint", "tb_crc32({0})")],
}

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    **JSON_FUNCTIONS,
    **NUMBERS,
    **BINARY,
    **TEXT,
    **functions_array.FUNCTIONS,
    **functions_time.FUNCTIONS,
}
"""Function name (lower case) to its overloads; an empty sequence is a function that is known and refused."""

LITERAL_ARGUMENTS: Mapping[str, int] = {
    **dict.fromkeys(("json_extract", "json_extract_scalar", "json_size"), 1),
    **dict.fromkeys(("regexp_like", "regexp_extract", "regexp_extract_all", "regexp_replace", "regexp_count"), 1),
}
"""Functions of which one argument, by index, must be a literal here, because it is translated when analysed."""


def duckdb_path(path: str) -> str:
    """Return a DuckDB JSON path for a Trino JSON path. Raises ValueError for a form whose equality is not shown."""
    rest, out = path, "$"
    if not rest.startswith("$"):
        raise ValueError(path)
    rest = rest[1:]
    while rest:
        if rest.startswith('["') and (end := rest.find('"]')) > 0:
            name, rest = rest[2:end], rest[end + 2 :]
        elif rest.startswith("[") and (end := rest.find("]")) > 0 and rest[1:end].isdigit():
            out, rest = f"{out}[{rest[1:end]}]", rest[end + 1 :]
            continue
        elif rest.startswith("."):
            end = next((i for i, c in enumerate(rest[1:], 1) if c in ".["), len(rest))
            name, rest = rest[1:end], rest[end:]
        else:
            raise ValueError(path)
        if not name or '"' in name or "\\" in name or "*" in name:
            raise ValueError(path)
        out += f'."{name}"'
    return out


def literal_path(value: str) -> Sql:
    """Return a JSON path literal for DuckDB."""
    return Sql(text(duckdb_path(value)), VARCHAR)
