"""Notifiers of these tests, as a deployment's own would be: importable by class path."""

from typing import Any, ClassVar

from airflow.sdk import BaseNotifier, Context


class Kept(BaseNotifier):
    """Keeps what it is told, where a test reads it; its fields are templates, as those of most notifiers are."""

    template_fields = ("text", "more")
    template_ext = (".html",)
    told: ClassVar[list[tuple[str, Any, Any]]] = []

    def __init__(self, text: str, more: Any = None, **kwargs: Any) -> None:
        self.text = text
        self.more = more
        super().__init__(**kwargs)

    def notify(self, context: Context) -> None:
        Kept.told.append((self.text, self.more, context["trailbook"]))  # type: ignore[typeddict-item]  # ours beside Airflow's keys


class Failing(BaseNotifier):
    """Fails with a secret in its words."""

    calls = 0

    def notify(self, context: Context) -> None:
        Failing.calls += 1
        raise RuntimeError("401 for https://hooks.example/services/T0/B0/s3cr3t")


class FailsOnce(BaseNotifier):
    """Fails at its first call in a test, then keeps."""

    calls = 0

    def notify(self, context: Context) -> None:
        FailsOnce.calls += 1
        if FailsOnce.calls == 1:
            raise ConnectionError("reset")
        Kept.told.append(("fails once", None, context["trailbook"]))  # type: ignore[typeddict-item]  # as above


class Interrupted(BaseNotifier):
    """Sends, and its process ends at once, the first time: as where a worker is lost."""

    calls = 0

    def notify(self, context: Context) -> None:
        Interrupted.calls += 1
        Kept.told.append(("interrupted", None, context["trailbook"]))  # type: ignore[typeddict-item]  # as above
        if Interrupted.calls == 1:
            raise SystemExit(9)
