"""The library's own cases: what `trailbook test` takes for one, beside a case that keeps nothing of those before it.

All is measured in one run, in seconds of processor time too, so that a busy machine hits all alike. A case alone has a
runbook that was never bound and an Athena of its own. Run it with `make bench`, or
`python benchmarks/cases.py [--runbooks DIR] [--every N]`. It fails where the wanted ratio is missed.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trailbook.cli.case_runs import results_of
from trailbook.local.folder import FolderAthena
from trailbook.runbook.collection import Collection
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import CaseResult, bound_case, run_case

WANTED_RATIO = 2
LIBRARY = 1400
"""Cases that the library is meant to have."""
TABLE = PhysicalTable()


@dataclass(frozen=True)
class Spent:
    """Seconds of the clock and of processor time, children included, and the cases that they were spent on."""

    wall: float
    used: float
    cases: int

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
            found.append(run_case(unseen, case, athena, TABLE))
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
    print(f"alone:            {single}", flush=True)
    together = spent(lambda: results_of(runbooks, {}, TABLE, 1))
    texts = len({bound_case(runbook, case, TABLE)[0] for runbook in runbooks for case in runbook.cases})
    print(f"in one process:   {together}, {texts} of them with SQL of their own", flush=True)
    processes = min(os.cpu_count() or 1, 8)
    shared = spent(lambda: results_of(runbooks, {}, TABLE, processes))
    print(f"in {processes} processes:   {shared}")
    print(f"{LIBRARY} such cases: {shared.wall / shared.cases * LIBRARY:.0f} s in {processes} processes")
    ratio = (single.used / single.cases) / (together.used / together.cases)
    said = "reached" if ratio >= WANTED_RATIO else "MISSED"
    print(f"a case alone takes {ratio:.1f} × one of many; wanted: {WANTED_RATIO:g} ×: {said}")
    return 0 if ratio >= WANTED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
