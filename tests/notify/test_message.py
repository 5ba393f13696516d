"""What a message says, and that what others chose in it stays text on its line."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbook.diff import Counts, Finding, State
from trailbook.notify import Links, News, message
from trailbook.notify.message import plain
from trailbook.plan import Run, Trigger
from trailbook.verdict import Verdict
from trailbook.words import HIDDEN

HOSTILE = "\x1b]0;x\x07<script>alert(1)</script> <!channel> [a](https://evil.example) \u202egnp\r\nSubject: you won `x`"


def test_a_message_says_what_was_found_where_it_was_looked_for_and_where_to_read_on(
    news: Callable[..., News], finding: Callable[..., Finding]
) -> None:
    rows = (
        finding(account_id="111122223333", user_name="alice", failures=6, event_ids="[a, b]"),
        finding(State.UPDATED, {"failures": (5, 9)}, account_id="111122223333", user_name=None, failures=9),
    )
    assert message(news(findings=rows)).text == (
        "FAIL: Failed sign-ins (auth-failed-logins, severity high)\n"
        "There is 1 new finding, expected no new ones.\n"
        "\n"
        "Window: 2026-11-02 00:00 to 2026-11-03 00:00 UTC\n"
        "Findings: 1 new, 2 unchanged; 1 of them suppressed\n"
        "Read: 10 events of 1 account in 1 region lie in the window, the first at 2026-11-02T12:00:00Z and the last at "
        "2026-11-02T12:05:00Z; the query scanned 1.0 kB.\n"
        "\n"
        "Findings that nothing suppresses, new ones first:\n"
        "  new: account_id 111122223333, user_name alice, failures 6\n"
        "  updated: account_id 111122223333, failures 5 → 9\n"
        "\n"
        "Report: https://reports.example/r.html\n"
        "Run: https://airflow.example/trailbook/runbooks/a/runs/b\n"
        "Run id: scheduled__1, started on its schedule\n"
    )


def test_a_run_without_a_result_says_why_and_lists_nothing(news: Callable[..., News]) -> None:
    made = message(
        news(
            verdict=Verdict.ERROR,
            events=("error",),
            reasons=("the task plan failed: treshold: unknown parameter; did you mean `threshold`?",),
            severity=None,
            window=None,
            counts=None,
            completeness=None,
            links=Links(),
            run=Run("manual__1", trigger=Trigger.MANUAL, triggered_by="ana"),
        )
    )
    assert made.subject == "Trailbook ERROR: auth-failed-logins"
    assert made.text == (
        "ERROR: Failed sign-ins (auth-failed-logins)\n"
        "The task plan failed: treshold: unknown parameter; did you mean ˋthresholdˋ?\n"
        "\n"
        "Run id: manual__1, started by hand in Airflow by ana\n"
    )


def test_a_recovery_says_so_in_subject_and_text(news: Callable[..., News]) -> None:
    made = message(news(verdict=Verdict.PASS, events=("recovery",), counts=Counts()))
    assert made.subject == "Trailbook RECOVERED, PASS: auth-failed-logins"
    assert made.text.startswith("RECOVERED, PASS: Failed sign-ins")


def test_the_rest_is_counted_and_what_could_not_be_read_is_said(
    news: Callable[..., News], finding: Callable[..., Finding]
) -> None:
    many = news(findings=(finding(a=1),), counts=Counts(new=1234, open_new=1234, open_present=1234))
    assert "  … and 1,233 more in the report\n" in message(many).text
    assert "could not be read for this message: it has changed" in message(news(unread="it has changed")).text


def test_nothing_that_others_chose_leaves_its_line_or_becomes_markup_or_a_link(
    news: Callable[..., News], finding: Callable[..., Finding]
) -> None:
    run = Run(HOSTILE, trigger=Trigger.MANUAL, triggered_by=HOSTILE, reason=HOSTILE)
    rows = (finding(State.UPDATED, {"b": (HOSTILE, HOSTILE)}, a=HOSTILE, b=HOSTILE),)
    bare = message(news(run=Run("x", trigger=Trigger.MANUAL, triggered_by="y"), findings=(finding(a=1),)))
    made = message(news(run=run, findings=rows, reasons=(HOSTILE,), title=HOSTILE))
    assert len(made.text.splitlines()) == len(bare.text.splitlines())
    assert not re.search(r"[<>`]", made.text)
    assert set(re.findall(r"https?://\S+", made.text)) == set(re.findall(r"https?://\S+", bare.text))
    assert "https[:]//evil.example" in made.text
    assert "⟨ESC⟩" in made.text
    assert "<" not in made.values()["html"].removeprefix("<pre>").removesuffix("</pre>")


@pytest.mark.parametrize("name", ["a" * 100, "é\n\x1b", "x"])
def test_a_subject_is_short_printable_ascii(news: Callable[..., News], name: str) -> None:
    many = Counts(new=10**9, open_new=10**9, open_present=10**9)
    made = message(news(runbook=name, counts=many, events=("new_findings", "recovery"), verdict=Verdict.INCOMPLETE))
    assert re.fullmatch(r"[ -~]{1,99}", made.subject)
    assert made.subject.endswith("1,000,000,000 new findings")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text() | st.sampled_from([HOSTILE, "::://///", "http:////x"]))
def test_any_text_is_one_line_fit_to_look_at(text: str) -> None:
    made = plain(text)
    assert not HIDDEN.search(made)
    assert "://" not in made
    assert not set("<>`") & set(made)
    assert len(made) <= 601


def test_a_message_stays_small(news: Callable[..., News], finding: Callable[..., Finding]) -> None:
    rows = tuple(finding(**{f"column_{number}": "☃" * 10_000 for number in range(60)}) for _ in range(10))
    made = message(news(findings=rows, reasons=("é" * 100_000,) * 1000, title="t" * 200))
    assert len(made.text.encode()) < 64_000  # a quarter of what SNS takes


def test_a_notifier_of_one_s_own_gets_plain_values(news: Callable[..., News]) -> None:
    found = message(replace(news(), severity=None)).to_json()
    assert found["events"] == ["new_findings", "fail"]
    assert (found["counts"]["open_new"], found["run_id"], found["severity"]) == (1, "scheduled__1", "")
