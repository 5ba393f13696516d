"""The cases of `trailbook test`, run one after another or, where there are many, by several processes.

Invariant: the results are the same, in the same order, however many processes there are. A process is given one runbook
or one fragment at a time, so that the cases of one query meet in one process.
"""

import gc
import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context

from trailbook.local.folder import FolderAthena
from trailbook.runbook.fragments import Fragment
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import CaseResult, run_case
from trailbook.steps.fragment_cases import run_fragment_case

_FEW = 200
"""Cases that are run sooner than another process has started."""

_MOST_PROCESSES = 8
"""Each takes some 200 MB."""


def results_of(
    runbooks: Sequence[Runbook], fragments: Mapping[str, Fragment], table: PhysicalTable, processes: int | None = None
) -> list[CaseResult]:
    """Return the result of every case: the fragments' first, then the runbooks', both in the order given.

    `processes` is for tests; by default the number of cases and of processors decides.
    """
    if processes is None:
        many = sum(len(runbook.cases) for runbook in runbooks) > _FEW
        processes = min(os.cpu_count() or 1, _MOST_PROCESSES) if many else 1
    if processes > 1:
        return _by_processes(runbooks, fragments, table, processes)
    with FolderAthena.from_records([], table=table, keep_plans=True) as athena:
        found = [_of_fragment(name, fragments, athena, table) for name in fragments]
        found += [_of_runbook(runbook, athena, table) for runbook in runbooks]
    return [result for results in found for result in results]


def _by_processes(
    runbooks: Sequence[Runbook], fragments: Mapping[str, Fragment], table: PhysicalTable, processes: int
) -> list[CaseResult]:
    # A new interpreter each, not a fork: DuckDB's threads would not survive one.
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin)
    try:
        waiting = [pool.submit(_fragment_there, name, fragments, table) for name in fragments]
        # The longest first, so that none is left to one process at the end.
        longest = sorted(
            range(len(runbooks)), key=lambda n: len(runbooks[n].cases) * len(runbooks[n].query), reverse=True
        )
        begun = {n: pool.submit(_runbook_there, runbooks[n], table) for n in longest}
        waiting += [begun[n] for n in range(len(runbooks))]
        return [result for future in waiting for result in future.result()]
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Leave an interruption to the process that waits: it cancels what has not begun."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(50_000, 20, 50)  # syntax trees are many objects, and looked through in vain


@lru_cache(maxsize=1)
def _athena_here(table: PhysicalTable) -> FolderAthena:
    """Return this process's Athena, which goes with the process."""
    return FolderAthena.from_records([], table=table, keep_plans=True)


def _runbook_there(runbook: Runbook, table: PhysicalTable) -> list[CaseResult]:
    return _of_runbook(runbook, _athena_here(table), table)


def _fragment_there(name: str, fragments: Mapping[str, Fragment], table: PhysicalTable) -> list[CaseResult]:
    return _of_fragment(name, fragments, _athena_here(table), table)


def _of_runbook(runbook: Runbook, athena: FolderAthena, table: PhysicalTable) -> list[CaseResult]:
    if not runbook.cases:
        message = "the runbook has no cases: nothing shows that its SQL is right"
        return [CaseResult(runbook.id, "(none)", (message,))]
    return [run_case(runbook, case, athena, table) for case in runbook.cases]


def _of_fragment(
    name: str, fragments: Mapping[str, Fragment], athena: FolderAthena, table: PhysicalTable
) -> list[CaseResult]:
    return [run_fragment_case(name, number, fragments, athena, table) for number in range(len(fragments[name].cases))]
