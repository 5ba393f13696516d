"""Which points a run has, and whether a run that was struck at one of them came out right.

Right is: with the tasks' own retries, or after one clearing of the run where a retry is no use (access denied), every
task is done; each attempt has exactly one entry and the last has the clean run's result; no query was started twice; no
whole report is left that no entry names. An attempt that was denied the ledger itself has no entry: nothing could write
it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from calls import Blow, Strike
from rig import ORDER, RUNBOOK, Rig

from trailbook.ledger import Entry, Ledger, verify
from trailbook.objects_s3 import S3Store


@dataclass(frozen=True)
class Outcome:
    """What came of one struck run; `problems` is empty where it survived."""

    strike: Strike
    call: str
    passes: int
    problems: tuple[str, ...]


def points(rig: Rig, run_id: str) -> list[tuple[Strike, str]]:
    """Return every blow at every call that a clean run made, each with the call's name."""
    return [
        (Strike(task, number, blow), call)
        for task in ORDER
        for number, call in enumerate(rig.calls(run_id, task), start=1)
        for blow in Blow
    ]


def struck(rig: Rig, chosen: Iterable[tuple[Strike, str]], clean: Entry) -> Iterator[Outcome]:
    """Run once for each point and say what came of it."""
    for number, (strike, call) in enumerate(chosen):
        run_id = f"struck-{number}"
        before = _executions(rig)
        passes = 1
        states = rig.run(run_id, strike)
        if "failed" in states.values():
            passes, states = 2, rig.run(run_id, clear_number=1)
        found = list(_problems(rig, run_id, strike, states, passes, clean))
        if (started := _executions(rig) - before) > 2 * passes:
            found.append(f"{started} queries were started in {passes} attempts of two")
        yield Outcome(strike, call, passes, tuple(found))


def ledger_of(rig: Rig) -> Ledger:
    """Return the ledger as an auditor reads it."""
    return Ledger(S3Store(rig.client("s3"), "ledger", "chains"))


def faults(rig: Rig) -> list[str]:
    """Return what `trailbook verify` says of all that is there, the second place included."""
    s3 = rig.client("s3")
    found = verify(ledger_of(rig).store, S3Store(s3, "reports", "kept"), second=S3Store(s3, "heads"))
    return [*map(str, found.faults), *([] if found.compared == found.entries else ["an entry has no head"])]


def _problems(
    rig: Rig, run_id: str, strike: Strike, states: dict[str, str], passes: int, clean: Entry
) -> Iterator[str]:
    yield from (f"{task} ended {state}" for task, state in states.items() if state != "success")
    denied = strike.blow is Blow.DENIED
    if passes > 1 and not denied:
        yield "its retries were not enough"
    mine = takewhile(lambda entry: entry.record.run.run_id == run_id, ledger_of(rig).backwards(RUNBOOK))
    entries = [*mine][::-1]
    counted = Counter(entry.record.run.attempt for entry in entries)
    unwritable = denied and strike.task == "record"
    wanted = {attempt: 1 for attempt in range(1, passes + 1) if not (unwritable and attempt == 1 and not counted[1])}
    if counted != wanted:
        yield f"entries by attempt: {dict(counted)}, expected {wanted}"
    if entries:
        last, right = entries[-1].record, clean.record
        if (last.verdict, last.counts, last.error) != (right.verdict, right.counts, None):
            yield f"the last entry says {last.verdict}, {last.counts}, {last.error}"
    named = {entry.record.products.manifest.key for entry in entries if entry.record.products}
    written = {key for key in S3Store(rig.client("s3"), "reports", "kept").keys(RUNBOOK) if f"/{run_id}" in key}
    whole = {key for key in written if key.endswith("/manifest.json") and key.split("/")[2].split(".")[0] == run_id}
    if not unwritable and whole - named:
        yield f"whole reports that no entry names: {sorted(whole - named)}"


def _executions(rig: Rig) -> int:
    pages = rig.client("athena").get_paginator("list_query_executions").paginate()
    return sum(len(page["QueryExecutionIds"]) for page in pages)
