"""`trailbook check [PATH…]`: every problem and doubt of every runbook, one per line, each at its place."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from trailbook.cli import printable
from trailbook.errors import InvalidRequest, Problem
from trailbook.runbook.collection import LOOKUPS, Collection, files
from trailbook.runbook.event_names import OWN
from trailbook.settings import Settings
from trailbook.steps.analysis import analysis, fragment_problems

HELP = "validate runbooks; every problem with its place"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="files or folders (default: all runbooks)")
    parser.add_argument(
        "--lookups", type=Path, metavar="DIR", help="the lookups' folder (default: beside the runbooks)"
    )
    parser.add_argument(
        "--format", choices=sorted(_FORMATS), default="text", help="github: annotations of a pull request"
    )
    parser.add_argument("--strict", action="store_true", help="a warning counts as a problem: exit code 2")


def run(args: argparse.Namespace) -> int:
    """Print the problems and warnings; 2 where there is a problem (with --strict, or a warning).

    Raises InvalidRequest where a PATH does not exist.
    """
    settings = Settings.from_env()
    given: Sequence[Path] = args.paths or [settings.runbooks]
    paths = _files(given)
    beside = files(settings.runbooks) if settings.runbooks.is_dir() else ()
    lookups = args.lookups or _lookups(given, settings)
    collection = Collection.of(paths, lint=True, doubt=True, lookups=lookups, beside=beside)
    found = [analysis(loaded) for loaded in collection.runbooks.values()]
    shared = [p for folder in given if folder.is_dir() for p in fragment_problems(folder)]
    problems = sorted({*collection.problems, *shared, *(p for one in found for p in one.problems)})
    warnings = collection.doubts
    for problem in sorted({*problems, *warnings}):
        print(_FORMATS[args.format](problem, "warning" if problem in warnings else "error"))
    for note in sorted(n for one in found for n in one.notes):
        print(f"note: {_one_line(str(note))}", file=sys.stderr)
    broken = len({problem.path for problem in problems})
    summary = f"{_count(len(paths), 'runbook')}, {_count(len(problems), 'problem')}"
    doubted = f", {_count(len(warnings), 'warning')}" if warnings else ""
    print(f"{summary} in {_count(broken, 'file')}{doubted}" if broken else summary + doubted, file=sys.stderr)
    if warnings:
        where = f"{OWN} beside the runbooks: docs/writing-runbooks.md says how"
        print(f"a name that is right is written in {where}", file=sys.stderr)
    return 2 if broken or (args.strict and warnings) else 0


def _files(given: Sequence[Path]) -> list[Path]:
    missing = [str(path) for path in given if not path.exists()]
    if missing:
        raise InvalidRequest(f"expected a file or folder of runbooks, found none at {', '.join(missing)}")
    return [file for path in given for file in (sorted(files(path)) if path.is_dir() else [path])]


def _lookups(given: Sequence[Path], settings: Settings) -> Path:
    """Return where the lookups of these runbooks are: in their folder, or where the settings say."""
    beside = [path / LOOKUPS for path in given if (path / LOOKUPS).is_dir()]
    return beside[0] if len(beside) == 1 and len(given) == 1 else settings.lookups


def _text(problem: Problem, level: str) -> str:
    place = f"{problem.path}:{problem.line}:{problem.column}"
    return _one_line(str(problem) if level == "error" else f"{place}: {level}: {problem.key}: {problem.message}")


def _github(problem: Problem, level: str) -> str:
    place = f"file={_property(problem.path)},line={problem.line},col={problem.column}"
    return f"::{level} {place}::{_data(_one_line(f'{problem.key}: {problem.message}'))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(_one_line(text)).replace(":", "%3A").replace(",", "%2C")


def _one_line(text: str) -> str:
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


_FORMATS: Mapping[str, Callable[[Problem, str], str]] = {"text": _text, "github": _github}
