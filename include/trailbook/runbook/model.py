"""The runbook as people write it: pydantic, strict, unknown keys refused; `schema.json` is generated from it.

Invariant: a `Runbook` is immutable and is all that the rest of the house needs of the file; `spec()` is its JSON.
"""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from croniter import croniter
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, field_validator

from trailbook.runbook.fragments import Fragment
from trailbook.runbook.notify import Notify
from trailbook.runbook.params import STRICT, Lookup, Param
from trailbook.window import parse_duration

__all__ = ["Allow", "Attack", "Case", "Expected", "Lookup", "Notify", "Param", "Pivot", "Result", "Runbook", "Schedule"]

COMMON_PARAMS = ("start", "end", "accounts", "regions", "row_limit", "compare_with", "reason")
"""What every run takes without the runbook naming it."""

WINDOW_VALUES = ("window_start", "window_end")
"""What any query may name without declaring it: the bounds of the run's window."""

UNREVIEWED = "Nobody but the runbook's author has read these mappings against their sources."

_NO_CASES: dict[str, Any] = {"cases": True, "fragments": {"__all__": {"cases"}}}

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_NAME = r"^[a-z][a-z0-9_]*$"


def _iso_date(value: Any) -> Any:
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _a_duration(value: str) -> str:
    parse_duration(value)
    return value


def _a_cron(value: str) -> str:
    if len(value.split()) != 5 or not croniter.is_valid(value):
        raise ValueError(f'expected a cron expression of five fields such as "0 2 * * *", found {value!r}')
    return value


IsoDate = Annotated[date, BeforeValidator(_iso_date)]
Duration = Annotated[str, AfterValidator(_a_duration)]
Identifier = Annotated[str, Field(pattern=_NAME)]
Text = Annotated[str, Field(min_length=1)]


class Attack(BaseModel):
    """MITRE ATT&CK techniques, in the version of the matrix whose ids they are."""

    model_config = STRICT

    version: str = Field(pattern=r"^\d+\.\d+$")
    techniques: list[str] = Field(min_length=1)


class Schedule(BaseModel):
    """When a run starts and which window it has: it ends `settle` before the cron time and is `window` long, in UTC."""

    model_config = STRICT

    cron: Annotated[str, AfterValidator(_a_cron)]
    window: Duration = "1d"
    settle: Duration = "2h"
    start_date: IsoDate | None = None
    catchup: bool = False
    max_active_runs: int = Field(default=1, ge=1, le=64)

    @property
    def window_length(self) -> timedelta:
        """The window's length."""
        return parse_duration(self.window)

    @property
    def settle_time(self) -> timedelta:
        """The time that CloudTrail is given to deliver."""
        return parse_duration(self.settle)


class Result(BaseModel):
    """What a row is: its kind, the columns that name it, and the columns whose change matters."""

    model_config = STRICT

    kind: Literal["events", "aggregate", "state"]
    key: list[Identifier] = Field(min_length=1)
    measures: list[Identifier] = Field(default_factory=list)


class Pivot(BaseModel):
    """From a row to the next runbook: `with` maps that runbook's params to texts with `{column}` of the row."""

    model_config = STRICT

    runbook: str = Field(pattern=SLUG)
    with_: dict[str, str] = Field(alias="with", min_length=1)
    title: str | None = None


class Allow(BaseModel):
    """An accepted finding: still reported, as suppressed, until `expires` (the first day it is no longer in force)."""

    model_config = STRICT

    match: dict[Identifier, str | int | float | bool] = Field(min_length=1)
    """Column to value; a text may have `*` and `?`."""
    reason: Text
    owner: Text
    expires: IsoDate


class Expected(BaseModel):
    """Where logs must come from, or the run is incomplete; what is left empty is as the deployment's settings say."""

    model_config = STRICT

    accounts: list[Annotated[str, Field(pattern=r"^\d{12}$")]] = Field(default_factory=list)
    regions: list[Text] = Field(default_factory=list)


class Case(BaseModel):
    """One of the runbook's own tests: the SQL runs on `events` and must give `rows` (each a part of one row)."""

    model_config = STRICT

    name: Text
    events: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    params: dict[str, Any] = Field(default_factory=dict)
    lookups: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)


class Runbook(BaseModel):
    """One question, asked of CloudTrail again and again."""

    model_config = STRICT

    id: str = Field(pattern=SLUG, max_length=100)
    title: str = Field(min_length=1, max_length=200)
    description: Text
    status: Literal["experimental", "stable", "deprecated"] = "experimental"
    severity: Literal["informational", "low", "medium", "high", "critical"]
    owner: Text
    references: list[str] = Field(default_factory=list)
    falsepositives: list[str] = Field(default_factory=list)
    attack: Attack | None = None
    controls: dict[str, list[str]] = Field(default_factory=dict)
    mappings_reviewed: bool = True
    """Whether somebody beside the author has read `attack` and `controls` against their sources."""
    schedule: Schedule | None
    params: dict[Identifier, Param] = Field(default_factory=dict)
    needs_one_of: list[Identifier] = Field(default_factory=list)
    """Params of which a run must give at least one; without any, it would ask for everything."""
    lookups: dict[Identifier, Lookup] = Field(default_factory=dict)
    fragments: dict[Identifier, Fragment] = Field(default_factory=dict)
    """The runbook's own; loading adds the shared ones that its query calls."""
    query: Text
    result: Result
    expect: Literal["no_findings", "no_new_findings", "anything"] = "no_new_findings"
    on_findings: Literal["report", "fail"] = "report"
    notify: list[Notify] = Field(default_factory=list)
    """Who is told of a run, and of which; one message per run and destination."""
    expected: Expected = Field(default_factory=Expected)
    guide: str = ""
    pivots: list[Pivot] = Field(default_factory=list)
    allow: list[Allow] = Field(default_factory=list)
    cases: list[Case] = Field(default_factory=list)

    @field_validator("references")
    @classmethod
    def _web_addresses(cls, value: list[str]) -> list[str]:
        for address in value:
            if not address.startswith("https://"):
                raise ValueError(f"expected an https:// address, found {address!r}")
        return value

    @field_validator("controls")
    @classmethod
    def _frameworks(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for name in value:
            framework, at, version = name.partition("@")
            if not (framework and at and version):
                raise ValueError(f"expected framework@version such as nist-800-53@rev5, found {name!r}")
        return value

    @property
    def unreviewed(self) -> bool:
        """Whether it has mappings that nobody but its author has read."""
        return not self.mappings_reviewed and bool(self.attack or self.controls)

    def spec(self) -> dict[str, Any]:
        """Return the runbook as JSON values with the keys of the YAML; `cases` are left out: no run needs them."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=_NO_CASES)

    @classmethod
    def from_spec(cls, spec: Any) -> "Runbook":
        """Return the runbook of `spec()`."""
        return cls.model_validate(dict(spec))
