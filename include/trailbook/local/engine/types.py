"""Trino's types as values: read from Hive and SQL text, written as DuckDB types, and how they coerce.

A `timestamp with time zone` is kept in DuckDB as a naive UTC TIMESTAMP; its display zone is part of the type here, so
zone arithmetic is decided when the query is analysed. An IPADDRESS is kept as 32 hex digits, whose order is Trino's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Type:
    """One Trino type. `names` are a row's field names ('' where unnamed), `digits` a decimal's precision and scale.

    `precision` is a time's digits after the second, which count only where it becomes text.
    """

    base: str
    args: tuple["Type", ...] = ()
    names: tuple[str, ...] = ()
    digits: tuple[int, int] = (0, 0)
    zone: str = ""
    precision: int = field(default=3, compare=False)

    def __str__(self) -> str:
        """Return the type as Trino writes it."""
        if self.base == "row":
            pairs = zip(self.names, self.args, strict=True)
            return "row(" + ", ".join(f"{name} {kind}".strip() for name, kind in pairs) + ")"
        if self.base == "decimal":
            return f"decimal({self.digits[0]},{self.digits[1]})"
        if self.base == "timestamp":
            return f"timestamp({self.precision})"
        if self.base == "timestamptz":
            return f"timestamp({self.precision}) with time zone"
        return f"{self.base}({', '.join(map(str, self.args))})" if self.args else self.base


BOOLEAN, INTEGER, BIGINT, DOUBLE, REAL = (Type(n) for n in ("boolean", "integer", "bigint", "double", "real"))
SMALLINT, TINYINT = Type("smallint"), Type("tinyint")
VARCHAR, VARBINARY, JSON, DATE, TIMESTAMP = (Type(n) for n in ("varchar", "varbinary", "json", "date", "timestamp"))
TIMESTAMPTZ, IPADDRESS, UNKNOWN = Type("timestamptz", zone="UTC"), Type("ipaddress"), Type("unknown")
INTERVAL_DAY, INTERVAL_YEAR = Type("interval day to second"), Type("interval year to month")

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_NUMERIC = (*INTEGERS, "decimal", "real", "double")
_INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_SIMPLE = {
    **{t.base: t for t in (BOOLEAN, INTEGER, BIGINT, DOUBLE, REAL, SMALLINT, TINYINT, VARCHAR, VARBINARY, JSON, DATE)},
    **{"string": VARCHAR, "int": INTEGER, "float": REAL, "binary": VARBINARY, "text": VARCHAR},
    **{"timestamp": TIMESTAMP, "timestamptz": TIMESTAMPTZ, "ipaddress": IPADDRESS},
}
_DUCK = {
    "varbinary": "BLOB",
    "timestamptz": "TIMESTAMP",
    "ipaddress": "VARCHAR",
    "unknown": "INTEGER",
    "interval day to second": "BIGINT",
    "interval year to month": "INTEGER",
}


def array(of: Type) -> Type:
    """Return the array type of an element type."""
    return Type("array", (of,))


def mapping(key: Type, value: Type) -> Type:
    """Return the map type of a key and a value type."""
    return Type("map", (key, value))


def row(fields: Sequence[tuple[str, Type]]) -> Type:
    """Return a row type of named fields."""
    return Type("row", tuple(t for _, t in fields), tuple(n for n, _ in fields))


def duckdb_type(kind: Type) -> str:
    """Return the DuckDB type that holds a Trino type."""
    if kind.base == "array":
        return duckdb_type(kind.args[0]) + "[]"
    if kind.base == "map":
        return f"MAP({duckdb_type(kind.args[0])}, {duckdb_type(kind.args[1])})"
    if kind.base == "row":
        fields = (f"{identifier(field_name(kind, i))} {duckdb_type(t)}" for i, t in enumerate(kind.args))
        return f"STRUCT({', '.join(fields)})"
    if kind.base == "decimal":
        return f"DECIMAL({kind.digits[0]},{kind.digits[1]})"
    return _DUCK.get(kind.base, kind.base.upper())


def field_name(kind: Type, index: int) -> str:
    """Return the DuckDB field name of a row's field; Trino allows unnamed ones."""
    return kind.names[index] or f"field{index}"


def identifier(name: str) -> str:
    """Return a quoted DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a DuckDB string literal; quotes are doubled, and nothing but NUL is special in it."""
    if "\x00" in value:
        return "(" + " || chr(0) || ".join(map(text, value.split("\x00"))) + ")"
    return "'" + value.replace("'", "''") + "'"


def from_hive(hive: str) -> Type:
    """Return the type of a Hive type string (`struct<a:string>`). Raises ValueError for one that is not known."""
    kind, rest = _hive(hive.strip().lower())
    if rest.strip():
        raise ValueError(f"expected a Hive type, found {hive!r}")
    return kind


