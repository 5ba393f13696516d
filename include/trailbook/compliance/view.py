"""The compliance view of a period: each framework's controls, what supports them, and what of that is missing.

Invariants: pure, and equal inputs give equal views; a control without evidence never reads as supported, and one that
a framework lists is there even where no runbook maps to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trailbook.compliance.evidence import Evidence, Standing, evidence
from trailbook.compliance.mapped import Mapped
from trailbook.errors import InvalidRequest
from trailbook.ledger.index_rows import RunSummary
from trailbook.report.frameworks import COVERAGE, limit, natural, title
from trailbook.runbook.nearest import nearest
from trailbook.verdict import Verdict
from trailbook.window import Window


@dataclass(frozen=True, slots=True)
class Control:
    """A control and the evidence of the runbooks that map to it; `about` is in words of ours, or empty."""

    id: str
    about: str
    evidence: tuple[Evidence, ...]

    @property
    def standing(self) -> Standing:
        """How much evidence there is: `idle` runbooks neither add to it nor take from it."""
        found = {of.standing for of in self.evidence} - {Standing.IDLE}
        if found <= {Standing.NONE}:
            return Standing.NONE
        return Standing.WHOLE if found == {Standing.WHOLE} else Standing.PARTIAL

    @property
    def verdict(self) -> Verdict:
        """Fail where a run does, incomplete where evidence is missing, else pass."""
        if any(of.of(Verdict.FAIL) for of in self.evidence):
            return Verdict.FAIL
        return Verdict.PASS if self.standing is Standing.WHOLE else Verdict.INCOMPLETE


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """A framework (`name@version`) and its controls, as people count them; `limit` says where it holds."""

    name: str
    title: str
    limit: str
    controls: tuple[Control, ...]

    def of(self, standing: Standing) -> tuple[Control, ...]:
        """Return the controls of a standing."""
        return tuple(control for control in self.controls if control.standing is standing)


@dataclass(frozen=True, slots=True)
class ComplianceView:
    """What the ledger, as it was at `by`, says of a period.

    `evidence` is that of each runbook in the view. `unmapped` are runbooks without a control of these frameworks,
    `left_out` files that are no valid runbook, `faults` what is wrong with the ledger, a sentence each.
    """

    period: Window
    by: datetime
    frameworks: tuple[FrameworkView, ...]
    evidence: tuple[Evidence, ...]
    unmapped: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def of(self, standing: Standing) -> tuple[tuple[FrameworkView, Control], ...]:
        """Return the controls of a standing, with their frameworks."""
        return tuple((framework, control) for framework in self.frameworks for control in framework.of(standing))

    @property
    def controls(self) -> int:
        """How many controls there are, over all frameworks."""
        return sum(len(framework.controls) for framework in self.frameworks)

    @property
    def failing(self) -> tuple[Evidence, ...]:
        """The runbooks of which a run in the period fails at its last word."""
        return tuple(of for of in self.evidence if of.of(Verdict.FAIL))

    @property
    def lacking(self) -> tuple[Evidence, ...]:
        """The runbooks that owed evidence and have none, or not all of it."""
        return tuple(of for of in self.evidence if of.standing in (Standing.NONE, Standing.PARTIAL))

    @property
    def verdict(self) -> Verdict:
        """Fail where a run does, incomplete where evidence is missing, or where what there is cannot be trusted."""
        if self.failing:
            return Verdict.FAIL
        missing = self.of(Standing.NONE) or self.lacking or self.left_out or self.faults
        return Verdict.INCOMPLETE if missing else Verdict.PASS


def view(
    period: Window,
    frameworks: Sequence[str],
    runbooks: Iterable[Mapped],
    runs: Iterable[RunSummary],
    *,
    by: datetime,
    last_good: Mapping[str, RunSummary],
    left_out: Iterable[str] = (),
    faults: Iterable[str] = (),
) -> ComplianceView:
    """Return the view of some frameworks (none named: all that the runbooks use).

    `runs` are those that count in the period, in any order; `last_good` the last good run of each until its end.
    Raises InvalidRequest for a framework that nothing maps to.
    """
    known = sorted(runbooks, key=lambda runbook: runbook.id)
    names = chosen(known, frameworks)
    of_runbook: dict[str, list[RunSummary]] = {}
    for run in runs:
        of_runbook.setdefault(run.runbook, []).append(run)
    mapped = [runbook for runbook in known if any(name in runbook.controls for name in names)]
    found = tuple(
        evidence(runbook, of_runbook.get(runbook.id, ()), last_good.get(runbook.id), period=period, by=by)
        for runbook in mapped
    )
    return ComplianceView(
        period=period,
        by=by,
        frameworks=tuple(_framework(name, found) for name in names),
        evidence=found,
        unmapped=tuple(runbook.id for runbook in known if not any(name in runbook.controls for name in names)),
        left_out=tuple(sorted(left_out)),
        faults=tuple(faults),
    )


def chosen(runbooks: Iterable[Mapped], frameworks: Sequence[str]) -> tuple[str, ...]:
    """Return the frameworks of a view by their titles. Raises InvalidRequest naming each that nothing maps to.

    A name without its version (`nist-800-53`) is every version of it.
    """
    used = {name for runbook in runbooks for name in runbook.controls}
    reasons, names = [], set() if frameworks else used
    for asked in frameworks:
        fits = {name for name in used if asked in (name, name.partition("@")[0])}
        if not fits:
            there = ", ".join(sorted(used)) or "none"
            close = nearest(asked, tuple(sorted(used)))
            meant = f"; did you mean `{close}`?" if close else ""
            reasons.append(f"no runbook maps to the framework {asked!r}; there are: {there}{meant}")
        names |= fits
    if reasons:
        raise InvalidRequest(*reasons)
    return tuple(sorted(names, key=lambda name: (title(name).lower(), name)))


def _framework(name: str, found: Sequence[Evidence]) -> FrameworkView:
    listed = COVERAGE.get(name, {})
    used = {control for of in found for control in of.runbook.controls.get(name, ())}
    controls = (
        Control(
            control,
            listed.get(control, ""),
            tuple(of for of in found if control in of.runbook.controls.get(name, ())),
        )
        for control in sorted({*listed, *used}, key=natural)
    )
    return FrameworkView(name, title(name), limit(name), tuple(controls))
