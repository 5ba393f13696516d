"""A fragment's own tests: its expression with the case's values, run as Athena would run it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlglot import exp

from trailbook.errors import TrailbookError
from trailbook.runbook.fragments import Fragment, FragmentCase
from trailbook.runbook.params import Items
from trailbook.settings import PhysicalTable
from trailbook.sql.dialect import written
from trailbook.sql.fragments import expression
from trailbook.sql.literals import array, literal, string
from trailbook.steps.cases import CaseAthena, CaseResult, agrees

_COLUMNS = {"useridentity": "userIdentity", "resources": "resources", "tlsdetails": "tlsDetails"}
"""The nested columns of `cloudtrail` that a fragment may take whole, as a record spells them."""

_NOBODY = {
    "eventVersion": "1.08",
    "eventID": "00000000-0000-4000-8000-000000000000",
    "eventTime": "2026-01-01T00:00:00Z",
}


def run_fragment_case(
    name: str,
    number: int,
    fragments: Mapping[str, Fragment],
    athena: CaseAthena,
    table: PhysicalTable,
) -> CaseResult:
    """Run one case of the fragment `name`. An error of the case's own making is a difference."""
    case = fragments[name].cases[number]
    title, label = fragment_label(name, number)
    try:
        found = _value(name, case, fragments, athena, table)
    except TrailbookError as error:
        return CaseResult(title, label, (str(error),))
    differences = () if agrees(case.expect, found) else (f"expected {case.expect!r}, found {found!r}",)
    return CaseResult(title, label, differences)


def fragment_label(name: str, number: int) -> tuple[str, str]:
    """Return what a case of a fragment is called in its result: as a runbook's, and as a case's name."""
    return f"fragment {name}", f"case {number + 1}"


def fragment_sql(name: str, case: FragmentCase, fragments: Mapping[str, Fragment], table: PhysicalTable) -> str:
    """Return the query whose one row's `value` is the expression's. Raises TrailbookError."""
    fragment = fragments[name]
    bodies = tuple((one, body.sql, tuple(body.params)) for one, body in fragments.items())
    body = _body(_Bodies(name, bodies, fragments)).copy()
    holder = exp.select(exp.alias_(body, "value")).from_(
        exp.Table(this=exp.to_identifier(table.name, quoted=True), db=exp.to_identifier(table.database, quoted=True))
    )
    for column in list(holder.find_all(exp.Column)):
        kind = fragment.params.get(column.parts[0].name.lower())
        if kind in _COLUMNS:
            column.parts[0].set("this", kind)
        elif kind is not None:
            column.replace(_literal(case.given.get(column.name.lower()), kind))
    return written(holder)


@dataclass(frozen=True, slots=True)
class _Bodies:
    """All that an expression is made of; those with the same texts are equal."""

    name: str
    bodies: tuple[tuple[str, str, tuple[str, ...]], ...]
    fragments: Mapping[str, Fragment] = field(compare=False)


@lru_cache(maxsize=8)  # the cases of one fragment differ in their values only
def _body(of: _Bodies) -> exp.Expr:
    """Return a fragment's whole expression, which nobody may change. Raises InvalidRunbook."""
    return expression(of.name, of.fragments[of.name], of.fragments, of.name)


def _literal(value: Any, kind: str) -> exp.Expr:
    if kind == "strings":
        return array(list(value or ()), Items(type="string"))
    if kind == "json":
        return exp.cast(exp.null(), "JSON") if value is None else exp.func("json_parse", string(json.dumps(value)))
    return literal(value, kind)


def bound_fragment_case(
    name: str, case: FragmentCase, fragments: Mapping[str, Fragment], table: PhysicalTable
) -> tuple[str, list[dict[str, Any]]]:
    """Return the query of one case and the record that it reads. Raises TrailbookError."""
    kinds = fragments[name].params
    nested = {_COLUMNS[kind]: case.given.get(param) for param, kind in kinds.items() if kind in _COLUMNS}
    return fragment_sql(name, case, fragments, table), [{**_NOBODY, **nested}]


def _value(
    name: str, case: FragmentCase, fragments: Mapping[str, Fragment], athena: CaseAthena, table: PhysicalTable
) -> Any:
    sql, events = bound_fragment_case(name, case, fragments, table)
    athena.replace_records(events)
    return athena.rows(athena.execute(sql, token=name))[0]["value"]
