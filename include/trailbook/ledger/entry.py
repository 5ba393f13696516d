"""What a ledger entry says: the record of one attempt of a run, and its place in the chain.

Invariants: `Entry.from_bytes(entry.to_bytes()) == entry`, and the bytes are canonical JSON; an entry with a field that
this version does not know, or without one that it needs, is refused by name, never read in part.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from trailbook.athena.execution import Column
from trailbook.canonical import Json, digest, dumps, loads
from trailbook.diff import Counts
from trailbook.errors import EvidenceError, TrailbookError
from trailbook.ledger.storable import storable
from trailbook.outcome import Product, QueryStatistics
from trailbook.plan import Baseline, Head, LookupUse, Run, Trigger
from trailbook.verdict import Completeness, Verdict
from trailbook.window import Window, parse_time, text

FORMAT = "trailbook.entry/1"
_CHAIN_FIELDS = ("format", "chain_uid", "sequence", "prev_event", "fingerprint", "latest_window_end")
_NAME = re.compile(r"[^/]+/([0-9]{12})\.json")
FIRST = "0" * 64
"""`prev_event` of a chain's first entry."""


@dataclass(frozen=True, slots=True)
class Materials:
    """What went into a run, by digest; None where the run ended before it was known."""

    runbook_sha256: str | None = None
    template_sha256: str | None = None
    sql_sha256: str | None = None
    lookups: tuple[LookupUse, ...] = ()
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The report that a run wrote: its manifest names and digests every other file of it."""

    manifest: Product
    manifest_uri: str
    report_uri: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What a run looked at, in short; the report has it by account and region."""

    events: int
    data_scanned_in_bytes: int
    first_event: str | None
    last_event: str | None
    accounts: int
    regions: int
    gaps: tuple[str, ...] = ()

    @classmethod
    def of(cls, whole: Completeness) -> Self:
        """Return the short form of a completeness statement."""
        return cls(
            events=whole.events,
            data_scanned_in_bytes=whole.data_scanned_in_bytes,
            first_event=whole.first_event,
            last_event=whole.last_event,
            accounts=len({part.account for part in whole.coverage}),
            regions=len({part.region for part in whole.coverage}),
            gaps=whole.gaps,
        )


