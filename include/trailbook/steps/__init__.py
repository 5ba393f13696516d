"""The steps of a run: plan, (query,) compare, report, record. One function per DAG task, shared with the command line.

Invariant: a laptop run and a scheduled run are the same functions with other stores and another Athena, so they cannot
differ. Each step can be run again after being killed at any point: what it wrote whole it finds again, the same.
"""

from trailbook.steps.compare import compare
from trailbook.steps.news import news
from trailbook.steps.plan import plan, window_of
from trailbook.steps.record import Failure, record
from trailbook.steps.report import report

__all__ = ["Failure", "compare", "news", "plan", "record", "report", "window_of"]
