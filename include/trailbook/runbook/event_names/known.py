"""What CloudTrail may write as `eventSource` and `eventName`: operations, other spellings, and a deployment's own.

Invariant: this is what is known, not what exists. AWS adds operations every day, so a name that is not here is a
doubt, never a fault.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, RootModel, ValidationError

from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook import complaints
from trailbook.runbook.event_names import OWN, SUFFIX
from trailbook.runbook.event_names.operations import services
from trailbook.runbook.params import STRICT
from trailbook.runbook.source import read

_SHIPPED = Path(__file__).with_name("cloudtrail_only.yaml")
_DATE = r"(?:\d{8}(?:v\d+)?|\d{4}_\d{2}_\d{2})"
_DATED = re.compile(rf"(?P<operation>\D.*?){_DATE}", re.ASCII)
_DATES = ("20150331", "20150331v2", "20181031", "2020_05_31")
_DEEPEST = 4
"""Folders between a runbook and the deployment's own file."""

_Text = Annotated[str, Field(min_length=1)]


class Group(BaseModel):
    """Names of one event source, and who says so. `cloudtrail_only.yaml` explains the keys."""

    model_config = STRICT

    why: _Text
    names: list[_Text] = Field(default_factory=list)
    operations_of: list[str] = Field(default_factory=list)
    dated: bool = False
    spelled: dict[str, Annotated[list[_Text], Field(min_length=1)]] = Field(default_factory=dict)
    instead_of: list[str] = Field(default_factory=list)


class EventNames(RootModel[dict[str, list[Group]]]):
    """A file of names by event source."""


@dataclass(frozen=True, slots=True)
class Names:
    """What one event source writes."""

    exact: frozenset[str]
    patterns: tuple[re.Pattern[str], ...] = ()
    dated: bool = False
    spelled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """An operation's name to what CloudTrail writes instead."""

    def has(self, name: str) -> bool:
        """Say whether it writes this name."""
        if name in self.exact or any(pattern.fullmatch(name) for pattern in self.patterns):
            return True
        found = _DATED.fullmatch(name) if self.dated else None
        return found is not None and found["operation"] in self.exact

    def any_like(self, pattern: re.Pattern[str]) -> bool:
        """Say whether it writes a name that fits, as far as its names have no wildcards themselves."""
        if any(pattern.fullmatch(name) for name in self.exact):
            return True
        return self.dated and any(pattern.fullmatch(name + date) for name in self.exact for date in _DATES)


