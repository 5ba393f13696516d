"""The form as a view: which control a param has, what it holds, what stands beside it."""

from typing import Any

import pytest
from markupsafe import Markup
from runbook_files import spec

from trailbook.airflow.web.dag_states import DagState
from trailbook.airflow.web.views.form import Control, FormPage, form_page, texts
from trailbook.runbook.model import Runbook

PARAMS: dict[str, Any] = {
    "threshold": {"type": "integer", "default": 5, "minimum": 1, "maximum": 1000, "title": "Failures"},
    "ratio": {"type": "number", "default": None, "title": "Ratio", "section": "Fine tuning"},
    "users": {"type": "array", "items": {"type": "string"}, "default": [], "maxItems": 3, "title": "Users"},
    "kinds": {
        "type": "array",
        "items": {"type": "string", "enum": ["user", "role"]},
        "default": ["role"],
        "title": "Kinds",
    },
    "mode": {
        "type": "string",
        "enum": ["a", "b"],
        "default": None,
        "title": "Mode",
        "values_display": {"a": "All of it"},
    },
    "strict": {"type": "boolean", "default": False, "title": "Strict"},
    "day": {"type": "string", "format": "date", "default": None, "title": "Day"},
    "since": {"type": "string", "format": "date-time", "default": None, "title": "Since"},
    "at": {"type": "string", "format": "time", "default": None, "title": "At"},
    "within": {"type": "string", "format": "duration", "default": "PT1H", "title": "Within"},
    "note": {"type": "string", "format": "multiline", "default": "", "title": "Note"},
    "pattern": {"type": "string", "pattern": "^x", "title": "Pattern", "description": "Begins with x."},
}
HOSTILE = "\"><script>alert(1)</script>\u202e\x1b[2J'{{ 7*7 }}"


def runbook(**changes: Any) -> Runbook:
    return Runbook.model_validate(spec("asked", **({"params": PARAMS, "schedule": None} | changes)))


def made(fields: dict[str, tuple[str, ...]] | None = None, **more: Any) -> FormPage:
    whole: dict[str, Any] = {"dag": DagState(paused=False), "once": "x"} | more
    return form_page(whole.pop("runbook", runbook()), fields or {}, **whole)


def control(page: FormPage, name: str) -> Control:
    return next(each for section in page.sections for each in section.controls if each.name == name)


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("threshold", "number", "5"),
        ("ratio", "number", ""),
        ("users", "area", ""),
        ("kinds", "boxes", "role"),
        ("mode", "choice", ""),
        ("strict", "choice", "false"),
        ("day", "date", ""),
        ("since", "moment", ""),
        ("at", "time", ""),
        ("within", "text", "PT1H"),
        ("note", "area", ""),
        ("pattern", "text", ""),
        ("start", "moment", ""),
        ("accounts", "area", ""),
        ("row_limit", "number", "10000"),
        ("reason", "area", ""),
        ("compare_with", "text", ""),
    ],
)
def test_each_type_has_its_control_and_its_default(name: str, kind: str, value: str) -> None:
    found = control(made(), name)
    assert (found.kind, found.value) == (kind, value)


def test_the_runbooks_own_params_come_first_in_their_sections_and_the_common_ones_last() -> None:
    assert [section.title for section in made().sections] == [
        "Parameters",
        "Fine tuning",
        "Window, scope and reason",
    ]


def test_what_must_be_given_is_marked_and_a_schedule_gives_the_window() -> None:
    required = {each.name for section in made().sections for each in section.controls if each.required}
    assert required == {"pattern", "start", "end"}
    scheduled = made(runbook=runbook(schedule={"cron": "0 2 * * *"}, params={}))
    assert not any(each.required for section in scheduled.sections for each in section.controls)


def test_help_says_what_a_value_may_be_and_what_an_empty_field_means() -> None:
    page = made()
    assert control(page, "threshold").help == ("From 1 to 1,000.", "Left empty: 5.")
    assert control(page, "users").help == ("One value a line.", "At most 3 values.")
    assert control(page, "pattern").help == ("Begins with x.",)
    assert control(page, "within").help == ("An ISO 8601 duration, such as PT15M or P1D.", "Left empty: PT1H.")
    assert "12 digits" not in " ".join(control(page, "accounts").help)
    assert control(page, "kinds").help == ("None ticked: role.",)
    assert (control(page, "note").help, control(page, "strict").help, control(page, "since").help) == ((), (), ())
    assert control(page, "start").help == ("First moment of the window.",)
    assert control(made(runbook=runbook(schedule={"cron": "0 2 * * *"})), "start").help[0].endswith("complete window.")
    one_of = made(runbook=runbook(needs_one_of=["mode", "users"]))
    assert [section.note for section in one_of.sections] == ["A run needs at least one of: Users, Mode.", "", ""]


