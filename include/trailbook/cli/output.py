"""Tables for people: colour and the terminal's width on a terminal, plain and uncut elsewhere."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from trailbook.cli import printable
from trailbook.words import size

__all__ = ["STYLES", "console", "details", "fitted", "one_line", "size", "table"]

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
    text = one_line(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _cell(value: object) -> Text:
    text = one_line(value)
    return Text(text, style=STYLES.get(text, ""))


def one_line(value: object) -> str:
    """Return a value as one line of text that drives no terminal; None is nothing."""
    return "" if value is None else printable(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def details(lines: Sequence[tuple[str, object]], *, indent: int) -> None:
    """Print named values beneath a row, folded to the terminal's width; a value that is None or empty is left out."""
    shown = [(name, one_line(value)) for name, value in lines if value not in (None, "")]
    widest = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=widest, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(name, style="dim"), Text(value))
        console().print(Padding(grid, (0, 0, 0, indent), expand=False))
