"""Rules about the promise that `status: stable` makes."""

from collections.abc import Iterator
from pathlib import Path

from trailbook.runbook.model import Runbook
from trailbook.runbook.rules.flaw import Flaw


def stable_is_documented(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """A stable runbook has a guide, references, and a case that finds something and one that finds nothing.

    PASS:
        status: stable
        guide: Ask the owner of the bucket.
        references: [https://docs.aws.amazon.com/]
        cases:
          - {name: found, events: [{eventName: DeleteTrail}], rows: [{event_name: DeleteTrail}]}
          - {name: not found, events: [{eventName: ListTrails}], rows: []}
    PASS:
        status: experimental
    FAIL: a stable runbook needs a case with `rows: []`
        status: stable
        guide: Ask the owner of the bucket.
        references: [https://docs.aws.amazon.com/]
        cases:
          - {name: found, events: [{eventName: DeleteTrail}], rows: [{event_name: DeleteTrail}]}
    FAIL: a stable runbook needs a guide
        status: stable
    """
    if runbook.status != "stable":
        return
    needs = {
        "a guide: what does the person on call do with a finding?": bool(runbook.guide.strip()),
        "references": bool(runbook.references),
        "a case that has rows: something that it finds": any(case.rows for case in runbook.cases),
        "a case with `rows: []`: something that it must not find": any(not case.rows for case in runbook.cases),
    }
    for need, given in needs.items():
        if not given:
            yield Flaw(("status",), f"a stable runbook needs {need}")
