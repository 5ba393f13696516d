"""The destinations of a runbook's `notify`, each once, and which of them hear of a run.

Invariant: a destination's name holds no secret (a topic's ARN or a class path, never `args`), so it can be recorded.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from trailbook.notify.message import Message
from trailbook.runbook.notify import EVENTS, PLACEHOLDER, Event, Notify


@dataclass(frozen=True, slots=True)
class Destination:
    """Where messages go: `target` is a topic's ARN or a class path, `args` what the class is made with."""

    kind: Literal["sns", "notifier"]
    name: str
    target: str
    args: Mapping[str, Any] = field(hash=False)

    def filled(self, message: Message) -> dict[str, Any]:
        """Return `args` with the message's values in place of the names in braces; nothing is read a second time."""
        values = message.values()
        return {name: _filled(value, values) for name, value in self.args.items()}


@dataclass(frozen=True, slots=True)
class Due:
    """A destination and what of a run it wanted to hear."""

    destination: Destination
    events: tuple[Event, ...]


def destinations(notify: Sequence[Notify]) -> tuple[Destination, ...]:
    """Return the destinations in their order; a class that stands there with several `args` is numbered."""
    return tuple(_wanted(notify))


def due(notify: Sequence[Notify], happened: Collection[Event]) -> tuple[Due, ...]:
    """Return who hears of a run with these events, each destination once with all that it asked for."""
    wanted = _wanted(notify).items()
    found = [Due(to, tuple(event for event in EVENTS if event in happened and event in on)) for to, on in wanted]
    return tuple(each for each in found if each.events)


def _wanted(notify: Sequence[Notify]) -> dict[Destination, set[Event]]:
    asked: dict[tuple[Literal["sns", "notifier"], str, str], set[Event]] = {}
    for entry in notify:
        kind: Literal["sns", "notifier"] = "notifier" if entry.sns is None else "sns"
        target = (entry.notifier or "") if entry.sns is None else entry.sns.topic_arn
        asked.setdefault((kind, target, json.dumps(entry.args, sort_keys=True)), set()).update(entry.on)
    found: dict[Destination, set[Event]] = {}
    targets = [target for _, target, _ in asked]
    for place, ((kind, target, args), on) in enumerate(asked.items()):
        number = targets[: place + 1].count(target)
        name = f"{target} ({number})" if targets.count(target) > 1 else target
        found[Destination(kind, name, target, json.loads(args))] = on
    return found


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {name: _filled(item, values) for name, item in value.items()}
    return [_filled(item, values) for item in value] if isinstance(value, list) else value
