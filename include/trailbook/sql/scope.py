"""The scope of a run: which partitions and which event times of the physical table it reads.

CloudTrail writes a file after its events, within minutes, under the day of delivery. So the partition of an event is
the day of its own time or the day after, and the partitions read are those of the window's days and one more. The
window itself is decided by `eventtime`, compared as text without the `Z`: all times are UTC in ISO 8601, so the order
of the texts is the order of the times, and `…00Z` as well as `…00.123Z` are at or after `…00`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlglot import exp

from trailbook.errors import InvalidRequest
from trailbook.settings import PhysicalTable
from trailbook.sql.literals import string
from trailbook.sql.schema import COLUMNS, LOGICAL_TABLE
from trailbook.window import Window, text


def scope(window: Window, table: PhysicalTable, accounts: Sequence[str], regions: Sequence[str]) -> exp.CTE:
    """Return the logical relation `cloudtrail` over the physical table, as the first CTE of a query."""
    query = exp.select(*(exp.column(name) for name in COLUMNS)).from_(_physical(table))
    query = query.where(*_predicates(window, table, accounts, regions), copy=False)
    return exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(LOGICAL_TABLE)))


def coverage(window: Window, table: PhysicalTable, accounts: Sequence[str], regions: Sequence[str]) -> exp.Select:
    """Return the query that counts the events in scope by account and region, with the first and the last time."""
    time = exp.column("eventtime")
    return (
        exp.select(
            exp.alias_(_column(table.account_column), "account"),
            exp.alias_(_column(table.region_column), "region"),
            exp.alias_(exp.Count(this=exp.Star()), "events"),
            exp.alias_(exp.Min(this=time), "first_event"),
            exp.alias_(exp.Max(this=time.copy()), "last_event"),
        )
        .from_(_physical(table))
        .where(*_predicates(window, table, accounts, regions), copy=False)
        .group_by(exp.Literal.number(1), exp.Literal.number(2), copy=False)
        .order_by(exp.Literal.number(1), exp.Literal.number(2), copy=False)
    )


def _predicates(
    window: Window, table: PhysicalTable, accounts: Sequence[str], regions: Sequence[str]
) -> list[exp.Expr]:
    day = exp.Between(
        this=_column(table.day_column),
        low=string(_day(window.start)),
        high=string(_day(_day_after(window.end - timedelta(microseconds=1)))),
    )
    found: list[exp.Expr] = [day]
    for name, values in ((table.account_column, accounts), (table.region_column, regions)):
        if values:
            found.append(exp.In(this=_column(name), expressions=[string(value) for value in values]))
    time = exp.column("eventtime")
    found.append(exp.GTE(this=time, expression=string(second(window.start))))
    found.append(exp.LT(this=time.copy(), expression=string(second(window.end))))
    return found


def _day_after(moment: datetime) -> datetime:
    return moment + timedelta(days=1) if moment.year < 9999 else moment


def _day(moment: datetime) -> str:
    return moment.date().isoformat().replace("-", "/")


def second(moment: datetime) -> str:
    """Return a bound as text that compares with `eventtime`. Raises InvalidRequest for parts of a second."""
    if moment.microsecond:
        raise InvalidRequest(f"expected a window of whole seconds, found {text(moment)}")
    return moment.replace(tzinfo=None).isoformat()


def _column(name: str) -> exp.Column:
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def _physical(table: PhysicalTable) -> exp.Table:
    return exp.Table(this=exp.to_identifier(table.name, quoted=True), db=exp.to_identifier(table.database, quoted=True))
