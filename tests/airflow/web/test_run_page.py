from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from cloud import Cloud
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markup import Markup, only_ours

from trailbook.ledger.entry import Notification
from trailbook.plan import Run, Trigger
from trailbook.steps.record import Failure, record

pytestmark = pytest.mark.airflow

BOOK = "/trailbook/runbooks/failed-logins"


def test_whoever_may_start_a_run_can_repeat_one_with_its_values(
    signed_in: Callable[[str | None], TestClient], runs: list[dict[str, Any]]
) -> None:
    path = f"{BOOK}/runs/{quote(runs[-1]['run_id'], safe='')}"
    page = Markup(signed_in("admin").get(path).text)
    only_ours(page)
    (again,) = [link for link in page.links() if "/new?like=" in link]
    form = signed_in("admin").get(again)
    assert form.status_code == 200
    values = {attrs["name"]: attrs.get("value") for attrs in Markup(form.text).all("input") if "name" in attrs}
    assert values["threshold"] == str(runs[-1]["params"]["threshold"])
    assert "/new?like=" not in signed_in("vera").get(path).text


def test_a_run_says_who_was_told_and_who_was_not(place: Cloud, pages: FastAPI, admin: TestClient) -> None:
    told = (
        Notification("sns", "arn:aws:sns:us-east-1:111122223333:audit", ("error",), sent=True),
        Notification("notifier", "our.Pager", ("error",), sent=False, error="ConnectionError"),
    )
    record(
        "net-changes",
        Run("manual__told", trigger=Trigger.MANUAL, triggered_by="ana"),
        plan=None,
        outcome=None,
        products=None,
        failure=Failure("query", "Athena refused"),
        notifications=told,
        ledger=pages.state.data.ledger,
        finished=datetime(2026, 11, 3, tzinfo=UTC),
    )
    page = Markup(admin.get("/trailbook/runbooks/net-changes/runs/manual__told").text)
    only_ours(page)
    assert "error: sent to arn:aws:sns:us-east-1:111122223333:audit" in page.words
    assert "error: not sent to our.Pager (ConnectionError)" in page.words
