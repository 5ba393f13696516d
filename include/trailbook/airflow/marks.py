"""The verdict in Airflow's grid: one row per verdict, of which a run marks its own and skips the others.

The grid shows nothing of a task but its name and state, and a worker may set neither notes nor tags. So the rows are
tasks that do nothing: a person sees which one is green, without a click. Invariant: a finding fails no task here.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator, BaseOperatorLink, Context
from airflow.sdk.bases.skipmixin import SkipMixin

from trailbook.airflow.operators import StepOperator

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey

MARKS: Mapping[str, str] = {
    "fail": "✕ verdict: FAIL",
    "incomplete": "! verdict: INCOMPLETE",
    "pass": "✓ verdict: PASS",
}
"""Verdict to the name of its row; a run whose verdict is `error` is red itself."""

REPORT_LINK = "report_address"
"""The XCom key of the report's address for a browser."""


def mark_id(verdict: str) -> str:
    """Return the task id of a verdict's row."""
    return f"verdict_{verdict}"


class VerdictMark(BaseOperator):
    """A row of the grid. The scheduler itself marks it as success: no worker ever runs it."""

    inherits_from_empty_operator = True
    template_fields: Sequence[str] = ()
    ui_color = "#eef2f5"

    def execute(self, context: Context) -> None:
        """Do nothing, where a person starts it by hand."""


def add(dag: DAG) -> list[VerdictMark]:
    """Add the rows to a DAG and return them."""
    return [
        VerdictMark(dag=dag, task_id=mark_id(verdict), task_display_name=name, retries=0)
        for verdict, name in MARKS.items()
    ]


class ReportLink(BaseOperatorLink):
    """A button that opens the report where S3 (or the embedded AWS) shows it to those who may see it."""

    @property
    def name(self) -> str:
        """The button's name."""
        return "Report"

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:
        """Return what the task that has just ended found out; Airflow keeps it."""
        return getattr(operator, REPORT_LINK, "")


class ReportOperator(StepOperator, SkipMixin):
    """The report step; then the rows of the verdicts that are not this run's are skipped."""

    inherits_from_skipmixin = True
    operator_extra_links = (ReportLink(),)

    def execute(self, context: Context) -> Any:
        """Write the report. Raises DownstreamTasksSkipped: so a task that has succeeded skips others."""
        from trailbook.airflow import connections

        told = super().execute(context)
        verdict = told.pop("verdict")
        self.report_address = connections.browser_address(self.settings, told["report_uri"])
        context["ti"].xcom_push(key="return_value", value=told)
        others = {mark_id(other) for other in MARKS} - {mark_id(verdict)}
        self.skip_all_except(context["ti"], sorted(self.downstream_task_ids - others))
        return told
