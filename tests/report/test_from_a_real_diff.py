"""From two results as Athena writes them, through the real diff, to a report's files."""

from dataclasses import replace
from datetime import date

from page import Page
from samples import BEFORE, BEFORE_SEEN, DAY, SNAPSHOT, SPEC, make

from trailbook.athena.execution import Column
from trailbook.athena.resultset import read_csv
from trailbook.diff import DiffSpec, compare, findings
from trailbook.objects import FolderStore
from trailbook.report import build, html, json, write
from trailbook.runbook.model import Allow
from trailbook.verdict import judge

COLUMNS = (
    Column("user_name", "varchar"),
    Column("failures", "bigint"),
    Column("share", "decimal(5,2)"),
    Column("last_try", "timestamp with time zone"),
    Column("event_ids", "array"),
)
ALLOW = (
    Allow(match={"user_name": "synthetic-*"}, reason="Canary", owner="platform", expires=date(2027, 1, 1)),
    Allow(match={"user_name": "old"}, reason="Gone", owner="platform", expires=date(2026, 1, 1)),
)
TAIL = '"0.50","2026-11-02 03:04:05.000 UTC","[e-1, e-2]"'


def result(folder, name, users):
    header = ",".join(f'"{column.name}"' for column in COLUMNS)
    lines = "".join(f'"{user}","{count}",{TAIL}\n' for user, count in users.items())
    (folder / f"{name}.csv").write_text(f"{header}\n{lines}")
    return read_csv(folder / f"{name}.csv", COLUMNS, folder / f"{name}.parquet").path


def compared(folder, current, baseline, run_id, window):
    spec = DiffSpec("auth-failed-logins", "aggregate", ("user_name",), ("failures",), ALLOW, run_id, window)
    return compare(current, baseline, spec=spec, to=folder / f"{run_id[-8:]}.snapshot.parquet")


def test_a_real_diff_s_findings_and_counts_make_a_whole_report(tmp_path):
    first = result(tmp_path, "first", {"same": 5, "more": 6, "gone": 7})
    now = result(tmp_path, "now", {"same": 5, "more": 2**60, "<b>new</b>": 8, "synthetic-1": 9})
    before = compared(tmp_path, first, None, BEFORE_SEEN.run_id, BEFORE)
    diff = compared(tmp_path, now, before.snapshot, "second", DAY)
    spec = SPEC | {
        "result": {"kind": "aggregate", "key": ["user_name"], "measures": ["failures"]},
        "allow": [entry.model_dump(mode="json") for entry in ALLOW],
        "pivots": [],
    }
    sample = make([], spec=spec, columns=COLUMNS)
    outcome = replace(
        sample.outcome,
        counts=diff.counts,
        judgement=judge("no_new_findings", diff.counts, sample.outcome.completeness),
    )
    found = findings(diff.snapshot, ALLOW, limit=None)
    report = build(sample.plan, outcome, found, expired_allow=diff.expired_allow)

    tally = report.tally
    assert (tally.new, tally.updated, tally.unchanged, tally.absent, tally.suppressed) == (1, 1, 1, 1, 1)
    words = Page(html.render(report)).words
    assert "There is 1 new finding, expected no new ones." in words
    assert "<b>new</b>" in words
    assert f"was 6 →, now {2**60}" in words
    assert "Accepted: Canary (owner platform, until 2027-01-01)" in words
    assert "1 allow entry has expired" in words
    assert json.loads(json.dumps(report)) == report
    store = FolderStore(tmp_path / "reports")
    store.put_new(outcome.snapshot.key, SNAPSHOT, "application/vnd.apache.parquet")
    assert len(write(store, report, snapshot=outcome.snapshot).files) == 5
