"""What a runbook is bound with, and its values in the places of a template's `:names`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from trailbook.errors import InvalidRequest
from trailbook.runbook.model import WINDOW_VALUES, Runbook
from trailbook.runbook.params import Param
from trailbook.settings import PhysicalTable
from trailbook.sql.dialect import nodes
from trailbook.sql.literals import literal, parameter, string
from trailbook.sql.relations import LookupRows
from trailbook.sql.scope import second
from trailbook.window import Window

_LONGEST = 65_536
"""Characters of a piece's values, beyond which its text is not kept."""
_SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Binding:
    """The arguments of `bind`."""

    runbook: Runbook
    window: Window
    table: PhysicalTable
    params: Mapping[str, Any]
    accounts: Sequence[str]
    regions: Sequence[str]
    row_limit: int
    lookups: Mapping[str, LookupRows]

    def unset(self) -> set[str]:
        """Return the parameters whose conditions fall."""
        return {name for name, param in self.runbook.params.items() if _is_unset(param, self.params.get(name))}


def _is_unset(param: Param, value: Any) -> bool:
    # A parameter that replaces a lookup column is unset by having the lookup's own rows: no condition falls with it.
    return param.replaces is None and (value is None or (param.items is not None and len(value) == 0))


def fill(runbook: Runbook, tree: exp.Expr, params: Mapping[str, Any], window: Window) -> None:
    """Put each parameter's value, as a literal, where the tree names it. Raises InvalidRequest naming the parameter.

    `:window_start` and `:window_end` are the window's bounds as texts like those of `eventtime`, without the `Z`
    (see `sql.scope`).
    """
    bounds = dict(zip(WINDOW_VALUES, (window.start, window.end), strict=True))
    for node in nodes(tree):
        if not isinstance(node, exp.Placeholder):
            continue
        if node.name in bounds:
            node.replace(string(second(bounds[node.name])))
            continue
        param, value = runbook.params[node.name], params.get(node.name)
        try:
            node.replace(_filled(node, param, value))
        except InvalidRequest as error:
            raise InvalidRequest(f"{node.name}: {error}") from None


def _filled(node: exp.Placeholder, param: Param, value: Any) -> Any:
    if param.items is not None and isinstance(node.parent, exp.In) and node.arg_key == "expressions":
        return [literal(item, param.items.type, param.items.format) for item in value or [None]]
    if isinstance(node.parent, exp.Interval) and param.type == "integer" and value is not None:
        return exp.Literal.string(str(value))  # INTERVAL '7' DAY: Trino wants a text there
    return parameter(value, param)


def signature(asked: Binding, names: Sequence[str], unset: Collection[str]) -> str | None:
    """Return all that `drop_unset` and `fill` do with these names, written so that types differ.

    None where a value is of a type whose text may not tell, or too long to keep.
    """
    bounds = dict(zip(WINDOW_VALUES, (asked.window.start, asked.window.end), strict=True))
    found: list[Any] = []
    for name in names:
        if name in bounds:
            found.append((name, name in unset, second(bounds[name])))
            continue
        param, value = asked.runbook.params[name], asked.params.get(name)
        if not _tells(value):
            return None
        items = param.items and (param.items.type, param.items.format)
        found.append((name, name in unset, param.type, param.format, items, value))
    text = repr(found)
    return text if len(text) <= _LONGEST else None


def _tells(value: Any) -> bool:
    """Say whether a value's `repr` is its own alone: that of a class of someone's own may be another's."""
    return type(value) in _SCALARS or (type(value) in (list, tuple) and all(type(item) in _SCALARS for item in value))
