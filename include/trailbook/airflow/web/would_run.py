"""The SQL that a runbook would run with its defaults, as `trailbook sql` prints it: over yesterday, UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from trailbook.airflow.web.views.runbook import Sql
from trailbook.errors import InvalidRequest, TrailbookError
from trailbook.plan import Run
from trailbook.report.statements import span
from trailbook.runbook.load import Loaded
from trailbook.runbook.lookups import path_of, read_all
from trailbook.runbook.model import Runbook
from trailbook.runbook.values import resolve
from trailbook.settings import Settings
from trailbook.window import Window


class WouldRun:
    """One deployment's. What was worked out is kept until the runbook, a lookup of it or the day changes."""

    def __init__(self, settings: Settings) -> None:
        """Work out nothing yet."""
        self._settings = settings
        self._kept = lru_cache(256)(self._work_out)

    def sql(self, loaded: Loaded, now: datetime) -> Sql:
        """Return the SQL, or why there is none."""
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        of = _Known(loaded, f"{loaded.source.sha256} {loaded.runbook.model_dump_json(include={'fragments'})}")
        return self._kept(of, _stamp(self._settings.lookups, loaded.runbook), today)

    def _work_out(self, of: "_Known", stamp: tuple[tuple[str, int], ...], today: datetime) -> Sql:
        from trailbook.steps.plan import plan  # here: it brings the SQL parser, which no other page needs

        runbook, window = of.loaded.runbook, Window(today - timedelta(days=1), today)
        try:
            request = resolve(runbook, {})
        except InvalidRequest as error:
            return Sql(runbook.query, "", f"a run must be given values: {error}")
        try:
            made = plan(
                runbook,
                source_sha256=of.loaded.source.sha256,
                request=request,
                run=Run("sql"),
                window=window,
                settings=self._settings,
                lookups=read_all(self._settings.lookups, runbook),
                ledger=None,
                started=today,
            )
        except TrailbookError as error:
            return Sql(runbook.query, "", str(error))
        return Sql(made.sql, span(window), "")


class _Known:
    """A runbook as a key: equal where its file and its fragments are."""

    def __init__(self, loaded: Loaded, digest: str) -> None:
        self.loaded, self._digest = loaded, digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other._digest == self._digest

    def __hash__(self) -> int:
        return hash(self._digest)


def _stamp(folder: Path, runbook: Runbook) -> tuple[tuple[str, int], ...]:
    found = []
    for name in sorted(runbook.lookups):
        try:
            found.append((name, path_of(folder, name).stat().st_mtime_ns))
        except OSError:
            found.append((name, 0))
    return tuple(found)
