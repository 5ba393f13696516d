"""The allow-list of functions on numbers; each integer, real and decimal type keeps its own result type."""

from collections.abc import Callable, Mapping, Sequence

from trailbook.local.engine.casts import failure
from trailbook.local.engine.decimals import decimal_digits, decimal_operation
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.signatures import Signature, signature
from trailbook.local.engine.types import INTEGERS, Type, as_decimal, duckdb_type

Digits = Callable[[int, int], tuple[int, int]]


def _whole(template: str = "{0}") -> list[Signature]:
    return [signature(f"{k} -> {k}", template) for k in INTEGERS]


def _floating(template: str, more: str = "") -> list[Signature]:
    return [
        signature(f"{k}{more} -> {k}", f"CAST({template} AS {'DOUBLE' if k == 'double' else 'FLOAT'})")
        for k in ("double", "real")
    ]


def _decimal(template: str, digits: Digits, more: str = "") -> Signature:
    def result_of(args: Sequence[Sql]) -> Type:
        return Type("decimal", digits=digits(*args[0].type.digits))

    def build(args: Sequence[Sql]) -> str:
        return f"CAST({template.format(*(a.text for a in args))} AS {duckdb_type(result_of(args))})"

    return signature(f"decimal{more} -> decimal", build, result_of)


def _truncated(kind: str) -> Signature:
    digits = as_decimal(Type(kind))
    return signature(
        f"{kind} -> decimal",
        f"CAST({{0}} AS DECIMAL({digits[0]},0))",
        lambda args: Type("decimal", digits=as_decimal(args[0].type)),
    )


def _modulo_type(args: Sequence[Sql]) -> Type:
    return Type("decimal", digits=decimal_digits("%", args[0].type.digits, args[1].type.digits))


def _modulo(args: Sequence[Sql]) -> str:
    return decimal_operation("%", args[0], args[1]).text


def _rounded(p: int, s: int) -> tuple[int, int]:
    return min(38, p - s + min(1, s)), 0


def _extreme(name: str) -> Callable[[Sequence[Sql]], str]:
    """Return greatest or least: NULL where one is; NaN is neither."""

    def build(args: Sequence[Sql]) -> str:
        absent = " OR ".join(f"{a.text} IS NULL" for a in args)
        texts = [a.text for a in args]
        if args[0].type.base in ("double", "real"):
            return (
                f"CASE WHEN {absent} THEN NULL ELSE coalesce({name}("
                + ", ".join(f"CASE WHEN isnan({t}) THEN NULL ELSE {t} END" for t in texts)
                + f"), {texts[0]}) END"
            )
        return f"CASE WHEN {absent} THEN NULL ELSE {name}({', '.join(texts)}) END"

    return build


_ZERO = failure("GENERIC_INTERNAL_ERROR", "/ by zero", Type("bigint"))
_DOUBLE = ("sqrt", "ln", "log2", "log10", "exp")

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    "abs": [*_whole("abs({0})"), *_floating("abs({0})"), _decimal("abs({0})", lambda p, s: (p, s))],
    "sign": [
        *_whole("sign({0})"),
        *_floating("CASE WHEN isnan({0}) OR {0} = 0 THEN {0} ELSE sign({0}) END"),
        _decimal("sign({0})", lambda p, s: (1, 0)),
    ],
    **{n: [*_whole(), *_floating("ceil({0})"), _decimal("ceil({0})", _rounded)] for n in ("ceil", "ceiling")},
    "floor": [*_whole(), *_floating("floor({0})"), _decimal("floor({0})", _rounded)],
    "round": [
        *_whole(),
        *_floating("tb_round({0}, 0)"),
        _decimal("round({0}, 0)", _rounded),
        *(signature(f"{k}, integer -> {k}", f"CAST(tb_round_integer({{0}}, {{1}}) AS {k})") for k in INTEGERS),
        *_floating("tb_round({0}, {1})", ", integer"),
        _decimal("tb_round_decimal(CAST({0} AS VARCHAR), {1})", lambda p, s: (min(38, p + 1), s), ", integer"),
    ],
    "truncate": [
        *_floating("trunc({0})"),
        *(_truncated(k) for k in INTEGERS),
        _decimal("trunc({0})", lambda p, s: (max(1, p - s), 0)),
        _decimal("tb_truncate_decimal(CAST({0} AS VARCHAR), {1})", lambda p, s: (p, s), ", integer"),
    ],
    "mod": [
        *(signature(f"{k}, {k} -> {k}", f"CASE WHEN {{1}} = 0 THEN {_ZERO} ELSE {{0}} % {{1}} END") for k in INTEGERS),
        signature("double, double -> double", "tb_mod({0}, {1})"),
        signature("decimal, decimal -> decimal", _modulo, _modulo_type),
    ],
    **{n: [signature("double, double -> double", "power({0}, {1})")] for n in ("pow", "power")},
    **{n: [signature("double -> double", f"tb_{n}({{0}})")] for n in _DOUBLE},
    "log": [signature("double, double -> double", "(tb_ln({1}) / tb_ln({0}))")],
    "pi": [signature("-> double", "pi()")],
    "e": [signature("-> double", "CAST(2.718281828459045 AS DOUBLE)")],
    "is_nan": [signature(f"{k} -> boolean", "isnan({0})") for k in ("double", "real")],
    "is_finite": [signature("double -> boolean", "isfinite({0})")],
    "is_infinite": [signature("double -> boolean", "isinf({0})")],
    "infinity": [signature("-> double", "CAST('Infinity' AS DOUBLE)")],
    "nan": [signature("-> double", "CAST('NaN' AS DOUBLE)")],
    "bitwise_and": [signature("bigint, bigint -> bigint", "({0} & {1})")],
    "bitwise_or": [signature("bigint, bigint -> bigint", "({0} | {1})")],
    "bitwise_xor": [signature("bigint, bigint -> bigint", "xor({0}, {1})")],
    "bitwise_not": [signature("bigint -> bigint", "(-1 - {0})")],
    "from_base": [signature("varchar, bigint -> bigint", "tb_from_base({0}, {1})")],
    "to_base": [signature("bigint, bigint -> varchar", "tb_to_base({0}, {1})")],
    "greatest": [signature("T, T... -> T", _extreme("greatest")), signature("T -> T", "{0}")],
    "least": [signature("T, T... -> T", _extreme("least")), signature("T -> T", "{0}")],
}
