"""What CloudTrail may write as event source and event name, as far as that is known."""

from trailbook.runbook.event_names.known import OWN, SUFFIX, KnownEvents, Names, beside

__all__ = ["OWN", "SUFFIX", "KnownEvents", "Names", "beside"]
