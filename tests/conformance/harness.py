"""The cases, Trino's recorded answers, the table that both engines read, and the local engine's answer to a case."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trino import SCHEMA, Answer, in_pieces

from trailbook.errors import QueryFailed
from trailbook.local.engine.engine import analyse
from trailbook.local.engine.results import read_csv
from trailbook.local.engine.types import Type, from_hive
from trailbook.local.folder import FolderAthena
from trailbook.settings import PhysicalTable
from trailbook.sql.schema import COLUMNS

HERE = Path(__file__).parent
POSITIONED = (
    "COLUMN_NOT_FOUND",
    "TYPE_MISMATCH",
    "SYNTAX_ERROR",
    "FUNCTION_NOT_FOUND",
    "TABLE_NOT_FOUND",
    "AMBIGUOUS_NAME",
)
"""Errors whose line and column are compared too, where Trino gives them."""

TABLE = PhysicalTable(database=SCHEMA)


@dataclass(frozen=True)
class Case:
    """A query. `ordered`: the order of its rows counts. `refused`: why the local engine says NOT_SUPPORTED.

    `differs`: a known difference of the error or its place (never of rows), with its reason. `repeated`: the query runs
    over several cases' data, so that one analysis does for all; the others' partitions are pruned too.
    """

    family: str
    sql: str
    name: str = ""
    ordered: bool = False
    refused: str = ""
    differs: str = ""
    repeated: bool = False

    def __str__(self) -> str:
        """Return a short name for a test's report."""
        return f"{self.family}: {self.name or ' '.join(self.sql.split())[:100]}"


def families() -> list[str]:
    """Return the names of the case files."""
    return sorted(p.stem for p in (HERE / "cases").glob("*.json"))


def cases(family: str) -> list[Case]:
    """Return the cases of a file: a list of SQL texts, or of objects with the fields of Case."""
    listed = json.loads((HERE / "cases" / f"{family}.json").read_text())
    found = [Case(family, c) if isinstance(c, str) else Case(family, **c) for c in listed]
    assert len({c.sql for c in found}) == len(found), f"{family}: a query stands twice"
    return found


def answers(family: str) -> Mapping[str, Answer]:
    """Return the recorded answers of a file, by SQL text."""
    path = HERE / "answers" / f"{family}.json"
    if not path.exists():
        return {}
    return {sql: Answer(**document) for sql, document in json.loads(path.read_text())["answers"].items()}


def keep(family: str, version: str, found: Mapping[str, Answer]) -> None:
    """Write a family's answers, in their order."""
    lines = [
        f"  {json.dumps(key, ensure_ascii=False)}:\n   {json.dumps(answer.document(), ensure_ascii=False)}"
        for key, answer in found.items()
    ]
    body = ",\n".join(lines)
    (HERE / "answers" / f"{family}.json").write_text(f'{{"trino": "{version}",\n "answers": {{\n{body}\n }}}}\n')


def records() -> list[dict[str, Any]]:
    """Return the CloudTrail records of the table `cloudtrail_logs`."""
    found: list[dict[str, Any]] = json.loads((HERE / "records.json").read_text())
    return found


def local(athena: FolderAthena, case: Case) -> Answer:
    """Return the local engine's answer to a case."""
    try:
        found = athena.analysed(case.sql) if case.repeated else analyse(case.sql, athena, SCHEMA, datetime.now(UTC))
        execution = athena.execute(case.sql, token="conformance")
    except QueryFailed as error:
        told = re.fullmatch(r"([A-Z_]+): (?:line (\d+:\d+): )?(.*)", str(error), re.DOTALL)
        if told is None:
            return Answer(error="(no name)", message=str(error))
        return Answer(error=told[1], where=told[2] or "", message=told[3])
    kinds = [kind_text(f.type) for f in found.relation.fields]
    names = [c.name for c in execution.columns]
    with tempfile.TemporaryDirectory() as folder:
        athena.download(execution, Path(folder) / "rows.csv")
        rows = read_csv((Path(folder) / "rows.csv").read_bytes())[1:]
    return Answer(columns=[list(p) for p in zip(names, kinds, strict=True)], rows=rows)


def kind_text(kind: Type) -> str:
    """Return a type of the local engine's as `trino.type_text` writes Trino's."""
    if kind.base == "row":
        pairs = zip(kind.names, kind.args, strict=True)
        return "row(" + ", ".join(f"{n} {kind_text(t)}".strip() for n, t in pairs) + ")"
    if kind.base == "timestamptz":
        return "timestamp with time zone"
    if kind.args:
        return f"{kind.base}({', '.join(map(kind_text, kind.args))})"
    return str(kind) if kind.base == "decimal" else kind.base


