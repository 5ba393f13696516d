"""The third step: result × baseline → snapshot, counts, verdict."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trailbook.athena.execution import Athena, Column, Execution
from trailbook.athena.resultset import ResultSet, read_csv, rows
from trailbook.athena.types import shown
from trailbook.canonical import sha256, sha256_file
from trailbook.diff import DiffSpec, header, other_rows
from trailbook.diff import compare as diff
from trailbook.errors import EvidenceError, ObjectExists
from trailbook.ledger import columns_match
from trailbook.objects import ObjectStore
from trailbook.outcome import Outcome, Product, QueryStatistics
from trailbook.plan import Baseline, Plan
from trailbook.report import prefix
from trailbook.runbook.model import Runbook
from trailbook.verdict import Completeness, Coverage, judge

SNAPSHOT = "result.parquet"


def compare(plan: Plan, *, query: Execution, coverage: Execution, athena: Athena, reports: ObjectStore) -> Outcome:
    """Return the outcome of a finished query, its snapshot written. Raises EvidenceError for what has no diff."""
    runbook = Runbook.from_spec(plan.spec)
    with tempfile.TemporaryDirectory(prefix="trailbook-compare-") as name:
        folder = Path(name)
        result = _fetch(athena, query, folder, "query", plan.row_limit)
        covered = _fetch(athena, coverage, folder, "coverage", None)
        completeness = _completeness(plan, query, result, covered)
        snapshot = folder / SNAPSHOT
        # What was not looked at whole cannot say that something is gone.
        spec = diff_spec(plan, no_absent=bool(completeness.gaps))
        baseline, baseline_path = _baseline(plan, spec, query, reports, folder)
        compared = diff(result.path, baseline_path, spec=spec, to=snapshot)
        product = _keep(reports, f"{prefix(plan)}/{SNAPSHOT}", snapshot)
    return Outcome(
        prefix=prefix(plan),
        columns=query.columns,
        counts=compared.counts,
        judgement=judge(runbook.expect, compared.counts, completeness),
        completeness=completeness,
        queries=(_statistics("query", query), _statistics("coverage", coverage)),
        snapshot=product,
        baseline=baseline,
        allow=compared.allow,
    )


def _fetch(athena: Athena, execution: Execution, folder: Path, name: str, row_limit: int | None) -> ResultSet:
    csv = folder / f"{name}.csv"
    athena.download(execution, csv)
    return read_csv(csv, execution.columns, folder / f"{name}.parquet", limit=row_limit)


def _completeness(plan: Plan, query: Execution, result: ResultSet, covered: ResultSet) -> Completeness:
    coverage = tuple(sorted(Coverage(**row) for row in rows(covered.path, None)))
    accounts, regions = {part.account for part in coverage}, {part.region for part in coverage}
    return Completeness(
        coverage=coverage,
        data_scanned_in_bytes=query.data_scanned_in_bytes,
        missing_accounts=tuple(sorted(set(plan.expected_accounts) - accounts)),
        missing_regions=tuple(sorted(set(plan.expected_regions) - regions)),
        empty_lookups=tuple(use.name for use in plan.lookups if use.required and not use.rows),
        truncated_at=plan.row_limit if result.truncated else None,
        problems=plan.warnings,
    )


def _baseline(
    plan: Plan, spec: DiffSpec, query: Execution, reports: ObjectStore, folder: Path
) -> tuple[Baseline, Path | None]:
    """Return the baseline that really served, and its file: its columns are known only now, its digest is checked."""
    known = plan.baseline
    if known.snapshot is None:
        return known, None
    if not columns_match(known.columns, query.columns):
        return _without(known, "columns_changed", _columns(known.columns, query.columns)), None
    body = reports.get(known.snapshot)
    if sha256(body) != known.snapshot_sha256:
        raise EvidenceError(
            f"{reports.uri(known.snapshot)}: the baseline snapshot is not the one that run {known.run_id} recorded "
            f"(expected SHA-256 {known.snapshot_sha256}, found {sha256(body)}): run `trailbook verify {plan.runbook}`"
        )
    path = folder / "baseline.parquet"
    path.write_bytes(body)
    other = other_rows(header(path), spec)
    if other is not None:
        return _without(known, "query_changed", f"run {known.run_id} cannot be compared with: {other}"), None
    return known, path


def _without(known: Baseline, absence: str, why: str) -> Baseline:
    note = why if known.note is None else f"{known.note}; {why}"
    return replace(known, absence=absence, snapshot=None, snapshot_sha256=None, note=note)


def _columns(before: Sequence[Column], now: Sequence[Column]) -> str:
    """Return what has become of the columns, as a sentence without its stop."""
    was, has = ({column.name: column.type for column in columns} for columns in (before, now))
    differ = sorted(name for name in was.keys() | has.keys() if was.get(name) != has.get(name))
    said = [f"{shown(name)} was {was.get(name, 'none')} and is {has.get(name, 'none')}" for name in differ]
    return f"of the result's columns, {', '.join(said)}"


def _keep(reports: ObjectStore, key: str, path: Path) -> Product:
    """Write a snapshot; one that a killed try of this same step left whole is the same, byte for byte."""
    product = Product(key, sha256_file(path), path.stat().st_size)
    try:
        reports.put_new(key, path, "application/vnd.apache.parquet")
    except ObjectExists:
        if sha256(reports.get(key)) != product.sha256:
            raise EvidenceError(
                f"{reports.uri(key)}: another result of this run is there already and is never overwritten: "
                "clear the whole run in Airflow, so that it becomes a new attempt"
            ) from None
    return product


def _statistics(name: str, execution: Execution) -> QueryStatistics:
    return QueryStatistics(
        name=name,
        query_execution_id=execution.query_execution_id,
        data_scanned_in_bytes=execution.data_scanned_in_bytes,
        engine_ms=execution.engine_ms,
        engine_version=execution.engine_version,
        reused=execution.reused,
    )


def diff_spec(plan: Plan, *, no_absent: bool = False) -> DiffSpec:
    """Return how a planned run compares, from its frozen runbook; `no_absent` is for a result that is not whole."""
    runbook = Runbook.from_spec(plan.spec)
    return DiffSpec(
        runbook=plan.runbook,
        kind=runbook.result.kind,
        key=tuple(runbook.result.key),
        measures=tuple(runbook.result.measures),
        allow=tuple(runbook.allow),
        run_id=plan.run.run_id,
        window=plan.window,
        no_absent=no_absent,
    )
