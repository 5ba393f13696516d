"""Which partition an object belongs to: Glue's partition projection read backwards, from the key to the values.

The objects under the template's fixed prefix are matched against the template; a value outside the projected enum,
range or format is no partition of the table, so Athena would not read the object.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trailbook.local.engine.errors import SqlError

_JAVA = {
    "yyyy": (r"\d{4}", "%Y"),
    "MM": (r"\d{2}", "%m"),
    "dd": (r"\d{2}", "%d"),
    "HH": (r"\d{2}", "%H"),
    "mm": (r"\d{2}", "%M"),
}
_NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*(SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)S?)?", re.IGNORECASE)
_DAYS = {"DAY": 1.0, "WEEK": 7.0, "MONTH": 31.0, "YEAR": 366.0, "HOUR": 1 / 24, "MINUTE": 1 / 1440, "SECOND": 1 / 86400}


@dataclass(frozen=True, slots=True)
class Projection:
    """A table's projected partitions: where its objects start, and how a URI yields the partition's values."""

    prefix: str
    pattern: re.Pattern[str]
    columns: Sequence[str]
    accepts: Sequence[Callable[[str], bool]]

    def values(self, uri: str) -> tuple[str, ...] | None:
        """Return the partition values of an object, in column order, or None where it is in no projected partition."""
        found = self.pattern.match(uri)
        if found is None:
            return None
        values = tuple(found.group(f"p{i}") for i in range(len(self.columns)))
        return values if all(accept(v) for accept, v in zip(self.accepts, values, strict=True)) else None


def projection(
    parameters: Mapping[str, str], columns: Sequence[str], location: str, now: datetime | None = None
) -> Projection | None:
    """Return a table's projection, or None where it is not enabled. Raises SqlError naming a wrong property."""
    if parameters.get("projection.enabled", "").lower() != "true":
        return None
    base = location if location.endswith("/") else location + "/"
    template = parameters.get("storage.location.template") or base + "/".join(f"{c}=${{{c}}}" for c in columns)
    forms, accepts = [], []
    for column in columns:
        form, accept = _column(parameters, column, now or datetime.now(UTC))
        forms.append(form)
        accepts.append(accept)
    pattern = re.escape(template.rstrip("/"))
    for i, (column, form) in enumerate(zip(columns, forms, strict=True)):
        mark = re.escape(f"${{{column}}}")
        if mark not in pattern:
            raise SqlError("HIVE_INVALID_METADATA", f"storage.location.template has no ${{{column}}}")
        pattern = pattern.replace(mark, f"(?P<p{i}>{form})", 1).replace(mark, f"(?P=p{i})")
    return Projection(template.split("${", 1)[0], re.compile(pattern + "/"), tuple(columns), tuple(accepts))


def _column(parameters: Mapping[str, str], column: str, now: datetime) -> tuple[str, Callable[[str], bool]]:
    kind = parameters.get(f"projection.{column}.type", "").lower()
    if kind == "enum":
        allowed = frozenset(v.strip() for v in parameters.get(f"projection.{column}.values", "").split(","))
        longest_first = sorted(allowed, key=len, reverse=True)
        return "(?:" + "|".join(map(re.escape, longest_first)) + ")", lambda value: value in allowed
    if kind == "injected":
        return r"[^/]+", lambda value: True
    if kind == "integer":
        low, high = _bounds(parameters, column)
        return r"-?\d+", lambda value: int(low) <= int(value) <= int(high)
    if kind == "date":
        return _date(parameters, column, now)
    raise SqlError(
        "HIVE_INVALID_METADATA", f"projection.{column}.type: expected enum, integer, date or injected, found {kind!r}"
    )


def _bounds(parameters: Mapping[str, str], column: str) -> tuple[str, str]:
    low, comma, high = parameters.get(f"projection.{column}.range", "").partition(",")
    if not comma:
        raise SqlError(
            "HIVE_INVALID_METADATA", f"projection.{column}.range: expected two values and a comma between them"
        )
    return low.strip(), high.strip()


def _date(parameters: Mapping[str, str], column: str, now: datetime) -> tuple[str, Callable[[str], bool]]:
    java = parameters.get(f"projection.{column}.format", "yyyy-MM-dd")
    form, strptime = "", ""
    for token in re.findall(r"yyyy|MM|dd|HH|mm|.", java):
        known = _JAVA.get(token)
        if known is None and token.isalpha():
            raise SqlError("NOT_SUPPORTED", f"projection.{column}.format {java!r} is not supported by the local Athena")
        form += known[0] if known else re.escape(token)
        strptime += known[1] if known else token.replace("%", "%%")
    low, high = (_moment(edge, strptime, column, now) for edge in _bounds(parameters, column))

    def accept(value: str) -> bool:
        try:
            return low <= datetime.strptime(value, strptime).replace(tzinfo=UTC) <= high
        except ValueError:
            return False

    return form, accept


def _moment(edge: str, strptime: str, column: str, now: datetime) -> datetime:
    found = _NOW.fullmatch(edge)
    if found is None:
        try:
            return datetime.strptime(edge, strptime).replace(tzinfo=UTC)
        except ValueError:
            raise SqlError(
                "HIVE_INVALID_METADATA", f"projection.{column}.range: {edge!r} does not match its format"
            ) from None
    sign, amount, unit = found.groups()
    shift = timedelta(days=int(amount) * _DAYS[unit.upper()]) if amount else timedelta()
    return now - shift if sign == "-" else now + shift
