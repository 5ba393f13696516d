"""CAST to and from JSON, element by element, as Trino does it."""

import itertools
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import INTEGERS, JSON, VARCHAR, Type, duckdb_type, field_name, identifier, text

_VARIABLES = itertools.count()
_KEYS = (*INTEGERS, "boolean", "varchar", "double", "real", "decimal")
Step = Callable[[Sql, Type, Any], str]


def to_json(value: Sql, node: exp.Expr | None) -> str:
    """Return CAST(value AS json). Raises SqlError (TYPE_MISMATCH)."""
    return f"CAST({_json_text(value, value.type, node)} AS JSON)"


def _json_text(value: Sql, whole: Type, node: exp.Expr | None) -> str:
    source, kind = value.text, value.type
    if kind.base in (*INTEGERS, "boolean", "decimal", "unknown", "json"):
        return f"CAST({source} AS VARCHAR)"
    if kind.base in ("varchar", "double", "real"):
        return f"tb_{kind.base}_json({source})" if kind.base != "varchar" else f"tb_json_quoted({source})"
    if kind.base == "date":
        return f"('\"' || CAST({source} AS VARCHAR) || '\"')"
    if kind.base == "timestamp":
        return f"strftime({source}, '\"%Y-%m-%d %H:%M:%S.%g\"')"
    variable = f"j{next(_VARIABLES)}"
    if kind.base == "array":
        inner = _json_text(Sql(variable, kind.args[0]), whole, node)
        return (
            f"('[' || coalesce(array_to_string(list_transform({source}, lambda {variable}: "
            f"coalesce({inner}, 'null')), ','), CASE WHEN {source} IS NOT NULL THEN '' END) || ']')"
        )
    if kind.base == "map":
        if kind.args[0].base not in _KEYS and kind.args[0].base != "unknown":
            raise SqlError("INVALID_CAST_ARGUMENT", f"Cannot cast {whole} to JSON")
        value_text = _json_text(Sql(variable, kind.args[1]), whole, node)
        return (
            f"tb_json_object(list_transform(map_keys({source}), lambda {variable}: {_key(variable, kind.args[0])}), "
            f"list_transform(map_values({source}), lambda {variable}: {value_text}))"
        )
    if kind.base == "row":
        parts = []
        for i, (name, t) in enumerate(zip(kind.names, kind.args, strict=True)):
            member = Sql(f"struct_extract({source}, {text(field_name(kind, i))})", t)
            before = text(("," if i else "") + _quoted_name(name) + ":")
            parts.append(f"{before} || coalesce({_json_text(member, whole, node)}, 'null')")
        return f"CASE WHEN {source} IS NOT NULL THEN '{{' || {' || '.join(parts)} || '}}' END"
    raise SqlError("TYPE_MISMATCH", f"Cannot cast {whole} to json", node)


def _quoted_name(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(source: str, kind: Type) -> str:
    return f"tb_java_double({source})" if kind.base in ("double", "real") else f"CAST({source} AS VARCHAR)"


def from_json(source: str, target: Type, node: exp.Expr | None, step: Step) -> str:
    """Return CAST(source AS target) of a JSON value. Raises SqlError (TYPE_MISMATCH, NOT_SUPPORTED)."""
    plain = {"varchar": "tb_json_text", "boolean": "tb_json_boolean"}
    if target.base in plain:
        return f"{plain[target.base]}({source})"
    if target.base in ("double", "real"):
        return f"CAST(tb_json_number({source}) AS {duckdb_type(target)})"
    if target.base in INTEGERS:
        return f"CAST(tb_json_integer({source}, '{target.base}') AS {duckdb_type(target)})"
    if target.base == "decimal":
        return f"CAST(tb_json_decimal({source}, {target.digits[0]}, {target.digits[1]}) AS {duckdb_type(target)})"
    if target.base == "array":
        return _array(source, target, node, step)
    if target.base == "map":
        return _map(source, target, node, step)
    if target.base == "row":
        return _row(source, target, node, step)
    raise SqlError("TYPE_MISMATCH", f"Cannot cast json to {target}", node)


def _array(source: str, target: Type, node: exp.Expr | None, step: Step) -> str:
    variable = f"v{next(_VARIABLES)}"
    inner = step(Sql(variable, JSON), target.args[0], node)
    return f"list_transform(tb_json_elements({source}, {text(str(target))}), lambda {variable}: {inner})"


def _map(source: str, target: Type, node: exp.Expr | None, step: Step) -> str:
    if target.args[0].base not in _KEYS:
        raise SqlError("TYPE_MISMATCH", f"Cannot cast json to {target}", node)
    variable = f"v{next(_VARIABLES)}"
    key = f"{variable}.key"
    if target.args[0] != VARCHAR:
        key = step(Sql(key, VARCHAR), target.args[0], node)
    inner = step(Sql(f"{variable}.value", JSON), target.args[1], node)
    pairs = f"map_entries(tb_json_pairs({source}, {text(str(target))}))"
    return f"map_from_entries(list_transform({pairs}, lambda {variable}: struct_pack(k := {key}, v := {inner})))"


def _row(source: str, target: Type, node: exp.Expr | None, step: Step) -> str:
    """Return a row of the members; a lambda binds them once, and DuckDB folds no CASE over a lambda's variable."""
    if not all(target.names):
        raise not_supported(f"CAST(json AS {target})", node)
    variable = f"v{next(_VARIABLES)}"
    parts = [
        f"{identifier(field_name(target, i))} := {step(Sql(f'{variable}[{i + 1}]', JSON), kind, node)}"
        for i, kind in enumerate(target.args)
    ]
    names = ", ".join(map(text, target.names))
    fields = f"tb_json_fields({source}, [{names}], {text(str(target))})"
    packed = f"CASE WHEN {variable} IS NOT NULL THEN struct_pack({', '.join(parts)}) END"
    return f"list_transform([{fields}], lambda {variable}: {packed})[1]"
