"""What must hold before anything is compared: the columns are there and the baseline's, and each key is one row's."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailbook.athena.resultset import RESERVED, fetch, literal, quoted
from trailbook.athena.types import shown
from trailbook.diff.header import Header
from trailbook.diff.model import DiffSpec
from trailbook.errors import EvidenceError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EXAMPLES = 3


def file(path: Path) -> str:
    """Return the relation of a Parquet file."""
    return f"read_parquet({literal(str(path))})"


def column_types(duck: "DuckDBPyConnection", path: Path) -> dict[str, str]:
    """Return a Parquet file's columns and their DuckDB types."""
    described = fetch(duck, f"DESCRIBE SELECT * FROM {file(path)}")  # noqa: S608 - the path is quoted
    return {row["column_name"]: row["column_type"] for row in described}


def own(types: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of the result that a snapshot was made from."""
    return {name: type_ for name, type_ in types.items() if not name.startswith(RESERVED)}


def check_result(spec: DiffSpec, types: Mapping[str, str]) -> None:
    """Raise EvidenceError where a result has a reserved column or lacks a key or measure."""
    reserved = sorted(name for name in types if name.casefold().startswith(RESERVED))
    if reserved:
        raise EvidenceError(f"the result names a column {shown(reserved[0])!r}: names that begin with tb_ are reserved")
    missing = [name for name in (*spec.key, *spec.measures) if name not in types]
    if missing:
        raise EvidenceError(
            f"the result has no column {shown(missing[0])!r}, which the runbook names as key or measure"
        )


def check_baseline(spec: DiffSpec, types: Mapping[str, str], there: Mapping[str, str], said: Header) -> None:
    """Raise EvidenceError where a baseline's rows are others: another key or kind, or other columns."""
    changed = sorted(name for name in there.keys() | types.keys() if there.get(name) != types.get(name))
    if changed:
        words = [f"{shown(n)} ({there.get(n, 'none')} before, {types.get(n, 'none')} now)" for n in changed]
        raise EvidenceError(f"the result's columns are not the baseline's: {', '.join(words)}")
    other = other_rows(said, spec)
    if other is not None:
        raise EvidenceError(f"the baseline cannot be compared: {other}")


def other_rows(said: Header, spec: DiffSpec) -> str | None:
    """Return how a snapshot's rows differ in what they are, as a sentence without its stop; None where they do not."""
    if said.kind != spec.kind:
        return f"its result kind was {said.kind}, now it is {spec.kind}"
    if set(said.key) != set(spec.key):
        return f"its findings were told apart by {', '.join(said.key)}, now by {', '.join(spec.key)}"
    return None


def check_keys(duck: "DuckDBPyConnection", relation: str, spec: DiffSpec) -> None:
    """Raise EvidenceError showing a few keys where rows share one."""
    names = ", ".join(quoted(name) for name in spec.key)
    # Equal keys have equal hashes, so as many hashes as rows means that no two keys are equal; fewer proves nothing.
    quick = f"SELECT count(DISTINCT hash({names})) = count(*) AS good FROM {relation}"  # noqa: S608 - names are quoted
    if fetch(duck, quick)[0]["good"]:
        return
    grouped = f"SELECT {names}, count(*) AS tb_rows FROM {relation} GROUP BY {names} HAVING count(*) > 1"  # noqa: S608
    # A count first: sorting is for the message only.
    found = fetch(duck, f"SELECT count(*) AS keys FROM ({grouped})")[0]["keys"]  # noqa: S608 - names are quoted
    if not found:
        return
    examples = fetch(duck, f"{grouped} ORDER BY {names} LIMIT {_EXAMPLES}")
    said = "; ".join(
        f"{', '.join(f'{name}={_value(row[name])}' for name in spec.key)} ({row['tb_rows']} rows)" for row in examples
    )
    noun = "key is" if found == 1 else "keys are"
    raise EvidenceError(
        f"{found} {noun} not unique, so findings cannot be told apart: {said}: add to `result.key` or GROUP BY it"
    )


def _value(value: Any) -> str:
    return "NULL" if value is None else shown(repr(value) if isinstance(value, str) else str(value))
