"""What a person sees while the laptop works: a bar or a spinner on a terminal, a line per step elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Steps:
    """Numbered steps on standard error, each with the seconds that it took."""

    def __init__(self) -> None:
        """Write to standard error; results go to standard output."""
        self._console = Console(stderr=True, highlight=False)
        self._begun = time.monotonic()

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator["Bar"]:
        """Show one step while it runs; `Bar.at(n, text)` moves it."""
        begun = time.monotonic()
        if not self._console.is_terminal:
            print(f"… {title}", file=sys.stderr, flush=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
        with Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True,
                      disable=not self._console.is_terminal) as progress:  # fmt: skip
            task = progress.add_task(title, total=total, note="")
            yield Bar(progress, task, quiet=self._console.is_terminal)
        self._console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - begun:.1f} s[/]")

    def seconds(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._begun


class Bar:
    """The moving part of a step."""

    def __init__(self, progress: Progress, task: object, *, quiet: bool) -> None:
        """Without a terminal, each new note is a line of its own."""
        self._progress, self._task, self._quiet, self._note = progress, task, quiet, ""

    def at(self, completed: int, note: str = "", total: int | None = None) -> None:
        """Show how far the step is."""
        self._progress.update(self._task, completed=completed, note=note, total=total)  # type: ignore[arg-type]  # TaskID is an int
        if not self._quiet and note and note != self._note:
            print(f"  {note}", file=sys.stderr, flush=True)
        self._note = note
