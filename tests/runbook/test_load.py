import pytest

from trailbook.errors import InvalidRunbook
from trailbook.runbook.complaints import fields_at
from trailbook.runbook.load import load, load_with_source
from trailbook.runbook.model import Runbook

TEXT = """\
id: probe
title: A probe
description: What was called.
severity: low
owner: security-operations
schedule: null
query: SELECT eventid AS event_id FROM cloudtrail
result: {kind: events, key: [event_id]}
"""


@pytest.fixture
def said(tmp_path):
    """Return what is said about a runbook with these lines added, without its path."""

    def of(*lines, without=()):
        path = tmp_path / "probe.yaml"
        kept = [line for line in TEXT.splitlines() if not line.startswith(tuple(without) or ("\0",))]
        path.write_text("\n".join([*kept, *lines]))
        with pytest.raises(InvalidRunbook) as caught:
            load(path)
        return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]

    return of


def test_a_whole_runbook_is_loaded_with_its_source(tmp_path):
    path = tmp_path / "probe.yaml"
    path.write_text(TEXT)

    loaded = load_with_source(path)

    assert loaded.runbook.id == "probe"
    assert loaded.source.place(("severity",)) == (4, 11)
    assert load(path) == loaded.runbook
    assert Runbook.from_spec(loaded.runbook.spec()) == loaded.runbook


def test_an_unknown_key_names_the_nearest_known_one_of_its_place(said):
    assert said("falsepositive: []") == [
        "9:1: falsepositive: unknown key `falsepositive`; did you mean `falsepositives`?"
    ]
    assert said("params:", "  threshold: {type: integer, title: x, default: 5, minimun: 1}") == [
        "10:52: params.threshold.minimun: unknown key `minimun`; did you mean `minimum`?"
    ]
    assert said('pivots: [{runbook: x, wiht: {a: "b"}}]') == [
        "9:10: pivots[0].with: expected the key `with`, found nothing: add it",
        "9:23: pivots[0].wiht: unknown key `wiht`; did you mean `with`?",
    ]


def test_a_wrong_value_of_a_nested_key_is_at_its_own_place(said):
    assert said(
        "params:", "  threshold:", "    type: integer", "    title: x", "    default: 5", "    minimum: one"
    ) == ["14:14: params.threshold.minimum: expected a number or an integer, found 'one'"]


def test_a_value_that_may_be_many_things_is_complained_about_once(said):
    [one] = said("allow: [{match: {a: [1]}, reason: r, owner: o, expires: 2030-01-01}]")

    assert one == "9:21: allow[0].match.a: expected text, an integer, a number or true or false, found a list"


def test_a_bad_name_of_a_parameter_is_at_its_key(said):
    assert said("params:", "  Bad-Name: {type: string, default: x, title: x}") == [
        "10:3: params.Bad-Name: expected a lower-case name such as source_ip (letters, digits, underscores), "
        "found 'Bad-Name'"
    ]


def test_all_problems_are_told_at_once_by_place(said):
    found = said("tags: [a]", "severity: high", "attack: {version: 19, techniques: []}", without=["owner", "title"])

    assert [line.split(": ")[1] for line in found] == [
        "owner", "title", "severity", "tags", "severity", "attack.version", "attack.techniques",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("expect: nothing", "expected no_findings, no_new_findings or anything, found 'nothing'"),
        ("references: [javascript:x]", "expected an https:// address, found 'javascript:x'"),
        ("allow: [{match: {a: b}, reason: '', owner: o, expires: 2030-02-30}]", "expected a date such as 2027-03-31"),
        ("allow: [{match: {a: b}, reason: '', owner: o, expires: 2030-01-01}]", "expected some text, found none"),
        ("allow: [{match: {}, reason: r, owner: o, expires: 2030-01-01}]", "expected at least one, found none"),
        ("allow: [{match: {a: b}, reason: r, owner: o}]", "expected the key `expires`, found nothing: add it"),
        ("guide: 5", "expected text, found the number 5: put it in quotes"),
        ("guide: [x]", "expected text, found a list"),
        ("cases: {}", "expected a list, found a mapping of keys"),
        ("on_findings: true", "expected report or fail, found true"),
    ],
)
def test_messages_say_what_was_expected_and_what_was_found(said, line, message):
    assert any(message in one for one in said(line))


def test_a_date_stays_a_date_and_a_cron_expression_text(tmp_path):
    path = tmp_path / "probe.yaml"
    path.write_text(TEXT.replace("schedule: null", "schedule: {cron: 0 2 * * *, start_date: 2026-11-01}"))

    schedule = load(path).schedule

    assert schedule is not None
    assert schedule.cron == "0 2 * * *"
    assert str(schedule.start_date) == "2026-11-01"


def test_the_keys_that_are_known_at_a_place_are_those_of_the_yaml():
    assert "with" in fields_at(Runbook, ("pivots", 0))
    assert "minItems" in fields_at(Runbook, ("params", "any"))
    assert "cron" in fields_at(Runbook, ("schedule",))
    assert fields_at(Runbook, ("title",)) == []
    assert fields_at(Runbook, ("no", "such", 5, "place")) == []
