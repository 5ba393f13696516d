"""From the runs of one command to the index that the triage and the page show."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from trailbook.diff import Finding, State, findings
from trailbook.local.folder import FolderAthena, log_files
from trailbook.objects import ObjectStore
from trailbook.report.index import Index, LeftOut, Line, Logs, Skipped, key_of, ordered
from trailbook.runbook.collection import Collection, files
from trailbook.steps.whole import WholeRun
from trailbook.verdict import Verdict
from trailbook.window import Window, text

_PRESENT = (State.NEW, State.UPDATED, State.UNCHANGED)


def index(
    runs: Sequence[WholeRun],
    *,
    window: Window,
    made: datetime,
    logs: Logs,
    reports: ObjectStore,
    kept: bool,
    skipped: Sequence[Skipped],
    left_out: Sequence[LeftOut],
    params: Sequence[str],
) -> Index:
    """Return the index of runs over one window and one scope; `kept` says whether their reports outlast the command."""
    outcomes = [run.outcome for run in runs if run.outcome is not None]
    return Index(
        window=window,
        made=text(made.replace(microsecond=0)),
        logs=logs,
        coverage=outcomes[0].completeness.coverage if outcomes else (),
        lines=ordered(_line(run, reports, kept=kept) for run in runs),
        skipped=tuple(skipped),
        left_out=tuple(left_out),
        params=tuple(params),
    )


def logs(places: Sequence[Path], athena: FolderAthena) -> Logs:
    """Return what was read of these files and folders."""
    read = log_files(places)
    return Logs(
        places=tuple(map(str, places)),
        files=len(read),
        bytes=sum(map(_size, read)),
        events=athena.events,
        problems=athena.problems,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it was read, and has gone since
        return 0


def left_out(folder: Path, collection: Collection) -> list[LeftOut]:
    """Return the runbooks that are not in the collection, with their files' problems or those of what they call."""
    paths = list(files(folder))
    own = {str(path) for path in paths}
    called = tuple(str(problem) for problem in collection.problems if problem.path not in own)
    found: dict[str, list[str]] = {path.stem: [] for path in paths if path.stem not in collection.runbooks}
    for problem in collection.problems:
        if problem.path in own and Path(problem.path).stem in found:
            found[Path(problem.path).stem].append(str(problem))
    return [LeftOut(name, tuple(problems) or called) for name, problems in sorted(found.items())]


def unstarted(skipped: Sequence[Skipped], broken: Sequence[LeftOut]) -> list[Skipped]:
    """Return each runbook that did not run and why, for programs: the broken ones too."""
    said = [Skipped(out.runbook, f"left out: {'; '.join(out.problems)}") for out in broken]
    return sorted([*skipped, *said], key=lambda skip: skip.runbook)


def _line(run: WholeRun, reports: ObjectStore, *, kept: bool) -> Line:
    if run.outcome is None or run.products is None or run.failure is not None:
        reason = "the run did not finish" if run.failure is None else f"{run.failure.task}: {run.failure.error}"
        return Line(run.runbook, run.run.run_id, Verdict.ERROR, (reason,))
    outcome, top = run.outcome, _top(run, reports)
    of_logs = replace(outcome.completeness, empty_lookups=(), truncated_at=None).gaps
    return Line(
        runbook=run.runbook,
        run_id=run.run.run_id,
        verdict=outcome.judgement.verdict,
        reasons=outcome.judgement.reasons,
        gaps=outcome.completeness.gaps,
        own_gaps=tuple(gap for gap in outcome.completeness.gaps if gap not in of_logs),
        counts=outcome.counts,
        top=None if top is None else key_of(top, run.runbook),
        report=quote(f"reports/{outcome.prefix}/report.html") if kept else None,
    )


def _top(run: WholeRun, reports: ObjectStore) -> Finding | None:
    """Return the first open finding in the snapshot's order; where none is open, the first that is there."""
    if run.outcome is None:
        return None
    counts = run.outcome.counts
    if not counts.new + counts.updated + counts.unchanged:
        return None
    with tempfile.TemporaryDirectory(prefix="trailbook-top-") as name:
        path = Path(name) / "result.parquet"
        path.write_bytes(reports.get(run.outcome.snapshot.key))
        # As many as may be accepted, and one more.
        first = findings(path, run.runbook.allow, limit=counts.suppressed + 1, states=_PRESENT)
    return next((finding for finding in first if finding.suppression is None), first[0])
