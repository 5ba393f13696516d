"""Rules about a runbook's name."""

from collections.abc import Iterator
from pathlib import Path

from trailbook.runbook.model import Runbook
from trailbook.runbook.rules.flaw import Flaw


def file_name(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """The id is the file's name, so that a person and a task process find the file without reading all others.

    PASS:
        id: probe
    FAIL: expected the file's name `probe`, found `other`
        id: other
    """
    if runbook.id != path.stem:
        yield Flaw(("id",), f"expected the file's name `{path.stem}`, found `{runbook.id}`: rename one of them")
