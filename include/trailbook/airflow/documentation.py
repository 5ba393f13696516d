"""A runbook as the Markdown that Airflow shows on its DAG's page.

Invariant: no text of the runbook can break out of its own section: an open code fence is closed, the SQL's fence is
longer than any run of backticks in it, and the text never ends in `.md` (Airflow would open a file of that name).
"""

import re

from trailbook.runbook.model import UNREVIEWED, Runbook

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")


def markdown(runbook: Runbook) -> str:
    """Return the page: what is asked, what to do with a finding, what it may be instead, references, the SQL."""
    facts = f"Severity **{runbook.severity}** · status **{runbook.status}** · owner **{runbook.owner}**"
    parts = [f"# {runbook.title}", facts, closed(runbook.description)]
    if runbook.guide:
        parts += ["## What to do with a finding", closed(runbook.guide)]
    if runbook.falsepositives:
        parts += ["## What it may be instead", _bullets(runbook.falsepositives)]
    mappings = _mappings(runbook)
    if mappings:
        parts += ["## Mappings", _bullets(mappings)]
    if runbook.references:
        parts += ["## References", "\n".join(f"- <{address}>" for address in runbook.references)]
    parts += [
        "## The query",
        "It reads the logs of the run's window, accounts and regions, as the relation `cloudtrail`.",
        fenced(runbook.query, "sql"),
    ]
    return "\n\n".join(parts) + "\n"


def fenced(text: str, language: str) -> str:
    """Return text as a code block that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def closed(text: str) -> str:
    """Return Markdown with the code fence that it leaves open, if any, closed."""
    fence = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if match is None:
            continue
        mark, rest = match.groups()
        if not fence:
            fence = mark
        elif mark[0] == fence[0] and len(mark) >= len(fence) and not rest.strip():
            fence = ""
    return text.rstrip() + (f"\n{fence}" if fence else "")


def _bullets(texts: list[str]) -> str:
    return "\n".join(f"- {' '.join(text.split())}" for text in texts)


def _mappings(runbook: Runbook) -> list[str]:
    found = [f"{framework}: {', '.join(ids)}" for framework, ids in runbook.controls.items()]
    if runbook.attack is not None:
        found.insert(0, f"MITRE ATT&CK {runbook.attack.version}: {', '.join(runbook.attack.techniques)}")
    if runbook.unreviewed:
        found.append(UNREVIEWED)
    return found
