"""What Athena would say of a runbook's SQL before it reads a byte: names, types and functions, each at its place.

The local Athena's front end judges the SQL with a value of the right type in each parameter's place. What it refuses
only because it cannot run it itself is a note, not a problem: Athena may well run it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from trailbook.errors import InvalidRequest, InvalidRunbook, Problem
from trailbook.local.engine.engine import analyse_tree
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parse import TemplateQuery, parse_query
from trailbook.local.engine.scope import TableColumn
from trailbook.local.engine.types import Type, from_hive
from trailbook.runbook.fragments import FOLDER, folder_problems, fragment_files, in_folder
from trailbook.runbook.load import Loaded
from trailbook.runbook.model import Runbook
from trailbook.runbook.params import Items, Param
from trailbook.sql.bind import fill
from trailbook.sql.fragments import expand, expression
from trailbook.sql.schema import COLUMNS, LOGICAL_TABLE
from trailbook.window import Window

_TOLD = re.compile(r"(?P<code>[A-Z_]+): (?:line (?P<line>\d+):(?P<column>\d+): )?(?P<message>.*)", re.DOTALL)
_DATABASE = "runbook"
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_WINDOW = Window(_MOMENT, _MOMENT + timedelta(days=1))
_KINDS = {"string": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean"}
_TEXTS = {"date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is wrong with one runbook's SQL, and what only the local Athena cannot run."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def analysis(loaded: Loaded) -> Analysis:
    """Return what Athena's analysis finds in a runbook that the linter lets pass."""
    runbook = loaded.runbook
    try:
        tree = parse_query(runbook.query, TemplateQuery)
        expand(tree, runbook.fragments, str(loaded.source.path), lambda sql: parse_query(sql, TemplateQuery))
        fill(runbook, tree, {name: _sample(param) for name, param in runbook.params.items()}, _WINDOW)
        analyse_tree(tree, _Relations(runbook), _DATABASE, _MOMENT)
    except InvalidRunbook as error:
        wrong = [loaded.source.problem(("query",), problem.message) for problem in error.problems]
        return Analysis(problems=tuple(wrong))
    except InvalidRequest:
        return Analysis()  # a default that is no value of its parameter: the model's own rules name it
    except SqlError as error:
        told = _TOLD.fullmatch(str(error))
        line, column = (int(told["line"] or 1), int(told["column"] or 1)) if told else (1, 1)
        message = f"{told['code']}: {told['message']}" if told else str(error)
        place = loaded.source.text_place(("query",), line, column)
        found = (Problem(str(loaded.source.path), *place, "query", message),)
        return Analysis(notes=found) if error.code == "NOT_SUPPORTED" else Analysis(problems=found)
    return Analysis()


def fragment_problems(folder: Path) -> list[Problem]:
    """Return what is wrong with the fragments of a folder of runbooks, whether a runbook calls them or not."""
    whole = in_folder(folder)
    found = folder_problems(folder)
    for name, path in fragment_files(folder / FOLDER).items():
        if name in whole:
            try:
                expression(name, whole[name], whole, str(path))
            except InvalidRunbook as error:
                found += [Problem(str(path), 1, 1, "sql", problem.message) for problem in error.problems]
    return found


class _Relations:
    """The relations that a runbook's SQL may read, as the engine's catalogue."""

    def __init__(self, runbook: Runbook) -> None:
        self._tables: Mapping[str, Sequence[TableColumn]] = {
            LOGICAL_TABLE: [TableColumn(name, from_hive(hive)) for name, hive in COLUMNS.items()],
            **{
                name: [TableColumn(column, Type(_KINDS[kind])) for column, kind in lookup.columns.items()]
                for name, lookup in runbook.lookups.items()
            },
        }

    def columns(self, database: str, table: str) -> Sequence[TableColumn] | None:
        """Return a relation's columns (the engine's Catalog)."""
        return self._tables.get(table) if database == _DATABASE else None

    def has_database(self, database: str) -> bool:
        """Say whether it is the one database there is (the engine's Catalog)."""
        return database == _DATABASE

    def view(self, database: str, table: str) -> None:
        """Return None: a runbook's relations are no views (the engine's Catalog)."""


def _sample(param: Param) -> Any:
    if param.default not in (None, []):
        return param.default
    return [_scalar(param.items)] if param.items is not None else _scalar(param)


def _scalar(param: Items) -> Any:
    if param.enum:
        return param.enum[0]
    if param.type == "string":
        return _TEXTS.get(param.format or "", "x")
    return {"integer": 1, "number": 1.0, "boolean": True}[param.type]
