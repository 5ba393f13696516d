"""CAST as Trino does it: strict about text, JSON element by element, zones applied; refusing the rest."""

import itertools

from sqlglot import exp

from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.faults import marked
from trailbook.local.engine.json_casts import from_json, to_json
from trailbook.local.engine.literals import typed_literal
from trailbook.local.engine.native_json import canonical
from trailbook.local.engine.once import once_text
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import (
    INTEGERS,
    JSON,
    VARCHAR,
    Type,
    as_decimal,
    coerces,
    duckdb_type,
    field_name,
    identifier,
    numeric,
    text,
)

_VARIABLES = itertools.count()


def failure(code: str, message: str, kind: Type) -> str:
    """Return DuckDB text of type `kind` that fails when it is evaluated; TRY makes it NULL, as Trino's try does."""
    mark = text(marked(code, message))
    return f"CAST(CAST(CAST({mark} AS INTEGER) AS VARCHAR) AS {duckdb_type(kind)})"


def coerce(value: Sql, target: Type) -> Sql:
    """Return the value as `target`, which it coerces to."""
    if target.base == "decimal" and target.digits == (0, 0):
        target = Type("decimal", digits=as_decimal(value.type))
    if value.type.base == "timestamptz" == target.base and target.zone != "?":
        return value
    if value.type == target or (value.type.base == target.base and not target.args and target.base != "decimal"):
        return Sql(value.text, target)
    if value.type.base == "unknown":
        return Sql(f"CAST({value.text} AS {duckdb_type(target)})", target)
    return Sql(_convert(value.text, value.type, target, None), target)


def cast(value: Sql, target: Type, node: exp.Expr) -> Sql:
    """Return an explicit CAST. Raises SqlError (TYPE_MISMATCH, NOT_SUPPORTED, INVALID_LITERAL)."""
    if (
        isinstance(node, exp.Cast)
        and isinstance(node.this, exp.Literal)
        and node.this.is_string
        and node.meta.get("word") not in ("CAST", "TRY_CAST")
    ):
        literal = typed_literal(node.this.name, target, node)
        if literal is not None:
            return literal
    if target.base in ("timestamp", "timestamptz") and value.type.base == target.base:
        if value.type.precision > target.precision:
            if target.precision != 3:
                raise not_supported(f"CAST({value.type} AS {target})", node)
            rounded = f"make_timestamp(CAST(round(epoch_us({value.text}) / 1000.0) AS BIGINT) * 1000)"
            return Sql(rounded, Type(target.base, zone=value.type.zone))
        return Sql(value.text, Type(target.base, zone=value.type.zone, precision=target.precision))
    if value.type.base == "unknown" or coerces(value.type, target):
        return coerce(value, target)
    return Sql(_convert(value.text, value.type, target, node), target)


def bounded(value: Sql, source: Type, length: int) -> Sql:
    """Return CAST(… AS varchar(n)) of what CAST(… AS varchar) returned: text is cut, the rest must fit."""
    if source.base in ("varchar", "unknown"):
        return Sql(f"left({value.text}, {length})", VARCHAR)
    return Sql(f"tb_bounded({value.text}, {text(source.base)}, {length})", VARCHAR)


def json_text_of(value: Sql, ordered: bool) -> Sql:
    """Return json_parse(value) where it is cast to an array, map or row, which Trino does from the text itself."""
    return Sql(f"CAST(tb_json_to_cast({value.text}, {str(ordered).lower()}) AS JSON)", JSON)


def json_literal(node: exp.Expr) -> Sql:
    """Return a JSON literal. Raises SqlError (INVALID_LITERAL)."""
    if not isinstance(node.this, exp.Literal) or not node.this.is_string:
        raise not_supported("this form of JSON", node)
    found = canonical(node.this.name)
    if found is None:
        raise SqlError("INVALID_LITERAL", f"'{node.this.name:.100}' is not a valid JSON literal", node)
    return Sql(f"CAST({text(found)} AS JSON)", JSON)


