"""Tables for people: colour and the terminal's width on a terminal, plain and uncut elsewhere."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trailbook.cli import printable

_UNCUT = 100_000  # where there is no terminal, nothing is folded: programs read lines
_PLAIN_WIDTH = 250
_WIDEST = 56
STYLES = {"pass": "green", "fail": "bold red", "incomplete": "yellow", "error": "bold magenta"}


def console() -> Console:
    """Return standard output as rich sees it."""
    terminal = sys.stdout.isatty()
    return Console(highlight=False, width=None if terminal else _UNCUT, soft_wrap=not terminal)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """Print rows; columns named in `numbers` are right-aligned. Values are hostile: nothing in them is obeyed."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(printable(column), justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(_cell(value) for value in row))
    console().print(shown)


def fitted(columns: Sequence[str], rows: Sequence[Sequence[object]], *, least: int) -> None:
    """Print rows with long values shortened, and as many columns as the width holds but at least the first `least`."""
    short = [[_clipped(value) for value in row] for row in rows]
    room, shown = min(console().width, _PLAIN_WIDTH), 0
    for n, column in enumerate(columns):
        room -= 2 + max(len(column), *(len(row[n]) for row in short))
        if room < 0 and n >= least:
            break
        shown = n + 1
    table(columns[:shown], [row[:shown] for row in short])
    if shown < len(columns):
        left_out = ", ".join(map(printable, columns[shown:]))
        console().print(f"not shown for want of room: {left_out}", style="dim", markup=False)


def _clipped(value: object) -> str:
    text = "" if value is None else printable(str(value)).replace("\n", "\\n").replace("\t", "\\t")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    amount, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{count} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def _cell(value: object) -> Text:
    text = "" if value is None else printable(str(value)).replace("\n", "\\n").replace("\t", "\\t")
    return Text(text, style=STYLES.get(text, ""))
