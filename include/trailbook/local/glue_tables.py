"""The engine's `Tables` over moto's Glue and S3: columns, partitions, objects, and the cache of what was read."""

import contextlib
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
from moto.glue.models import glue_backends

from trailbook.local.engine.cache import DEFAULT_BYTES, RecordCache
from trailbook.local.engine.engine import lock_down
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.formats import Format, Kind, table_format
from trailbook.local.engine.parquet_tables import create_parquet_scan, footers
from trailbook.local.engine.partitions import create_scan
from trailbook.local.engine.pruning import surviving
from trailbook.local.engine.scope import Scan, TableColumn
from trailbook.local.engine.types import from_hive
from trailbook.local.engine.views import View
from trailbook.local.engine.writing import StoredObject
from trailbook.local.glue_objects import object_uris, table_objects
from trailbook.local.glue_views import is_view, stored_view
from trailbook.local.s3_objects import DISK

_cache: tuple[Path, RecordCache] | None = None
_opening = threading.Lock()


def spill_folder() -> str:
    """Return where queries put what does not fit into memory."""
    return str(DISK.root.parent / "spill")


def open_cache(limit: int = DEFAULT_BYTES) -> RecordCache:
    """Open the cache beside the objects of the S3 that this process serves; what a killed process left is removed."""
    global _cache  # one S3 in a process, hence one cache, as `DISK`
    directory = DISK.root.parent / "cache"
    shutil.rmtree(spill_folder(), ignore_errors=True)
    _cache = (directory, RecordCache(directory, limit))
    return _cache[1]


def record_cache() -> RecordCache:
    """Return the cache beside the objects of the S3 that this process serves."""
    with _opening:
        if _cache is None or _cache[0] != DISK.root.parent / "cache":
            return open_cache()
        return _cache[1]


