"""The roll-up's steps: plan, report, record. What it looks at is the ledger itself, never an index of it.

Invariant: the plan freezes the period, the runbooks' mappings and the end of each chain; entries do not change, so the
report that follows is the same whenever it is made, and whatever is appended meanwhile belongs to the next roll-up.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self, TypeVar

from trailbook.canonical import Json, digest
from trailbook.compliance.mapped import Mapped
from trailbook.compliance.report import ComplianceReport
from trailbook.compliance.statements import reasons
from trailbook.compliance.view import ComplianceView, chosen, view
from trailbook.compliance.write import write
from trailbook.errors import EvidenceError, InvalidRequest
from trailbook.ledger import Entry, Ledger, Materials
from trailbook.ledger.period import Gathered, end, gather
from trailbook.objects import ObjectStore
from trailbook.plan import Head, Run, Trigger
from trailbook.report import Products
from trailbook.runbook.collection import Collection
from trailbook.runbook.rollup import CHAIN
from trailbook.steps.record import Failure, attempted, judged
from trailbook.verdict import Judgement
from trailbook.window import Window, parse_time, text

__all__ = ["CHAIN", "RollupPlan", "gathered", "plan", "record", "report"]

_READERS = 8
_T = TypeVar("_T")
_U = TypeVar("_U")


@dataclass(frozen=True, slots=True)
class RollupPlan:
    """What one roll-up will say, but for reading it: the same plan gives the same report.

    `asked` are the frameworks that were named (none: all in use); `ends` those of the chains; `left_out` the files that
    are no valid runbook; `faults` what is already wrong with chains; `head` the end of the roll-ups' own chain.
    """

    run: Run
    period: Window
    asked: tuple[str, ...]
    runbooks: tuple[Mapped, ...]
    left_out: tuple[str, ...]
    ends: Mapping[str, Head]
    faults: tuple[str, ...]
    head: Head | None
    started: str

    @property
    def runbooks_sha256(self) -> str:
        """The digest of all runbooks, whether they map to a framework or not."""
        return digest({runbook.id: runbook.sha256 for runbook in self.runbooks})

    def params(self) -> dict[str, Any]:
        """Return what a person could choose, for the ledger."""
        return {"from": text(self.period.start), "to": text(self.period.end), "frameworks": list(self.asked)}

    def to_json(self) -> dict[str, Json]:
        """Return the plan as plain JSON values."""
        return {
            "run": asdict(self.run),
            "period": {"start": text(self.period.start), "end": text(self.period.end)},
            "asked": list(self.asked),
            "runbooks": [runbook.to_json() for runbook in self.runbooks],
            "left_out": list(self.left_out),
            "ends": {name: asdict(head) for name, head in self.ends.items()},
            "faults": list(self.faults),
            "head": None if self.head is None else asdict(self.head),
            "started": self.started,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the plan of its JSON form."""
        period = value["period"]
        data = {name: tuple(value[name]) for name in ("asked", "left_out", "faults")}
        return cls(
            run=Run(**value["run"] | {"trigger": Trigger(value["run"]["trigger"])}),
            period=Window(parse_time(period["start"], "start"), parse_time(period["end"], "end")),
            runbooks=tuple(Mapped.from_json(runbook) for runbook in value["runbooks"]),
            ends={name: Head(**head) for name, head in value["ends"].items()},
            head=None if value["head"] is None else Head(**value["head"]),
            started=value["started"],
            **data,
        )

    def attempt(self, number: int) -> Self:
        """Return the plan as another attempt of its run."""
        return replace(self, run=replace(self.run, attempt=number))


