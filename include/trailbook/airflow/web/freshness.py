"""The index kept fresh behind the pages: a page answers from what is known, and a stale index is read on by a thread.

Invariant: at most one reading is under way, no page waits for one longer than it says, and a ledger that does not
answer is a sentence on the page, not an error of it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import monotonic

from trailbook.errors import TrailbookError

FRESH_SECONDS = 10.0
FIRST_WAIT_SECONDS = 4.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """`as_of` is when the ledger was last read whole, `problem` why not since then, `faults` what is wrong in it."""

    as_of: datetime | None = None
    problem: str | None = None
    faults: tuple[str, ...] = ()


@dataclass(slots=True)
class Freshness:
    """One index's. `sync` reads on and returns the faults."""

    sync: Callable[[], tuple[str, ...]]
    seconds: float = FRESH_SECONDS
    state: State = field(default_factory=State)
    _lock: Lock = field(default_factory=Lock)
    _began: float | None = None
    _done: Event | None = None
    """Of the reading that is under way."""

    def touch(self, *, wait: float | None = None, oldest: float | None = None) -> State:
        """Return what is known, and begin to read where that is older than `oldest` seconds.

        It waits `wait` seconds for the reading; by default only where nothing has ever been read.
        """
        if wait is None:
            wait = FIRST_WAIT_SECONDS if self.state.as_of is None and self.state.problem is None else 0.0
        done = self._begin(self.seconds if oldest is None else oldest)
        if wait and done is not None:
            done.wait(wait)
        return self.state

    def _begin(self, oldest: float) -> Event | None:
        with self._lock:
            if self._done is not None:
                return self._done
            if self._began is not None and monotonic() - self._began < oldest:
                return None
            self._began, self._done = monotonic(), Event()
            Thread(target=self._read, args=(self._done,), name="trailbook-index", daemon=True).start()
            return self._done

    def _read(self, done: Event) -> None:
        try:
            faults = self.sync()
            self.state = State(datetime.now(UTC), None, faults)
        except TrailbookError as error:
            self.state = State(self.state.as_of, str(error), self.state.faults)
        except Exception as error:
            _log.exception("The ledger's index could not be read on")
            says = f"an unexpected {type(error).__name__}: the API server's log has it"
            self.state = State(self.state.as_of, says, self.state.faults)
        finally:
            with self._lock:
                self._done = None
            done.set()