class GlueTables:
    """One query's view of the catalogue; it holds what it reads until `release`."""

    def __init__(self, account: str, region: str, cutoff: int = 0, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read the backends of an account and region.

        `cutoff` is the most bytes a query may scan (0: any); `stopped` says whether the query was stopped.
        """
        self._account = account
        self._region = region
        self._cutoff = cutoff
        self._stopped = stopped
        self._uris: dict[str, str] = {}
        self._files: list[str] = []
        self._held = contextlib.ExitStack()
        self.writable: list[str] = []
        """Folders that the statement around the query (CTAS, UNLOAD) writes to."""
        self.scanned = 0

    @property
    def glue(self) -> Any:
        """Moto's Glue of the account and region."""
        return glue_backends[self._account][self._region]

    def has_database(self, database: str) -> bool:
        """Say whether Glue has the database; `default` is always there."""
        return database in self.glue.databases or database == "default"

    def columns(self, database: str, table: str) -> Sequence[TableColumn] | None:
        """Return a table's columns, its partition columns last, or None."""
        found = self.table(database, table)
        if found is None:
            return None
        try:
            plain = [
                TableColumn(c["Name"].lower(), from_hive(c["Type"])) for c in found["StorageDescriptor"]["Columns"]
            ]
            keys = [
                TableColumn(c["Name"].lower(), from_hive(c["Type"]), True) for c in found.get("PartitionKeys") or []
            ]
        except (KeyError, ValueError) as error:
            raise SqlError("HIVE_INVALID_METADATA", f"table {database}.{table}: {error}") from None
        return [*plain, *keys]

    def view(self, database: str, name: str) -> View | None:
        """Return what a view stands for, or None where there is no view of the name. Raises SqlError."""
        found = self.table(database, name)
        return stored_view(found) if found is not None and is_view(found) else None

    def table(self, database: str, table: str) -> dict[str, Any] | None:
        """Return Glue's description of a table, or None."""
        held = self.glue.databases.get(database)
        found = held.tables.get(table) if held is not None else None
        return None if found is None else found.as_dict()

    def materialise(self, connection: duckdb.DuckDBPyConnection, scan: Scan, used: frozenset[str]) -> int:
        """Create the scan's view over the objects of the partitions that survive; return the bytes scanned."""
        table = self.table(scan.database, scan.table)
        if table is None:
            raise SqlError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{scan.database}.{scan.table}' does not exist")
        form = _format(table)
        _check_injected(table, scan)
        objects, times = self._surviving(
            connection, scan, self.files(table, [c.name for c in scan.columns if c.partition])
        )
        if form.kind is Kind.PARQUET:
            self._uris |= {str(o.path): o.uri for o in objects}
            found = footers(connection, objects)
            size = sum(found[str(o.path)].scanned(used) * t for o, t in zip(objects, times, strict=True))
            self._scan(size)
            create_parquet_scan(connection, scan, objects, found, used)
            self._files += found
            return size
        size = sum(o.size * t for o, t in zip(objects, times, strict=True))
        self._scan(size)
        columns = [(c.name, c.type) for c in scan.columns if not c.partition]
        read = frozenset(used & {n for n, _ in columns})
        parts = self._held.enter_context(record_cache().read(connection, objects, form, columns, read, self._stopped))
        create_scan(connection, scan, objects, parts, used)
        self._files += [str(p.entry.path) for p in parts]
        return size

    def _surviving(
        self, connection: duckdb.DuckDBPyConnection, scan: Scan, objects: list[StoredObject]
    ) -> tuple[list[StoredObject], list[int]]:
        """Return the objects that any reading of the scan lets through, and how many do."""
        tuples = sorted({o.values for o in objects})
        times = Counter(tuples[i] for let in surviving(connection, scan, tuples) for i in let)
        kept = [o for o in objects if o.values in times]
        return kept, [times[o.values] for o in kept]

    def _scan(self, size: int) -> None:
        self.scanned += size
        if self._cutoff and self.scanned > self._cutoff:
            raise BytesScannedCutoff

    def seal(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let the connection read the files of its own scans and nothing else, for good."""
        lock_down(connection, self.writable, self._files)

    def release(self) -> None:
        """Let go of what the query read."""
        self._held.close()

    def explain(self, message: str) -> str | None:
        """Return the sentence for a Parquet object that DuckDB could not read, naming it."""
        for path, uri in self._uris.items():
            if path in message:
                return f"Error reading object {uri}: {message.split(chr(10), 1)[0].replace(path, uri)}"
        return None

    def files(self, table: dict[str, Any], keys: Sequence[str]) -> list[StoredObject]:
        """Return the objects of a table of Glue's with their partition values, in the order of `keys`."""
        return table_objects(self._account, self.glue.databases[table["DatabaseName"]].tables[table["Name"]], keys)

    def objects(self, location: str) -> list[str]:
        """Return the URIs of the objects of data below a location. Raises SqlError."""
        return object_uris(self._account, location)


class BytesScannedCutoff(Exception):  # it is a limit that ends a query, named as the work group's setting
    """The work group's BytesScannedCutoffPerQuery is exceeded."""


def _check_injected(table: dict[str, Any], scan: Scan) -> None:
    """Refuse a reading without an equality on an injected partition column, as Athena does."""
    parameters = table.get("Parameters") or {}
    if parameters.get("projection.enabled", "").lower() != "true":
        return
    for column in (c.name for c in scan.columns if c.partition):
        if parameters.get(f"projection.{column}.type", "").lower() != "injected":
            continue
        if not scan.readings or any(column not in r.fixed for r in scan.readings):
            raise SqlError(
                "CONSTRAINT_VIOLATION",
                f"For the injected projected partition column {column}, the WHERE clause must contain only static "
                "equality conditions, and at least one such condition must be present.",
            )


def _format(table: dict[str, Any]) -> Format:
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    return table_format(
        serde.get("SerializationLibrary") or "", storage.get("InputFormat") or "", serde.get("Parameters") or {}
    )