def local(value: Sql) -> str:
    """Return a timestamp's wall-clock time; that of a `timestamp with time zone` is in its own zone."""
    if value.type.base != "timestamptz" or value.type.zone == "UTC":
        return value.text
    if value.type.zone == "?":
        raise not_supported("a timestamp with more than one time zone")
    return f"timezone({text(value.type.zone)}, timezone('UTC', {value.text}))"


def _convert(source: str, kind: Type, target: Type, node: exp.Expr | None) -> str:
    return once_text(source, lambda text: _converted(text, kind, target, node))


def _converted(source: str, kind: Type, target: Type, node: exp.Expr | None) -> str:
    to = duckdb_type(target)
    if target.base == "json":
        return to_json(Sql(source, kind), node)
    if kind.base == "json":
        return from_json(source, target, node, _step)
    if target.base == "varchar":
        return to_varchar(Sql(source, kind), node)
    if kind.base == "varchar":
        return from_varchar(source, target, node)
    if (numeric(kind) or kind.base == "boolean") and (numeric(target) or target.base == "boolean"):
        return _number(source, kind, target)
    if kind.base in ("date", "timestamp", "timestamptz") and target.base in ("date", "timestamp", "timestamptz"):
        if target.base == "timestamptz" and target.zone not in ("UTC", kind.zone) and kind.base != "timestamptz":
            raise not_supported("a timestamp taken into a zone other than UTC", node)
        return f"CAST({local(Sql(source, kind)) if target.base != 'timestamptz' else source} AS {to})"
    if kind.base == target.base and len(kind.args) == len(target.args) and kind.args:
        return _nested(source, kind, target, node)
    if (kind.base, target.base) == ("varbinary", "ipaddress"):
        raise not_supported("CAST(varbinary AS ipaddress)", node)
    raise SqlError("TYPE_MISMATCH", f"Cannot cast {kind} to {target}", node)


def _number(source: str, kind: Type, target: Type) -> str:
    """Return a number as another number, failing where it does not fit."""
    to, floating = duckdb_type(target), kind.base in ("double", "real")
    wide = f"CAST({source} AS DOUBLE)"
    if target.base == "real" and kind.base == "double":
        return f"tb_to_real({source})"
    if target.base == "decimal" and floating:
        return f"CAST(tb_double_decimal({wide}, {target.digits[0]}, {target.digits[1]}) AS {to})"
    widens = target.base not in INTEGERS
    if kind.base in INTEGERS and target.base in INTEGERS:
        widens = INTEGERS.index(kind.base) <= INTEGERS.index(target.base)
    if kind.base == "boolean" or (target.base != "decimal" and widens):
        return f"CAST({source} AS {to})"
    whole = kind.base in INTEGERS and target.base in INTEGERS
    code = "NUMERIC_VALUE_OUT_OF_RANGE" if whole else "INVALID_CAST_ARGUMENT"
    wrong = failure(code, f"Cannot cast {kind} to {target}", target)
    if floating:
        limit = 2.0 ** {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}[target.base]
        inside = f"tb_round({wide}, 0) >= -{limit!r} AND tb_round({wide}, 0) < {limit!r}"
        return (
            f"CASE WHEN {source} IS NULL THEN NULL WHEN NOT isnan({source}) AND {inside} "
            f"THEN CAST(tb_round({wide}, 0) AS {to}) ELSE {wrong} END"
        )
    taken = f"round({source})" if kind.base == "decimal" and target.base in INTEGERS else source
    return f"coalesce(TRY_CAST({taken} AS {to}), CASE WHEN {source} IS NOT NULL THEN {wrong} END)"


def _nested(source: str, kind: Type, target: Type, node: exp.Expr | None) -> str:
    if kind.base == "row":
        parts = []
        for i, (a, b) in enumerate(zip(kind.args, target.args, strict=True)):
            inner = Sql(f"struct_extract({source}, {text(field_name(kind, i))})", a)
            parts.append(f"{identifier(field_name(target, i))} := {_step(inner, b, node)}")
        return f"CASE WHEN {source} IS NOT NULL THEN struct_pack({', '.join(parts)}) END"
    variable = f"v{next(_VARIABLES)}"
    if kind.base == "array":
        return (
            f"list_transform({source}, lambda {variable}: {_step(Sql(variable, kind.args[0]), target.args[0], node)})"
        )
    key = _step(Sql(f"{variable}.key", kind.args[0]), target.args[0], node)
    value = _step(Sql(f"{variable}.value", kind.args[1]), target.args[1], node)
    return (
        f"map_from_entries(list_transform(map_entries({source}), lambda {variable}: "
        f"struct_pack(k := {key}, v := {value})))"
    )


