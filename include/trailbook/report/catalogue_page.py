"""The catalogue of the library as one Markdown page: what `trailbook list --format markdown` prints.

Invariants: deterministic and without a clock, so that a page in a repository can be compared with its library; every
text of a runbook is escaped; a mapping that nobody has reviewed carries a mark wherever it stands.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from trailbook.report.catalogue import Entry, Framework, Group, Section, elsewhere, frameworks, scenarios, tactics
from trailbook.report.frameworks import limit
from trailbook.report.markdown_text import code, plain, table
from trailbook.report.text import technique_address
from trailbook.runbook.matrix import Matrix
from trailbook.runbook.model import UNREVIEWED, Runbook
from trailbook.words import amount

_MARK, _UNCONFIRMED = "†", "‡"
_SEVERITIES = ("critical", "high", "medium", "low", "informational")
_KINDS = ("aggregate", "events", "state")
_STATUSES = ("stable", "experimental", "deprecated")

_READING = """\
- **Kind**: a row is one event (*events*), one group of events (*aggregate*) or a thing's last known state (*state*).
- **Key**: the columns that name a row; a run compares rows by them with the run before.
- **Schedule**: when a run starts, in UTC, and how long a window it looks at; *on demand* means that a person starts it.
- **Parameters**: a run must be given those in bold; the others have defaults. Every runbook also takes `start`, `end`,
  `accounts`, `regions`, `row_limit`, `compare_with` and `reason`. A *list* is a CSV file that the deployment keeps.
