"""The runbooks as they are on disk now: read anew when a file has changed, else as they were."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from trailbook.runbook.collection import Collection
from trailbook.runbook.load import Loaded

Stamp = tuple[tuple[str, int, int], ...]
_READ = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The runbooks that are whole, by id, and how many problems keep others from being so."""

    runbooks: Mapping[str, Loaded]
    problems: int


class Library:
    """A folder of runbooks. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet."""
        self._folder = folder
        self._lock = Lock()
        self._stamp: Stamp | None = None
        self._shelf = Shelf({}, 0)

    def shelf(self) -> Shelf:
        """Return the runbooks. Raises InvalidRequest where the folder is none."""
        stamp = tuple(_stamps(self._folder))
        with self._lock:
            if stamp != self._stamp:
                found = Collection.load(self._folder)
                self._shelf, self._stamp = Shelf(found.runbooks, len(found.problems)), stamp
            return self._shelf


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield each file that a runbook is made of, shared fragments too, with its time and size."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(_READ):
                path = os.path.join(parent, name)
                try:
                    found = os.stat(path)
                except OSError:
                    continue  # removed since it was listed
                yield path, found.st_mtime_ns, found.st_size
