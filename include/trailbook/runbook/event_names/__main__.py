"""Writes `operations.json` anew from the botocore that is installed."""

from trailbook.runbook.event_names.operations import FILE, installed

FILE.write_text(installed(), encoding="utf-8", newline="\n")
