"""The DAGs' operators: one for the steps, and the provider's AthenaOperator with the plan's SQL.

Invariant: they have no template fields, so no text of a runbook or a parameter is ever read as Jinja.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.links.athena import AthenaQueryResultsLink
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.sdk import BaseOperator, Context

from trailbook.airflow.failures import spoken
from trailbook.athena.execution import QueryState
from trailbook.errors import QueryCancelled, TrailbookError
from trailbook.runbook.notify import Notify
from trailbook.settings import Settings

if TYPE_CHECKING:
    from trailbook.airflow.tasks import Step
    from trailbook.athena.api import AthenaApi
    from trailbook.plan import Plan

# What imports DuckDB, sqlglot or pandas is imported where a task runs, not here: parsing a DAG has no use for it.

COVERAGE_REUSE_MINUTES = 60
NOTIFY_TIMEOUT = timedelta(minutes=2)
"""For all messages of a run: the entry in the ledger waits for them."""

_UNFINISHED = (QueryState.QUEUED, QueryState.RUNNING)


class StepOperator(BaseOperator):
    """One step of a run; its task id names the function of `trailbook.airflow.tasks` that it calls."""

    template_fields: Sequence[str] = ()
    ui_color = "#e8eef7"

    def __init__(self, *, runbook: str, settings: Settings, **kwargs: Any) -> None:
        """Keep which runbook and which deployment."""
        super().__init__(**kwargs)
        self.runbook = runbook
        self.settings = settings

    def execute(self, context: Context) -> Any:
        """Run the step and return what the next ones need, as JSON values."""
        return spoken(context, partial(self.step(), self.settings, self.runbook, context))

    def step(self) -> "Step":
        """Return the function that the task id names."""
        from trailbook.airflow import tasks

        return tasks.STEPS[self.task_id]


class NotifyOperator(StepOperator):
    """Tells people of the run, however it ended. It runs when all before it are done, and its failure fails no run."""

    def __init__(self, *, asked: Sequence[Notify], title: str, **kwargs: Any) -> None:
        """Keep whom to tell where the run has no plan that says so."""
        super().__init__(trigger_rule="all_done", retries=2, execution_timeout=NOTIFY_TIMEOUT, **kwargs)
        self.asked = tuple(asked)
        self.title = title


class QueryOperator(AthenaOperator):
    """The plan's two queries, the runbook's and the coverage's, to their ends; returns their execution ids.

    A retry attaches to the executions that the try before it started (same ClientRequestToken, same SQL), unless they
    have failed or were stopped: then it starts them anew, under the token's next number.
    """

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()

    def __init__(self, *, runbook: str, settings: Settings, **kwargs: Any) -> None:
        """Keep which runbook and which deployment; the SQL comes with the plan."""
        super().__init__(
            query="",
            aws_conn_id=settings.aws_conn_id,
            database=settings.table.database,
            workgroup=settings.workgroup,
            deferrable=settings.deferrable,
            **kwargs,
        )
        self.runbook = runbook
        self.settings = settings
        self.started: dict[str, str] = {}
        self.killed = False

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        from trailbook.airflow import connections

        return {**super()._hook_parameters, **connections.hook_parameters(self.settings)}

    @cached_property
    def athena(self) -> "AthenaApi":
        """Athena through the provider's hook, with our retries and sentences."""
        from trailbook.airflow import connections

        return connections.athena(self.settings, self.hook)

    def execute(self, context: Context) -> Any:
        """Start or attach to both queries and wait for them, here or deferred."""
        return spoken(context, partial(self._execute, context))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after the triggerer; also what it failed with ends in a sentence."""
        return spoken(context, partial(super().resume_execution, next_method, next_kwargs, context))

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Ask Athena itself what came of the queries; the event only says that waiting is over."""
        from trailbook.airflow.carried import EXECUTIONS

        self.started = dict(context["ti"].xcom_pull(task_ids=self.task_id, key=EXECUTIONS))
        if (event or {}).get("status") != "success" and self.athena.state(self.started["query"]) in _UNFINISHED:
            self.on_kill()
            raise QueryCancelled(
                f"query {self.started['query']} had no result after {self.settings.query_timeout_seconds:g} s and was "
                "stopped: narrow the window, or raise TRAILBOOK_QUERY_TIMEOUT_SECONDS"
            )
        return self._finish()

    def on_kill(self) -> None:
        """Stop both queries: a killed run must not go on costing money."""
        self.killed = True
        for name, execution_id in self.started.items():
            try:
                self.athena.stop(execution_id)
            except TrailbookError:
                self.log.exception("The %s query %s could not be stopped", name, execution_id)

    def _execute(self, context: Context) -> dict[str, str]:
        from trailbook.airflow.carried import EXECUTIONS, planned

        plan = planned(context)
        tries = context["ti"].try_number
        for query in _queries(plan):
            self.started[query.name] = self._attach(query, tries)
            self.log.info("The %s query is execution %s", query.name, self.started[query.name])
        context["ti"].xcom_push(key=EXECUTIONS, value=dict(self.started))
        self._link(context)
        if self.deferrable:
            self._defer()
        return self._finish()

    def _finish(self) -> dict[str, str]:
        try:
            for execution_id in self.started.values():
                self.athena.wait(execution_id)
        except QueryCancelled as error:
            if self.killed:
                raise QueryCancelled(f"the task was stopped in Airflow, and its query with it ({error})") from None
            raise
        return dict(self.started)

    def _attach(self, query: "_Query", tries: int) -> str:
        """Return the execution to wait for: the one that a try before this left alive or done, or else a new one."""
        for number in range(1, tries):
            token = query.numbered(number)
            execution_id = self.athena.start(query.sql, token, reuse_minutes=query.reuse_minutes)
            if self.athena.state(execution_id) not in (QueryState.FAILED, QueryState.CANCELLED):
                return execution_id
        return self.athena.start(query.sql, query.numbered(tries), reuse_minutes=query.reuse_minutes)

    def _defer(self) -> None:
        from trailbook.airflow.trigger import QueryTrigger

        seconds = max(1, round(self.settings.poll_seconds))
        self.defer(
            trigger=QueryTrigger(
                query_execution_id=self.started["query"],
                coverage_id=self.started["coverage"],
                waiter_delay=seconds,
                waiter_max_attempts=max(1, round(self.settings.query_timeout_seconds / seconds)),
                aws_conn_id=self.aws_conn_id,
                region_name=self.hook.conn_region_name,
            ),
            method_name="execute_complete",
        )

    def _link(self, context: Context) -> None:
        self.query_execution_id = self.started["query"]
        AthenaQueryResultsLink.persist(
            context=context,
            operator=self,
            region_name=self.hook.conn_region_name,
            aws_partition=self.hook.conn_partition,
            query_execution_id=self.query_execution_id,
        )


@dataclass(frozen=True, slots=True)
class _Query:
    name: str
    sql: str
    token: str
    reuse_minutes: int = 0

    def numbered(self, number: int) -> str:
        """Return the token of the number-th execution that an attempt needs; the first is the plan's own."""
        return self.token if number == 1 else f"{self.token}-{number}"


def _queries(plan: "Plan") -> tuple[_Query, ...]:
    # The coverage query's text is the same for each runbook over one window: Athena may answer from its last result.
    return (
        _Query("query", plan.sql, plan.token),
        _Query("coverage", plan.coverage_sql, f"{plan.token}-coverage", reuse_minutes=COVERAGE_REUSE_MINUTES),
    )
