"""All runbooks of a folder: those that are whole, and the problems of those that are not.

Invariants: a broken file never removes another runbook, and is never silent; two files with one id are both refused,
since neither can be told from the other. What a runbook says about others (a pivot, a lookup's file) is a problem of
the collection, but leaves the runbook in it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from trailbook.errors import InvalidRequest, InvalidRunbook, Problem
from trailbook.runbook import lookups as lookup_files
from trailbook.runbook.event_names import OWN as NAMES
from trailbook.runbook.fragments import FOLDER, folder_of, fragment_files
from trailbook.runbook.load import Loaded, examine, load_with_source
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.rules.references import pivots_lead_somewhere
from trailbook.runbook.source import key_path, read

if TYPE_CHECKING:
    from trailbook.runbook.event_names.known import KnownEvents
    from trailbook.sql.lint import SqlProblem

LOOKUPS = "lookups"
"""The folder of CSV files beside the runbooks; nothing in it is a runbook."""

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Collection:
    """The runbooks by id, sorted, every problem found, and what is only doubted, sorted by place."""

    runbooks: Mapping[str, Loaded]
    problems: tuple[Problem, ...]
    doubts: tuple[Problem, ...] = ()

    def named(self, ids: Sequence[str]) -> list[Loaded]:
        """Return the runbooks of some ids, in their order; without ids all, sorted. Raises InvalidRequest."""
        unknown = sorted(set(ids) - set(self.runbooks))
        if unknown:
            raise InvalidRequest(f"no runbook {', '.join(unknown)}; there are {', '.join(sorted(self.runbooks))}")
        return [self.runbooks[name] for name in ids or sorted(self.runbooks)]

    @classmethod
    def load(cls, folder: Path, *, lint: bool = False, lookups: Path | None = None) -> "Collection":
        """Return the runbooks below `folder`; with `lint`, only those whose SQL is right too.

        With `lookups` (a folder) each lookup's file is read for problems. Raises InvalidRequest where `folder` is none.
        """
        if not folder.is_dir():
            raise InvalidRequest(f"expected a folder of runbooks, found none at {folder}")
        return cls.of(files(folder), lint=lint, lookups=lookups)

    @classmethod
    def of(
        cls,
        paths: Iterable[Path],
        *,
        lint: bool = False,
        doubt: bool = False,
        lookups: Path | None = None,
        beside: Iterable[Path] = (),
    ) -> "Collection":
        """Return the runbooks of these files, as `load`; pivots may lead to any of them, or to files `beside` them.

        With `doubt` (and `lint`) the event names are looked up too, for `check`: no run is stopped by a doubt.
        """
        paths = sorted({path.resolve(): path for path in paths}.values())
        others = _others(paths, beside)
        twins = _twins(paths)
        read: list[Loaded] = []
        broken: dict[Path, list[Problem]] = {}
        doubts: list[Problem] = []
        for path in paths:
            loaded, problems = examine(path)
            if loaded is not None:
                read.append(loaded)
                wrong, doubted = _judged(loaded, doubt=doubt) if lint else ([], [])
                problems += _twin_problems(loaded, twins) + wrong
                doubts += doubted if not problems else []
            if problems:
                broken[path] = problems
        found = {loaded.runbook.id: loaded for loaded in read if loaded.source.path not in broken}
        every = [problem for problems in broken.values() for problem in problems]
        every += _references(read, others, {path.stem for path in paths})
        if lookups is not None:
            every += _lookups(read, lookups)
        if doubt:
            every += [problem for path in paths for problem in _event_names(path)[1]]
        return cls(MappingProxyType(dict(sorted(found.items()))), tuple(sorted(set(every))), tuple(sorted(set(doubts))))


def find(folder: Path, runbook_id: str) -> Loaded:
    """Return one runbook, reading its own file only. Raises InvalidRunbook, or InvalidRequest where there is none."""
    stems = {path: path.stem for path in files(folder)}
    paths = sorted(path for path, stem in stems.items() if stem == runbook_id)
    if not paths:
        raise InvalidRequest(f"no runbook `{runbook_id}` in {folder}{did_you_mean(runbook_id, stems.values())}")
    twins = _twins(paths)
    if twins:
        places = " and ".join(map(str, paths))
        message = f"expected each id once, found `{runbook_id}` in {places}: rename one"
        raise InvalidRunbook([Problem(str(path), 1, 1, "id", message) for path in paths])
    return load_with_source(paths[0])


def files(folder: Path) -> Iterator[Path]:
    """Yield the runbook files below `folder`, at any depth; what is hidden, lookups, fragments and names are none."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in (LOOKUPS, FOLDER))
        for name in sorted(names):
            if name.endswith(_ENDINGS) and not name.startswith(".") and name != NAMES:
                yield Path(parent, name)


