"""What a rule says about a runbook: where, and one sentence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from trailbook.runbook.model import Runbook
from trailbook.runbook.source import Loc


@dataclass(frozen=True, slots=True)
class Flaw:
    """One broken rule; `loc` is the path of keys to what is wrong, and `of_key` points at the key, not its value."""

    loc: Loc
    message: str
    of_key: bool = False


Rule: TypeAlias = Callable[[Runbook, Path], Iterator[Flaw]]
"""A rule sees one runbook and the path of its file."""
