"""What Athena's API keeps besides query executions: work groups, named queries, prepared statements, catalogues, tags.

Everything is plain JSON by region, in one set for the process, as moto's backends are. Whoever changes something holds
`LOCK` until it is saved; so an acknowledged change outlives the process. Reading needs no lock.
"""

import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from trailbook.local.engine.engine import ENGINE_VERSION

Record = dict[str, Any]

ACCOUNT = "123456789012"
"""The one account that there is; it is moto's default."""

LOCK = threading.RLock()


def configuration(given: Record | None = None) -> Record:
    """Return a new work group's configuration: what was asked for over Athena's defaults."""
    return {
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "EnableMinimumEncryptionConfiguration": False,
        **(given or {}),
        "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE_VERSION},
    }


def _primary() -> dict[str, Record]:
    settings = configuration({"EnforceWorkGroupConfiguration": False})
    group = {"Name": "primary", "State": "ENABLED", "Configuration": settings, "CreationTime": time.time()}
    return {"primary": group}


@dataclass(slots=True)
class Region:
    """One region's records: work groups and catalogues by name, named queries by id, prepared ones by group and name.

    `tags` are by ARN; `tokens` are the ClientRequestTokens of named queries, with the id that each made.
    """

    work_groups: dict[str, Record] = field(default_factory=_primary)
    named_queries: dict[str, Record] = field(default_factory=dict)
    prepared: dict[str, dict[str, Record]] = field(default_factory=dict)
    catalogs: dict[str, Record] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def record(self) -> Record:
        """Return the region as plain JSON, which `Region(**record)` takes."""
        return asdict(self)

    def prepare(self, group: str, name: str, statement: str, description: str = "") -> None:
        """Keep a prepared statement, over one of the same name. Hold `LOCK`."""
        kept = {"StatementName": name, "QueryStatement": statement, "WorkGroupName": group}
        kept |= {"Description": description} if description else {}
        self.prepared.setdefault(group, {})[name] = {**kept, "LastModifiedTime": time.time()}

    def deallocate(self, group: str, name: str) -> bool:
        """Drop a prepared statement; say whether there was one. Hold `LOCK`."""
        return self.prepared.get(group, {}).pop(name, None) is not None

    def prepared_statement(self, group: str, name: str) -> str | None:
        """Return a prepared statement's text, or None."""
        found = self.prepared.get(group, {}).get(name)
        return None if found is None else str(found["QueryStatement"])


_REGIONS: dict[str, Region] = {}


def region(name: str) -> Region:
    """Return a region's records, which are made at first use."""
    with LOCK:
        return _REGIONS.setdefault(name, Region())


def records() -> dict[str, Record]:
    """Return every region in use as plain JSON."""
    with LOCK:
        return {name: held.record() for name, held in _REGIONS.items()}


def restore(name: str, record: Record) -> None:
    """Take up a region that `records` gave."""
    with LOCK:
        _REGIONS[name] = Region(**record)


def reset() -> None:
    """Forget everything."""
    with LOCK:
        _REGIONS.clear()
