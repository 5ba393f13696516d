"""The cases of `trailbook test`, run one after another or, where there are many, by several processes.

Invariant: the results are the same, in the same order, however many processes there are. A process is given one runbook
or one fragment at a time, so that the cases of one query meet in one process.
"""

import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from multiprocessing import get_context

from trailbook.cli.passed_cases import PassedCases
from trailbook.local.folder import FolderAthena
from trailbook.runbook.fragments import Fragment
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import CaseResult, run_cases
from trailbook.steps.fragment_cases import fragment_label, run_fragment_cases

_FEW = 200
"""Cases that are run sooner than another process has started."""

_MOST_PROCESSES = 8
"""Each takes some 200 MB."""

_Subject = Runbook | str
"""Whose cases they are: a runbook's, or those of the fragment of this name."""


@dataclass(frozen=True, slots=True)
class _Work:
    """Cases of one runbook or fragment, by their numbers. A runbook without cases has a first one, which fails."""

    subject: _Subject
    numbers: tuple[int, ...]

    @property
    def length(self) -> int:
        """About how long it takes beside other runbooks' cases."""
        return len(self.numbers) * len(self.subject.query) if isinstance(self.subject, Runbook) else 0


def results_of(
    runbooks: Sequence[Runbook],
    fragments: Mapping[str, Fragment],
    table: PhysicalTable,
    processes: int | None = None,
    passed: PassedCases | None = None,
    begun: ProcessPoolExecutor | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[CaseResult]:
    """Return the result of every case: the fragments' first, then the runbooks', both in the order given.

    What `passed` knows is not run again, and what passes is kept there. `processes` is for tests; by default the number
    of cases and of processors decides. `begun` are processes of `workers` to be used where several are.
    `meanwhile` is called once before any result is looked at, and may raise.
    """
    cases: list[tuple[_Subject, int]] = [(name, n) for name in fragments for n in range(len(fragments[name].cases))]
    cases += [(runbook, n) for runbook in runbooks for n in range(max(1, len(runbook.cases)))]
    if passed is None:
        return _run(cases, fragments, table, processes, begun, meanwhile)
    keys = [_key(subject, number, fragments, passed) for subject, number in cases]
    todo = [place for place, key in enumerate(keys) if key not in passed]
    ran = dict(
        zip(todo, _run([cases[place] for place in todo], fragments, table, processes, begun, meanwhile), strict=True)
    )
    results = [ran.get(place) or _cached(*case) for place, case in enumerate(cases)]
    passed.keep(key for key, result in zip(keys, results, strict=True) if result.passed)
    return results


def _key(subject: _Subject, number: int, fragments: Mapping[str, Fragment], passed: PassedCases) -> str:
    if isinstance(subject, str):
        return passed.of_fragment(subject, number, fragments)
    return passed.of_runbook(subject, number) if subject.cases else ""


def _cached(subject: _Subject, number: int) -> CaseResult:
    if isinstance(subject, str):
        return CaseResult(*fragment_label(subject, number), (), cached=True)
    return CaseResult(subject.id, subject.cases[number].name, (), cached=True)


def _run(
    cases: Sequence[tuple[_Subject, int]],
    fragments: Mapping[str, Fragment],
    table: PhysicalTable,
    processes: int | None,
    begun: ProcessPoolExecutor | None,
    meanwhile: Callable[[], None],
) -> list[CaseResult]:
    """Return the results of the cases, in their order; those of one runbook or fragment stand side by side."""
    work = [
        _Work(own[0][0], tuple(number for _, number in own))
        for own in (list(group) for _, group in groupby(cases, lambda case: id(case[0])))
    ]
    if processes is None:
        processes = _by_default() if len(cases) > _FEW else 1
    if processes > 1:
        with nullcontext(begun) if begun is not None else workers(processes) as used:
            return _by_workers(work, fragments, table, used, meanwhile)
    meanwhile()
    if not work:
        return []
    with FolderAthena.from_records([], table=table, keep_plans=True) as athena:
        return [result for part in work for result in _results(part, fragments, athena, table)]


def _by_default() -> int:
    return min(os.cpu_count() or 1, _MOST_PROCESSES)


@contextmanager
def workers(processes: int | None = None, *, ready_for: PhysicalTable | None = None) -> Iterator[ProcessPoolExecutor]:
    """Give processes that run cases, until the block ends; with `ready_for`, several begin at once."""
    number = processes or _by_default()
    # A new interpreter each, not a fork: DuckDB's threads would not survive one.
    pool = ProcessPoolExecutor(number, mp_context=get_context("spawn"), initializer=_begin)
    try:
        if ready_for is not None and number > 1:
            for _ in range(number):
                pool.submit(_ready, ready_for)
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _by_workers(
    work: Sequence[_Work],
    fragments: Mapping[str, Fragment],
    table: PhysicalTable,
    pool: ProcessPoolExecutor,
    meanwhile: Callable[[], None],
) -> list[CaseResult]:
    # The fragments', then the longest first, so that none is left to one process at the end.
    order = sorted(range(len(work)), key=lambda n: (isinstance(work[n].subject, Runbook), -work[n].length))
    begun = {n: pool.submit(_there, work[n], _of(work[n], fragments), table) for n in order}
    meanwhile()
    return [result for n in range(len(work)) for result in begun[n].result()]


def _of(work: _Work, fragments: Mapping[str, Fragment]) -> Mapping[str, Fragment]:
    """Return the fragments that another process must have: a runbook has its own."""
    return {} if isinstance(work.subject, Runbook) else fragments


def _begin() -> None:
    """Leave an interruption to the process that waits: it cancels what has not begun."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(1_000_000, 10, 50)  # syntax trees are many objects, and looked through in vain


@lru_cache(maxsize=1)
def _athena_here(table: PhysicalTable) -> FolderAthena:
    """Return this process's Athena, which goes with the process."""
    return FolderAthena.from_records([], table=table, keep_plans=True)


def _ready(table: PhysicalTable) -> None:
    _athena_here(table)


def _there(work: _Work, fragments: Mapping[str, Fragment], table: PhysicalTable) -> list[CaseResult]:
    return _results(work, fragments, _athena_here(table), table)


def _results(
    work: _Work, fragments: Mapping[str, Fragment], athena: FolderAthena, table: PhysicalTable
) -> list[CaseResult]:
    subject = work.subject
    if isinstance(subject, str):
        return run_fragment_cases(subject, work.numbers, fragments, athena, table)
    if not subject.cases:
        message = "the runbook has no cases: nothing shows that its SQL is right"
        return [CaseResult(subject.id, "(none)", (message,))]
    return run_cases(subject, [subject.cases[number] for number in work.numbers], athena, table)
