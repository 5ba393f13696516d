"""A compliance report: the view, and from which ends of which chains it was read, by whom and when.

Invariant: it is a pure function of a roll-up's plan and of entries that do not change, so a step that runs again writes
the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trailbook import __version__
from trailbook.compliance.view import ComplianceView
from trailbook.plan import Head, Run


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """What is written. `heads` are the ends of the runbooks' chains as they were read, `head` that of the roll-ups'.

    `runbooks_sha256` is the digest of all runbooks that were looked at, `asked` the frameworks that were named.
    """

    view: ComplianceView
    run: Run
    started: str
    runbooks_sha256: str
    asked: tuple[str, ...] = ()
    heads: Mapping[str, Head] = field(default_factory=dict)
    head: Head | None = None
    version: str = __version__