def difference(case: Case, ours: Answer, theirs: Answer) -> str:
    """Say how the local answer differs from Trino's, or return ''."""
    if case.refused:
        return "" if ours.error == "NOT_SUPPORTED" else f"marked as refused ({case.refused}), found {_told(ours)}"
    if ours.error or theirs.error:
        if ours.error != theirs.error:
            return f"expected {_told(theirs)}\nfound {_told(ours)}"
        wrong_place = theirs.where and ours.where != theirs.where and ours.error in POSITIONED
        return f"expected {_told(theirs)}\nfound {_told(ours)}" if wrong_place else ""
    if ours.columns != theirs.columns:
        return f"expected columns {theirs.columns}\nfound {ours.columns}"
    expected, found = theirs.rows, ours.rows
    if not case.ordered:
        expected, found = sorted(expected, key=_sortable), sorted(found, key=_sortable)
    return "" if expected == found else f"expected rows {theirs.rows}\nfound {ours.rows}"


def same_answer(case: Case, one: Answer, other: Answer) -> bool:
    """Say whether two answers of Trino's are one: its messages may change, and rows without an order may move."""
    return difference(replace(case, refused=""), one, other) == ""


def _sortable(row: list[str | None]) -> list[tuple[bool, str]]:
    return [(v is None, v or "") for v in row]


def _told(answer: Answer) -> str:
    return f"{answer.error} at {answer.where or '?'}: {answer.message}" if answer.error else f"rows {answer.rows}"


def table_statements(table: PhysicalTable, held: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Return the statements that make a table of CloudTrail records on a Trino server, with the SerDe's values."""
    yield f"CREATE SCHEMA IF NOT EXISTS memory.{SCHEMA}"
    yield f"DROP TABLE IF EXISTS memory.{SCHEMA}.{table.name}"
    kinds = {name: _declared(from_hive(hive)) for name, hive in COLUMNS.items()}
    kinds |= dict.fromkeys((TABLE.account_column, TABLE.region_column, TABLE.day_column), "varchar")
    row = "ROW(" + ", ".join(f"c{i} {k}" for i, k in enumerate(kinds.values())) + ")"
    picked = ", ".join(f'u.c{i} AS "{n}"' for i, n in enumerate(kinds))
    for first, piece in enumerate(in_pieces(held or [{}], 25)):
        values = json.dumps([_values(record) for record in piece], ensure_ascii=False).replace("'", "''")
        named = ", ".join(f"c{i}" for i in range(len(kinds)))
        source = f"(SELECT CAST(json_parse('{values}') AS ARRAY({row})) AS l) CROSS JOIN UNNEST(l) AS u ({named})"
        select = f"SELECT {picked} FROM {source}" + ("" if held else " WHERE false")
        name = f"memory.{SCHEMA}.{table.name}"
        yield f"INSERT INTO {name} {select}" if first else f"CREATE TABLE {name} AS {select}"


def _declared(kind: Type) -> str:
    if kind.base == "row":
        return "ROW(" + ", ".join(f'"{n}" {_declared(t)}' for n, t in zip(kind.names, kind.args, strict=True)) + ")"
    return f"{kind.base}({', '.join(map(_declared, kind.args))})" if kind.args else kind.base


def _values(record: Mapping[str, Any]) -> list[Any]:
    lowered = {k.lower(): v for k, v in record.items()}
    found = [_value(lowered.get(name), from_hive(hive)) for name, hive in COLUMNS.items()]
    account = lowered.get("recipientaccountid") or (lowered.get("useridentity") or {}).get("accountId")
    return [*found, account, lowered.get("awsregion"), (lowered.get("eventtime") or "")[:10].replace("-", "/")]


def _value(value: Any, kind: Type) -> Any:
    """Return a JSON value as the CloudTrail SerDe gives it: what is declared a string is text, whatever it was."""
    if value is None:
        return None
    if kind.base == "row":
        lowered = {k.lower(): v for k, v in value.items()}
        return [_value(lowered.get(n), t) for n, t in zip(kind.names, kind.args, strict=True)]
    if kind.base == "array":
        return [_value(v, kind.args[0]) for v in value]
    if kind.base == "map":
        return {k: _value(v, kind.args[1]) for k, v in value.items()}
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
