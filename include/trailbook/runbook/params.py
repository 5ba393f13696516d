"""Parameters and lookups of a runbook: JSON Schema in YAML, the trigger form in the Airflow UI, typed values in SQL."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ScalarType = Literal["string", "integer", "number", "boolean"]
Format = Literal["date", "date-time", "time", "duration", "multiline"]

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)
"""What people write is strict: unknown keys are refused, 1 is not '1'."""


class Items(BaseModel):
    """What each value of a list parameter must be."""

    model_config = STRICT

    type: ScalarType = "string"
    enum: list[str | int | float | bool] | None = None
    format: Format | None = None
    pattern: str | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    minLength: int | None = Field(default=None, ge=0)
    maxLength: int | None = Field(default=None, ge=0)


class Param(Items):
    """One parameter. Without `default` it is required; `default: null` (or an empty list) is unset until given."""

    type: Literal["string", "integer", "number", "boolean", "array"]  # type: ignore[assignment]  # wider than Items on purpose
    title: str = Field(min_length=1)
    description: str | None = None
    default: Any = None
    examples: list[Any] | None = None
    values_display: dict[str, str] | None = None
    items: Items | None = None
    minItems: int | None = Field(default=None, ge=0)
    maxItems: int | None = Field(default=None, ge=0)
    uniqueItems: bool | None = None
    section: str | None = None
    replaces: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    """`lookup.column`: where this parameter is set, its values are the lookup's rows instead of its file's."""

    @property
    def required(self) -> bool:
        """Whether a run must give a value."""
        return "default" not in self.model_fields_set

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a value, null allowed where the parameter may be unset."""
        kept = self.model_dump(
            mode="json", exclude_none=True, exclude={"default", "replaces", "values_display", "section"}
        )
        if not self.required and self.default is None:
            kept["type"] = [self.type, "null"]
            if "enum" in kept:
                kept["enum"] = [*kept["enum"], None]
        return kept

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.type == "array") != (self.items is not None):
            raise ValueError("`items` goes with `type: array`, and an array needs it")
        if self.replaces is not None and (self.type != "array" or self.required):
            raise ValueError("a parameter that replaces a lookup column is an array with a default, such as []")
        return self


class Lookup(BaseModel):
    """A list that the SQL reads as a relation: a CSV file `<name>.csv` with a header, in the lookups folder."""

    model_config = STRICT

    description: str = Field(min_length=1)
    columns: dict[str, ScalarType] = Field(min_length=1)
    """Column name to type; the file must have these and may have more."""
    required: bool = True
    """Whether an empty list makes the run incomplete: with nothing to look for, no findings says nothing."""