- **Leads to**: the runbooks that a finding opens, with their parameters filled from its row."""

_SUPPORTS = """\
A mapping says that a runbook's runs *support* a control: they are evidence that something is monitored. No run, and no
number of runs, *satisfies* a control. **No auditor has reviewed these mappings**: have one read them before they stand
in a report that you hand to anybody."""


def render(found: Sequence[Entry], matrix: Matrix, library: str) -> str:
    """Return the page; `library` is the address of the runbooks' folder as seen from it, such as `../runbooks`."""
    known = {entry.runbook.id for entry in found}
    parts = [
        "# The runbooks",
        "Written by `make docs` from the runbooks themselves: do not edit it.",
        "[How to read it](#how-to-read-it) · [By scenario](#by-scenario) · [By ATT&CK tactic](#by-attck-tactic) · "
        "[By framework and control](#by-framework-and-control)",
        _counts([entry.runbook for entry in found]),
        "## How to read it",
        _READING,
        _SUPPORTS,
        "## By scenario",
        *(part for group in scenarios(found) for part in _scenario(group, known)),
        "## By ATT&CK tactic",
        *_attack(found, matrix),
        "## By framework and control",
        *_note(entry for entry in found if entry.runbook.controls),
        *(part for framework in frameworks(found) for part in _framework(framework)),
        "\n".join(f"[{entry.runbook.id}]: {library}/{quote(entry.path)}" for entry in found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts(runbooks: Sequence[Runbook]) -> str:
    on_demand = sum(runbook.schedule is None for runbook in runbooks)
    cases = sum(len(runbook.cases) for runbook in runbooks)
    rows = [
        ("in all", f"{amount(len(runbooks), 'runbook')} with {amount(cases, 'case')}"),
        ("by severity", _tally((runbook.severity for runbook in runbooks), _SEVERITIES)),
        ("by start", f"{len(runbooks) - on_demand} scheduled, {on_demand} on demand"),
        ("by kind", _tally((runbook.result.kind for runbook in runbooks), _KINDS)),
        ("by status", _tally((runbook.status for runbook in runbooks), _STATUSES)),
    ]
    return table(("Runbooks", "How many"), rows)


def _tally(values: Iterable[str], order: Sequence[str]) -> str:
    counted = Counter(values)
    return ", ".join(f"{counted[value]} {value}" for value in order if counted[value]) or "none"


def _scenario(group: Group, known: set[str]) -> list[str]:
    columns = ("Runbook", "Severity", "Kind and key", "Schedule", "Parameters and lists", "Leads to")
    return [f"### {plain(group.about)}", table(columns, (_about(entry.runbook, known) for entry in group.entries))]


def _about(runbook: Runbook, known: set[str]) -> list[str]:
    status = "" if runbook.status == "stable" else f" *({runbook.status})*"
    return [
        f"[{runbook.id}]{status}<br>{plain(runbook.title)}",
        runbook.severity,
        f"{runbook.result.kind} by<br>{', '.join(map(code, runbook.result.key))}",
        _schedule(runbook),
        _settings(runbook),
        _leads_to(runbook, known),
    ]


def _schedule(runbook: Runbook) -> str:
    if runbook.schedule is None:
        return "on demand"
    return f"{code(runbook.schedule.cron)}<br>window&nbsp;{plain(runbook.schedule.window)}"


def _settings(runbook: Runbook) -> str:
    params = [f"**{code(name)}**" if param.required else code(name) for name, param in runbook.params.items()]
    parts = [", ".join(params)] if params else []
    if runbook.needs_one_of:
        parts.append(f"at least one of {', '.join(map(code, runbook.needs_one_of))}")
    if runbook.lookups:
        parts.append(f"lists: {', '.join(map(code, runbook.lookups))}")
    return "<br>".join(parts) or "none"


def _leads_to(runbook: Runbook, known: set[str]) -> str:
    names = sorted({pivot.runbook for pivot in runbook.pivots})
    return ", ".join(f"[{name}]" if name in known else code(name) for name in names) or "none"


def _attack(found: Sequence[Entry], matrix: Matrix) -> list[str]:
    sections = tactics(found, matrix)
    parts = [
        f"MITRE ATT&CK Enterprise {matrix.version}. A technique stands under each of its tactics: a finding does not"
        " say which of them somebody was after. © The MITRE Corporation. This work is reproduced and distributed with"
        " the permission of The MITRE Corporation.",
        *_note(entry for entry in found if entry.runbook.attack),
        *_unchecked(sections, matrix),
        *(part for section in sections if section.groups for part in _tactic(section, matrix)),
    ]
    bare = [plain(section.title) for section in sections if not section.groups]
    if bare:
        parts.append(f"Tactics without a runbook: {', '.join(bare)}.")
    strange = elsewhere(found, matrix)
    if strange:
        rows = [(_technique(group.name), plain(group.about), _names(group.entries)) for group in strange]
        parts += ["### Tactic not known here", table(("Technique", "ATT&CK", "Runbooks"), rows)]
    without = [entry for entry in found if entry.runbook.attack is None]
    if without:
        parts.append(f"Runbooks without a technique: {_names(without)}.")
    return parts


def _unchecked(sections: Sequence[Section], matrix: Matrix) -> list[str]:
    used = {group.name for section in sections for group in section.groups}
    unsure = any(not matrix.techniques[name].confirmed for name in used)
    return [f"{_UNCONFIRMED} Unconfirmed: nobody could check the tactics of this technique."] if unsure else []


def _tactic(section: Section, matrix: Matrix) -> list[str]:
    rows = []
    for group in section.groups:
        mark = "" if matrix.techniques[group.name].confirmed else _UNCONFIRMED
        rows.append((f"{_technique(group.name)} {plain(group.about)}{mark}", _names(group.entries)))
    return [f"### {plain(section.title)} ({section.name})", table(("Technique", "Runbooks"), rows)]


def _technique(name: str) -> str:
    address = technique_address(name)
    return plain(name) if address is None else f"[{name}]({address})"


def _framework(framework: Framework) -> list[str]:
    parts = [f"### {plain(framework.title)}", limit(framework.name)]
    if framework.coverage:
        listed = framework.coverage
        covered = sum(bool(group.entries) for group in listed)
        rows = [(plain(group.name), plain(group.about), _names(group.entries) or "**none**") for group in listed]
        parts += [
            f"{covered} of the {len(listed)} controls from {plain(listed[0].name)} to {plain(listed[-1].name)} have a"
            " runbook. What a control is about is said in our words, not in the publisher's.",
            table(("Control", "About", "Runbooks"), rows),
        ]
    if framework.others:
        parts += ["Other controls:"] if framework.coverage else []
        rows_of_others = [(plain(group.name), _names(group.entries)) for group in framework.others]
        parts.append(table(("Control", "Runbooks"), rows_of_others))
    return parts


def _note(found: Iterable[Entry]) -> list[str]:
    return [f"{_MARK} {UNREVIEWED}"] if any(entry.runbook.unreviewed for entry in found) else []


def _names(found: Sequence[Entry]) -> str:
    return ", ".join(f"[{entry.runbook.id}]{_MARK if entry.runbook.unreviewed else ''}" for entry in found)
