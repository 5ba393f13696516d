"""The task `notify`: one message to each destination of a runbook that wants to hear of the run, through notifiers.

Invariants: a notifier's fields are never rendered as templates, for they hold what logs say; what became of each
message is kept before and after it is sent, so that `record` can say so even where this task was killed. A message
whose sending was finished is not sent again by a retry of the task; one that was interrupted is, and says so, since a
message that comes twice is better than one that never comes. A run that is cleared is a new attempt and tells anew.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from airflow.providers.amazon.aws.notifications.sns import SnsNotifier
from airflow.sdk import BaseNotifier, Context
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowTaskTimeout

from trailbook import steps
from trailbook.airflow import connections
from trailbook.airflow.carried import NOTIFICATIONS, Ended, ended_as
from trailbook.aws_errors import speaking
from trailbook.errors import DeploymentError, ServiceUnavailable, TrailbookError
from trailbook.ledger import Notification
from trailbook.notify import Destination, Due, Links, Message, due, message
from trailbook.runbook.model import Runbook
from trailbook.settings import Settings

if TYPE_CHECKING:
    from trailbook.airflow.operators import NotifyOperator

INTERRUPTED = "its sending was interrupted, so it may have arrived or not"
_SENT_AGAIN = "(The first sending of this message was interrupted, so it may come twice.)\n\n"

_log = logging.getLogger(__name__)


def notify(settings: Settings, runbook_id: str, context: Context) -> list[dict[str, Any]]:
    """Tell who is to be told. Raises after all were tried where one was not told, for a retry where that can help."""
    ended = ended_as(context)
    task = cast("NotifyOperator", context["task"])
    asked = task.asked if ended.plan is None else Runbook.from_spec(ended.plan.spec).notify
    news = steps.news(
        runbook_id,
        task.title,
        ended.run,
        plan=ended.plan,
        outcome=ended.outcome,
        products=ended.products,
        failure=ended.failure,
        # A setting that is missing has failed the run: what needs it is not asked, so that this can be told.
        ledger=None if ended.plan is None else connections.ledger(settings),
        reports=None if ended.products is None else connections.reports(settings),
        links=_links(settings, runbook_id, ended),
    )
    says = message(news)
    kept = _Kept(context, ended.run.attempt, due(asked, news.events))
    errors = [error for each in kept.waiting() if (error := _tell(settings, context, kept, each, says)) is not None]
    if errors:
        sentence = "; ".join(str(error) for error in errors)
        raise (ServiceUnavailable if any(error.transient for error in errors) else DeploymentError)(sentence)
    _log.info("Told %d of what happened: %s", len(kept.told), ", ".join(news.events) or "nothing to tell")
    return kept.as_json()


class _Kept:
    """What has become of each message: for `record` in XCom, and for a retry in the task's state store.

    Airflow clears XCom when a try begins; the state store lives as long as the run.
    """

    def __init__(self, context: Context, attempt: int, asked: tuple[Due, ...]) -> None:
        self.context = context
        self.attempt = attempt
        self.asked = asked
        before = {told.destination: told for told in self._before()}
        nothing_yet = (
            Notification(
                each.destination.kind, each.destination.name, each.events, sent=False, error="it was not tried"
            )
            for each in asked
        )
        self.told = {told.destination: before.get(told.destination, told) for told in nothing_yet}
        self.interrupted = {name for name, told in before.items() if told.error == INTERRUPTED}
        self._keep()

    def waiting(self) -> list[Due]:
        """Return those who have not been told yet."""
        return [each for each in self.asked if not self.told[each.destination.name].sent]

    def now(self, name: str, *, sent: bool = False, error: str | None = None) -> None:
        """Keep what has become of the message to a destination."""
        self.told[name] = replace(self.told[name], sent=sent, error=error)
        self._keep()

    def as_json(self) -> list[dict[str, Any]]:
        """Return what has become of the messages, as XCom can hold it."""
        return [asdict(told) | {"events": list(told.events)} for told in self.told.values()]

    def _before(self) -> list[Notification]:
        left: Any = self.context["task_state_store"].get(NOTIFICATIONS)
        if left is None or left["attempt"] != self.attempt:
            return []
        return [Notification.from_json(told) for told in left["told"]]

    def _keep(self) -> None:
        told: Any = self.as_json()
        self.context["task_state_store"].set(NOTIFICATIONS, {"attempt": self.attempt, "told": told})
        self.context["ti"].xcom_push(key=NOTIFICATIONS, value=told)


def _tell(settings: Settings, context: Context, kept: _Kept, each: Due, says: Message) -> TrailbookError | None:
    """Send one message, and return why it was not sent. Raises AirflowTaskTimeout where the task's time is over."""
    to = each.destination
    if to.name in kept.interrupted:
        says = replace(says, text=_SENT_AGAIN + says.text)
    kept.now(to.name, error=INTERRUPTED)  # true until the next line is reached
    try:
        _send(settings, context, to, says)
    except AirflowTaskTimeout:
        kept.now(to.name, error="the time for all messages was over; it may have arrived or not")
        raise
    except TrailbookError as error:
        _log.exception("%s was not told", to.name)
        kept.now(to.name, error=str(error))
        return error
    kept.now(to.name, sent=True)
    _log.info("Told %s of %s", to.name, ", ".join(each.events))
    return None


def _send(settings: Settings, context: Context, to: Destination, says: Message) -> None:
    """Send a message through a notifier. Raises DeploymentError or ServiceUnavailable, without a secret in it."""
    if to.kind == "sns":
        arguments = {"target_arn": to.target, "subject": says.subject, "message": says.text}
        place = {"aws_conn_id": settings.aws_conn_id, "region_name": to.target.split(":")[3]}
        notifier = _inert(SnsNotifier, arguments | place)
    else:
        notifier = _inert(_imported(to.target), to.filled(says))
    try:
        with speaking(f"publishing to {to.target}"):
            notifier({**context, "trailbook": says.to_json()})
    except TrailbookError:
        raise
    except Exception as error:
        # Its text may hold a token or a password, and the ledger keeps for ever; the task's log has all of it.
        _log.exception("The notifier %s failed", to.name)
        raise ServiceUnavailable(f"{to.name} raised {type(error).__name__}: see the log of the task notify") from None


def _imported(path: str) -> type[BaseNotifier]:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise DeploymentError(f"the notifier {path} cannot be imported by this worker: {error}") from None
    if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
        raise DeploymentError(f"expected a subclass of Airflow's BaseNotifier, found {path}")
    return found


def _inert(notifier: type[BaseNotifier], arguments: Mapping[str, Any]) -> BaseNotifier:
    """Return a notifier without template fields: Jinja in a log's text, or a text that ends in `.html`, stays text."""
    inert = type(notifier.__name__, (notifier,), {"template_fields": (), "template_ext": ()})
    try:
        return inert(**arguments)  # type: ignore[no-any-return]  # a class made here has no type of its own
    except TypeError as error:
        raise DeploymentError(f"the notifier {notifier.__name__} takes other `args`: {error}") from None


def _links(settings: Settings, runbook_id: str, ended: Ended) -> Links:
    base = str(conf.get("api", "base_url", fallback="")).rstrip("/")
    page = f"{base}/trailbook/runbooks/{runbook_id}/runs/{quote(ended.run.run_id, safe='')}" if base else ""
    written = ended.products
    return Links(connections.browser_address(settings, written.report_uri) if written else "", page)
