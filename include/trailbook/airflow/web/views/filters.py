"""The filters of the page Runbooks: what can be asked for, what there is to choose, and which mappings fit."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from trailbook.report.frameworks import natural, title
from trailbook.runbook.model import Runbook
from trailbook.verdict import Verdict

SEVERITIES = ("critical", "high", "medium", "low", "informational")
STATUSES = ("stable", "experimental", "deprecated")
VERDICTS = (*(verdict.value for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.INCOMPLETE, Verdict.PASS)), "none")
"""What the last run says, the worst first; `none` is a runbook that has not run."""

_VERDICT_NAMES = {"none": "has not run"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asks for; an empty text is no filter. `control` is `framework@version:control`."""

    q: str = ""
    verdict: str = ""
    severity: str = ""
    status: str = ""
    framework: str = ""
    control: str = ""
    technique: str = ""
    owner: str = ""

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return any(getattr(self, part.name) for part in fields(self))

    def fits_mappings(self, runbook: Runbook) -> bool:
        """Whether a runbook has the framework, the control and the technique that are asked for."""
        framework, _, control = self.control.rpartition(":")
        techniques = runbook.attack.techniques if runbook.attack is not None else []
        return (
            (not self.framework or self.framework in runbook.controls)
            and (not self.control or control in runbook.controls.get(framework, ()))
            and (not self.technique or self.technique in techniques)
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One select of the filters: its options as (value, name)."""

    name: str
    title: str
    options: tuple[tuple[str, str], ...]


def choices(runbooks: Sequence[Runbook], asked: Filters) -> tuple[Choice, ...]:
    """Return the filters with what there is to choose; the controls are those of the framework that is asked for."""
    controls = {
        (framework, control)
        for runbook in runbooks
        for framework, of in runbook.controls.items()
        for control in of
        if asked.framework in ("", framework)
    }
    frameworks = sorted({name for runbook in runbooks for name in runbook.controls})
    techniques = {name for runbook in runbooks if runbook.attack is not None for name in runbook.attack.techniques}
    options: dict[str, tuple[str, list[tuple[str, str]]]] = {
        "verdict": ("Last verdict", [(name, _VERDICT_NAMES.get(name, name)) for name in VERDICTS]),
        "severity": ("Severity", [(name, name) for name in SEVERITIES]),
        "status": ("Status", [(name, name) for name in (*STATUSES, "retired")]),
        "framework": ("Framework", [(name, title(name)) for name in frameworks]),
        "control": (
            "Control",
            [
                (f"{framework}:{control}", control if asked.framework else f"{title(framework)}: {control}")
                for framework, control in sorted(controls, key=lambda pair: (pair[0], natural(pair[1])))
            ],
        ),
        "technique": ("ATT&CK", [(name, name) for name in sorted(techniques)]),
        "owner": ("Owner", [(name, name) for name in sorted({runbook.owner for runbook in runbooks})]),
    }
    return tuple(Choice(name, text, tuple(found)) for name, (text, found) in options.items())
