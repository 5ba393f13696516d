"""Who is told of a run: the `notify` of a runbook, one destination and the events that it wants each.

Invariant: nothing here is a template. A text of `args` may hold the names of `PLACEHOLDERS` in braces, and they are
filled in by plain replacement, so what a log says is never read as Jinja.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, Field, field_validator, model_validator

from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.params import STRICT

Event = Literal["new_findings", "fail", "incomplete", "error", "recovery"]
EVENTS: tuple[Event, ...] = get_args(Event)
"""What can be told of a run, in the order in which it is told."""

PLACEHOLDERS = ("subject", "text", "html", "verdict", "severity", "runbook", "title", "report", "run")
"""What a text of `args` may name in braces."""

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_TOPIC = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$"
_CLASS_PATH = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$"


class Sns(BaseModel):
    """A topic of Amazon SNS, reached by the deployment's AWS connection in the region that the ARN names."""

    model_config = STRICT

    topic_arn: str = Field(pattern=_TOPIC)
    """A standard topic; a FIFO topic wants a message group, which the provider's notifier cannot give."""


class Notify(BaseModel):
    """One destination and what it wants to know: `sns`, or the class path of any Airflow notifier with its `args`."""

    model_config = STRICT

    on: list[Event] = Field(min_length=1)
    sns: Sns | None = None
    notifier: Annotated[str, Field(pattern=_CLASS_PATH)] | None = None
    """A subclass of Airflow's BaseNotifier that the workers can import."""
    args: dict[str, Any] = Field(default_factory=dict)
    """What the class is made with: plain values, no secrets (those belong in an Airflow connection)."""

    @field_validator("on")
    @classmethod
    def _each_once(cls, value: list[Event]) -> list[Event]:
        twice = sorted({event for event in value if value.count(event) > 1})
        if twice:
            raise ValueError(f"expected each event once, found {', '.join(twice)} twice")
        return value

    @field_validator("args")
    @classmethod
    def _known_placeholders(cls, value: dict[str, Any]) -> dict[str, Any]:
        for text in _texts(value):
            for name in PLACEHOLDER.findall(text):
                if name not in PLACEHOLDERS:
                    raise ValueError(f"nothing fills in `{{{name}}}`{did_you_mean(name, PLACEHOLDERS)}")
        return value

    @model_validator(mode="after")
    def _one_destination(self) -> Self:
        if (self.sns is None) == (self.notifier is None):
            raise ValueError("expected either `sns` or `notifier`")
        if self.sns is not None and self.args:
            raise ValueError("`args` goes with `notifier`; for `sns` there is nothing to say but the topic")
        return self


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
