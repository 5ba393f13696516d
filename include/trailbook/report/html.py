"""`report.html`: one page without scripts or outside resources, for a manager at a glance and an auditor in full.

Invariants: every expression of the templates is escaped and has its hidden characters marked, by the engine's own hooks
(autoescape and finalize) and not by each template; the Content-Security-Policy allows the page's own style, no more.
"""

import base64
import hashlib
import re
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from trailbook.report import statements, view
from trailbook.report.markdown import to_html
from trailbook.report.model import Report, cost_usd, next_runbooks
from trailbook.report.text import CELL, amount, clip, sentence, size, technique_address, visible, web_address
from trailbook.report.values import shown
from trailbook.verdict import Verdict

MOST_COMMANDS = 5
"""Commands of one pivot that the page lists."""

MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✕", Verdict.INCOMPLETE: "!", Verdict.ERROR: "✕"}
_BLOCK = 20_000
_TEXT = 4_000
"""Characters of a description: more than anybody wrote, since the page of a runbook has no other place for it."""

_CODE = re.compile(r"`([^`]+)`")
_BREAKS = re.compile(r"[ \t\n]+")  # where YAML wrapped a line; other controls are not the author's and stay marked


class Block(str):
    """A text of several lines, whose line breaks and tabs stay."""

    __slots__ = ()


def render(report: Report) -> bytes:
    """Return the page as UTF-8."""
    engine = environment()
    style = engine.get_template("report.css").render()
    page = engine.get_template("report.html.j2").render(context(report), style_hash=style_hash(style))
    return page.encode("utf-8")


@cache
def environment(package: str | None = None) -> Environment:
    """Return the templates' engine; with a package, its templates come before this room's, which it may include."""
    rooms = ("trailbook.report",) if package is None else (package, "trailbook.report")
    engine = Environment(
        loader=ChoiceLoader([PackageLoader(room) for room in rooms]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    engine.filters |= {
        "address": web_address,
        "amount": amount,
        "block": lambda value: Block(clip(value, _BLOCK)),
        "clip": clip,
        "mitre": technique_address,
        "prose": _prose,
        "spans": _spans,
        "sentence": sentence,
        "shown": lambda value: clip(shown(value)),
        "size": size,
        "usd": _usd,
    }
    return engine


def _prose(value: str, most: int = CELL) -> str:
    """Return a text of the author's on one line, clipped."""
    return clip(_BREAKS.sub(" ", value).strip(), most)


def _spans(value: str) -> Markup:
    """Return the author's text with what stands in backticks set as code; all of it is escaped and marked first."""
    text = str(escape(visible(_prose(value, _TEXT))))
    return Markup(_CODE.sub(r"<code>\1</code>", text))  # noqa: S704 - escaped in the line above


def _finalize(value: Any) -> Any:
    """Mark the hidden characters of every text on its way into the page; Markup is the guide, which did so itself."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value, keep="\n\t" if isinstance(value, Block) else "")
    return value


def style_hash(style: str) -> str:
    """Return what the page's policy says of its one style, so that no other style is obeyed."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def context(report: Report, most_rows: int = view.MOST_ROWS) -> dict[str, Any]:
    """Return what this room's templates show of a report, with at most so many findings of each group."""
    groups = view.groups(report, most_rows)
    verdict = report.outcome.judgement.verdict
    return {
        "report": report,
        "plan": report.plan,
        "outcome": report.outcome,
        "runbook": report.runbook,
        "seen": report.outcome.completeness,
        "tally": report.tally,
        "verdict": verdict.value,
        "verdict_mark": MARKS[verdict],
        "meaning": statements.MEANINGS[verdict],
        "reasons": statements.verdict(report),
        "window": statements.span(report.plan.window),
        "length": statements.duration(report.plan.window.duration),
        "started": statements.started(report.plan),
        "completeness": statements.completeness(report.outcome.completeness),
        "gaps": statements.gaps(report.outcome.completeness),
        "no_findings": statements.no_findings(report),
        "comparison": statements.comparison(report),
        "matrix": view.matrix(report),
        "groups": groups,
        "bar": view.bar(groups),
        "columns": view.head_columns(report),
        "key": tuple(report.runbook.result.key),
        "guide": to_html(report.runbook.guide),
        "mappings": statements.mappings(report.runbook),
        "next_runbooks": next_runbooks(report),
        "most_commands": MOST_COMMANDS,
        "queries": tuple((query, cost_usd(query)) for query in report.outcome.queries),
    }


def _usd(value: Decimal) -> str:
    return f"{value:,.2f}" if value >= 1 else f"{value:.6f}"
