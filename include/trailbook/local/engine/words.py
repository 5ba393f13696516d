"""Calls with a form of their own: concat in its two meanings, format, typeof, normalize, position, codepoint."""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from trailbook.local.engine.casts import coerce, to_varchar
from trailbook.local.engine.comparisons import compared
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.once import once
from trailbook.local.engine.scope import Context, Scope, Sql
from trailbook.local.engine.types import INTEGER, VARBINARY, VARCHAR, Type, array, common, text

AMBIGUOUS = "Could not choose a best candidate operator. Explicit type casts must be added."


def concatenation(values: Sequence[Sql], node: exp.Expr) -> Sql:
    """Return concat(…) or `||`. Raises SqlError (FUNCTION_NOT_FOUND, AMBIGUOUS_FUNCTION_CALL)."""
    bases = [v.type.base for v in values]
    if "array" in bases:
        return _arrays(values, node)
    if len(values) == 2 and "unknown" in bases:
        if bases == ["unknown", "unknown"]:
            raise SqlError("AMBIGUOUS_FUNCTION_CALL", AMBIGUOUS, node)
        kind = next(v.type for v in values if v.type.base != "unknown")
        return Sql("NULL", array(kind))
    for kind in (VARCHAR, VARBINARY):
        if all(b in (kind.base, "unknown") for b in bases):
            return Sql(f"({' || '.join(coerce(v, kind).text for v in values)})", kind)
    raise _unexpected(values, node)


def _unexpected(values: Sequence[Sql], node: exp.Expr) -> SqlError:
    kinds = ", ".join(str(v.type) for v in values)
    return SqlError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds}) for function concat", node)


def _arrays(values: Sequence[Sql], node: exp.Expr) -> Sql:
    if any(v.type.base == "unknown" or (v.type.base == "array" and v.type.args[0].base == "unknown") for v in values):
        raise SqlError("AMBIGUOUS_FUNCTION_CALL", AMBIGUOUS, node)
    if all(v.type.base == "array" for v in values) and (whole := _common([v.type for v in values])) is not None:
        return Sql(once([coerce(v, whole) for v in values], _joined), whole)
    if len(values) != 2:
        raise _unexpected(values, node)
    for many, one, first in ((values[0], values[1], True), (values[1], values[0], False)):
        kind = common(many.type.args[0], one.type) if many.type.base == "array" else None
        if kind is not None:
            whole = array(kind)
            build = _appended if first else _prepended
            return Sql(once([coerce(many, whole), coerce(one, kind)], build), whole)
    raise _unexpected(values, node)


def _joined(values: Sequence[Sql]) -> str:
    absent = " OR ".join(f"{v.text} IS NULL" for v in values)
    return f"CASE WHEN {absent} THEN NULL ELSE list_concat({', '.join(v.text for v in values)}) END"


def _appended(values: Sequence[Sql]) -> str:
    many, one = (v.text for v in values)
    return f"CASE WHEN {many} IS NULL OR {one} IS NULL THEN NULL ELSE list_concat({many}, [{one}]) END"


def _prepended(values: Sequence[Sql]) -> str:
    many, one = (v.text for v in values)
    return f"CASE WHEN {many} IS NULL OR {one} IS NULL THEN NULL ELSE list_concat([{one}], {many}) END"


def _common(kinds: Sequence[Type]) -> Type | None:
    merged: Type | None = kinds[0]
    for kind in kinds[1:]:
        merged = common(merged, kind) if merged is not None else None
    return merged


