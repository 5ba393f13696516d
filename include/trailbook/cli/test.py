"""`trailbook test [ID…]`: run each runbook's and each fragment's own cases on the local engine."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from trailbook.cli import printable
from trailbook.cli.case_runs import results_of, workers
from trailbook.cli.output import console
from trailbook.cli.passed_cases import PassedCases, cache_file
from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook.collection import Collection, files, lint_problems
from trailbook.runbook.fragments import Fragment, in_folder
from trailbook.runbook.load import Loaded
from trailbook.settings import Settings
from trailbook.steps.cases import CaseResult

_FEW = 20
"""Runbooks whose cases are run sooner than another process has begun."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="runbooks (default: all)")
    parser.add_argument("--runbooks", type=Path, metavar="DIR", help="where they are (default: TRAILBOOK_RUNBOOKS)")
    parser.add_argument("--fresh", action="store_true", help="run the cases too that passed before, unchanged")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    """Run the cases; 1 where one failed or a runbook has none, 2 where a runbook is not valid."""
    begun = time.monotonic()
    settings = Settings.from_env()
    folder = args.runbooks or settings.runbooks
    passed = PassedCases(cache_file(), settings.table, fresh=args.fresh)
    with ExitStack() as stack:
        # Another process takes as long to begin as the library to be read.
        many = not args.ids and not passed.knows_some and sum(1 for _ in files(folder)) > _FEW
        waiting = stack.enter_context(workers(ready_for=settings.table)) if many else None
        collection = Collection.load(folder)
        if any(_concerns(problem, args.ids) for problem in collection.problems):
            _refuse_invalid(collection, args.ids)
        chosen = collection.named(args.ids)
        results = results_of(
            [loaded.runbook for loaded in chosen],
            _fragments(chosen, None if args.ids else folder),
            settings.table,
            passed=passed,
            begun=waiting,
            meanwhile=lambda: _refuse_invalid(collection, args.ids),
        )
    _show(results, args.format)
    print(_summary(len(chosen), results, time.monotonic() - begun), file=sys.stderr)
    if passed.problem:
        print(passed.problem, file=sys.stderr)
    failed = sum(not result.passed for result in results)
    return 1 if failed else 0


def _refuse_invalid(collection: Collection, ids: Sequence[str]) -> None:
    """Raise InvalidRunbook with all that is wrong with these runbooks, or with any where no ids are given."""
    chosen = (loaded for name, loaded in collection.runbooks.items() if not ids or name in ids)
    of_sql = (problem for loaded in chosen for problem in lint_problems(loaded))
    found = {*(problem for problem in collection.problems if _concerns(problem, ids)), *of_sql}
    if found:
        raise InvalidRunbook(sorted(found))


def _concerns(problem: Problem, ids: Sequence[str]) -> bool:
    return not ids or Path(problem.path).stem in ids


def _summary(runbooks: int, results: list[CaseResult], seconds: float) -> str:
    failed, cached = sum(not result.passed for result in results), sum(result.cached for result in results)
    known = f" ({cached} passed before and are unchanged; --fresh runs them too)" if cached else ""
    return f"{runbooks} runbooks, {len(results)} cases, {failed} failed, {seconds:.1f} s{known}"


def _fragments(chosen: list[Loaded], folder: Path | None) -> dict[str, Fragment]:
    """Return the fragments that the runbooks call and, with a folder, all that it holds."""
    found = {name: fragment for loaded in chosen for name, fragment in loaded.runbook.fragments.items()}
    return dict(sorted({**found, **(in_folder(folder) if folder is not None else {})}.items()))


def _show(results: list[CaseResult], form: str) -> None:
    if form == "json":
        rows = [
            {
                "runbook": r.runbook,
                "case": r.case,
                "passed": r.passed,
                "differences": r.differences,
                "cached": r.cached,
            }
            for r in results
        ]
        print(json.dumps({"cases": rows}))
        return
    out = console()
    for result in results:
        mark, style = ("✓", "green") if result.passed else ("✗", "red")
        out.print(f"{mark} {printable(result.runbook)}: {printable(result.case)}", style=style, markup=False)
        for line in result.differences:
            out.print(f"    {printable(line)}", markup=False)
