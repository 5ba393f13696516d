"""The cases that passed before, as `go test` keeps them: what nothing was changed of is not run again.

A case is known by the SHA-256 of all that decides its result: the runbook without its other cases, the case, the
fragments, the table, Trailbook's own files and the versions of what runs them. Only passes are kept. The file may be
removed, or written by two at once, at any time: at worst cases are run again.
"""

import hashlib
import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import trailbook
from trailbook.runbook.fragments import Fragment
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.whole_file import replace_file

_MOST = 20_000
"""Cases that are remembered: those of a large library in several states."""


def cache_file() -> Path:
    """Return where passes are kept: below the user's folder for caches."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trailbook" / "passed-cases"


class PassedCases:
    """What is known of earlier runs over one table. The file is read at the beginning and written by `keep`."""

    def __init__(self, file: Path, table: PhysicalTable, *, fresh: bool = False) -> None:
        """Read the file; one that cannot be read holds nothing. A `fresh` one knows nothing, and keeps all the same."""
        self._file = file
        self._basis = _code() + repr(table)
        self._before = _lines(file)
        self._known = frozenset() if fresh else frozenset(self._before)
        self.problem = ""

    def __contains__(self, key: str) -> bool:
        """Say whether the case of a key passed before."""
        return key in self._known

    @property
    def knows_some(self) -> bool:
        """Whether any case is known to have passed."""
        return bool(self._known)

    def of_runbook(self, runbook: Runbook, number: int) -> str:
        """Return the key of a runbook's case."""
        rest = runbook.model_dump_json(exclude={"cases": True, "fragments": {"__all__": {"cases"}}})
        return self._key("runbook", rest, runbook.cases[number].model_dump_json())

    def of_fragment(self, name: str, number: int, fragments: Mapping[str, Fragment]) -> str:
        """Return the key of a fragment's case."""
        needed = {one: fragments[one].model_dump_json(exclude={"cases"}) for one in sorted(_needed(name, fragments))}
        return self._key("fragment", name, repr(needed), fragments[name].cases[number].model_dump_json())

    def keep(self, keys: Iterable[str]) -> None:
        """Remember passes, and forget what was remembered longest; where that cannot be, `problem` says why."""
        kept = list(dict.fromkeys([*keys, *self._before]))[:_MOST]
        if kept == self._before:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._file, "".join(f"{key}\n" for key in kept).encode())
        except OSError as error:
            self.problem = f"{self._file}: passes cannot be kept: {error.strerror}"

    def _key(self, *parts: str) -> str:
        whole = hashlib.sha256()
        for part in (self._basis, *parts):
            data = part.encode("utf-8", "surrogatepass")
            whole.update(b"%d " % len(data) + data)
        return whole.hexdigest()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").split()
    except (OSError, UnicodeError):
        return []


def _needed(name: str, fragments: Mapping[str, Fragment]) -> set[str]:
    """Return the fragment and all that it may call: those whose names stand in its SQL."""
    found, new = {name}, [name]
    while new:
        words = set(re.findall(r"\w+", fragments[new.pop()].sql.lower()))
        more = (words & fragments.keys()) - found
        found |= more
        new += more
    return found


def _code() -> str:
    """Return the digest of Trailbook's own files, and the versions of what runs them."""
    home = Path(trailbook.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            data = path.read_bytes()
            whole.update(f"{path.relative_to(home)} {len(data)} ".encode() + data)
    return f"{whole.hexdigest()} {version('duckdb')} {version('sqlglot')} {sys.version} {platform.platform()}"
