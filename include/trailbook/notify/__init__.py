"""Telling people of a run: which of a runbook's destinations hear of it, and what the message says.

Invariants: pure, no clock and no network; what a log, an operator or a service said is made fit to look at before it
stands in a message; one message per run and destination, however many entries of `notify` name that destination.
"""

from trailbook.notify.destinations import Destination, Due, destinations, due
from trailbook.notify.events import events, prior
from trailbook.notify.message import Links, Message, News, message

__all__ = ["Destination", "Due", "Links", "Message", "News", "destinations", "due", "events", "message", "prior"]
