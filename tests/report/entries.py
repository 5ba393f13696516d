"""A small library of runbooks as the collection hands it out, made in memory."""

from pathlib import Path
from typing import Any

from subject import SPEC

from trailbook.report.catalogue import Entry, entries
from trailbook.runbook.load import Loaded
from trailbook.runbook.model import Runbook
from trailbook.runbook.source import Source

FOLDER = Path("/somewhere/runbooks")


def entry(name: str, folder: str = "identity", **more: Any) -> Entry:
    (found,) = entries([loaded(name, folder, **more)], FOLDER)
    return found


def loaded(name: str, folder: str = "identity", **more: Any) -> Loaded:
    spec = {**SPEC, "pivots": [], "id": name, **more}
    runbook = Runbook.from_spec({key: value for key, value in spec.items() if value is not ...})
    return Loaded(runbook, Source(FOLDER / folder / f"{name}.yaml", "", None, ""))


def attack(*techniques: str, version: str = "19.1") -> dict[str, Any]:
    return {"version": version, "techniques": list(techniques)}
