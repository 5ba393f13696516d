"""Who hears of a run: each destination once, and what its notifier is made with."""

from collections.abc import Callable
from dataclasses import replace

from trailbook.notify import Links, News, destinations, due, message
from trailbook.runbook.notify import Event, Notify, Sns

TOPIC = "arn:aws:sns:eu-central-1:111122223333:findings"


def to_topic(*on: Event) -> Notify:
    return Notify(on=list(on), sns=Sns(topic_arn=TOPIC))


def to_class(*on: Event, **args: object) -> Notify:
    return Notify(on=list(on), notifier="chat.Notifier", args=args)


def test_a_destination_that_is_named_twice_hears_once_of_all_that_it_asked_for() -> None:
    (each,) = due([to_topic("recovery", "fail"), to_topic("new_findings")], ["fail", "new_findings"])
    assert (each.destination.name, each.events) == (TOPIC, ("new_findings", "fail"))


def test_who_asked_for_nothing_that_happened_hears_nothing() -> None:
    assert due([to_topic("recovery"), to_class("error")], ["fail", "new_findings"]) == ()


def test_a_class_with_several_args_is_several_destinations_whose_names_tell_none_of_them() -> None:
    asked = [to_class("fail", channel="#a"), to_class("error", channel="#b"), to_topic("fail")]
    assert [(to.kind, to.name) for to in destinations(asked)] == [
        ("notifier", "chat.Notifier (1)"),
        ("notifier", "chat.Notifier (2)"),
        ("sns", TOPIC),
    ]
    (second,) = due(asked, ["error"])
    assert second.destination.name == "chat.Notifier (2)"
    assert second.destination.args == {"channel": "#b"}


def test_args_are_filled_in_at_any_depth_and_other_braces_stay(news: Callable[..., News]) -> None:
    args = {"text": "{subject} {report}", "blocks": [{"a": "{verdict}", "n": 1}], "json": '{"x": {"y": 1}}', "on": True}
    (to,) = destinations([to_class("fail", **args)])
    assert to.filled(message(news())) == {
        "text": "Trailbook FAIL: auth-failed-logins, 1 new finding https://reports.example/r.html",
        "blocks": [{"a": "FAIL", "n": 1}],
        "json": '{"x": {"y": 1}}',
        "on": True,
    }


def test_what_is_filled_in_is_not_filled_in_again(news: Callable[..., News]) -> None:
    (to,) = destinations([to_class("fail", text="{title}")])
    made = message(replace(news(title="{report} {{ var.value.secret }}"), links=Links()))
    assert to.filled(made) == {"text": "{report} {{ var.value.secret }}"}
