"""The page Run with parameters: a runbook's params as the controls of a form, each with its help and its errors.

Invariants: what a control holds is the very text that was given, or the page says that a form cannot carry it; nothing
here decides whether a value is right (`runbook.values.resolve` does), it only puts each reason beside its field.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from markupsafe import Markup, escape

from trailbook.airflow.web.dag_states import DagState
from trailbook.airflow.web.views.form_help import about, hidden
from trailbook.errors import TrailbookError
from trailbook.runbook.common import COMMON_SCHEMAS, LONGEST_TEXT
from trailbook.runbook.model import Runbook
from trailbook.runbook.params import Param
from trailbook.window import parse_time
from trailbook.words import sentence, visible

OWN_SECTION = "Parameters"
COMMON_SECTION = "Window, scope and reason"
MOST_LINES = 12

Fields = Mapping[str, Sequence[str]]
"""A form's fields as a browser sends them: name to texts."""

_REASON = re.compile(r"([a-z][a-z0-9_]*)(?:\[(\d+)\])?: (.*)", re.DOTALL)
_LOST = re.compile("[\0\r\ud800-\udfff]")  # a browser sends another character for each of these
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?")
_BOTH = ("start", "end")


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select or a group of boxes."""

    value: Markup
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Control:
    """One field. `kind` is text, number, area, choice, boxes, moment, date or time; `value` is escaped, as it is."""

    name: str
    title: str
    kind: str
    value: Markup
    required: bool
    options: tuple[Option, ...] = ()
    help: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    lines: int = 3

    @property
    def described_by(self) -> str:
        """The ids of what a screen reader reads with the field."""
        found = [f"error-{self.name}"] * bool(self.errors) + [f"help-{self.name}"] * bool(self.help)
        return " ".join(found)


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one heading, with what holds for them together."""

    title: str
    controls: tuple[Control, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class FormPage:
    """The page. `problems` are the error summary: each a field's id (or empty), its title, and what is wrong."""

    id: str
    title: str
    sections: tuple[Section, ...]
    problems: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    paused: bool
    unpause: bool
    once: str
    started: str
    """A run that this form has started already, where that is why it could not start another."""


def form_page(
    runbook: Runbook,
    fields: Fields,
    *,
    reasons: Sequence[str] = (),
    notes: Sequence[str] = (),
    dag: DagState | None,
    once: str,
    unpause: bool = False,
    started: str = "",
) -> FormPage:
    """Return the page; what `fields` does not name has its default."""
    known = (*runbook.params, *COMMON_SCHEMAS)
    beside, general = _placed(reasons, known, runbook)
    controls = [_control(name, _schema(runbook, name), runbook, fields, beside.get(name, ())) for name in known]
    titles = {control.name: control.title for control in controls}
    strange = [visible(name) for name in fields if name not in known]
    lost = [control.title for control in controls if _LOST.search("".join(fields.get(control.name, ())))]
    return FormPage(
        id=runbook.id,
        title=runbook.title,
        sections=_sections(runbook, controls),
        problems=(
            *(("", "", sentence(reason)) for reason in general),
            *((f"field-{name}", titles[name], error) for name in known for error in beside.get(name, ())),
        ),
        notes=(
            *notes,
            *(f"{', '.join(strange)}: this runbook has no such parameter, so it was left out." for _ in strange[:1]),
            *(f"{name}: the value has a character that no form can send, so it was left empty." for name in lost),
            *(() if dag else ("Airflow does not know this runbook’s DAG yet: it reads new files every few minutes.",)),
        ),
        paused=dag is not None and dag.paused,
        unpause=unpause,
        once=once,
        started=started,
    )


def texts(values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return values (a run's params, a DAG run's conf) as the fields of a form; what is none is left to its default."""
    return {
        name: tuple(map(_text, value)) if isinstance(value, (list, tuple)) else (_text(value),)
        for name, value in values.items()
        if value not in (None, [], ())
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None else str(value)


def _schema(runbook: Runbook, name: str) -> Mapping[str, Any]:
    if name not in runbook.params:
        return COMMON_SCHEMAS[name]
    param = runbook.params[name]
    return param.json_schema() | {"default": param.default}


def _placed(
    reasons: Iterable[str], known: Sequence[str], runbook: Runbook
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return each reason beside its field as a sentence, and those that belong to no one field."""
    beside: dict[str, tuple[str, ...]] = {}
    general: list[str] = []
    for reason in reasons:
        found = _REASON.fullmatch(reason)
        if found is not None and found[1] in known:
            name, line, says = found.groups()
            in_line = line is not None and "enum" not in _schema(runbook, name)["items"]
            says = f"line {int(line) + 1}: {says}" if in_line else says
        elif reason.startswith(("start, end: ", "start ", "the window ")):
            name, says = "end", reason.removeprefix("start, end: ")
        elif runbook.needs_one_of and reason.startswith("expected a value for at least one of "):
            name, says = runbook.needs_one_of[0], reason
        else:
            general.append(reason)
            continue
        beside[name] = tuple(dict.fromkeys((*beside.get(name, ()), sentence(says))))
    return beside, tuple(general)


def _control(
    name: str, schema: Mapping[str, Any], runbook: Runbook, fields: Fields, errors: tuple[str, ...]
) -> Control:
    param = runbook.params.get(name)
    given = tuple("" if _LOST.search(text) else text for text in fields[name]) if name in fields else None
    default = texts({name: schema["default"]}).get(name, ())
    held = default if given is None else given
    choices = _choices(schema)
    text = "\n".join(held)
    kind = _kind(schema, text)
    if kind in ("moment", "date", "time"):
        text, kind = _of_a_picker(kind, text)
    options = _options(choices, held, param, schema) if choices else ()
    may_be_empty = kind != "choice" or any(not option.value for option in options)
    return Control(
        name=name,
        title=schema["title"],
        kind=kind,
        value=escape(text),
        required=_required(name, param, runbook),
        options=options,
        help=(*about(name, schema, default, runbook, may_be_empty=may_be_empty), *hidden(text)),
        errors=errors,
        lines=min(max(3, text.count("\n") + 2), MOST_LINES),
    )


def _required(name: str, param: Param | None, runbook: Runbook) -> bool:
    if param is not None:
        return param.required
    return name in _BOTH and runbook.schedule is None


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    kind = schema["type"]
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _kind(schema: Mapping[str, Any], text: str) -> str:
    """Return the kind of control that a value of this schema is given in."""
    types = _types(schema)
    if "array" in types:
        return "boxes" if "enum" in schema["items"] else "area"
    if "boolean" in types or "enum" in schema:
        return "choice"
    if schema.get("format") == "multiline" or schema.get("maxLength", 0) >= LONGEST_TEXT or "\n" in text:
        return "area"
    if "integer" in types or "number" in types:
        return "number"
    return {"date-time": "moment", "date": "date", "time": "time"}.get(schema.get("format", ""), "text")


def _of_a_picker(kind: str, text: str) -> tuple[str, str]:
    """Return a value as a browser's picker takes it; what none takes stays as it was given, in a text field."""
    if kind == "moment" and text:
        try:
            moment = parse_time(text.strip(), "time").astimezone(UTC)
        except (TrailbookError, OverflowError):
            return text, "text"
        return (text, "text") if moment.microsecond else (f"{moment:%Y-%m-%dT%H:%M:%S}", kind)
    pattern = {"date": _DATE, "time": _TIME}.get(kind)
    return (text, "text") if text and pattern is not None and not pattern.fullmatch(text) else (text, kind)


def _choices(schema: Mapping[str, Any]) -> tuple[str, ...]:
    types = _types(schema)
    listed = schema["items"].get("enum") if "array" in types else schema.get("enum")
    if listed is not None:
        return tuple(_text(value) for value in listed if value is not None)
    return ("true", "false") if "boolean" in types else ()


def _options(
    choices: tuple[str, ...], held: Sequence[str], param: Param | None, schema: Mapping[str, Any]
) -> tuple[Option, ...]:
    """Return the choices; what was given and is none stays, chosen, beside the message that says so."""
    labels = (param.values_display if param is not None else None) or {}
    strange = tuple(text for text in held if text and text not in choices)
    none = ("",) if "array" not in _types(schema) and (param is None or param.required or param.default is None) else ()
    empty = "Choose one" if param is not None and param.required else "Not set"
    return tuple(
        Option(
            escape(value), (labels.get(value) or value) if value else empty, value in held or (not value and not held)
        )
        for value in (*none, *choices, *strange)
    )


def _sections(runbook: Runbook, controls: Sequence[Control]) -> tuple[Section, ...]:
    found: dict[str, list[Control]] = {}
    for control in controls:
        param = runbook.params.get(control.name)
        title = COMMON_SECTION if param is None else param.section or OWN_SECTION
        found.setdefault(title, []).append(control)
    first = next((control for control in controls if control.name in runbook.needs_one_of), None)
    titles = ", ".join(control.title for control in controls if control.name in runbook.needs_one_of)
    return tuple(
        Section(title, tuple(each), f"A run needs at least one of: {titles}." if first in each else "")
        for title, each in found.items()
    )