def _twins(paths: Sequence[Path]) -> dict[Path, Path]:
    """Return each file whose name another has too, with that other: a runbook's id is its file's name."""
    by_stem: dict[str, list[Path]] = {}
    for path in paths:
        by_stem.setdefault(path.stem, []).append(path)
    return {
        path: next(other for other in group if other != path)
        for group in by_stem.values()
        if len(group) > 1
        for path in group
    }


def _twin_problems(loaded: Loaded, twins: Mapping[Path, Path]) -> list[Problem]:
    other = twins.get(loaded.source.path)
    if other is None:
        return []
    message = f"expected each id once, found `{loaded.source.path.stem}` in {other} too: rename one"
    return [loaded.source.problem(("id",), message)]


def lint_problems(loaded: Loaded) -> list[Problem]:
    """Return what is wrong with a runbook's SQL, at its places in the file."""
    return _judged(loaded, doubt=False)[0]


def _judged(loaded: Loaded, *, doubt: bool) -> tuple[list[Problem], list[Problem]]:
    """Return what is wrong with a runbook's SQL, and what is doubted."""
    from trailbook.sql.lint import lint_with_doubts  # only here: a DAG parse must not pay for the SQL parser

    known = _event_names(loaded.source.path)[0] if doubt else None
    problems, doubts = lint_with_doubts(loaded.runbook, known)
    return [_placed(loaded, flaw) for flaw in problems], [_placed(loaded, flaw) for flaw in doubts]


def _event_names(path: Path) -> "tuple[KnownEvents, tuple[Problem, ...]]":
    from trailbook.runbook.event_names.known import beside  # only here, for the same reason

    return beside(path)


def _placed(loaded: Loaded, flaw: "SqlProblem") -> Problem:
    """Return what the linter says at its place: in the runbook's file, or in that of a shared fragment."""
    source, loc = loaded.source, flaw.loc
    folder = folder_of(source.path) if loc[0] == "fragments" and source.known(loc) != loc else None
    if folder is not None:
        source, loc = read(fragment_files(folder)[str(loc[1])]), loc[2:]
    line, column = source.text_place(loc, flaw.line, flaw.column) if flaw.line else source.place(loc)
    return Problem(str(source.path), line, column, key_path(loc), flaw.message)


def _others(paths: Sequence[Path], beside: Iterable[Path]) -> dict[str, Path]:
    """Return the files `beside` by id, without those that are judged themselves."""
    judged = {path.resolve() for path in paths}
    return {path.stem: path for path in beside if path.resolve() not in judged}


def _references(read: Sequence[Loaded], beside: Mapping[str, Path], judged: Set[str]) -> Iterator[Problem]:
    """Yield what is wrong with pivots; of the files `beside`, only those that a pivot leads to are read."""
    known = {loaded.runbook.id: loaded.runbook for loaded in read}
    wanted = {pivot.runbook for loaded in read for pivot in loaded.runbook.pivots}
    for name in wanted & beside.keys() - judged:
        other, _ = examine(beside[name])
        if other is not None:  # what is wrong with it is not this runbook's problem
            known[name] = other.runbook
    for loaded in read:
        for flaw in pivots_lead_somewhere(loaded.runbook, known, judged | beside.keys()):
            yield loaded.source.problem(flaw.loc, flaw.message, of_key=flaw.of_key)


def _lookups(found: Iterable[Loaded], lookups: Path) -> Iterator[Problem]:
    """Yield the problems of the lookups' files; a file that is not there is the runbook's problem."""
    for loaded in found:
        for name, lookup in loaded.runbook.lookups.items():
            path = lookup_files.path_of(lookups, name)
            if not path.is_file():
                header = ",".join(lookup.columns)
                message = f"expected the lookup's file {path}, found none: write it, with the header {header}"
                yield loaded.source.problem(("lookups", name), message, of_key=True)
                continue
            try:
                lookup_files.read(lookups, name, lookup)
            except InvalidRunbook as error:
                yield from error.problems
