"""Function signatures as text (`array(T), function(T,boolean) -> array(T)`) and how a call finds its own.

`{0}` in a template is the DuckDB text of the first argument, after coercion; every text is closed in itself. A template
may be a function of the compiled arguments where text is not enough. Upper-case letters are type variables; a last
parameter `T...` repeats.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import INTEGERS, UNKNOWN, Type, common

Build = Callable[[Sequence[Sql]], str]


@dataclass(frozen=True, slots=True)
class Signature:
    """One overload of a function. A result type of None in `result_of` means the declared one."""

    parameters: tuple[Type, ...]
    variadic: bool
    result: Type
    build: Build
    result_of: Callable[[Sequence[Sql]], Type] | None = None

    def parameter(self, index: int) -> Type:
        """Return the declared type of an argument; a variadic one repeats."""
        return self.parameters[min(index, len(self.parameters) - 1)]

    def takes(self, count: int) -> bool:
        """Say whether a call of `count` arguments can mean this overload."""
        return count >= len(self.parameters) if self.variadic else count == len(self.parameters)


def signature(
    declared: str, template: str | Build, result_of: Callable[[Sequence[Sql]], Type] | None = None
) -> Signature:
    """Return the overload that a declaration such as `varchar, bigint -> varchar` describes."""
    left, _, right = declared.rpartition("->")
    parts = _split(left)
    variadic = bool(parts) and parts[-1].endswith("...")
    kinds = tuple(_type(p.removesuffix("...")) for p in parts)
    build = _fill(template) if isinstance(template, str) else template
    return Signature(kinds, variadic, _type(right), build, result_of)


def _fill(template: str) -> Build:
    return lambda args: template.format(*(a.text for a in args))


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return [*parts, current.strip()] if current.strip() else parts


def _type(text: str) -> Type:
    name, _, inside = text.strip().partition("(")
    if not inside:
        return Type(name, zone="UTC") if name == "timestamptz" else Type(name)
    return Type(name, tuple(_type(p) for p in _split(inside[:-1])))


def variable(kind: Type) -> bool:
    """Say whether a declared type is a type variable."""
    return len(kind.base) == 1 and kind.base.isupper()


def unify(declared: Type, actual: Type, bound: dict[str, Type]) -> bool:
    """Say whether `actual` can be passed for `declared`, binding type variables on the way."""
    if variable(declared):
        known = bound.get(declared.base)
        merged = actual if known is None else common(known, actual)
        if merged is None:
            return False
        bound[declared.base] = merged
        return True
    if actual.base == "unknown":
        return True
    if declared.base == actual.base and declared.args:
        return len(declared.args) == len(actual.args) and all(
            unify(d, a, bound) for d, a in zip(declared.args, actual.args, strict=True)
        )
    if declared.base == actual.base:
        return True
    if declared.base == "decimal":
        return actual.base in INTEGERS
    merged = common(declared, actual)
    return merged is not None and merged.base == declared.base


def substitute(declared: Type, bound: Mapping[str, Type]) -> Type:
    """Return a declared type with its variables replaced."""
    if variable(declared):
        return bound.get(declared.base, UNKNOWN)
    if not declared.args:
        return declared
    return Type(declared.base, tuple(substitute(a, bound) for a in declared.args), declared.names)


_CONSTANT = re.compile("'((?:[^']|'')*)'", re.DOTALL)


def constant(compiled: str) -> str | None:
    """Return the text that a DuckDB string literal stands for, or None where it is no plain literal."""
    found = _CONSTANT.fullmatch(compiled)
    return found[1].replace("''", "'") if found else None
