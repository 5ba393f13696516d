"""One file to one runbook, or to all of its problems: YAML, the model, and the rules that need nothing else."""

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook import complaints
from trailbook.runbook.fragments import folder_of, taken
from trailbook.runbook.model import Runbook
from trailbook.runbook.rules import OWN_RULES
from trailbook.runbook.source import Source, read


@dataclass(frozen=True, slots=True)
class Loaded:
    """A runbook and the file that it was read from (without its data, which the runbook is)."""

    runbook: Runbook
    source: Source


def load(path: Path) -> Runbook:
    """Return the runbook of a file. Raises InvalidRunbook with every problem of it."""
    return load_with_source(path).runbook


def load_with_source(path: Path) -> Loaded:
    """Return the runbook of a file with its places. Raises InvalidRunbook with every problem of it."""
    loaded, problems = examine(path)
    if loaded is None or problems:
        raise InvalidRunbook(problems)
    return loaded


def examine(path: Path) -> tuple[Loaded | None, list[Problem]]:
    """Return what the file says and what is wrong with it; there may be both, where the model accepts it."""
    try:
        source = read(path)
    except InvalidRunbook as error:
        return None, list(error.problems)
    problems = list(source.problems)
    if source.data is None:
        return None, problems
    try:
        runbook = Runbook.model_validate(source.data)
    except ValidationError as error:
        return None, problems + _not_twice(source, error)
    for rule in OWN_RULES:
        problems += [source.problem(flaw.loc, flaw.message, of_key=flaw.of_key) for flaw in rule(runbook, path)]
    runbook, wrong = _with_shared(runbook, source, path)
    return Loaded(runbook, replace(source, data=None)), problems + wrong


def _with_shared(runbook: Runbook, source: Source, path: Path) -> tuple[Runbook, list[Problem]]:
    """Return the runbook with the shared fragments that it calls, and what is wrong with those."""
    texts = [runbook.query, *(fragment.sql for fragment in runbook.fragments.values())]
    shared, problems = taken("\n".join(texts), folder_of(path))
    for name in sorted(shared.keys() & runbook.fragments.keys()):
        problems.append(source.problem(("fragments", name), f"`{name}` is a shared fragment too: choose another name"))
    if not shared:
        return runbook, problems
    return runbook.model_copy(update={"fragments": {**shared, **runbook.fragments}}), problems


def _not_twice(source: Source, error: ValidationError) -> list[Problem]:
    """Return the model's problems but for values that the YAML reader has already refused (they became null)."""
    refused = {(p.line, p.column) for p in source.problems}
    return [p for p in complaints.problems(source, error, Runbook) if (p.line, p.column) not in refused]
