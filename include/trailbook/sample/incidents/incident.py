"""What an incident is: one call, made so many times on each of the first three days, as CloudTrail records it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from trailbook.sample.calls import HOME
from trailbook.sample.identities import Json, timestamp, uuid_of
from trailbook.sample.records import Call, Origin, Place, record

ACCESS_DENIED = ("AccessDenied", "User is not authorized to perform this operation")


@dataclass(frozen=True, slots=True)
class Incident:
    """The same call, made `counts[n]` times from `starts[n]` on day n + 1, `spacing` seconds apart.

    The first `refused[n]` of them are denied. `variants` replaces the call on a day (0 is the first).
    `identity` is given the midnight before the event, so that a session is the same for its whole day.
    """

    name: str
    runbook: str
    call: Call
    identity: Callable[[datetime], Json]
    origin: Origin
    counts: tuple[int, int, int]
    refused: tuple[int, int, int] = (0, 0, 0)
    region: str = "us-east-1"
    starts: tuple[str, str, str] = ("10:15:00", "10:15:00", "10:15:00")
    spacing: int = 20
    denial: tuple[str, str] = ACCESS_DENIED
    variants: Mapping[int, Call] = field(default_factory=dict)

    def events(self, first_day: date, day: int) -> Sequence[tuple[datetime, Json]]:
        """Return the records of one day (0 is the first), with their times."""
        begin = datetime.combine(first_day + timedelta(days=day), time.fromisoformat(self.starts[day]))
        return [self._event(begin + timedelta(seconds=n * self.spacing), day, n) for n in range(self.counts[day])]

    def _event(self, moment: datetime, day: int, number: int) -> tuple[datetime, Json]:
        call = self.variants.get(day, self.call)
        if number < self.refused[day]:
            call = replace(call, error_code=self.denial[0], error_message=self.denial[1], response=None)
        label = (self.name, str(day), str(number))
        sign_in = call.source == "signin" and call.event_type == "AwsConsoleSignIn"
        shown = record(
            call,
            Place(HOME, self.region),
            self.origin,
            identity=self.identity(moment.replace(hour=0, minute=0, second=0)),
            time=timestamp(moment),
            request_id="" if sign_in else uuid_of("request", *label),
            event_id=uuid_of("event", *label),
            shared=uuid_of("shared", *label),
        )
        return moment, shown
