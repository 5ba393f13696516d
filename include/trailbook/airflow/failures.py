"""How a task ends when it fails: one clear sentence, kept for `record`, and a retry only where that can help.

Invariant: whatever ends a task, other than the end of its process, leaves its sentence in XCom under `FAILURE`.
Airflow clears a task's XComs when its next try begins, so what is there is of the last try.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowTaskTimeout, TaskDeferred

from trailbook.errors import TrailbookError

FAILURE = "failure"
"""The XCom key of the sentence that a failed task ended with."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def spoken(context: Context, call: Callable[[], _T]) -> _T:
    """Return `call()`. Raises AirflowFailException (no retry) for what only a person can mend, others for a retry."""
    try:
        return call()
    except TaskDeferred:
        raise
    except TrailbookError as error:
        _keep(context, str(error))
        # The sentence is for the person who must act; where in our code it was raised would bury it.
        raise (AirflowException if error.transient else AirflowFailException)(str(error)) from None
    except AirflowTaskTimeout:
        _keep(context, "it took longer than its execution timeout and was stopped")
        raise
    except AirflowFailException:
        raise
    except Exception as error:
        _keep(context, f"an unexpected {type(error).__name__} (a bug in Trailbook or its setup): {error}")
        raise


def lost(task: str, state: str | None) -> str:
    """Return the sentence for a task that ended in `state` and left none itself."""
    by_hand = {
        "skipped": f"task {task} did not run: the run was stopped by hand",
        "success": f"task {task} left no result: it was marked as success by hand",
        "upstream_failed": f"task {task} did not run: a task before it failed",
        "removed": f"task {task} is no longer part of the DAG",
    }
    killed = f"task {task} was killed or lost before it could say why: see its log, then clear the run's failed tasks"
    return by_hand.get(state or "", killed)


def _keep(context: Context, sentence: Any) -> None:
    try:
        context["ti"].xcom_push(key=FAILURE, value=str(sentence))
    except Exception:
        # The task fails anyway and its log has the sentence; `record` then says that it was lost.
        _log.exception("The failure's sentence could not be kept for the record task")
