"""The page of a runbook: the question as a document, what it may be asked with, what it would run, what is accepted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from trailbook.airflow.web.views.catalogue import Past
from trailbook.airflow.web.views.history import History
from trailbook.report.frameworks import title as framework_title
from trailbook.report.markdown import to_html
from trailbook.report.statements import duration
from trailbook.report.statements import mappings as said_of_mappings
from trailbook.report.values import shown
from trailbook.runbook.matrix import Matrix
from trailbook.runbook.model import Allow, Pivot, Runbook
from trailbook.runbook.params import Items, Param
from trailbook.words import amount

_EXPECTS = {
    "no_findings": "no findings at all",
    "no_new_findings": "no new findings",
    "anything": "anything: findings are reported and break nothing",
}
_KINDS = {
    "events": "one event",
    "aggregate": "one group of events",
    "state": "a thing’s last known state",
}
_SOON = 30


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of the form; `limits` says what a value may be, in clauses."""

    name: str
    title: str
    about: str
    kind: str
    default: str
    required: bool
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """One allow entry. `state` is `in force`, `expires soon` or `expired`; `left` says it in days."""

    entry: Allow
    match: str
    state: str
    left: str


@dataclass(frozen=True, slots=True)
class Technique:
    """An ATT&CK technique and its name, empty where this version's matrix is not known here."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RunbookPage:
    """The page. `sql` is what would run with the defaults; where nothing can, `sql_problem` says what is missing.

    `guide` is HTML: Markdown whose own markup, links and hidden characters are tamed already.
    """

    runbook: Runbook
    past: Past
    next_run: str
    schedule: str
    expects: str
    row: str
    guide: str
    fields: tuple[Field, ...]
    techniques: tuple[Technique, ...]
    frameworks: tuple[tuple[str, str, tuple[str, ...]], ...]
    mappings: tuple[str, ...]
    accepted: tuple[Accepted, ...]
    pivots: tuple[tuple[Pivot, bool], ...]
    sql: str
    sql_window: str
    sql_problem: str
    history: History
    may_start: bool


@dataclass(frozen=True, slots=True)
class Sql:
    """What Athena would get for a window, or why nothing."""

    text: str = ""
    window: str = ""
    problem: str = ""


def runbook_page(
    runbook: Runbook,
    *,
    past: Past,
    next_run: str,
    sql: Sql,
    history: History,
    matrix: Matrix,
    known: Callable[[str], bool],
    may_start: bool,
    today: date,
) -> RunbookPage:
    """Return the page; `known` tells which other runbooks the reader may look at."""
    version = runbook.attack.version if runbook.attack is not None else ""
    techniques = runbook.attack.techniques if runbook.attack is not None else []
    return RunbookPage(
        runbook=runbook,
        past=past,
        next_run=next_run,
        schedule=_schedule(runbook),
        expects=_EXPECTS[runbook.expect],
        row=_KINDS[runbook.result.kind],
        guide=to_html(runbook.guide),
        fields=tuple(_field(name, param) for name, param in runbook.params.items()),
        techniques=tuple(
            Technique(name, matrix.title(name) if matrix.of(name, version) is not None else "") for name in techniques
        ),
        frameworks=tuple((name, framework_title(name), tuple(controls)) for name, controls in runbook.controls.items()),
        mappings=said_of_mappings(runbook),
        accepted=tuple(_accepted(entry, today) for entry in runbook.allow),
        pivots=tuple((pivot, known(pivot.runbook)) for pivot in runbook.pivots),
        sql=sql.text,
        sql_window=sql.window,
        sql_problem=sql.problem,
        history=history,
        may_start=may_start,
    )


def _schedule(runbook: Runbook) -> str:
    schedule = runbook.schedule
    if schedule is None:
        return "on demand: a person starts each run and gives its window"
    return (
        f"{schedule.cron} (UTC), over a window of {duration(schedule.window_length)} that ends"
        f" {duration(schedule.settle_time)} before"
    )


def _field(name: str, param: Param) -> Field:
    unset = param.default is None or param.default in ([], "")
    return Field(
        name=name,
        title=param.title,
        about=param.description or "",
        kind=param.type if param.items is None else f"list of {param.items.type}",
        default="" if param.required or unset else shown(param.default),
        required=param.required,
        limits=(*_limits(param), *(() if param.items is None else _limits(param.items)), *_lengths(param)),
    )


def _limits(schema: Items) -> tuple[str, ...]:
    found: Mapping[str, object] = {
        "at least": schema.minimum,
        "at most": schema.maximum,
        "like": schema.pattern,
        "as": schema.format,
    }
    said = [f"{words} {value}" for words, value in found.items() if value is not None]
    if schema.enum is not None:
        said.append(f"one of {', '.join(shown(value) for value in schema.enum)}")
    if schema.maxLength is not None:
        said.append(f"at most {amount(schema.maxLength, 'character')}")
    return tuple(said)


def _lengths(param: Param) -> tuple[str, ...]:
    found = (("at least", param.minItems), ("at most", param.maxItems))
    return tuple(f"{words} {amount(count, 'value')}" for words, count in found if count is not None)


def _accepted(entry: Allow, today: date) -> Accepted:
    days = (entry.expires - today).days
    state = "expired" if days <= 0 else "expires soon" if days <= _SOON else "in force"
    left = f"{amount(-days, 'day')} ago" if days < 0 else "today" if days == 0 else f"in {amount(days, 'day')}"
    return Accepted(entry, shown(entry.match), state, left)
