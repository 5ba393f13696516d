"""Values that a compiled text names more than once.

DuckDB evaluates every mention anew (`engine.connect` says why it must not look for common ones), and a value's own
mentions multiply with those of the call around it: a few calls within calls become megabytes of text. So a value that
is more than a column or a constant is bound to a lambda's variable, where it is evaluated once.
Invariant: such a variable is read by the lambda's own body only, so bindings nest in any way.
"""

import itertools
import re
from collections.abc import Callable, Sequence

from trailbook.local.engine.native import MACROS
from trailbook.local.engine.scope import Sql
from trailbook.local.engine.types import UNKNOWN

_PLACES = itertools.count()
_TEXT = r"'(?:[^']|'')*'"
_NUMBER = r"-?[0-9][0-9.]*(?:[eE][+-]?[0-9]+)?"
_CONSTANT = re.compile(
    rf"NULL|true|false|(?:(?:DATE|TIMESTAMP) )?{_TEXT}|{_NUMBER}|CAST\((?:NULL|{_TEXT}|{_NUMBER}) AS [A-Z0-9(), ]+\)"
)
_NAME = r'(?:[A-Za-z_]\w*|"(?:[^"]|"")*")'
_COLUMN = re.compile(rf"(?:struct_extract\()*{_NAME}(?:\.{_NAME})*(?:\[[0-9]+\])?(?:, {_TEXT}\))*")
_VARIABLE = re.compile(r"\bo([0-9]+)\b")


def _repeating() -> re.Pattern[str]:
    """Return what finds calls of the macros that name a parameter more than once, and those calls' plain arguments."""
    found = []
    for macro in MACROS:
        head, body = macro.split(" AS ", 1)
        name, parameters = head.rstrip(")").split("(")
        if any(len(re.findall(rf"\b{p}\b", body)) > 1 for p in parameters.split(", ")):
            found.append(re.escape(name))
    return re.compile(rf"\b(?:{'|'.join(found)})\(([^()]*)")


_REPEATING = _repeating()


def once(values: Sequence[Sql], build: Callable[[Sequence[Sql]], str]) -> str:
    """Return what `build` makes of the values, without a mention of any that costs a second evaluation.

    A function's text (a lambda) is none of them: it is the builder's own to name once.
    """
    places = {i: f"once_{next(_PLACES)}_" for i, value in enumerate(values) if _compound(value)}
    if not places:
        return build(values)
    probe = build([Sql(places.get(i, value.text), value.type) for i, value in enumerate(values)])
    if not any(_repeated(place, probe) for place in places.values()):
        return build(values)
    bound = [i for i, value in enumerate(values) if not _CONSTANT.fullmatch(value.text) and not _is_function(value)]
    variable = f"o{1 + max(map(int, _VARIABLE.findall(probe)), default=0)}"
    names = {i: variable if len(bound) == 1 else f"{variable}.a{i}" for i in bound}
    body = build([Sql(names.get(i, value.text), value.type) for i, value in enumerate(values)])
    packed = ", ".join(f"a{i} := {values[i].text}" for i in bound)
    whole = values[bound[0]].text if len(bound) == 1 else f"struct_pack({packed})"
    return f"list_transform([{whole}], lambda {variable}: {body})[1]"


def once_text(text: str, build: Callable[[str], str]) -> str:
    """Return what `build` makes of one value's text, as `once`."""
    return once([Sql(text, UNKNOWN)], lambda values: build(values[0].text))


def _is_function(value: Sql) -> bool:
    return value.text.startswith("lambda ")


def _compound(value: Sql) -> bool:
    text = value.text
    while text.startswith("(") and text.endswith(")"):  # what then is no column or constant was none before
        text = text[1:-1]
    return not (_is_function(value) or _CONSTANT.fullmatch(text) or _COLUMN.fullmatch(text))


def _repeated(place: str, text: str) -> bool:
    mentions = text.count(place)
    return mentions > 1 or (mentions == 1 and any(place in arguments for arguments in _REPEATING.findall(text)))