class KnownEvents:
    """Event sources and their names, looked up by what CloudTrail writes."""

    def __init__(self, *files: EventNames) -> None:
        """Join the shipped list with a deployment's own."""
        self._groups: dict[str, list[Group]] = {}
        for file in (shipped(), *files):
            for source, groups in file.root.items():
                self._groups.setdefault(source, []).extend(groups)
        self._found: dict[str, Names | None] = {}

    def names(self, source: str) -> Names | None:
        """Return the names of an event source, or None where it is not known."""
        if source not in self._found:
            self._found[source] = self._names(source)
        return self._found[source]

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Every event source that is known, sorted."""
        prefixes = {prefix + SUFFIX for service in services().values() for prefix in service.sources}
        return tuple(sorted((prefixes | self._groups.keys()) - self._mistaken.keys()))

    @cached_property
    def _everyone(self) -> Mapping[str, tuple[str, ...]]:
        """Each exact name with the sources that write it."""
        found: dict[str, list[str]] = {}
        for source in self.sources:
            for name in self._written(source).exact:
                found.setdefault(name, []).append(source)
        return {name: tuple(sources) for name, sources in found.items()}

    @cached_property
    def _loose(self) -> tuple[str, ...]:
        """The sources that write more than exact names."""
        return tuple(s for s in self.sources if self._written(s).dated or self._written(s).patterns)

    def writers(self, name: str) -> tuple[str, ...]:
        """Return the sources that write a name; none where only a source that may write anything would."""
        return self._everyone.get(name) or tuple(
            source for source in self._loose if self._written(source).has(name) and not self._anything(source)
        )

    def any_like(self, pattern: re.Pattern[str]) -> bool:
        """Say whether any service writes a name that fits."""
        return any(self._written(source).any_like(pattern) for source in self.sources)

    def like_it(self, name: str, sources: Iterable[str]) -> Iterator[str]:
        """Yield names that a misspelt one may stand for: those of some sources, or of all that look alike from afar."""
        given = tuple(sources)
        for source in given:
            yield from self._written(source).exact
        if not given:
            begins, ends, length = name[:2].lower(), name[-4:].lower(), len(name)
            for known in self._everyone:
                near = known[:2].lower() == begins or known[-4:].lower() == ends
                if near and abs(len(known) - length) <= _TYPED:
                    yield known

    def meant(self, source: str) -> str | None:
        """Return what is written instead of an event source that does not exist."""
        mistaken = self._mistaken.get(source)
        if mistaken is not None:
            return mistaken
        plain = source.removesuffix(SUFFIX).lower()
        if plain + SUFFIX != source and self.names(plain + SUFFIX):
            return plain + SUFFIX
        if plain not in services():
            return None
        signed = services()[plain].sources[0] + SUFFIX
        return self._mistaken.get(signed, signed)

    @cached_property
    def _mistaken(self) -> Mapping[str, str]:
        return {
            wrong: source for source, groups in self._groups.items() for group in groups for wrong in group.instead_of
        }

    def _anything(self, source: str) -> bool:
        return any(pattern.fullmatch("\N{REPLACEMENT CHARACTER}") for pattern in self._written(source).patterns)

    def _written(self, source: str) -> Names:
        return self.names(source) or Names(frozenset())

    def _names(self, source: str) -> Names | None:
        groups = self._groups.get(source, [])
        prefix = source.removesuffix(SUFFIX) if source not in self._mistaken else ""
        also = {name for group in groups for name in group.operations_of}
        found = [
            service
            for service in services().values()
            if service.name in also or (prefix in service.sources and prefix != source)
        ]
        if not groups and not found:
            return None
        listed = [name for group in groups for name in group.names]
        plain = [name for name in listed if not _is_pattern(name)]
        return Names(
            exact=frozenset([*plain, *(operation for service in found for operation in service.operations)]),
            patterns=tuple(re.compile(translate(name)) for name in listed if _is_pattern(name)),
            dated=any(group.dated for group in groups),
            spelled={o: tuple(instead) for group in groups for o, instead in group.spelled.items()},
        )


_TYPED = 4
"""How much longer or shorter a mistyped name may be."""


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


@cache
def shipped() -> EventNames:
    """Return the hand-kept list of this package."""
    return EventNames.model_validate(read(_SHIPPED).data)


def beside(path: Path) -> tuple[KnownEvents, tuple[Problem, ...]]:
    """Return what is known for a runbook's file, its deployment's own names included, and what is wrong with those."""
    for parent in list(path.absolute().parents)[:_DEEPEST]:
        own = parent / OWN
        if own.is_file():
            status = own.stat()
            return _with(own, status.st_mtime_ns, status.st_size)
    return _alone(), ()


@cache
def _alone() -> KnownEvents:
    return KnownEvents()


@lru_cache(maxsize=8)  # a folder of runbooks has one
def _with(path: Path, changed: int, size: int) -> tuple[KnownEvents, tuple[Problem, ...]]:
    try:
        source = read(path)
    except InvalidRunbook as error:
        return _alone(), tuple(error.problems)
    if source.data is None or source.problems:
        return _alone(), source.problems
    try:
        return KnownEvents(EventNames.model_validate(source.data)), ()
    except ValidationError as error:
        return _alone(), tuple(complaints.problems(source, error, EventNames))
