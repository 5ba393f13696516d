"""The verdict: expectation × diff × completeness, decided in one pure function.

Invariants: what was not looked at never reads as clean (`incomplete` before `pass`), a finding that breaks the
expectation is never hidden by an incomplete window (`fail` before `incomplete`), and every verdict has its reasons.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from trailbook.canonical import Json
from trailbook.diff import Counts


class Verdict(StrEnum):
    """What a run says. `error` is a run that has no result at all."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCOMPLETE = "incomplete"
    ERROR = "error"


@dataclass(frozen=True, slots=True, order=True)
class Coverage:
    """What the window's logs hold for one account and region. Times are CloudTrail's own texts."""

    account: str
    region: str
    events: int
    first_event: str
    last_event: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """What was looked at: the statement beside every result. `data_scanned_in_bytes` is that of the runbook's query."""

    coverage: tuple[Coverage, ...]
    data_scanned_in_bytes: int
    missing_accounts: tuple[str, ...] = ()
    missing_regions: tuple[str, ...] = ()
    empty_lookups: tuple[str, ...] = ()
    truncated_at: int | None = None
    """The row limit, where rows were cut."""
    problems: tuple[str, ...] = ()
    """What could not be read, a sentence each."""

    @property
    def events(self) -> int:
        """Events in the window."""
        return sum(part.events for part in self.coverage)

    @property
    def first_event(self) -> str | None:
        """The earliest event time in the window."""
        return min((part.first_event for part in self.coverage), default=None)

    @property
    def last_event(self) -> str | None:
        """The latest event time in the window."""
        return max((part.last_event for part in self.coverage), default=None)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Why the window was not looked at whole, a sentence each; empty where it was."""
        found = [] if self.events else ["the window holds no CloudTrail events at all"]
        if self.missing_accounts:
            found.append(f"no logs of the expected accounts {', '.join(self.missing_accounts)}")
        if self.missing_regions:
            found.append(f"no logs of the expected regions {', '.join(self.missing_regions)}")
        found += [f"the lookup {name} is empty, so there was nothing to look for" for name in self.empty_lookups]
        if self.truncated_at is not None:
            found.append(f"rows were cut at the row limit of {self.truncated_at}")
        return (*found, *self.problems)

    def to_json(self) -> dict[str, Json]:
        """Return the statement as JSON, with what follows from it."""
        derived: dict[str, Json] = {
            "events": self.events,
            "first_event": self.first_event,
            "last_event": self.last_event,
        }
        return {**asdict(self), "coverage": [asdict(part) for part in self.coverage], "gaps": list(self.gaps)} | derived

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Completeness":
        """Return the statement of its JSON form."""
        names = ("missing_accounts", "missing_regions", "empty_lookups", "problems")
        return cls(
            coverage=tuple(Coverage(**part) for part in value["coverage"]),
            data_scanned_in_bytes=value["data_scanned_in_bytes"],
            truncated_at=value["truncated_at"],
            **{name: tuple(value[name]) for name in names},
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and its reasons, each a sentence."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judge(expect: str, counts: Counts, completeness: Completeness) -> Judgement:
    """Return the verdict of a run that has a result. `expect` is the runbook's; suppressed findings break nothing."""
    open_findings = counts.open_present
    broken = {
        "no_findings": (open_findings, "finding", "expected none"),
        "no_new_findings": (counts.open_new, "new finding", "expected no new ones"),
        "anything": (0, "", ""),
    }[expect]
    count, noun, expectation = broken
    gaps = completeness.gaps
    if count:
        verb = "is" if count == 1 else "are"
        reason = f"there {verb} {count} {noun}{'' if count == 1 else 's'}, {expectation}"
        return Judgement(Verdict.FAIL, (reason, *gaps))
    if gaps:
        return Judgement(Verdict.INCOMPLETE, gaps)
    if not open_findings:
        return Judgement(Verdict.PASS, ("no open findings in a complete window",))
    noun = "finding" if open_findings == 1 else "findings"
    accepted = "none new" if expect == "no_new_findings" else "and this runbook expects anything"
    return Judgement(Verdict.PASS, (f"{open_findings} open {noun}, {accepted}",))
