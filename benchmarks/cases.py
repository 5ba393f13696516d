"""The library's own cases: what `trailbook test` takes for one, beside a case that keeps nothing of those before it.

All is measured in one run, in seconds of processor time too, so that a busy machine hits all alike. A case alone has a
runbook that was never bound and an Athena of its own, whose DuckDB plans with its optimizer, as a run's does. Those of
many share an Athena that keeps what it read and planned; those that passed before, unchanged, are not run at all. Run
it with `make bench`, or `python benchmarks/cases.py [--runbooks DIR] [--every N]`. It fails where a wanted ratio is
missed.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from trailbook.cli.case_runs import results_of
from trailbook.cli.passed_cases import PassedCases
from trailbook.local.folder import FolderAthena
from trailbook.runbook.collection import Collection
from trailbook.runbook.fragments import in_folder
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import CaseResult, bound_case, run_cases

WANTED = {"a case alone": 4.0, "a case that was not run before": 20.0}
"""How many times as long as one of many, and as one that passed before, they are to take at the least."""
TABLE = PhysicalTable()


@dataclass(frozen=True)
class Spent:
    """Seconds of the clock and of processor time, children included, and the cases that they were spent on."""

    wall: float
    used: float
    cases: int

    @property
    def each(self) -> float:
        """The processor's seconds of one case."""
        return self.used / self.cases

    def __str__(self) -> str:
        """Return the figures of one case."""
        each = f"{self.wall / self.cases * 1e3:7.1f} ms, {self.used / self.cases * 1e3:7.1f} ms of processor"
        return f"{each} a case ({self.cases} cases, {self.wall:.1f} s)"


def spent(call: Callable[[], Sequence[CaseResult]]) -> Spent:
    """Return what a run of cases took. Raises SystemExit where one of them failed."""
    began, used = time.perf_counter(), _used()
    results = call()
    taken = Spent(time.perf_counter() - began, _used() - used, len(results))
    failed = [f"{result.runbook}: {result.case}" for result in results if not result.passed]
    if failed:
        raise SystemExit(f"failed: {'; '.join(failed[:5])}")
    return taken


def _used() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def alone(runbooks: Sequence[Runbook], every: int) -> list[CaseResult]:
    """Run every n-th case as if it were the only one."""
    found = []
    chosen = [(runbook, case) for runbook in runbooks for case in runbook.cases][::every]
    for number, (runbook, case) in enumerate(chosen):
        unseen = runbook.model_copy(update={"id": f"{runbook.id}-{number}"})
        with FolderAthena.from_records([], table=TABLE) as athena:
            found += run_cases(unseen, [case], athena, TABLE)
    return found


def main() -> int:
    """Measure and print; 1 where the ratio is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runbooks", type=Path, default=Path(__file__).resolve().parent.parent / "runbooks")
    parser.add_argument("--every", type=int, default=7, help="measure each n-th case alone")
    args = parser.parse_args()
    began = time.process_time()
    collection = Collection.load(args.runbooks, lint=True)
    loaded = time.process_time() - began
    runbooks = [loaded.runbook for loaded in collection.runbooks.values()]
    each = loaded / len(runbooks) * 1e3
    print(f"{len(runbooks)} runbooks read and linted: {loaded:.1f} s of processor, {each:.0f} ms each")
    single = spent(lambda: alone(runbooks, args.every))
    print(f"alone:             {single}", flush=True)
    together = spent(lambda: results_of(runbooks, {}, TABLE, 1))
    texts = len({bound_case(runbook, case, TABLE)[0] for runbook in runbooks for case in runbook.cases})
    print(f"in one process:    {together}, {texts} texts of SQL", flush=True)
    fragments, processes = in_folder(args.runbooks), min(os.cpu_count() or 1, 8)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "passed"
        whole = spent(lambda: results_of(runbooks, fragments, TABLE, processes, PassedCases(file, TABLE)))
        print(f"all, {processes} processes:  {whole}, with those of {len(fragments)} fragments", flush=True)
        again = spent(lambda: results_of(runbooks, fragments, TABLE, processes, PassedCases(file, TABLE)))
        print(f"all, once more:    {again}")
    ratios = (single.each / together.each, whole.each / again.each)
    for (what, wanted), ratio in zip(WANTED.items(), ratios, strict=True):
        print(f"{what}: {ratio:.1f} ×; wanted: {wanted:g} ×: {'reached' if ratio >= wanted else 'MISSED'}")
    return 0 if all(ratio >= wanted for wanted, ratio in zip(WANTED.values(), ratios, strict=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
