"""Markdown made of text that others wrote: a value stays the text that it is, whatever is in it.

Invariant: no value ends a table's row or cell, starts a link, an element or a code span, or hides a character.
"""

import re
from collections.abc import Iterable, Sequence

from trailbook.report.text import visible

_MARKUP = re.compile(r"[\\`*_\[\]<>|~&$]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def plain(value: str) -> str:
    """Return a text on one line that Markdown shows as it is, in a table's cell too."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", visible(" ".join(value.split())))


def code(value: str) -> str:
    """Return a text as a code span, in a table's cell too."""
    text = visible(" ".join(value.split()))
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
