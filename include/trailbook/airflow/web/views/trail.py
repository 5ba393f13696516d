"""What the page Trail says: each chain, its end, and whether the last check found all of it as it was recorded.

Invariant: `as recorded` is said of a check that came to its end and found nothing, of the entries that it looked at and
no later ones; what a reader may not see is counted and not named.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trailbook.airflow.web.chain_check import Checked
from trailbook.airflow.web.views import words
from trailbook.ledger.chain import Fault
from trailbook.ledger.index_rows import RunSummary
from trailbook.report.statements import duration
from trailbook.window import parse_time
from trailbook.words import amount

MOST_FAULTS = 200
"""Faults that the page names; `trailbook verify` names all."""


@dataclass(frozen=True, slots=True)
class Line:
    """A chain. `checked` is how many of its entries the last check reached."""

    chain: str
    title: str
    entries: int
    newest: RunSummary | None
    newest_ago: str | None
    checked: int | None
    faults: int

    @property
    def state(self) -> str:
        """The word for it: bad, unchecked, whole, or partly where entries came after the check."""
        if self.faults:
            return "bad"
        if self.checked is None:
            return "unchecked"
        return "whole" if self.checked >= self.entries else "partly"

    @property
    def after(self) -> int:
        """Entries that came after the last check."""
        return max(0, self.entries - (self.checked or 0))


@dataclass(frozen=True, slots=True)
class Trail:
    """The page. `reading` are faults that reading the ledger on has met since; `hidden` those not to be shown."""

    lines: tuple[Line, ...]
    checked: Checked | None
    says: str
    good: bool | None
    ago: str | None
    faults: tuple[Fault, ...]
    more: int
    hidden: int
    reading: tuple[str, ...]
    under_way: bool
    refresh: int | None


def trail(
    chains: Iterable[str],
    *,
    titles: Mapping[str, str],
    counts: Mapping[str, int],
    newest: Mapping[str, RunSummary],
    checked: Checked | None,
    under_way: bool,
    reading: Sequence[str],
    sees_all: bool,
    now: datetime,
) -> Trail:
    """Return the page of the chains that the reader may see; `sees_all` where there are no others."""
    names = sorted(chains)
    faults = () if checked is None else checked.faults
    of_chain = Counter(fault.chain for fault in faults)
    ends = {} if checked is None else checked.ends
    done = checked is not None and checked.problem is None
    seen = tuple(fault for fault in faults if sees_all or fault.chain in names)
    good = None if checked is None or checked.problem else not checked.faults
    return Trail(
        lines=tuple(
            Line(
                chain=name,
                title=titles.get(name, name),
                entries=counts.get(name, 0),
                newest=newest.get(name),
                newest_ago=words.ago(parse_time(newest[name].finished, "finished"), now) if name in newest else None,
                checked=(ends[name].sequence if name in ends else 0) if done else None,
                faults=of_chain[name],
            )
            for name in names
        ),
        checked=checked,
        says=_says(checked),
        good=good,
        ago=None if checked is None else words.ago(checked.ended, now),
        faults=seen[:MOST_FAULTS],
        more=len(seen) - len(seen[:MOST_FAULTS]) + (checked.more if checked is not None and sees_all else 0),
        hidden=len(faults) - len(seen),
        reading=tuple(reading),
        under_way=under_way,
        refresh=3 if under_way else None,
    )


def _says(checked: Checked | None) -> str:
    if checked is None:
        return "Nobody has verified this ledger from here yet."
    if checked.problem:
        return f"The last check did not come to its end: {checked.problem}"
    looked = f"{amount(checked.entries, 'entry', 'entries')} and {amount(checked.files, 'report file')}"
    compared = f", and {amount(checked.compared, 'head')} of the second place," if checked.second_place else ""
    took = checked.ended - checked.began
    time = f"in {duration(took)}" if took >= timedelta(seconds=1) else "in less than a second"
    found = amount(len(checked.faults) + checked.more, "fault") if checked.faults else "all as recorded"
    return f"{looked}{compared} read and hashed again {time}: {found}."
