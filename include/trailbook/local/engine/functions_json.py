"""The allow-list of JSON functions: DuckDB's own where its answer is Trino's, else those of `native_json`."""

from collections.abc import Mapping, Sequence

from trailbook.local.engine.faults import Failure
from trailbook.local.engine.native_json import steps_of
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, constant, signature
from trailbook.local.engine.types import text

_SOURCES = ("varchar", "json")


def _duckdb_path(path: Sql) -> tuple[str, bool]:
    """Return DuckDB's form of a literal path and whether a step may be an index; '' where there is none."""
    value = constant(path.text)
    if value is None:
        return "", False
    try:
        steps = steps_of(value)
    except Failure:
        return "", False
    if not steps or any(not s or any(c in '"\\*' for c in s) for s in steps):
        return "", False
    indexed = any(s.isdigit() for s in steps)
    return "$" + "".join(f"[{s}]" if s.isdigit() else f'."{s}"' for s in steps), indexed


def _scalar(args: Sequence[Sql]) -> str:
    path, indexed = _duckdb_path(args[1])
    if not path:
        return f"tb_json_scalar_any({args[0].text}, {args[1].text})"
    return f"tb_json_scalar{'_at' if indexed else ''}({args[0].text}, {text(path)}, {args[1].text})"


def _extract(args: Sequence[Sql]) -> str:
    path, indexed = _duckdb_path(args[1])
    if not path or indexed:
        return f"CAST(tb_json_extract_any({args[0].text}, {args[1].text}) AS JSON)"
    return f"CAST(tb_json_extract({args[0].text}, {text(path)}, {args[1].text}) AS JSON)"


def _contains(args: Sequence[Sql]) -> str:
    base = args[1].type.base
    kind = {"varchar": "text", "boolean": "boolean", "double": "double"}.get(base, "integer")
    wanted = f"tb_java_double({args[1].text})" if kind == "double" else f"CAST({args[1].text} AS VARCHAR)"
    return f"tb_json_contains({args[0].text}, '{kind}', {wanted})"


def _of(name: str, declared: str, template: str) -> tuple[str, Sequence[Signature]]:
    return name, [signature(declared.replace("SOURCE", s), template) for s in _SOURCES]


FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "json_extract": [signature(f"{s}, varchar -> json", _extract) for s in _SOURCES],
    "json_extract_scalar": [signature(f"{s}, varchar -> varchar", _scalar) for s in _SOURCES],
    "json_array_contains": [
        signature(f"{s}, {v} -> boolean", _contains)
        for s in _SOURCES
        for v in ("boolean", "bigint", "varchar", "double")
    ],
    "json_format": [signature("json -> varchar", "CAST({0} AS VARCHAR)")],
    "json_parse": [signature("varchar -> json", "CAST(tb_json_parse({0}) AS JSON)")],
    **dict(
        (
            _of("json_size", "SOURCE, varchar -> bigint", "tb_json_size({0}, {1})"),
            _of("json_array_length", "SOURCE -> bigint", "tb_json_array_length({0})"),
            _of("is_json_scalar", "SOURCE -> boolean", "tb_json_is_scalar({0})"),
        )
    ),
    "json_array_get": [signature(f"{s}, bigint -> json", "tb_json_array_get({0}, {1})") for s in _SOURCES],
}
