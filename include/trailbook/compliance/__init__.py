"""Compliance: what the ledger's runs say of frameworks and their controls over a period, and the report of it.

Invariants: the view is pure data, made of runbooks and summaries of runs, on the page as in the roll-up; what has no
evidence is said first; a report is written once and never overwritten.
"""

from trailbook.compliance.evidence import Evidence, Lack, Lacking, Standing
from trailbook.compliance.mapped import Cadence, Mapped
from trailbook.compliance.view import ComplianceView, Control, FrameworkView, chosen, view

__all__ = [
    "Cadence",
    "ComplianceView",
    "Control",
    "Evidence",
    "FrameworkView",
    "Lack",
    "Lacking",
    "Mapped",
    "Standing",
    "chosen",
    "view",
]