def plan(
    run: Run, period: Window, frameworks: Sequence[str], collection: Collection, ledger: Ledger, *, started: datetime
) -> RollupPlan:
    """Return the frozen plan. Raises InvalidRequest for a period that is not over and a framework without runbooks."""
    if period.end > started:
        raise InvalidRequest(
            f"the period ends at {text(period.end)}, which is not over yet (now it is {text(started)}): "
            "choose an earlier `to`, or run again later"
        )
    runbooks = tuple(Mapped.of(loaded) for loaded in collection.runbooks.values())
    names = chosen(runbooks, frameworks)
    ends: dict[str, Head] = {}
    faults = []
    mapped = [runbook.id for runbook in runbooks if runbook.only(names).controls]
    for name, found in zip(mapped, _each(lambda name: _end(ledger, name), mapped), strict=True):
        if isinstance(found, Head):
            ends[name] = found
        elif found is not None:
            faults.append(f"{name}: {found}")
    own = end(ledger.store, CHAIN)
    return RollupPlan(
        run=run,
        period=period,
        asked=tuple(frameworks),
        runbooks=runbooks,
        left_out=tuple(sorted({problem.path for problem in collection.problems})),
        ends=ends,
        faults=tuple(faults),
        head=own,
        started=text(started.replace(microsecond=0)),
    )


def gathered(made: RollupPlan, ledger: Ledger) -> ComplianceView:
    """Return the view of a plan, read from the ledger."""
    names = sorted(made.ends)
    found = dict(
        zip(names, _each(lambda name: gather(ledger.store, name, made.ends[name], made.period), names), strict=True)
    )
    return view(
        made.period,
        made.asked,
        made.runbooks,
        (run for of in found.values() for run in of.runs),
        by=parse_time(made.started, "started"),
        last_good=_last_good(found),
        left_out=made.left_out,
        faults=(*made.faults, *(fault for of in found.values() for fault in of.faults)),
    )


def report(
    made: RollupPlan, *, ledger: Ledger, reports: ObjectStore, beside: bool = True
) -> tuple[Products, Judgement]:
    """Write the report of a plan and return its files, and the verdict with its reasons, what has no evidence first.

    `beside` is as `trailbook.compliance.write` has it. Raises EvidenceError where this run wrote other
    bytes before.
    """
    found = gathered(made, ledger)
    return write(reports, report_of(made, found), beside=beside), Judgement(found.verdict, reasons(found))


def report_of(made: RollupPlan, found: ComplianceView) -> ComplianceReport:
    """Return what is written of a plan's view."""
    return ComplianceReport(
        view=found,
        run=made.run,
        started=made.started,
        runbooks_sha256=made.runbooks_sha256,
        asked=made.asked,
        heads=made.ends,
        head=made.head,
    )


def record(
    run: Run,
    *,
    made: RollupPlan | None,
    products: Products | None,
    judgement: Judgement | None,
    failure: Failure | None,
    ledger: Ledger,
    finished: datetime,
    begun: datetime | None = None,
) -> Entry:
    """Append the roll-up to its chain and return its entry; the same attempt again returns the entry that is there.

    `begun` is when the attempt began, or before: the ledger is searched no further back. Without a report, or where a
    task failed, the verdict is `error`.
    """
    found = attempted(
        CHAIN,
        run,
        judged(judgement, products, failure),
        started=None if made is None else made.started,
        products=products,
        failure=failure,
        finished=finished,
    )
    if made is not None:
        materials = Materials(runbook_sha256=made.runbooks_sha256)
        found = replace(found, window=made.period, params=made.params(), materials=materials)
    return ledger.append(found, begun=None if begun is None else text(begun))


def _end(ledger: Ledger, runbook: str) -> Head | EvidenceError | None:
    try:
        return end(ledger.store, runbook)
    except EvidenceError as error:  # a stray key at the end: the roll-up says so, and goes on
        return error


def _last_good(found: Mapping[str, Gathered]) -> dict[str, Any]:
    return {name: of.good for name, of in found.items() if of.good is not None}


def _each(call: Callable[[_T], _U], items: Iterable[_T]) -> list[_U]:
    """Return `call` of each item, several at a time: they wait for S3."""
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(call, items))