def test_choices_have_their_labels_and_none_where_none_may_be_chosen() -> None:
    page = made({"mode": ("b",)})
    assert [(o.value, o.label, o.chosen) for o in control(page, "mode").options] == [
        ("", "Not set", False),
        ("a", "All of it", False),
        ("b", "b", True),
    ]
    assert [(o.value, o.chosen) for o in control(page, "strict").options] == [("true", False), ("false", True)]
    assert [(o.value, o.chosen) for o in control(page, "kinds").options] == [("user", False), ("role", True)]


def test_what_was_given_stays_even_where_it_is_no_choice_no_number_and_no_date() -> None:
    page = made({"mode": ("z",), "kinds": ("user", "group"), "threshold": ("many",), "day": ("today",), "end": ("x",)})
    assert [(o.value, o.chosen) for o in control(page, "mode").options][-1] == ("z", True)
    assert [o.value for o in control(page, "kinds").options if o.chosen] == ["user", "group"]
    assert (control(page, "threshold").value, control(page, "day").value) == ("many", "today")
    assert (control(page, "day").kind, control(page, "end").kind, control(page, "end").value) == ("text", "text", "x")


def test_an_emptied_field_stays_empty() -> None:
    page = made({"threshold": ("",), "kinds": ()})
    assert control(page, "threshold").value == ""
    assert not any(option.chosen for option in control(page, "kinds").options)


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00"),
        ("2026-11-01T02:30:00+02:00", "2026-11-01T00:30:00"),
        ("2026-11-01", "2026-11-01T00:00:00"),
    ],
)
def test_a_time_is_shown_in_utc_as_a_picker_takes_it(given: str, held: str) -> None:
    assert (control(made({"start": (given,)}), "start").kind, control(made({"start": (given,)}), "start").value) == (
        "moment",
        held,
    )


def test_a_hostile_value_is_held_exactly_escaped_once_and_its_hidden_characters_are_told() -> None:
    found = control(made({"pattern": (HOSTILE,)}), "pattern")
    assert isinstance(found.value, Markup)
    assert found.value.unescape() == HOSTILE
    assert "<" not in found.value
    assert "⟨U+202E⟩⟨ESC⟩" in found.help[-1]


def test_a_text_of_several_lines_has_an_area_and_one_that_no_form_can_send_is_left_out_and_said() -> None:
    page = made({"pattern": ("xa\nb",), "within": ("PT\0",), "mode": ("a\r",)})
    assert (control(page, "pattern").kind, control(page, "pattern").value) == ("area", "xa\nb")
    assert control(page, "within").value == ""
    assert page.notes == tuple(
        f"{title}: the value has a character that no form can send, so it was left empty."
        for title in ("Mode", "Within")
    )


def test_a_reason_stands_beside_its_field_and_in_the_summary() -> None:
    reasons = [
        "threshold: expected at least 1, found 0",
        "users[1]: expected text, found 5",
        "kinds[1]: expected one of 'user', 'role', found 'group'",
        "threshold: expected at least 1, found 0",
        "start, end: expected whole seconds, as CloudTrail's own times are",
        "start 2026-11-02T00:00:00Z is not before end 2026-11-01T00:00:00Z: give an end after start",
        "the window ends at 2999-01-01T00:00:00Z, which is not over yet",
        "expected a value for at least one of mode, users, found none",
        "'treshold': unknown parameter; did you mean `threshold`?",
    ]
    page = made(runbook=runbook(needs_one_of=["mode", "users"]), reasons=reasons)
    assert control(page, "threshold").errors == ("Expected at least 1, found 0.",)
    assert control(page, "users").errors == ("Line 2: expected text, found 5.",)
    assert len(control(page, "end").errors) == 3
    assert control(page, "mode").errors == ("Expected a value for at least one of mode, users, found none.",)
    assert control(page, "threshold").described_by == "error-threshold help-threshold"
    assert control(page, "kinds").errors == ("Expected one of 'user', 'role', found 'group'.",)
    assert len(page.problems) == len(reasons) - 1  # one was said twice
    assert page.problems[0] == ("", "", "'treshold': unknown parameter; did you mean `threshold`?")
    assert ("field-threshold", "Failures", "Expected at least 1, found 0.") in page.problems


def test_what_the_address_names_and_the_runbook_does_not_is_said() -> None:
    assert made({"treshold": ("3",), "x\u202e": ("",)}).notes == (
        "treshold, x⟨U+202E⟩: this runbook has no such parameter, so it was left out.",
    )
    assert "does not know this runbook’s DAG yet" in made(dag=None).notes[0]
    assert made(dag=DagState(paused=True)).paused


def test_values_are_the_texts_of_a_form() -> None:
    assert texts({"a": 5, "b": None, "c": [], "d": ["x", 1], "e": True, "f": 0.5, "g": 0, "h": "", "i": False}) == {
        "a": ("5",),
        "d": ("x", "1"),
        "e": ("true",),
        "f": ("0.5",),
        "g": ("0",),
        "h": ("",),
        "i": ("false",),
    }
