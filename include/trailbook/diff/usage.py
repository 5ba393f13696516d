"""How often each allow entry matches, over the runs: an entry that no longer accepts anything is to be removed.

Invariants: an entry is known by what it matches, so a new reason, owner or expiry does not make it another; days count
once however often windows overlap or are run again, and only where the run looked at its window whole; no clock.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from trailbook.canonical import Json, digest
from trailbook.diff.allow import in_force
from trailbook.diff.header import Header
from trailbook.diff.model import AllowUse, DiffSpec
from trailbook.runbook.model import Allow
from trailbook.window import text


def uses(spec: DiffSpec, matches: Mapping[int, int], before: Header | None) -> tuple[AllowUse, ...]:
    """Return what became of each allow entry: `matches` are this run's by index, `before` is the baseline's header."""
    known = {use.match_sha256: use for use in before.allow} if before else {}
    looked_at = _looked_at(spec, before)
    found = []
    for index, (entry, name) in enumerate(zip(spec.allow, _names(spec.allow), strict=True)):
        count, was = matches.get(index, 0), known.get(name)
        if count:
            found.append(AllowUse(name, count, text(spec.window.end), 0))
            continue
        idle = was.idle_seconds if was else 0
        idle += int(looked_at.total_seconds()) if in_force(entry, spec.window) else 0
        found.append(AllowUse(name, 0, was.last_matched if was else None, idle))
    return tuple(found)


def _looked_at(spec: DiffSpec, before: Header | None) -> timedelta:
    """Return how much of this run's window is new, beside the baseline's; nothing where it was not looked at whole."""
    if spec.no_absent:
        return timedelta()
    start = spec.window.start if before is None else max(spec.window.start, before.window.end)
    return max(spec.window.end - start, timedelta())


def _names(allow: Sequence[Allow]) -> list[str]:
    """Return a digest of each entry's match; a second entry of the same match, which never gets a row, has its own."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for entry in allow:
        match = digest({column: _typed(wanted) for column, wanted in entry.match.items()})
        names.append(match if match not in seen else digest([match, seen[match]]))
        seen[match] = seen.get(match, 0) + 1
    return names


def _typed(wanted: str | int | float | bool) -> list[Json]:
    return [type(wanted).__name__, repr(wanted)]
