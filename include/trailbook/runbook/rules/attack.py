"""Rules about MITRE ATT&CK ids.

Version 19 of the Enterprise matrix revoked T1562 (Impair Defenses) in favour of T1685 and T1686; an id that means
nothing in the version stated is no evidence. Source: the CATALOGUE's header, ATT&CK v18.1 beside v19.1.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from trailbook.runbook.model import Runbook
from trailbook.runbook.rules.flaw import Flaw

_WELL_FORMED = re.compile(r"T\d{4}(\.\d{3})?", re.ASCII)
_NEW_IN_19 = {
    "T1562": "T1685",
    "T1562.001": "T1685",
    "T1562.008": "T1685.002",
    "T1562.004": "T1686",
    "T1562.007": "T1686.001",
}
_OLD_BEFORE_19 = {"T1685": "T1562.001", "T1685.002": "T1562.008", "T1686": "T1562.004", "T1686.001": "T1562.007"}


def attack_ids(runbook: Runbook, path: Path) -> Iterator[Flaw]:
    """ATT&CK ids are well-formed, named once, and exist in the stated version.

    PASS:
        attack: {version: "19.1", techniques: [T1110.001, T1685.002]}
    PASS:
        attack: {version: "18.1", techniques: [T1562.008]}
    FAIL: T1562.008 is revoked in 19.1: write T1685.002
        attack: {version: "19.1", techniques: [T1562.008]}
    FAIL: expected a technique such as T1110 or T1110.001, found 't1110'
        attack: {version: "19.1", techniques: [t1110]}
    FAIL: T1110 is there twice
        attack: {version: "19.1", techniques: [T1110, T1110]}
    """
    if runbook.attack is None:
        return
    version, seen = runbook.attack.version, set[str]()
    for index, technique in enumerate(runbook.attack.techniques):
        loc = ("attack", "techniques", index)
        if not _WELL_FORMED.fullmatch(technique):
            yield Flaw(loc, f"expected a technique such as T1110 or T1110.001, found {technique[:40]!r}")
        elif technique in seen:
            yield Flaw(loc, f"{technique} is there twice")
        elif (advice := _wrong_version(technique, version)) is not None:
            yield Flaw(loc, advice)
        seen.add(technique)


def _wrong_version(technique: str, version: str) -> str | None:
    parent = technique.partition(".")[0]
    if int(version.partition(".")[0]) >= 19:
        if parent != "T1562":
            return None
        return f"{technique} is revoked in {version}: write {_NEW_IN_19.get(technique, 'T1685 or T1686, or one below')}"
    if parent not in ("T1685", "T1686"):
        return None
    older = _OLD_BEFORE_19.get(technique, "T1562 or one below")
    return f"{technique} is not in {version}: write {older}, or state version 19.1"
