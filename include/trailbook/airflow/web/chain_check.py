"""The whole ledger verified behind the page Trail: by a thread, one at a time in all processes of a host.

Invariants: what was found is kept in a file that is replaced whole, so that every process shows the same last check; a
check whose process died is not under way any more, since the lock that says so died with it.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from trailbook.canonical import dumps, loads
from trailbook.errors import TrailbookError
from trailbook.ledger.chain import Fault, FaultKind
from trailbook.ledger.verify import Verification
from trailbook.plan import Head
from trailbook.whole_file import replace_file
from trailbook.window import parse_time, text

MOST_FAULTS = 1000
"""Faults that are kept; a ledger with more has one thing to be looked at."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check looked at and found. `problem` is why it did not come to its end; `more` are faults not kept."""

    began: datetime
    ended: datetime
    entries: int = 0
    files: int = 0
    compared: int = 0
    unrecorded: int = 0
    second_place: bool = False
    heads: tuple[tuple[str, int, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    more: int = 0
    problem: str | None = None

    @property
    def ends(self) -> Mapping[str, Head]:
        """Each chain's end as it was found; the next check compares with it, so that a cut tail shows."""
        return {name: Head(sequence, fingerprint) for name, sequence, fingerprint in self.heads}

    def to_bytes(self) -> bytes:
        """Return it as it is kept."""
        return dumps(asdict(self) | {"began": text(self.began), "ended": text(self.ended)})

    @classmethod
    def from_bytes(cls, body: bytes) -> "Checked":
        """Return it as it was kept. Raises KeyError, TypeError, ValueError or TrailbookError for anything else."""
        value: Any = loads(body)
        times = {name: parse_time(value[name], name) for name in ("began", "ended")}
        heads = tuple((str(name), int(sequence), str(found)) for name, sequence, found in value["heads"])
        faults = tuple(Fault(**{**fault, "kind": FaultKind(fault["kind"])}) for fault in value["faults"])
        return cls(**{**value, **times, "heads": heads, "faults": faults})


class ChainCheck:
    """The checks of one ledger; `folder` is private to this deployment."""

    def __init__(self, folder: Path, name: str) -> None:
        """Read nothing yet. `name` tells ledgers apart."""
        self._kept = folder / f"check-{name}.json"
        self._lock = folder / f"check-{name}.lock"

    def last(self) -> Checked | None:
        """Return the last check that ended; None where there is none, or what is kept cannot be read."""
        try:
            return Checked.from_bytes(self._kept.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, KeyError, TypeError, ValueError, TrailbookError):
            _log.warning("%s is not readable as a check, so it counts as none", self._kept)
            return None

    def under_way(self) -> bool:
        """Whether some process of this host is at it."""
        held = self._hold()
        if held is None:
            return True
        os.close(held)
        return False

    def begin(self, verify: Callable[[], Verification], *, second_place: bool) -> bool:
        """Begin to verify in a thread; False where a check is under way already."""
        held = self._hold()
        if held is None:
            return False
        Thread(target=self._run, args=(held, verify, second_place), name="trailbook-check", daemon=True).start()
        return True

    def _run(self, held: int, verify: Callable[[], Verification], second_place: bool) -> None:
        began = datetime.now(UTC)
        try:
            checked = _found(verify(), began, second_place)
        except TrailbookError as error:
            checked = Checked(began, datetime.now(UTC), problem=str(error))
        except Exception as error:
            _log.exception("The ledger could not be verified")
            says = f"an unexpected {type(error).__name__}: the API server's log has it"
            checked = Checked(began, datetime.now(UTC), problem=says)
        try:
            replace_file(self._kept, checked.to_bytes())
        except OSError:
            _log.exception("What the check of the ledger found could not be kept")
        finally:
            os.close(held)

    def _hold(self) -> int | None:
        """Return the lock's descriptor, to be closed; None where another holds it."""
        self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return held
        os.close(held)
        return None


def _found(result: Verification, began: datetime, second_place: bool) -> Checked:
    return Checked(
        began=began,
        ended=datetime.now(UTC),
        entries=result.entries,
        files=result.files,
        compared=result.compared,
        unrecorded=result.unrecorded,
        second_place=second_place,
        heads=tuple((name, head.sequence, head.fingerprint) for name, head in sorted(result.heads.items())),
        faults=tuple(result.faults[:MOST_FAULTS]),
        more=len(result.faults[MOST_FAULTS:]),
    )
