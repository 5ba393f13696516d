"""What `trailbook run` prints: a table for people, one JSON object for programs, or one runbook's rows as CSV."""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trailbook.cli import output, printable
from trailbook.diff import Finding, State, expired, findings
from trailbook.local.folder import FolderAthena
from trailbook.objects import ObjectStore
from trailbook.report import statements
from trailbook.report.index import Skipped
from trailbook.report.values import items, shown, to_json
from trailbook.steps.whole import WholeRun
from trailbook.verdict import Verdict
from trailbook.window import text
from trailbook.words import sentence

_MOST_ROWS = 50


def exit_code(runs: Sequence[WholeRun]) -> int:
    """Return 2 where a run did not end, 1 where one found something or looked at too little, else 0."""
    if any(run.outcome is None or run.failure is not None for run in runs):
        return 2
    outcomes = [run.outcome for run in runs if run.outcome is not None]
    return int(any(o.counts.open_present or o.judgement.verdict is not Verdict.PASS for o in outcomes))


def show(
    runs: Sequence[WholeRun],
    athena: FolderAthena,
    form: str,
    reports: ObjectStore,
    *,
    kept: Path | None,
    skipped: Sequence[Skipped] = (),
) -> None:
    """Print the runs. `kept` is the folder that `--out` named, `skipped` are the runbooks that did not run."""
    found = {run.run.run_id: _findings(run, reports) for run in runs}
    if form == "json":
        listed = [_json(run, found[run.run.run_id], athena) for run in runs]
        print(json.dumps({"runs": listed, "skipped": [asdict(skip) for skip in skipped]}, ensure_ascii=False))
    elif form == "csv":
        for run in runs:
            if run.products is not None:
                sys.stdout.write(reports.get(f"{run.outcome.prefix}/findings.csv").decode() if run.outcome else "")
            _say_failure(run)
    else:
        for run in runs:
            _table(run, found[run.run.run_id])
        if kept is not None:
            _where(runs, reports)


def _findings(run: WholeRun, reports: ObjectStore) -> list[Finding]:
    if run.outcome is None:
        return []
    with tempfile.TemporaryDirectory(prefix="trailbook-show-") as name:
        path = Path(name) / "result.parquet"
        path.write_bytes(reports.get(run.outcome.snapshot.key))
        return findings(path, run.runbook.allow, limit=None)


def _json(run: WholeRun, found: Sequence[Finding], athena: FolderAthena) -> dict[str, Any]:
    window = run.plan.window if run.plan else None
    query = run.outcome.queries[0] if run.outcome else None
    problems = list(run.outcome.completeness.gaps if run.outcome else athena.problems)
    return {
        "runbook": run.runbook.id,
        "severity": run.runbook.severity,
        "window": {"start": text(window.start), "end": text(window.end)} if window else None,
        "verdict": _verdict(run).value,
        "counts": asdict(run.outcome.counts) if run.outcome else None,
        "columns": [{"name": c.name, "type": c.type} for c in run.outcome.columns] if run.outcome else [],
        "rows": [_row(finding) for finding in found if finding.state is not State.ABSENT],
        "statistics": {
            "data_scanned_in_bytes": query.data_scanned_in_bytes if query else 0,
            "engine_ms": query.engine_ms if query else 0,
            "events_in_window": run.outcome.completeness.events if run.outcome else 0,
        },
        "problems": [*problems, *([run.failure.error] if run.failure else [])],
    }


def _verdict(run: WholeRun) -> Verdict:
    """Return the verdict that the ledger has: a run that did not end has none of its own."""
    return Verdict.ERROR if run.outcome is None or run.failure is not None else run.outcome.judgement.verdict


def _row(finding: Finding) -> dict[str, Any]:
    """Return a row as JSON; the event ids, which every query returns, as the list that they are."""
    row = {name: to_json(value) for name, value in finding.row.items()}
    return row | {"event_ids": list(items(finding.row["event_ids"]))} if "event_ids" in row else row


def _table(run: WholeRun, found: Sequence[Finding]) -> None:
    out = output.console()
    if run.outcome is None or run.plan is None:
        out.print(f"{run.runbook.id}: no result", style="bold magenta", markup=False)
        _say_failure(run)
        return
    outcome, window = run.outcome, run.plan.window
    style = output.STYLES[outcome.judgement.verdict]
    out.print(
        f"{outcome.judgement.verdict.upper():10} {run.runbook.id}: {printable(run.runbook.title)}",
        style=style,
        markup=False,
    )
    seen = outcome.completeness
    lines = (
        f"{statements.span(window)}. {statements.completeness(seen)}",
        " ".join(sentence(reason) for reason in outcome.judgement.reasons),
    )
    for line in lines:
        out.print(f"           {printable(line)}", markup=False)
    if found:
        result = run.runbook.result
        others = (c.name for c in outcome.columns if c.name != "event_ids")
        names = list(dict.fromkeys([*result.key, *result.measures, *others]))
        rows = [[_state(f), *(f.row[name] for name in names)] for f in found[:_MOST_ROWS]]
        output.fitted(["state", *names], rows, least=1 + len(result.key))
    for line in _accepted(run):
        out.print(printable(line), style="yellow", markup=False)
    if len(found) > _MOST_ROWS:
        out.print(f"… and {len(found) - _MOST_ROWS} more: --format csv prints them all", markup=False)
    _say_failure(run)
    out.print()


def _accepted(run: WholeRun) -> Iterator[str]:
    """Yield what must be mended of the runbook's allow entries."""
    if run.outcome is None or run.plan is None:
        return
    gone = expired(run.runbook.allow, run.plan.window)
    for index, (entry, use) in enumerate(zip(run.runbook.allow, run.outcome.allow, strict=True)):
        match = ", ".join(f"{column}: {shown(wanted)}" for column, wanted in entry.match.items())
        if index in gone:
            yield f"allow {{{match}}} expired on {entry.expires} (owner {entry.owner}): what it accepted counts again"
        elif use.stale:
            yield f"allow {{{match}}} has matched nothing for 90 days of runs (owner {entry.owner}): remove or mend it"


def _state(finding: Finding) -> str:
    marks = [
        finding.state.value,
        *(["reopened"] if finding.reopened else []),
        *(["suppressed"] if finding.suppression else []),
    ]
    return " ".join(marks)


def _say_failure(run: WholeRun) -> None:
    if run.failure is not None:
        print(printable(f"{run.runbook.id}: {run.failure.task}: {run.failure.error}"), file=sys.stderr)


def _where(runs: Sequence[WholeRun], reports: ObjectStore) -> None:
    for run in runs:
        if run.products is not None and run.outcome is not None:
            print(f"report: {reports.uri(run.outcome.prefix + '/report.html')}")
