"""What the pages read: the settings, the runbooks, the ledger and its index, the reports; opened when first asked for.

Invariant: making one opens nothing, so an Airflow whose ledger or runbooks cannot be reached starts all the same.
"""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Annotated, cast

from fastapi import Depends, Request

from trailbook.airflow import connections
from trailbook.airflow.web.chain_check import ChainCheck
from trailbook.airflow.web.freshness import Freshness, State
from trailbook.airflow.web.library import Library, Shelf
from trailbook.airflow.web.would_run import WouldRun
from trailbook.canonical import sha256
from trailbook.compliance.mapped import Mapped
from trailbook.errors import DeploymentError, TrailbookError
from trailbook.ledger import Entry, Ledger
from trailbook.ledger.entry import key_of
from trailbook.ledger.index import LedgerIndex, RunSummary
from trailbook.objects import ObjectStore
from trailbook.settings import Settings

CACHE = "TRAILBOOK_WEB_CACHE"
"""The variable that names the folder of the index and of the last check; it may be deleted at any time."""


class Data:
    """One deployment, as this process sees it. Thread-safe."""

    def __init__(self, defaults: Mapping[str, str]) -> None:
        """Keep what holds where the environment says nothing."""
        self._defaults = dict(defaults)
        self._lock = RLock()
        self._mapped: tuple[Shelf | None, Mapping[str, Mapped]] = None, {}

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises DeploymentError naming a bad one."""
        return Settings.from_env(self._defaults | {name: value for name, value in os.environ.items() if value})

    def shelf(self) -> Shelf:
        """Return the runbooks as they are now. Raises InvalidRequest where there is no folder of them."""
        return self._library.shelf()

    def mapped(self) -> Mapping[str, Mapped]:
        """Return what compliance needs of each runbook, worked out once for each reading of their files."""
        shelf = self.shelf()
        with self._lock:
            if self._mapped[0] is not shelf:
                self._mapped = shelf, {name: Mapped.of(loaded) for name, loaded in shelf.runbooks.items()}
            return self._mapped[1]

    @property
    def ledger(self) -> Ledger:
        """The ledger. Raises DeploymentError where the settings name none."""
        with self._lock:
            return self._ledger

    @property
    def reports(self) -> ObjectStore:
        """The reports' store. Raises DeploymentError where the settings name none."""
        with self._lock:
            return self._reports

    @property
    def index(self) -> LedgerIndex:
        """The index, as far as it has been read."""
        with self._lock:
            return self._index

    def fresh(self, *, wait: float | None = None, oldest: float | None = None) -> State:
        """Have the index read on where it is stale; return what is known of the ledger (see Freshness.touch)."""
        with self._lock:
            freshness = self._freshness
        return freshness.touch(wait=wait, oldest=oldest)

    def read_on(self, runbook: str) -> None:
        """Read what is new in one chain now, unless the ledger is still being read for the first time, which is long.

        A ledger that does not answer is told by `fresh`.
        """
        if self._freshness.state.as_of is not None:
            with contextlib.suppress(TrailbookError):
                self.index.sync(self.ledger, [runbook])

    def entry(self, run: RunSummary) -> Entry:
        """Return a run's entry from the ledger itself. Raises EvidenceError, ObjectMissing, ServiceUnavailable."""
        key = key_of(run.runbook, run.sequence)
        return Entry.from_bytes(self.ledger.store.get(key), self.ledger.store.uri(key))

    @cached_property
    def chain_check(self) -> ChainCheck:
        """The checks of the whole ledger."""
        return ChainCheck(self._folder, self._name)

    @cached_property
    def would_run(self) -> WouldRun:
        """What each runbook would run with its defaults."""
        return WouldRun(self.settings)

    @cached_property
    def _library(self) -> Library:
        return Library(self.settings.runbooks)

    @cached_property
    def _ledger(self) -> Ledger:
        return connections.ledger(self.settings, connections.PAGE_CONFIG)

    @cached_property
    def _reports(self) -> ObjectStore:
        return connections.reports(self.settings, connections.PAGE_CONFIG)

    @cached_property
    def _index(self) -> LedgerIndex:
        return LedgerIndex.open(self._folder / f"index-{self._name}.sqlite")

    @property
    def _folder(self) -> Path:
        return Path(os.environ.get(CACHE) or Path(tempfile.gettempdir(), f"trailbook-{os.getuid()}"))

    @property
    def _name(self) -> str:
        """What tells this ledger's files from another's."""
        return sha256(self.settings.ledger.encode())[:16]

    @cached_property
    def _freshness(self) -> Freshness:
        return Freshness(self._sync)

    def _sync(self) -> tuple[str, ...]:
        try:
            return self.index.sync(self.ledger)
        except DeploymentError:
            # Credentials that were replaced in Airflow's connection are found when the clients are made anew.
            with self._lock:
                for name in ("_ledger", "_reports"):
                    self.__dict__.pop(name, None)
            raise


def data_of(request: Request) -> Data:
    """Return the app's data."""
    return cast("Data", request.app.state.data)


DataDep = Annotated[Data, Depends(data_of)]
