"""The library of runbooks as data for its catalogue: by scenario, by ATT&CK tactic, by framework and control.

Invariants: pure, and the same library gives an equal catalogue whatever the order in which its files were read; a
technique that the matrix does not have is listed as such, never left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from trailbook.report.frameworks import COVERAGE, natural, title
from trailbook.runbook.load import Loaded
from trailbook.runbook.matrix import Matrix
from trailbook.runbook.model import Runbook

SCENARIOS: Mapping[str, str] = MappingProxyType(
    {
        "change": "Changes of key resources",
        "compute": "Compute",
        "data": "Data and secrets",
        "identity": "Identity and access",
        "investigation": "Investigation, on demand",
        "logging": "Logging and audit evidence",
        "monitoring": "Monitoring and security services",
        "network": "Network",
        "organization": "The organisation and its regions",
        "storage": "Storage",
    }
)
"""Folders of the library, as people name what is in them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A runbook and its file's path below the library's folder."""

    runbook: Runbook
    path: str

    @property
    def folder(self) -> str:
        """The folder of its scenario; empty at the library's top."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under what they have in common: a folder, a technique or a control. `about` says what that is."""

    name: str
    about: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Groups under one heading: a tactic with its techniques."""

    name: str
    title: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework: the controls that are listed in any case (`coverage`, maybe none), and the others in use."""

    name: str
    title: str
    coverage: tuple[Group, ...]
    others: tuple[Group, ...]


def entries(library: Iterable[Loaded], folder: Path) -> tuple[Entry, ...]:
    """Return the runbooks of a library by id."""
    found = [Entry(loaded.runbook, loaded.source.path.relative_to(folder).as_posix()) for loaded in library]
    return tuple(sorted(found, key=lambda entry: entry.runbook.id))


def scenarios(found: Sequence[Entry]) -> tuple[Group, ...]:
    """Return the entries by folder."""
    return tuple(
        Group(folder, SCENARIOS.get(folder) or folder.replace("-", " ").capitalize() or "Others", of)
        for folder, of in _grouped((entry.folder, entry) for entry in found)
    )


def tactics(found: Sequence[Entry], matrix: Matrix) -> tuple[Section, ...]:
    """Return each tactic in the matrix's order, also one that no runbook serves, with its techniques in use."""
    uses = _grouped(
        (technique, entry)
        for entry in found
        if entry.runbook.attack is not None
        for technique in entry.runbook.attack.techniques
        if matrix.of(technique, entry.runbook.attack.version) is not None
    )
    return tuple(
        Section(
            tactic,
            name,
            tuple(
                Group(used, matrix.title(used), of) for used, of in uses if tactic in matrix.techniques[used].tactics
            ),
        )
        for tactic, name in matrix.tactics.items()
    )


def elsewhere(found: Sequence[Entry], matrix: Matrix) -> tuple[Group, ...]:
    """Return the techniques in use of which the matrix says nothing, each with the version that its runbooks state."""
    strange = _grouped(
        (f"{technique}@{entry.runbook.attack.version}", entry)
        for entry in found
        if entry.runbook.attack is not None
        for technique in entry.runbook.attack.techniques
        if matrix.of(technique, entry.runbook.attack.version) is None
    )
    return tuple(Group(name.rpartition("@")[0], name.rpartition("@")[2], of) for name, of in strange)


def frameworks(found: Sequence[Entry]) -> tuple[Framework, ...]:
    """Return each framework in use by its title, with its controls as people count them."""
    names = {name for entry in found for name in entry.runbook.controls}
    return tuple(_framework(name, found) for name in sorted(names, key=lambda name: (title(name).lower(), name)))


def _framework(name: str, found: Sequence[Entry]) -> Framework:
    used = dict(_grouped((control, entry) for entry in found for control in entry.runbook.controls.get(name, ())))
    listed = COVERAGE.get(name, {})
    return Framework(
        name,
        title(name),
        tuple(Group(control, about, used.get(control, ())) for control, about in listed.items()),
        tuple(Group(control, "", of) for control, of in used.items() if control not in listed),
    )


def _grouped(pairs: Iterable[tuple[str, Entry]]) -> list[tuple[str, tuple[Entry, ...]]]:
    """Return the entries of each name, both sorted; an entry that is there twice under a name counts once."""
    groups: dict[str, dict[str, Entry]] = {}
    for name, entry in pairs:
        groups.setdefault(name, {})[entry.runbook.id] = entry
    return [(name, tuple(groups[name][key] for key in sorted(groups[name]))) for name in sorted(groups, key=natural)]
