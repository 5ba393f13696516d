"""Where each key and value of a runbook's file is.

Places are asked for only when there is something to complain about, so they are made from the text then: a thousand
runbooks that are whole keep none in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import yaml

from trailbook.runbook.composing import DEEPEST, MAPPING, PLAIN, SEQUENCE, compose

Loc: TypeAlias = tuple[str | int, ...]
"""A path of keys and list indexes from the top of the file, as pydantic writes it."""

Place: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one file."""

    values: Mapping[Loc, Place]
    keys: Mapping[Loc, Place]
    texts: Mapping[Loc, tuple[int, int]]
    """Where a text whose lines are the file's (`key: |`) begins: its first line, and how far it is indented."""


@lru_cache(maxsize=8)
def places_of(text: str) -> Places:
    """Return the places of a text that composes; of a key that is there twice, the first one's."""
    walk = _Walk(text)
    node = compose(Path(), text)
    if node is not None:
        walk.visit(node, ())
    return Places(walk.values, walk.keys, walk.texts)


def key_path(loc: Loc) -> str:
    """Return `params.threshold.minimum` or `cases[0].events[2]`; the file as a whole is `runbook`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "runbook"


def at(node: yaml.Node) -> Place:
    """Return the place of a node's first character."""
    return node.start_mark.line + 1, node.start_mark.column + 1


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[Loc, Place] = {}
        self.keys: dict[Loc, Place] = {}
        self.texts: dict[Loc, tuple[int, int]] = {}

    def visit(self, node: yaml.Node, loc: Loc) -> None:
        self.values[loc] = at(node)
        mark = node.start_mark
        if node.tag == MAPPING and len(loc) < DEEPEST:
            for key, value in node.value:
                here = (*loc, str(key.value))
                if here not in self.keys:
                    self.keys[here] = at(key)
                    self.visit(value, here)
        elif node.tag == SEQUENCE and len(loc) < DEEPEST:
            for index, item in enumerate(node.value):
                self.visit(item, (*loc, index))
        elif getattr(node, "style", None) == "|":
            self.texts[loc] = (mark.line + 2, self._indent(mark.index))
        elif node.tag == PLAIN and node.end_mark.line == mark.line:
            self.texts[loc] = (mark.line + 1, mark.column)

    def _indent(self, index: int) -> int:
        """Return how far the text is indented whose `|` is at `index`."""
        header_end = self.text.find("\n", index)
        explicit = next((c for c in self.text[index + 1 : index + 3] if c in "123456789"), None)
        for line in self.text[header_end + 1 :].split("\n") if header_end >= 0 and explicit is None else ():
            if line.strip():
                return len(line) - len(line.lstrip(" "))
        return int(explicit or 0)