@dataclass(frozen=True, slots=True)
class Notification:
    """What became of one message: to whom (`kind` is `sns` or `notifier`), of which events, and why not where not.

    `destination` is a topic's ARN or a class path, which hold no secret.
    """

    kind: str
    destination: str
    events: tuple[str, ...]
    sent: bool
    error: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the notification of its JSON form. Raises KeyError or TypeError for missing and unknown fields."""
        return cls(**{**value, "events": tuple(value["events"])})


@dataclass(frozen=True, slots=True)
class Record:
    """What one attempt of a run says of itself; what it did not reach is None or empty. Times are texts, UTC."""

    runbook: str
    run: Run
    verdict: Verdict
    reasons: tuple[str, ...]
    started: str
    finished: str
    version: str
    severity: str | None = None
    window: Window | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    materials: Materials = field(default_factory=Materials)
    queries: tuple[QueryStatistics, ...] = ()
    products: Written | None = None
    snapshot: Product | None = None
    counts: Counts | None = None
    completeness: Looked | None = None
    columns: tuple[Column, ...] = ()
    comparison_key: str | None = None
    rerun_of: str | None = None
    truncated: bool = False
    error: str | None = None
    notifications: tuple[Notification, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the record as JSON values, the run's fields beside the others."""
        value = asdict(self)
        run = value.pop("run")
        value["window"] = _window_json(self.window)
        value["materials"]["baseline"] = self.materials.baseline and self.materials.baseline.to_json()
        plain: dict[str, Json] = storable(run | value)
        return plain

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the record of its JSON form. Raises KeyError or TypeError for missing and unknown fields."""
        data = dict(value)
        run = {part.name: data.pop(part.name) for part in fields(Run)}
        materials = dict(data["materials"])
        baseline = materials["baseline"]
        materials["baseline"] = None if baseline is None else Baseline.from_json(baseline)
        materials["lookups"] = tuple(LookupUse(**use) for use in materials["lookups"])
        products = data["products"]
        data |= {
            "run": Run(**run | {"trigger": Trigger(run["trigger"])}),
            "verdict": Verdict(data["verdict"]),
            "reasons": tuple(data["reasons"]),
            "window": _window(data["window"]),
            "materials": Materials(**materials),
            "queries": tuple(QueryStatistics(**query) for query in data["queries"]),
            "products": products and Written(**products | {"manifest": Product(**products["manifest"])}),
            "snapshot": data["snapshot"] and Product(**data["snapshot"]),
            "counts": data["counts"] and Counts(**data["counts"]),
            "completeness": _looked(data["completeness"]),
            "columns": tuple(Column(**column) for column in data["columns"]),
            "notifications": tuple(Notification.from_json(told) for told in data["notifications"]),
        }
        missing = {part.name for part in fields(cls)} - data.keys()
        if missing:
            raise KeyError(min(missing))
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its place.

    `latest_window_end` is the latest end of all windows up to here, so that a search for a baseline can stop early.
    """

    record: Record
    sequence: int
    prev_event: str
    fingerprint: str
    latest_window_end: datetime | None

    @classmethod
    def after(cls, record: Record, sequence: int, prev_event: str, latest_window_end: datetime | None) -> Self:
        """Return the entry of a record after the entry whose sequence and fingerprint are given (0 and FIRST: none)."""
        kept = Record.from_json(record.to_json())
        ends = [end for end in (latest_window_end, kept.window.end if kept.window else None) if end is not None]
        bare = cls(kept, sequence + 1, prev_event, "", max(ends, default=None))
        return cls(kept, sequence + 1, prev_event, digest(bare._unsigned()), bare.latest_window_end)

    @property
    def head(self) -> Head:
        """This entry as its chain's end."""
        return Head(self.sequence, self.fingerprint)

    @property
    def key(self) -> str:
        """The entry's key in the ledger's store."""
        return key_of(self.record.runbook, self.sequence)

    def to_json(self) -> dict[str, Json]:
        """Return the entry as JSON values, chain fields named as in OCSF's record_integrity profile."""
        return self._unsigned() | {"fingerprint": self.fingerprint}

    def to_bytes(self) -> bytes:
        """Return the entry's canonical JSON."""
        return dumps(self.to_json())

    @classmethod
    def from_bytes(cls, body: bytes, where: str) -> Self:
        """Return the entry of its bytes. Raises EvidenceError, naming `where`, for all but the very bytes recorded."""
        try:
            value = loads(body)
            if not isinstance(value, dict):
                raise EvidenceError("expected a JSON object")
            entry = cls.from_json(value)
            if entry.fingerprint != fingerprint(value) or dumps(value) != body:
                raise EvidenceError("its fingerprint is not that of its content")
        except TrailbookError as error:
            raise EvidenceError(f"{where}: not an entry as it was recorded: {error}: run `trailbook verify`") from None
        return entry

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the entry of its JSON form. Raises EvidenceError for another format, missing and unknown fields."""
        if value.get("format") != FORMAT:
            raise EvidenceError(f"expected the format {FORMAT}, found {value.get('format')!r}")
        data = dict(value)
        try:
            chain = {name: data.pop(name) for name in _CHAIN_FIELDS}
            record = Record.from_json(data)
            latest = chain["latest_window_end"]
            end = None if latest is None else parse_time(latest, "latest_window_end")
        except KeyError as error:
            raise EvidenceError(f"the field {error} is missing") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise EvidenceError(f"a field is unknown or of another type: {error}") from None
        if chain["chain_uid"] != chain_uid(record.runbook):
            raise EvidenceError("its chain_uid is not that of its runbook")
        return cls(record, chain["sequence"], chain["prev_event"], chain["fingerprint"], end)

    def _unsigned(self) -> dict[str, Json]:
        return self.record.to_json() | {
            "format": FORMAT,
            "chain_uid": chain_uid(self.record.runbook),
            "sequence": self.sequence,
            "prev_event": self.prev_event,
            "latest_window_end": None if self.latest_window_end is None else text(self.latest_window_end),
        }


def key_of(runbook: str, sequence: int) -> str:
    """Return the key of a chain's entry."""
    return f"{runbook}/{sequence:012d}.json"


def sequence_of(key: str) -> int | None:
    """Return the sequence in an entry's key, None where the key is none."""
    name = _NAME.fullmatch(key)
    return None if name is None else int(name[1])


def chain_uid(runbook: str) -> str:
    """Return the name of a runbook's chain."""
    return f"trailbook/{runbook}"


def fingerprint(value: Mapping[str, Json]) -> str:
    """Return the SHA-256 of an entry's canonical JSON without its fingerprint."""
    return digest({name: part for name, part in value.items() if name != "fingerprint"})


def _window_json(window: Window | None) -> Json:
    return None if window is None else {"start": text(window.start), "end": text(window.end)}


def _window(value: Mapping[str, str] | None) -> Window | None:
    return None if value is None else Window(parse_time(value["start"], "start"), parse_time(value["end"], "end"))


def _looked(value: Mapping[str, Any] | None) -> Looked | None:
    return None if value is None else Looked(**{**value, "gaps": tuple(value["gaps"])})
