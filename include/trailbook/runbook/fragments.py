"""Named SQL fragments: an expression that several runbooks need, written once, with its own cases.

A file `fragments/<name>.yaml` beside the runbooks holds one; a runbook calls it by name, as a function. Loading a
runbook takes the fragments that its query names into the runbook, so that nothing after needs the folder.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook import complaints
from trailbook.runbook.params import STRICT
from trailbook.runbook.source import Source, read

FOLDER = "fragments"
"""The folder of fragments beside the runbooks; nothing in it is a runbook."""

_CALL = re.compile(r"\b([a-z][a-z0-9_]*)\s*\(", re.IGNORECASE)
_DEEPEST = 4
"""Folders between a runbook and the folder that holds the fragments."""

ParamKind = Literal[
    "string", "integer", "number", "boolean", "strings", "json", "useridentity", "resources", "tlsdetails"
]
"""A scalar, a list of texts, a JSON value, or a nested column of `cloudtrail` as a whole."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class FragmentCase(BaseModel):
    """One of a fragment's own tests: with these values the expression is `expect`."""

    model_config = STRICT

    given: dict[Name, Any]
    expect: Any


class Fragment(BaseModel):
    """An SQL expression over its parameters, which stand in it by their bare names."""

    model_config = STRICT

    description: str = Field(min_length=1)
    params: dict[Name, ParamKind] = Field(min_length=1)
    sql: str = Field(min_length=1)
    cases: list[FragmentCase] = Field(default_factory=list)


def called(sql: str) -> set[str]:
    """Return every name that a text calls as a function, in lower case; some may stand in a literal."""
    return {name.lower() for name in _CALL.findall(sql)}


def folder_of(path: Path) -> Path | None:
    """Return the folder of fragments that a runbook's file belongs to, or None."""
    for parent in list(path.absolute().parents)[:_DEEPEST]:
        if (parent / FOLDER).is_dir():
            return parent / FOLDER
    return None


def fragment_files(folder: Path) -> Mapping[str, Path]:
    """Return the fragments' files by name."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def taken(sql: str, folder: Path | None) -> tuple[dict[str, Fragment], list[Problem]]:
    """Return the fragments that a query needs, those that they need included, and what is wrong with their files."""
    if folder is None:
        return {}, []
    files = fragment_files(folder)
    found: dict[str, Fragment] = {}
    problems: list[Problem] = []
    wanted = sorted(called(sql) & files.keys())
    while wanted:
        name = wanted.pop(0)
        fragment, wrong = examine_fragment(files[name])
        problems += wrong
        if fragment is None:
            continue
        found[name] = fragment
        wanted += sorted((called(fragment.sql) & files.keys()) - found.keys() - set(wanted))
    return dict(sorted(found.items())), problems


def examine_fragment(path: Path) -> tuple[Fragment | None, list[Problem]]:
    """Return a file's fragment and what is wrong with it."""
    try:
        status = path.stat()
    except OSError as error:
        return None, [Problem(str(path), 1, 1, "", f"the fragment cannot be read: {error.strerror}")]
    fragment, problems = _examined(path, status.st_mtime_ns, status.st_size)
    return fragment, list(problems)


@lru_cache(maxsize=256)  # a library names the same few fragments in every runbook
def _examined(path: Path, changed: int, size: int) -> tuple[Fragment | None, tuple[Problem, ...]]:
    try:
        source = read(path)
    except InvalidRunbook as error:
        return None, tuple(error.problems)
    if source.data is None or source.problems:
        return None, source.problems
    try:
        fragment = Fragment.model_validate(source.data)
    except ValidationError as error:
        return None, tuple(complaints.problems(source, error, Fragment))
    return fragment, tuple(_flaws(source, path, fragment))


def _flaws(source: Source, path: Path, fragment: Fragment) -> Iterator[Problem]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        yield source.problem((), f"expected a file named as an SQL function is, found {path.name}")
    if not fragment.cases:
        yield source.problem(("cases",), "a fragment needs cases: nothing else shows that it is right")
    for number, case in enumerate(fragment.cases):
        for name in case.given.keys() ^ fragment.params.keys():
            known = "has no such parameter" if name in case.given else "needs it"
            yield source.problem(("cases", number, "given"), f"`{name}`: the fragment {known}")


def in_folder(folder: Path) -> dict[str, Fragment]:
    """Return every whole fragment below a folder of runbooks, by name."""
    examined = {name: examine_fragment(path)[0] for name, path in fragment_files(folder / FOLDER).items()}
    return {name: fragment for name, fragment in examined.items() if fragment is not None}


def folder_problems(folder: Path) -> list[Problem]:
    """Return what is wrong with any fragment below a folder of runbooks, whether a runbook calls it or not."""
    return [p for path in fragment_files(folder / FOLDER).values() for p in examine_fragment(path)[1]]
