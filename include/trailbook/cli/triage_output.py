"""The triage on a terminal: which runbooks to look at, in which order, and where to begin with each.

Invariants: what is left off the table is counted beside it, with what was looked at; no text drives the terminal.
"""

import argparse
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from trailbook.cli import output, triage_params
from trailbook.report import index_statements as says
from trailbook.report import statements
from trailbook.report.index import Index, Line
from trailbook.report.index_files import MOST_PROBLEMS
from trailbook.report.text import shell_quote
from trailbook.runbook.model import Runbook
from trailbook.verdict import Verdict
from trailbook.words import sentence

_COLUMNS = ("verdict", "severity", "runbook", "open", "new", "suppressed", "first look")
_NUMBERS = (3, 4, 5)
_LOOK = len(_COLUMNS) - 1
_LEAST_LOOK = 40
"""Cells that a first look needs beside its runbook; with fewer it stands beneath it."""


def show(index: Index, args: argparse.Namespace) -> None:
    """Print the triage of a command's runs."""
    out = output.console()
    for gap in index.gaps[:MOST_PROBLEMS]:
        out.print(f"! {output.one_line(sentence(gap))}", style="yellow", markup=False)
    if len(index.gaps) > MOST_PROBLEMS:
        out.print(f"! … and {len(index.gaps) - MOST_PROBLEMS} more gaps", style="yellow", markup=False)
    if index.rows:
        _table(index)
    _failed(index)
    _unstarted(index)
    _quiet(index, verbose=args.verbose)
    out.print()
    out.print(f"{statements.span(index.window)}. {says.verdicts(index)}", style="bold", markup=False)
    out.print(" ".join(filter(None, (says.findings(index), says.unstarted(index)))), markup=False)
    for line in _next(index, args):
        out.print(line, markup=False)


def _table(index: Index) -> None:
    rows = [_cells(index, line) for line in index.rows]
    widths = [max(cell_len(row[n]) for row in (_COLUMNS, *rows)) for n in range(_LOOK)]
    out = output.console()
    room = out.width - sum(widths) - 2 * _LOOK
    beneath = room < _LEAST_LOOK
    out.print(_line(_COLUMNS, widths, "bold", beneath=beneath))
    for line, row in zip(index.rows, rows, strict=True):
        out.print(_line(row, widths, output.STYLES[line.verdict], room, beneath=beneath))
        if beneath and row[_LOOK]:
            out.print(Text(f"  {_fitted(row[_LOOK], out.width - 2)}", style="dim"))


def _cells(index: Index, line: Line) -> list[str]:
    counts = [f"{count:,}" for count in (line.open, line.new, line.suppressed)] if line.counts else ["-", "-", "-"]
    look = output.one_line(index.first_look(line))
    return [line.verdict.value, line.runbook.severity, line.runbook.id, *counts, look]


def _line(row: Sequence[str], widths: Sequence[int], style: str, room: int = 0, *, beneath: bool) -> Text:
    """Return one line of the table, the verdict coloured, the first look cut to its room."""
    padded = [
        f"{cell:>{width}}" if n in _NUMBERS else set_cell_size(cell, width)
        for n, (cell, width) in enumerate(zip(row, widths, strict=False))
    ]
    whole = style == "bold"
    text = Text.assemble((padded[0], style), "  ", "  ".join(padded[1:]), style="bold" if whole else "")
    if not beneath:
        text.append(f"  {_fitted(row[_LOOK], room) if room else row[_LOOK]}")
    text.rstrip()
    return text


def _fitted(text: str, room: int) -> str:
    return text if cell_len(text) <= room else set_cell_size(text, max(0, room - 1)).rstrip() + "…"


def _failed(index: Index) -> None:
    """Print why runs have no result, in full, each reason once: somebody must mend it."""
    found: dict[str, list[str]] = {}
    for line in index.of(Verdict.ERROR):
        found.setdefault(index.first_look(line), []).append(line.runbook.id)
    out = output.console()
    if found:
        out.print("\nno result", style=output.STYLES[Verdict.ERROR])
    for reason, names in found.items():
        out.print(f"  {', '.join(names)}: {output.one_line(reason)}", markup=False)


def _unstarted(index: Index) -> None:
    out = output.console()
    if index.skipped:
        out.print("\nskipped", style="bold")
        widest = max(len(skip.runbook) for skip in index.skipped)
        for skip in index.skipped:
            out.print(f"  {skip.runbook:{widest}}  {output.one_line(skip.reason)}", markup=False)
    if index.left_out:
        out.print("\nleft out, since broken: run `trailbook check`", style="bold magenta", markup=False)
        for broken in index.left_out:
            more = f" (and {len(broken.problems) - 1} more)" if len(broken.problems) > 1 else ""
            first = broken.problems[0] if broken.problems else "its file is broken"
            out.print(f"  {output.one_line(broken.runbook)}  {output.one_line(first)}{more}", markup=False)


def _quiet(index: Index, *, verbose: bool) -> None:
    out = output.console()
    for line in says.found_nothing(index):
        out.print(f"\n{line}{'' if verbose else ' -v lists them.'}", style="yellow" if index.gaps else "", markup=False)
    if verbose:
        for quiet in index.quiet:
            title = output.one_line(quiet.runbook.title)
            out.print(f"  {quiet.runbook.severity:13}  {quiet.runbook.id}  {title}", markup=False)


def _next(index: Index, args: argparse.Namespace) -> Iterator[str]:
    """Yield where the reports are, and the commands that go on from here."""
    if args.out is None:
        yield "Reports  none kept: --out DIR keeps them, with a page that leads to each"
    else:
        yield f"Reports  {output.one_line(str((args.out / 'index.html').resolve()))}"
        out = str(args.out)
        words = ["trailbook", "verify", "--ledger", f"{out}/ledger", "--reports", f"{out}/reports"]
        yield f"Verify   {_quoted(words)}"
    if index.rows:
        yield f"Rows     {_quoted(_command(index.rows[0].runbook, args))}"


def _command(runbook: Runbook, args: argparse.Namespace) -> list[str]:
    """Return the command that shows one runbook's rows over the same logs and window."""
    words = ["trailbook", "run", runbook.id]
    for path in args.logs:
        words += ["--logs", str(path)]
    options = {"--from": args.start, "--to": args.end, "--runbooks": args.runbooks, "--lookups": args.lookups}
    for name, value in options.items():
        words += [] if value is None else [name, str(value)]
    for pair in triage_params.given(runbook, args.param):
        words += ["--param", pair]
    return words


def _quoted(words: Sequence[str]) -> str:
    return " ".join(shell_quote(word) or "…" for word in words)
