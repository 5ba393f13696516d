"""The ordinary events of one account, region and day, as JSON text made from templates.

A template is a record whose identity, time and ids are cut out, so that an event costs a few string joins and not a
serialisation. Invariant: the text of a unit is a pure function of seed, place, day and count.
"""

import json
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random

from trailbook.sample.actors import Actor, Work, cast
from trailbook.sample.identities import as_uuid, random_of
from trailbook.sample.records import Call, Place, record

_VARIANTS = 16
_OFFICE_HOURS = range(6, 19)
_HOUR_WEIGHTS = tuple(3 if hour in _OFFICE_HOURS else 1 for hour in range(24))
_DENIALS = {
    "ec2": ("Client.UnauthorizedOperation", "You are not authorized to perform this operation."),
    "s3": ("AccessDenied", "Access Denied"),
    "monitoring": ("AccessDeniedException", "User is not authorized to perform this operation"),
}
_DENIED = ("AccessDenied", "User is not authorized to perform this operation")


@dataclass(frozen=True, slots=True)
class Template:
    """The five constant pieces around identity, time, request id and event id (and a sixth after a shared event id).

    `session` is the number of the actor's session, `short_id` says that the request id is S3's.
    """

    actor: Actor
    session: int
    pieces: Sequence[str]
    short_id: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One actor's one kind of work: its share of the calls and its prepared variants."""

    weight: float
    templates: Sequence[Template]
    office_hours: bool


def events(place: Place, day: date, count: int, rng: Random) -> Iterator[tuple[datetime, str]]:
    """Yield `count` events of a place and day in the order of time, each as its time and JSON text."""
    midnight = datetime(day.year, day.month, day.day)
    by_hour = [0] * 24
    for hour in rng.choices(range(24), _HOUR_WEIGHTS, k=count):
        by_hour[hour] += 1
    for hour, number in enumerate(by_hour):
        if number:
            start = midnight + timedelta(hours=hour)
            yield from _hour(_choices(place), start, number, rng, office=hour in _OFFICE_HOURS)


def _hour(
    choices: Sequence[Choice], start: datetime, count: int, rng: Random, *, office: bool
) -> Iterator[tuple[datetime, str]]:
    present = [choice for choice in choices if office or not choice.office_hours]
    limits = list(accumulate(choice.weight for choice in present))
    seconds = sorted(int(rng.random() * 3600) for _ in range(count))
    prefix = start.strftime("%Y-%m-%dT%H")
    clock = [f"{prefix}:{second // 60:02d}:{second % 60:02d}Z" for second in range(3600)]
    identities: dict[str, list[str]] = {}
    for second in seconds:
        templates = present[bisect(limits, rng.random() * limits[-1], 0, len(limits) - 1)].templates
        template = templates[int(rng.random() * len(templates))]
        actor = template.actor
        if actor.name not in identities:
            identities[actor.name] = _identities(actor, start)
        digits = f"{rng.getrandbits(320):080x}"
        yield start + timedelta(seconds=second), _text(template, identities[actor.name], clock[second], digits)


def _text(template: Template, identities: Sequence[str], time: str, digits: str) -> str:
    pieces = template.pieces
    request = digits[32:48].upper() if template.short_id else as_uuid(digits[32:64])
    identity = identities[template.session]
    text = f"{pieces[0]}{identity}{pieces[1]}{time}{pieces[2]}{request}{pieces[3]}{as_uuid(digits)}{pieces[4]}"
    return text if len(pieces) == 5 else f"{text}{as_uuid(digits[48:])}{pieces[5]}"


def _identities(actor: Actor, hour: datetime) -> list[str]:
    """Return the actor's identities in a session that began before this hour; people's sessions last four hours."""
    block = hour - timedelta(hours=hour.hour % 4 if actor.office_hours else 0)
    began = block - timedelta(seconds=60 + sum(actor.name.encode()) % 3000)
    return [json.dumps(identity, separators=(",", ":")) for identity in actor.sessions(began)]


@cache
def _choices(place: Place) -> Sequence[Choice]:
    found = []
    for actor in cast(place):
        total = sum(work.weight for work in actor.work)
        for work in actor.work:
            share = actor.weight * work.weight / total
            regular, denied = _templates(place, actor, work)
            found.append(Choice(share * (1 - work.denied), regular, actor.office_hours))
            if denied:
                found.append(Choice(share * work.denied, denied, actor.office_hours))
    return found


def _templates(place: Place, actor: Actor, work: Work) -> tuple[Sequence[Template], Sequence[Template]]:
    """Return the variants of a piece of work that succeed, and those that are refused; the same for every seed."""
    rng = random_of(place.account, place.region, actor.name, str(work.weight))
    calls = [work.make(rng, place) for _ in range(_VARIANTS)]
    regular = [_template(place, actor, number, call) for number, call in enumerate(calls)]
    if not work.denied:
        return regular, []
    return regular, [_template(place, actor, number, _refused(call)) for number, call in enumerate(calls[:4])]


def _refused(call: Call) -> Call:
    code, message = _DENIALS.get(call.source, _DENIED)
    return replace(call, error_code=code, error_message=message, response=None)


def _template(place: Place, actor: Actor, number: int, call: Call) -> Template:
    session = number % len(actor.origins)
    marks = ['"@identity@"', "@time@", "@request@", "@event@"] + ["@shared@"] * call.shared
    shown = record(
        call,
        place,
        actor.origins[session],
        identity="@identity@",
        time="@time@",
        request_id="@request@",
        event_id="@event@",
        shared="@shared@",
    )
    rest = json.dumps(shown, separators=(",", ":"))
    pieces = []
    for mark in marks:
        piece, _, rest = rest.partition(mark)
        pieces.append(piece)
    return Template(actor, session, (*pieces, rest), call.source == "s3")
