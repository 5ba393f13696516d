"""The error tree: one root, branches by who must act, and each message says where, expected, found and what to do.

Invariant: nothing but these leaves the package on an expected failure, so the command line and the DAG's tasks can end
in one clear sentence. `transient` says whether trying again by itself can help; the DAG retries on nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar


class TrailbookError(Exception):
    """Any expected failure. `str()` of it is one sentence (or one line per problem) for the person who must act."""

    exit_code: ClassVar[int] = 2
    transient: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file that a person wrote. `line` and `column` count from 1."""

    path: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return `path:line:column: key: message`, the form that editors and CI understand."""
        return f"{self.path}:{self.line}:{self.column}: {self.key}: {self.message}"


class InvalidRunbook(TrailbookError):
    """The author must act: one or more runbook files (or lookups) have problems; `problems` holds all of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep every problem, sorted by place."""
        self.problems: Sequence[Problem] = tuple(sorted(problems))
        super().__init__("\n".join(str(p) for p in self.problems))


class InvalidRequest(TrailbookError):
    """The operator must act: the parameters, the window or the names of this run are wrong; `reasons` holds all."""

    def __init__(self, *reasons: str) -> None:
        """Keep every reason, in the order found."""
        self.reasons: Sequence[str] = reasons
        super().__init__("; ".join(reasons))


class DeploymentError(TrailbookError):
    """The platform must act: a bucket, table, permission or setting is missing or wrong."""


class ServiceUnavailable(TrailbookError):
    """A service throttled, timed out or answered 5xx; trying again can help."""

    transient = True


class QueryFailed(TrailbookError):
    """Athena failed or refused the query: the SQL, the data or the table is at fault."""


class QueryCancelled(QueryFailed):
    """The query was stopped, by a person, a limit or a timeout, before it had a result."""


class EvidenceError(TrailbookError):
    """The auditor must know: a key is duplicated, a snapshot or an entry is not what was recorded."""


class ObjectExists(TrailbookError):
    """A conditional write found that the key is taken; nothing was overwritten."""


class ObjectMissing(TrailbookError):
    """The object that was asked for does not exist."""
