"""A fragment's own tests: its expression with the case's values, run as Athena would run it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from trailbook.errors import TrailbookError
from trailbook.runbook.fragments import Fragment, FragmentCase
from trailbook.runbook.params import Items
from trailbook.settings import PhysicalTable
from trailbook.sql.dialect import written
from trailbook.sql.fragments import expression
from trailbook.sql.literals import array, literal, string
from trailbook.steps.cases import CaseAthena, CaseResult, agrees, outcomes

_COLUMNS = {"useridentity": "userIdentity", "resources": "resources", "tlsdetails": "tlsDetails"}
"""The nested columns of `cloudtrail` that a fragment may take whole, as a record spells them."""

_NOBODY = {
    "eventVersion": "1.08",
    "eventID": "00000000-0000-4000-8000-000000000000",
    "eventTime": "2026-01-01T00:00:00Z",
}


def run_fragment_cases(
    name: str,
    numbers: Sequence[int],
    fragments: Mapping[str, Fragment],
    athena: CaseAthena,
    table: PhysicalTable,
) -> list[CaseResult]:
    """Run cases of the fragment `name`: one query over all their values or, where one is wrong, one each.

    An error of a case's own making is a difference.
    """
    cases = fragments[name].cases
    found = outcomes(numbers, lambda some: _values(name, [cases[n] for n in some], fragments, athena, table))
    return [
        CaseResult(*fragment_label(name, number), _differences(cases[number], value))
        for number, value in zip(numbers, found, strict=True)
    ]


def _differences(case: FragmentCase, found: Any) -> tuple[str, ...]:
    if isinstance(found, TrailbookError):
        return (str(found),)
    return () if agrees(case.expect, found) else (f"expected {case.expect!r}, found {found!r}",)


def fragment_label(name: str, number: int) -> tuple[str, str]:
    """Return what a case of a fragment is called in its result: as a runbook's, and as a case's name."""
    return f"fragment {name}", f"case {number + 1}"


def bound_fragment_case(
    name: str, case: FragmentCase, fragments: Mapping[str, Fragment], table: PhysicalTable
) -> tuple[str, list[dict[str, Any]]]:
    """Return the query whose one row's `value` is the expression's, and the record that it reads.

    Raises TrailbookError.
    """
    kinds = fragments[name].params
    body = _filled(name, fragments, lambda param: _literal(case.given.get(param), kinds[param]))
    return written(exp.select(exp.alias_(body, "value")).from_(_table(table))), [_record(kinds, case)]


def _all_bound(
    name: str, cases: Sequence[FragmentCase], fragments: Mapping[str, Fragment], table: PhysicalTable
) -> tuple[str, list[dict[str, Any]]]:
    """Return the query whose rows are the cases' numbers `n` and values, and the records that it reads."""
    kinds = fragments[name].params
    scalars = [param for param, kind in kinds.items() if kind not in _COLUMNS]
    rows = [(string(str(n)), *(_literal(case.given.get(p), kinds[p]) for p in scalars)) for n, case in enumerate(cases)]
    columns = [exp.to_identifier(column, quoted=True) for column in ("n", *(f"p_{p}" for p in scalars))]
    given = exp.Values(
        expressions=[exp.Tuple(expressions=list(row)) for row in rows],
        alias=exp.TableAlias(this=exp.to_identifier("given"), columns=columns),
    )
    body = _filled(name, fragments, lambda param: exp.column(f"p_{param}", "given", quoted=True))
    query = (
        exp.select(exp.column("n", "given"), exp.alias_(body, "value"))
        .from_(_table(table))
        .join(given, on=exp.column("eventid").eq(exp.column("n", "given")))
    )
    return written(query), [{**_record(kinds, case), "eventID": str(n)} for n, case in enumerate(cases)]


def _filled(name: str, fragments: Mapping[str, Fragment], scalar: Callable[[str], exp.Expr]) -> exp.Expr:
    """Return the expression over a record's nested columns, and over what `scalar` gives for each other parameter."""
    kinds = fragments[name].params
    holder = exp.Paren(this=expression(name, fragments[name], fragments, name))
    for column in list(holder.find_all(exp.Column)):
        kind = kinds.get(column.parts[0].name.lower())
        if kind in _COLUMNS:
            column.parts[0].set("this", kind)
        elif kind is not None:
            column.replace(scalar(column.name.lower()))
    body: exp.Expr = holder.this
    return body


def _table(table: PhysicalTable) -> exp.Table:
    return exp.Table(this=exp.to_identifier(table.name, quoted=True), db=exp.to_identifier(table.database, quoted=True))


def _record(kinds: Mapping[str, str], case: FragmentCase) -> dict[str, Any]:
    return {**_NOBODY, **{_COLUMNS[kind]: case.given.get(p) for p, kind in kinds.items() if kind in _COLUMNS}}


def _literal(value: Any, kind: str) -> exp.Expr:
    if kind == "strings":
        return array(list(value or ()), Items(type="string"))
    if kind == "json":
        return exp.cast(exp.null(), "JSON") if value is None else exp.func("json_parse", string(json.dumps(value)))
    return literal(value, kind)


def _values(
    name: str,
    cases: Sequence[FragmentCase],
    fragments: Mapping[str, Fragment],
    athena: CaseAthena,
    table: PhysicalTable,
) -> list[Any]:
    if len(cases) == 1:
        sql, events = bound_fragment_case(name, cases[0], fragments, table)
    else:
        sql, events = _all_bound(name, cases, fragments, table)
    athena.hold_records([events])
    (rows,) = athena.rows_of_each([athena.execute(sql, token=name)])
    return [row["value"] for row in sorted(rows, key=lambda row: int(row.get("n", 0)))]
