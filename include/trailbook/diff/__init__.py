"""The diff: a result and its baseline make a snapshot with a state for each finding, in DuckDB over Parquet files.

Invariants: rows are joined on their values, never on hashes; NULL equals NULL and NaN equals NaN; types count; a
finding's id is the same in every run, window and version of Trailbook; nothing here reads a clock.
"""

from trailbook.diff.allow import expired
from trailbook.diff.checks import other_rows
from trailbook.diff.header import Header, header
from trailbook.diff.model import EVENT_TIME, AllowUse, Counts, Diff, DiffSpec, Finding, Seen, State, Suppression
from trailbook.diff.read import findings, frame
from trailbook.diff.snapshot import changes, compare

__all__ = [
    "EVENT_TIME",
    "AllowUse",
    "Counts",
    "Diff",
    "DiffSpec",
    "Finding",
    "Header",
    "Seen",
    "State",
    "Suppression",
    "changes",
    "compare",
    "expired",
    "findings",
    "frame",
    "header",
    "other_rows",
]
