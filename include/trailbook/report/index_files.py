"""`index.html` and `index.json`: the runs of one command on one page, and the same for programs.

Invariants: as for a report, every text is escaped and has its hidden characters marked by the templates' engine, and
the policy allows the page's own style and no more; a reader sees the old file or the new one, never a part.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from trailbook import __version__, canonical
from trailbook.canonical import Json
from trailbook.errors import DeploymentError
from trailbook.report import index_statements as says
from trailbook.report import statements
from trailbook.report.frameworks import title
from trailbook.report.html import MARKS, environment, style_hash
from trailbook.report.index import Index, Line, controls, techniques
from trailbook.report.text import CELL, sentence
from trailbook.report.values import to_json
from trailbook.verdict import Verdict
from trailbook.whole_file import replace_file
from trailbook.window import text

FORMAT = "trailbook.index/1"
MOST_PROBLEMS = 10
"""Problems of the logs that the page lists."""


def write(folder: Path, index: Index) -> None:
    """Write both files into a folder, over those of an earlier command. Raises DeploymentError where it cannot."""
    for name, body in (("index.html", render(index)), ("index.json", dumps(index))):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(folder / name, body)
        except OSError as error:
            raise DeploymentError(f"{folder / name}: cannot be written: {error.strerror or error}") from error


def render(index: Index) -> bytes:
    """Return the page as UTF-8."""
    engine = environment()
    style = "".join(engine.get_template(name).render() for name in ("report.css", "index.css"))
    page = engine.get_template("index.html.j2").render(_context(index), style_hash=style_hash(style))
    return page.encode("utf-8")


def dumps(index: Index) -> bytes:
    """Return the index as canonical JSON."""
    failing, quiet = index.of(Verdict.FAIL), {line.runbook.id for line in index.quiet}
    return canonical.dumps(
        {
            "format": FORMAT,
            "notice": says.NO_EVIDENCE,
            "version": __version__,
            "made": index.made,
            "window": {"start": text(index.window.start), "end": text(index.window.end)},
            "params": to_json(list(index.params)),
            "logs": to_json(asdict(index.logs)),
            "events_in_window": index.events,
            "coverage": [to_json(asdict(part)) for part in index.coverage],
            "gaps": to_json(list(index.gaps)),
            "verdict": index.verdict.value,
            "verdicts": {verdict.value: len(index.of(verdict)) for verdict in Verdict},
            "runs": [_run(index, line, quiet=line.runbook.id in quiet) for line in index.lines],
            "skipped": [to_json(asdict(skip)) for skip in index.skipped],
            "left_out": [to_json(asdict(broken)) for broken in index.left_out],
            "touched_by_failing": {
                "techniques": dict(techniques(failing)),
                "controls": {name: to_json(dict(found)) for name, found in controls(failing)},
                "statements": to_json(says.mappings([line.runbook for line in failing])),
            },
        }
    )


def _run(index: Index, line: Line, *, quiet: bool) -> Json:
    runbook = line.runbook
    return to_json(
        {
            "runbook": runbook.id,
            "title": runbook.title,
            "severity": runbook.severity,
            "run_id": line.run_id,
            "verdict": line.verdict.value,
            "reasons": line.reasons,
            "counts": asdict(line.counts) if line.counts else None,
            "found_nothing": quiet,
            "first_look": index.first_look(line),
            "report": line.report,
            "techniques": runbook.attack.techniques if runbook.attack else [],
            "controls": runbook.controls,
            "mappings_reviewed": runbook.mappings_reviewed,
        }
    )


def _context(index: Index) -> dict[str, Any]:
    failing = index.of(Verdict.FAIL)
    quiet = index.quiet
    return {
        "index": index,
        "version": __version__,
        "verdict": index.verdict.value,
        "mark": MARKS[index.verdict],
        "marks": {verdict.value: mark for verdict, mark in MARKS.items()},
        "short": _short,
        "notice": says.NO_EVIDENCE,
        "verdicts": says.verdicts(index),
        "findings": says.findings(index),
        "unstarted": says.unstarted(index),
        "window": statements.span(index.window),
        "length": statements.duration(index.window.duration),
        "read": says.read(index),
        "looked_at": sentence(says.looked_at(index)),
        "gaps": tuple(map(sentence, index.gaps[:MOST_PROBLEMS])),
        "more_gaps": max(0, len(index.gaps) - MOST_PROBLEMS),
        "rows": tuple((line, index.first_look(line)) for line in index.rows),
        "quiet": quiet,
        "found_nothing": says.found_nothing(index),
        "failing": failing,
        "techniques": techniques(failing),
        "controls": tuple((title(framework), found) for framework, found in controls(failing)),
        "mappings": says.mappings([line.runbook for line in failing]),
    }


def _short(value: str, most: int = CELL) -> str:
    return value if len(value) <= most else f"{value[:most]}… [{len(value):,} characters; whole in index.json]"
