"""Doubts about the event names and event sources that a runbook names."""

from trailbook.sql.lint.event_names.rule import event_names

__all__ = ["event_names"]
