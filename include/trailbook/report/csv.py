"""`findings.csv`: the findings for a spreadsheet (RFC 4180, UTF-8), with no text that a spreadsheet would calculate.

Columns: `tb_…` says what became of the finding, named as in result.parquet, then the result's own, then
`tb_old_<measure>` for the value before a change. NULL is nothing, an empty text is `""`. Numbers stay numbers. A text
that begins like a formula (also after blanks) has `'` before it, and hidden characters other than line breaks and tabs
are marked as on the page: who needs each byte takes report.json or result.parquet.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from trailbook.diff import Finding
from trailbook.report.model import Report
from trailbook.report.text import visible
from trailbook.report.values import is_number, shown

_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠﹢﹣﹦﹫−]")  # spreadsheets take the wide forms too
_QUOTED = re.compile(r'[",\r\n]|^\s|\s$|^$')
_STATE_COLUMNS = (
    *("tb_state", "tb_reopened", "tb_suppressed_reason", "tb_suppressed_owner", "tb_suppressed_until"),
    *("tb_finding_id", "tb_first_seen_run", "tb_first_seen_time", "tb_last_seen_run", "tb_last_seen_time"),
)


def dumps(report: Report) -> bytes:
    """Return the listed findings as CSV, in the report's order."""
    return "".join(line(values) for values in _rows(report)).encode("utf-8")


def _rows(report: Report) -> Iterator[list[Any]]:
    names = [column.name for column in report.outcome.columns]
    yield [*_STATE_COLUMNS, *names, *(f"tb_old_{name}" for name in report.measures)]
    for finding in report.findings:
        old = (finding.changes[name][0] if name in finding.changes else None for name in report.measures)
        yield [*_state(finding), *(finding.row.get(name) for name in names), *old]


def _state(finding: Finding) -> list[Any]:
    why = finding.suppression
    return [
        finding.state.value,
        finding.reopened,
        *((None, None, None) if why is None else (why.reason, why.owner, why.expires)),
        finding.finding_id,
        finding.first_seen.run_id,
        finding.first_seen.time,
        finding.last_seen.run_id,
        finding.last_seen.time,
    ]


def line(values: Iterable[Any]) -> str:
    """Return one line of CSV; None is an empty field."""
    return ",".join(_field(value) for value in values) + "\r\n"


def _field(value: Any) -> str:
    if value is None:
        return ""
    text = shown(value)
    if not is_number(value):
        text = neutral(text)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def neutral(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, its hidden characters marked."""
    marked = visible(text, keep="\n\r\t")
    return f"'{marked}" if _FORMULA.match(marked) else marked