def _hive(rest: str) -> tuple[Type, str]:
    end = next((i for i, c in enumerate(rest) if c in "<>,("), len(rest))
    name, rest = rest[:end].strip(), rest[end:]
    if name == "array":
        inner, rest = _hive(rest[1:])
        return array(inner), _after(rest, ">")
    if name == "map":
        key, rest = _hive(rest[1:])
        value, rest = _hive(_after(rest, ","))
        return mapping(key, value), _after(rest, ">")
    if name == "struct":
        fields: list[tuple[str, Type]] = []
        while not fields or rest.startswith(","):
            field, _, rest = rest[1:].partition(":")
            kind, rest = _hive(rest)
            fields.append((field.strip(), kind))
            rest = rest.lstrip()
        return row(fields), _after(rest, ">")
    if rest.startswith("("):
        inside, _, rest = rest[1:].partition(")")
        if name == "decimal":
            precision, _, scale = inside.partition(",")
            return Type("decimal", digits=(int(precision), int(scale or 0))), rest
        if name in ("varchar", "char"):
            return VARCHAR, rest
    if name not in _SIMPLE:
        raise ValueError(f"the type {name!r} is not known")
    return _SIMPLE[name], rest


def _after(rest: str, mark: str) -> str:
    rest = rest.lstrip()
    if not rest.startswith(mark):
        raise ValueError(f"expected {mark!r} in a Hive type, found {rest!r}")
    return rest[1:]


def from_sql(kind: exp.DataType) -> Type:
    """Return the type of a parsed SQL type. Raises ValueError for one that is not known."""
    name = kind.this.value.lower()
    parts = kind.expressions
    if name in ("array", "list"):
        return array(from_sql(parts[0]))
    if name == "map":
        return mapping(from_sql(parts[0]), from_sql(parts[1]))
    if name == "struct":
        named = [
            (p.name.lower(), from_sql(p.args["kind"])) if isinstance(p, exp.ColumnDef) else ("", from_sql(p))
            for p in parts
        ]
        return row(named)
    if name == "decimal":
        digits = [int(p.name) for p in parts] or [38, 0]
        if not 1 <= digits[0] <= 38:
            raise ValueError(f"DECIMAL precision must be in range [1, 38]: {digits[0]}")
        return Type("decimal", digits=(digits[0], digits[1] if len(digits) > 1 else 0))
    if name not in _SIMPLE:
        raise ValueError(f"the type {name!r} is not known")
    if name in ("timestamp", "timestamptz") and parts:
        return replace(_SIMPLE[name], precision=int(parts[0].name))
    return _SIMPLE[name]


def common(left: Type, right: Type) -> Type | None:
    """Return the type that both coerce to, as Trino's common super type, or None."""
    if left == right and left.precision != right.precision:
        return replace(left, precision=max(left.precision, right.precision))
    if left == right or right.base == "unknown":
        return left
    if left.base == "unknown":
        return right
    if left.base in _NUMERIC and right.base in _NUMERIC:
        return _common_numeric(left, right)
    if {left.base, right.base} == {"timestamp", "timestamptz"}:
        return left if left.base == "timestamptz" else right
    if {left.base, right.base} == {"timestamptz"}:
        return Type("timestamptz", zone=left.zone if left.zone == right.zone else "?")
    if {left.base, right.base} <= {"date", "timestamp", "timestamptz"} and "date" in (left.base, right.base):
        return left if right.base == "date" else right
    if left.base == right.base and len(left.args) == len(right.args) and left.args:
        args = [common(a, b) for a, b in zip(left.args, right.args, strict=True)]
        if all(a is not None for a in args):
            names = tuple(a if a == b else "" for a, b in zip(left.names, right.names, strict=True))
            return Type(left.base, tuple(a for a in args if a is not None), names)
    return None


def _common_numeric(left: Type, right: Type) -> Type:
    bases = {left.base, right.base}
    if "double" in bases:
        return DOUBLE
    if "real" in bases:
        return REAL
    if "decimal" in bases:
        (p1, s1), (p2, s2) = as_decimal(left), as_decimal(right)
        scale = max(s1, s2)
        return Type("decimal", digits=(min(38, max(p1 - s1, p2 - s2) + scale), scale))
    return Type(max(bases, key=INTEGERS.index))


def as_decimal(kind: Type) -> tuple[int, int]:
    """Return precision and scale of an integer or decimal type."""
    return kind.digits if kind.base == "decimal" else (_INTEGER_DIGITS[kind.base], 0)


def numeric(kind: Type) -> bool:
    """Say whether arithmetic applies to the type."""
    return kind.base in _NUMERIC


def coerces(source: Type, target: Type) -> bool:
    """Say whether Trino converts `source` to `target` by itself."""
    return common(source, target) == target
