"""One request of Athena's API that has been read: its members, its region's records, and the query executions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trailbook.local.athena_shapes import Refused
from trailbook.local.athena_store import ACCOUNT, Record, Region
from trailbook.local.query_runs import QueryRuns


@dataclass(frozen=True, slots=True)
class Call:
    """A request (only members that have a value), the region that it was signed for, and what it may use."""

    request: dict[str, Any]
    region: str
    store: Region
    runs: QueryRuns

    def group(self, member: str = "WorkGroup") -> Record:
        """Return the work group that the request names, `primary` where it names none. Raises Refused."""
        found = self.store.work_groups.get(self.request.get(member) or "primary")
        if found is None:
            raise Refused("WorkGroup is not found.")
        return found

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a `workgroup` or `datacatalog`."""
        return f"arn:aws:athena:{self.region}:{ACCOUNT}:{kind}/{name}"


Operation = Callable[[Call], dict[str, Any]]
