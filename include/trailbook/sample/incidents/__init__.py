"""The planted incidents: what each shipped runbook must find in the sample, fixed to the event.

They happen on the first three days, all in account 111122223333, and are the same whatever the volume and the seed.
`tests/data/planted.json` states the findings that follow. Incidents whose name begins with `not:` are look-alikes:
they must never be found.
"""

from collections.abc import Sequence
from datetime import date, datetime

from trailbook.sample.calls import HOME
from trailbook.sample.identities import Json
from trailbook.sample.incidents.buckets import BUCKETS
from trailbook.sample.incidents.incident import Incident
from trailbook.sample.incidents.key_resources import KEY_RESOURCES
from trailbook.sample.incidents.logins import LOGINS
from trailbook.sample.incidents.policies import POLICIES
from trailbook.sample.records import Place

__all__ = ["INCIDENTS", "Incident", "planted"]

INCIDENTS: Sequence[Incident] = (*LOGINS, *BUCKETS, *POLICIES, *KEY_RESOURCES)


def planted(place: Place, first_day: date, day: int) -> Sequence[tuple[datetime, Json]]:
    """Return the planted events of one place and day (0 is the first) with their times, in no particular order."""
    if place.account != HOME or day > 2:
        return []
    found = [incident for incident in INCIDENTS if incident.region == place.region]
    return [event for incident in found for event in incident.events(first_day, day)]
