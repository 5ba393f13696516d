"""A runbook's file as data, with the line and column of every key and value.

Invariants: only the YAML 1.2 core schema is read (`yes`, `on`, dates, `0123` and `1:30` stay text); duplicate keys,
tags and keys that are no text are refused at their place; the environment is never looked at. A file that is YAML at
all yields all of its problems, not the first.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trailbook.canonical import sha256
from trailbook.errors import Problem
from trailbook.runbook.composing import DEEPEST, MAPPING, MOST_BYTES, PLAIN, QUOTED, SEQUENCE, body_of, compose, text_of
from trailbook.runbook.places import Loc, Place, Places, at, key_path, places_of
from trailbook.runbook.scalars import BadScalar, core_value

__all__ = ["MOST_BYTES", "Loc", "Source", "key_path", "read"]


@dataclass(frozen=True, slots=True)
class Source:
    """One file as read. `data` is JSON values; `problems` is what is wrong with the file as YAML (data omits it)."""

    path: Path
    sha256: str
    data: Any
    text: str = field(repr=False, compare=False)
    problems: tuple[Problem, ...] = ()

    @property
    def places(self) -> Places:
        """Where everything is; made anew for a file that was not asked about just before."""
        return places_of(self.text)

    def place(self, loc: Loc, *, of_key: bool = False) -> Place:
        """Return line and column of a value (or its key), or of its nearest parent that the file has."""
        values, keys = self.places.values, self.places.keys
        for end in range(len(loc), 0, -1):
            found = (keys if of_key else values).get(loc[:end]) or values.get(loc[:end])
            if found is not None:
                return found
        return values.get((), (1, 1))

    def known(self, loc: Loc) -> Loc:
        """Return the longest start of `loc` that the file has."""
        values = self.places.values
        return next((loc[:end] for end in range(len(loc), 0, -1) if loc[:end] in values), ())

    def text_place(self, loc: Loc, line: int, column: int) -> Place:
        """Return where line and column (from 1) of a text are in the file; its start where it is quoted or folded."""
        begin = self.places.texts.get(loc)
        if begin is None:
            return self.place(loc)
        first, indent = begin
        return first + line - 1, indent + column

    def problem(self, loc: Loc, message: str, *, of_key: bool = False) -> Problem:
        """Return a problem at the place of `loc`."""
        return Problem(str(self.path), *self.place(loc, of_key=of_key), key_path(loc), message)


def read(path: Path) -> Source:
    """Return the file as data with places. Raises InvalidRunbook where it cannot be read or is no YAML."""
    body = body_of(path)
    text = text_of(path, body)
    node = compose(path, text)
    built = _Built(str(path))
    if node is None:
        built.refuse((), (1, 1), "expected a runbook, found an empty file")
    elif node.tag != MAPPING:
        built.refuse((), at(node), f"expected a mapping of keys such as `id: {path.stem}`, found something else")
    data = built.value(node, ()) if node is not None and node.tag == MAPPING else None
    return Source(path, sha256(body), data, text, tuple(built.problems))


class _Built:
    """The values and problems of one file, while they are being gathered from its nodes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def refuse(self, loc: Loc, place: Place, message: str) -> None:
        self.problems.append(Problem(self.path, *place, key_path(loc), message))

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        if node.tag == PLAIN:
            try:
                return core_value(node.value)
            except BadScalar as error:
                self.refuse(loc, at(node), str(error))
                return None
        if node.tag == QUOTED and getattr(node, "style", None):
            return node.value
        if len(loc) >= DEEPEST:
            self.refuse(loc, at(node), f"expected at most {DEEPEST} levels of nesting, found more")
            return None
        if node.tag == MAPPING:
            return self._mapping(node, loc)
        if node.tag == SEQUENCE:
            return [self.value(item, (*loc, index)) for index, item in enumerate(node.value)]
        tag = "!" if node.tag == QUOTED else node.tag.replace("tag:yaml.org,2002:", "!!")
        self.refuse(loc, at(node), f"expected a plain value, found the tag {tag}: remove it")
        return None

    def _mapping(self, node: yaml.Node, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        places: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, loc)
            if key is None:
                continue
            here = (*loc, key)
            if key in found:
                first, second = places[key], at(key_node)
                for one, other in ((first, second), (second, first)):
                    where = f"line {other[0]}, column {other[1]}"
                    self.refuse(here, one, f"expected each key once, found it at {where} too: remove one")
                continue
            places[key] = at(key_node)
            found[key] = self.value(value_node, here)
        return found

    def _key(self, node: yaml.Node, loc: Loc) -> str | None:
        """Return a key, which must be text: a number or `true` in YAML is no text, unless it is in quotes."""
        if node.tag == PLAIN and node.value == "<<":
            self.refuse(loc, at(node), "expected a plain key, found the merge key <<: write the values out")
        elif node.tag == PLAIN:
            try:
                key = core_value(node.value)
            except BadScalar:
                key = None
            if isinstance(key, str):
                return key
            self.refuse(
                loc, at(node), f"expected a key that is text, found {node.value or 'nothing'}: put it in quotes"
            )
        elif node.tag == QUOTED and getattr(node, "style", None):
            return str(node.value)
        else:
            self.refuse(loc, at(node), "expected a key that is text, found something else")
        return None
