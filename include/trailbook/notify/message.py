"""The message: a subject and a text that are fit for e-mail, chat and terminal, of a run that ended in any way.

Invariants: the subject is printable ASCII of at most 99 characters (Amazon SNS wants fewer than 100); a text that a
log, an operator or a service chose stays on its line, holds no hidden character, no markup and no whole address, and is
cut; only the two links are addresses. What stands here is a summary: the report has the values as they are.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trailbook.diff import Counts, Finding
from trailbook.plan import Run
from trailbook.report import statements
from trailbook.report.values import shown
from trailbook.runbook.notify import Event
from trailbook.verdict import Completeness, Verdict
from trailbook.window import Window
from trailbook.words import amount, sentence, visible

MOST_ROWS = 10
MOST_SUBJECT = 99
_VALUE, _LINE, _COLUMNS, _REASONS = 80, 600, 8, 10
_EVIDENCE = ("event_ids", "event_id")
_MARKUP = str.maketrans({"<": "‹", ">": "›", "`": "ˋ"})
_SCHEME = re.compile(r":(?=//)")


@dataclass(frozen=True, slots=True)
class Links:
    """Where a browser finds the report and the run; empty where there is no such page."""

    report: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """All that a message is made of. `findings` are the first open ones, new ones first; `unread` says why none."""

    runbook: str
    title: str
    severity: str | None
    run: Run
    verdict: Verdict
    reasons: tuple[str, ...]
    events: tuple[Event, ...]
    window: Window | None = None
    counts: Counts | None = None
    completeness: Completeness | None = None
    findings: tuple[Finding, ...] = ()
    unread: str | None = None
    links: Links = Links()


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. A notifier of one's own finds it in its context as `trailbook`, in `to_json()`'s form."""

    subject: str
    text: str
    news: News

    def values(self) -> Mapping[str, str]:
        """Return what the placeholders of `args` stand for; `html` is the text as an element of a page."""
        return {
            "subject": self.subject,
            "text": self.text,
            "html": f"<pre>{html.escape(self.text)}</pre>",
            "verdict": self.news.verdict.upper(),
            "severity": self.news.severity or "",
            "runbook": self.news.runbook,
            "title": plain(self.news.title),
            "report": self.news.links.report,
            "run": self.news.links.run,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the message as plain values; `run` is the run's address, `run_id` its name."""
        counts = self.news.counts
        named = {"run_id": self.news.run.run_id, "events": list(self.news.events)}
        return dict(self.values()) | named | {"counts": None if counts is None else asdict(counts)}


def message(news: News) -> Message:
    """Return the message of a run."""
    parts = ("\n".join(lines) for lines in (_head(news), _seen(news), _rows(news), _foot(news)) if lines)
    return Message(_subject(news), "\n\n".join(parts) + "\n", news)


def plain(value: str, most: int = _LINE) -> str:
    """Return a text on one line, without hidden characters, markup or addresses that a reader could click on."""
    line = visible("; ".join(part for part in re.split(r"[\r\n]+", value) if part))
    line = _SCHEME.sub("[:]", line.translate(_MARKUP))
    return line if len(line) <= most else f"{line[:most]}…"


def _subject(news: News) -> str:
    new = 0 if news.counts is None or news.verdict is Verdict.ERROR else news.counts.open_new
    end = f", {amount(new, 'new finding')}" if new else ""
    begin = f"Trailbook {_word(news)}: "
    room = MOST_SUBJECT - len(begin) - len(end)
    name = "".join(letter if " " <= letter <= "~" else "?" for letter in news.runbook)
    return begin + (name if len(name) <= room else f"{name[: room - 3]}...") + end


def _word(news: News) -> str:
    return f"RECOVERED, {news.verdict.upper()}" if "recovery" in news.events else news.verdict.upper()


def _head(news: News) -> list[str]:
    severity = f", severity {news.severity}" if news.severity else ""
    reasons = [sentence(plain(reason)) for reason in news.reasons[:_REASONS]]
    return [f"{_word(news)}: {plain(news.title)} ({plain(news.runbook)}{severity})", *reasons]


def _seen(news: News) -> list[str]:
    found = []
    if news.window is not None:
        found.append(f"Window: {statements.span(news.window)}")
    if news.counts is not None:
        found.append(f"Findings: {statements.counted(news.counts)}")
    if news.completeness is not None:
        found.append(f"Read: {plain(statements.completeness(news.completeness))}")
    return found


def _rows(news: News) -> list[str]:
    if news.unread is not None:
        return [f"The findings could not be read for this message: {plain(news.unread)}"]
    if not news.findings or news.counts is None:
        return []
    rest = news.counts.open_present - len(news.findings)
    more = [f"  … and {rest:,} more in the report"] if rest > 0 else []
    return ["Findings that nothing suppresses, new ones first:", *map(_row, news.findings), *more]


def _row(finding: Finding) -> str:
    return plain(f"  {finding.state}{' again' if finding.reopened else ''}: {', '.join(_cells(finding))}")


def _cells(finding: Finding) -> Iterator[str]:
    named = [name for name, value in finding.row.items() if name not in _EVIDENCE and value is not None]
    for name in named[:_COLUMNS]:
        value = _cell(finding.row[name])
        if name in finding.changes:
            value = f"{_cell(finding.changes[name][0])} → {value}"
        yield f"{name} {value}"


def _cell(value: Any) -> str:
    return plain(shown(value), _VALUE)


def _foot(news: News) -> list[str]:
    found = []
    if news.links.report:
        found.append(f"Report: {news.links.report}")
    if news.links.run:
        found.append(f"Run: {news.links.run}")
    return [*found, f"Run id: {plain(news.run.run_id)}, started {_started(news.run)}"]


def _started(run: Run) -> str:
    words = statements.begun(run)
    return plain(words[:1].lower() + words[1:])