def _step(value: Sql, target: Type, node: exp.Expr | None) -> str:
    if value.type.base == "unknown":
        return f"CAST({value.text} AS {duckdb_type(target)})"
    return value.text if value.type == target else _convert(value.text, value.type, target, node)


def to_varchar(value: Sql, node: exp.Expr | None) -> str:
    """Return a value as Trino's CAST to varchar writes it. Raises SqlError (TYPE_MISMATCH)."""
    source, base = value.text, value.type.base
    if base == "varchar":
        return source
    if base in INTEGERS or base in ("boolean", "decimal", "date"):
        return f"CAST({source} AS VARCHAR)"
    if base == "unknown":
        return f"CAST({source} AS VARCHAR)"
    special = {
        "interval day to second": "tb_interval_day",
        "interval year to month": "tb_interval_year",
        "double": "tb_double_text",
        "real": "tb_real_text",
        "ipaddress": "tb_ip_text",
        "json": "tb_json_text",
    }
    if base in special:
        return f"{special[base]}({source})"
    if base in ("timestamp", "timestamptz"):
        zone = f" || ' {value.type.zone}'" if base == "timestamptz" else ""
        digits = value.type.precision
        if digits > 6:
            raise not_supported("a time of more than six digits as text", node)
        shape = "%Y-%m-%d %H:%M:%S" + ("" if not digits else ".%f")
        text_of = f"strftime({local(value)}, '{shape}')"
        if digits:
            text_of = f"left({text_of}, {20 + digits})"
        return f"({text_of}{zone})"
    raise SqlError("TYPE_MISMATCH", f"Cannot cast {value.type} to varchar", node)


def from_varchar(source: str, target: Type, node: exp.Expr | None) -> str:
    """Return CAST(text AS target). Raises SqlError (TYPE_MISMATCH)."""
    to = duckdb_type(target)
    if target.base == "ipaddress":
        return f"coalesce(tb_ip({source}), CASE WHEN {source} IS NOT NULL THEN {_bad(target)} END)"
    if target.base == "boolean":
        return (
            f"CASE WHEN lower({source}) IN ('true', 't', '1') THEN true WHEN lower({source}) IN ('false', 'f', '0') "
            f"THEN false WHEN {source} IS NOT NULL THEN {_bad(target)} END"
        )
    if target.base in INTEGERS:
        plain = f"regexp_full_match({source}, '[+-]?[0-9]{{1,{_PLAIN_DIGITS[target.base]}}}')"
        careful = f"tb_text_integer({source}, '{target.base}')"
        return f"CAST(CASE WHEN {plain} THEN CAST({source} AS BIGINT) ELSE {careful} END AS {to})"
    if target.base in ("double", "real"):
        return (
            f"tb_to_{target.base}(CAST(tb_text_double({source}) AS DOUBLE))"
            if target.base == "real"
            else (f"CAST(tb_text_double({source}) AS DOUBLE)")
        )
    if target.base == "decimal":
        return f"CAST(tb_text_decimal({source}, {target.digits[0]}, {target.digits[1]}) AS {to})"
    if target.base == "date":
        return f"CAST(tb_text_date({source}) AS DATE)"
    if target.base in ("timestamp", "timestamptz"):
        zoned = str(target.base == "timestamptz").lower()
        return f"make_timestamp(tb_text_timestamp({source}, {target.precision}, {zoned}))"
    if target.base == "varbinary":
        return f"encode({source})"
    raise SqlError("TYPE_MISMATCH", f"Cannot cast varchar to {target}", node)


_PLAIN_DIGITS = {"tinyint": 2, "smallint": 4, "integer": 9, "bigint": 18}


def _bad(target: Type) -> str:
    return failure("INVALID_CAST_ARGUMENT", f"Cannot cast value to {target}", target)