def _concat(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    if len(args) < 2:
        raise SqlError("INVALID_FUNCTION_ARGUMENT", "There must be two or more concatenation arguments", place="")
    return concatenation([run(a, context, scope) for a in args], node)


def _format(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    if len(args) < 2:
        raise SqlError("SYNTAX_ERROR", "The 'format' function must have at least two arguments", node)
    pattern, *values = (run(a, context, scope) for a in args)
    if pattern.type != VARCHAR:
        raise SqlError(
            "TYPE_MISMATCH", f"Type of first argument to format() must be VARCHAR (actual: {pattern.type})", args[0]
        )
    kinds, texts = [], []
    for value, argument in zip(values, args[1:], strict=True):
        base = value.type.base
        if base in ("double", "real"):
            texts.append(f"tb_java_double(CAST({value.text} AS DOUBLE))" if base == "double" else _refused(value, node))
        elif base in ("timestamp", "timestamptz", "array", "map", "row", "varbinary"):
            raise SqlError("NOT_SUPPORTED", f"Type not supported for formatting: {value.type}", argument)
        elif base == "json":
            texts.append(f"CAST({value.text} AS VARCHAR)")
        else:
            texts.append(to_varchar(value, node))
        kinds.append(base)
    listed = ", ".join(f"CAST({t} AS VARCHAR)" for t in texts)
    return Sql(f"tb_format({pattern.text}, {text(','.join(kinds))}, [{listed}])", VARCHAR)


def _refused(value: Sql, node: exp.Expr) -> str:
    raise not_supported(f"format of {value.type}", node)


def _typeof(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    """Return a type's name where it is known to the letter: a varchar's length and a time's digits are not kept."""
    if len(args) != 1:
        raise SqlError("FUNCTION_NOT_FOUND", f"Unexpected parameters for function typeof: {len(args)}", node)
    argument = args[0]
    value = run(argument, context, scope)
    if isinstance(argument, exp.Literal) and argument.is_string:
        return Sql(text(f"varchar({len(argument.name)})"), VARCHAR)
    declared = isinstance(argument, exp.Cast) and value.type == VARCHAR and not argument.args["to"].expressions
    if not declared and not _exact(value.type):
        raise not_supported(f"typeof of this {value.type.base}", node)
    return Sql(text(str(value.type)), VARCHAR)


def _exact(kind: Type) -> bool:
    if kind.base == "varchar" or any(kind.names):
        return False
    return all(map(_exact, kind.args))


def _normalize(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    form = args[1].name.upper() if len(args) == 2 and isinstance(args[1], exp.Column) else "NFC"
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise SqlError("SYNTAX_ERROR", f"mismatched input '{form}'. Expecting: 'NFC', 'NFD', 'NFKC', 'NFKD'", args[1])
    value = run(args[0], context, scope)
    if common(value.type, VARCHAR) != VARCHAR:
        raise SqlError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({value.type}) for function normalize", node)
    return Sql(f"tb_normalize({coerce(value, VARCHAR).text}, '{form}')", VARCHAR)


def _position(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    wanted, source = (run(a, context, scope) for a in args)
    if any(common(v.type, VARCHAR) != VARCHAR for v in (wanted, source)):
        raise SqlError(
            "FUNCTION_NOT_FOUND", f"Unexpected parameters ({source.type}, {wanted.type}) for function strpos", node
        )
    texts = [coerce(v, VARCHAR).text for v in (source, wanted)]
    return Sql(f"CAST(strpos({', '.join(texts)}) AS BIGINT)", Type("bigint"))


def _codepoint(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    """Return codepoint(x), whose argument Trino wants declared as varchar(1)."""
    value = run(args[0], context, scope) if len(args) == 1 else None
    argument = args[0] if args else node
    length = None
    if isinstance(argument, exp.Literal) and argument.is_string:
        length = len(argument.name)
    elif isinstance(argument, exp.Cast) and argument.args["to"].expressions and value is not None:
        length = int(argument.args["to"].expressions[0].name) if value.type == VARCHAR else None
    if value is None or (value.type.base != "unknown" and (value.type != VARCHAR or length is None or length > 1)):
        if value is not None and value.type == VARCHAR and not isinstance(argument, exp.Literal | exp.Cast):
            raise not_supported("codepoint of a text whose declared length is not known to be 1", node)
        raise SqlError("FUNCTION_NOT_FOUND", "Unexpected parameters for function codepoint. Expected: varchar(1)", node)
    return Sql(f"tb_codepoint({coerce(value, VARCHAR).text})", INTEGER)


def _coalesce(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    if len(args) < 2:
        raise SqlError("SYNTAX_ERROR", "The 'coalesce' function must have at least two arguments", node)
    values = [run(a, context, scope) for a in args]
    kind = values[0].type
    for value, argument in zip(values[1:], args[1:], strict=True):
        merged = common(kind, value.type)
        if merged is None:
            message = f"All COALESCE operands must be the same type or coercible to a common type: {kind}, {value.type}"
            raise SqlError("TYPE_MISMATCH", message, argument)
        kind = merged
    return Sql(f"coalesce({', '.join(coerce(v, kind).text for v in values)})", kind)


def _nullif(args: Sequence[exp.Expr], node: exp.Expr, context: Context, scope: Scope, run: Any) -> Sql:
    if len(args) != 2:
        raise SqlError("SYNTAX_ERROR", "Invalid number of arguments for 'nullif' function", node)
    left, right = (run(a, context, scope) for a in args)
    kind = common(left.type, right.type)
    if kind is None:
        message = f"Types are not comparable with NULLIF: {left.type} vs {right.type}"
        raise SqlError("TYPE_MISMATCH", message, node)

    def build(values: Sequence[Sql]) -> str:
        same = compared(coerce(values[0], kind).text, coerce(values[1], kind).text, "=", kind)
        return f"CASE WHEN {same} THEN NULL ELSE {values[0].text} END"

    return Sql(once([left, right], build), left.type)


SPECIAL = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "concat": _concat,
    "format": _format,
    "typeof": _typeof,
    "normalize": _normalize,
    "position": _position,
    "codepoint": _codepoint,
}
"""Function name to what compiles a call of it."""

SYNTAX = frozenset(("json_value", "json_query", "json_exists", "json_object", "json_array", "json_table"))
"""Functions of Trino's grammar, which its list of functions does not name; none is supported here."""
