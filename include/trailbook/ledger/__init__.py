"""The ledger: one tamper-evident chain of entries per runbook, one entry per attempt of a run.

Invariants: an entry is canonical JSON under a key that names its place, appended conditionally and never overwritten;
it names the entry before it by digest; the same attempt recorded twice is one entry.
"""

from trailbook.ledger.baseline import columns_match
from trailbook.ledger.chain import Fault, FaultKind
from trailbook.ledger.entry import Entry, Looked, Materials, Notification, Record, Written
from trailbook.ledger.ledger import Ledger
from trailbook.ledger.verify import Verification, verify
from trailbook.plan import Head

__all__ = [
    "Entry",
    "Fault",
    "FaultKind",
    "Head",
    "Ledger",
    "Looked",
    "Materials",
    "Notification",
    "Record",
    "Verification",
    "Written",
    "columns_match",
    "verify",
]
