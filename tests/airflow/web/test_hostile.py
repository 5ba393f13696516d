"""What breaks pages, planted in each column, parameter, reason, run id and field of a runbook: it stays text."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import yaml
from cloud import Cloud
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markup import Markup, only_ours
from planted import PLANTED, WRITTEN, hostile
from runbook_files import QUERY, spec, write
from samples import SNAPSHOT

from trailbook.airflow.web.data import Data
from trailbook.airflow.web.library import Library
from trailbook.airflow.web.links import Links
from trailbook.ledger import Entry
from trailbook.ledger.entry import Notification
from trailbook.plan import Run, Trigger
from trailbook.report import prefix
from trailbook.report import write as write_report
from trailbook.runbook.model import Runbook
from trailbook.steps.record import Failure, record

pytestmark = pytest.mark.airflow

ID = "hostile"
BAD = " ".join(WRITTEN)
RUN_ID = "manual__" + " ".join(text for text in WRITTEN if len(text) < 1000) + "/../../files/report.json"


def failed(data: Data, run_id: str) -> Entry:
    run = Run(run_id, trigger=Trigger.MANUAL, triggered_by=BAD, reason=BAD)
    failure = Failure("query", BAD)
    now = datetime(2026, 11, 3, tzinfo=UTC)
    told = (
        Notification("notifier", BAD, ("error",), sent=False, error=BAD),
        Notification("sns", BAD, (BAD,), sent=True),
    )
    return record(
        ID,
        run,
        plan=None,
        outcome=None,
        products=None,
        failure=failure,
        notifications=told,
        ledger=data.ledger,
        finished=now,
    )


def reported(data: Data, run_id: str) -> Entry:
    """Record the report whose every field is planted, with pivots to a runbook that there is."""
    report = hostile()
    pivot = {"runbook": "next", "with": {"users": "{user_name}"}, "title": BAD}
    result = {"kind": "aggregate", "key": ["account_id", "user_name"], "measures": ["user_agent"]}
    planned = Runbook.from_spec({**report.plan.spec, "id": ID, "pivots": [pivot], "result": result}).spec()
    pairs = zip(report.findings, PLANTED, strict=True)
    findings = tuple(replace(each, changes={"user_agent": (text, text)}) for each, text in pairs)
    run = replace(report.plan.run, run_id=run_id)
    plan = replace(report.plan, runbook=ID, spec=planned, run=run)
    outcome = replace(report.outcome, prefix=prefix(plan))
    outcome = replace(outcome, snapshot=replace(outcome.snapshot, key=f"{outcome.prefix}/result.parquet"))
    report = replace(report, plan=plan, outcome=outcome, runbook=Runbook.from_spec(planned), findings=findings)
    data.reports.put_new(outcome.snapshot.key, SNAPSHOT, "application/vnd.apache.parquet")
    products = write_report(data.reports, report, snapshot=outcome.snapshot)
    now = datetime(2026, 11, 3, 2, 5, tzinfo=UTC)
    return record(
        ID, run, plan=plan, outcome=outcome, products=products, failure=None, ledger=data.ledger, finished=now
    )


@pytest.fixture(scope="module")
def planted(
    served: Cloud, pages: FastAPI, airflow_database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Entry, Entry]]:
    folder = tmp_path_factory.mktemp("runbooks")
    hidden = spec(
        ID,
        title=BAD[:200],
        description=BAD,
        owner=BAD,
        falsepositives=[*WRITTEN],
        references=[f"https://x.example/{text}" for text in WRITTEN[:8]],
        controls={f"{text}@{text}": [text] for text in WRITTEN[:6]},
        guide="\n\n".join(WRITTEN) + "\n\n# <b>h</b>\n\n```js' onload=x\n</code><script>\n```\n",
        params={
            "threshold": {"type": "integer", "default": 5, "title": BAD, "description": BAD},
            "users": {"type": "array", "items": {"type": "string", "pattern": "<b>"}, "default": [], "title": BAD},
        },
        query=QUERY + "-- </code></pre><script>alert(1)</script> {{ 7*7 }}",
        pivots=[{"runbook": "next", "with": {"users": "{user_name}"}, "title": BAD}],
        allow=[{"match": {"user_name": BAD}, "reason": BAD, "owner": BAD, "expires": "2099-01-01"}],
    )
    write(folder, "next", title="<i>Next</i>")
    (folder / f"{ID}.yaml").write_text(yaml.safe_dump(hidden))  # a hidden character can be in a file as an escape only
    assert Library(folder).shelf().problems == 0
    with pytest.MonkeyPatch.context() as patch:
        for name, value in served.environment().items():
            patch.setenv(name, value)
        patch.setenv("TRAILBOOK_RUNBOOKS", str(folder))
        patch.setenv("TRAILBOOK_WEB_CACHE", str(tmp_path_factory.mktemp("cache")))
        kept, pages.state.data = pages.state.data, Data({})
        yield failed(pages.state.data, "manual__failed"), reported(pages.state.data, RUN_ID)
        pages.state.data = kept


def addresses(*entries: Entry) -> list[str]:
    book = f"/trailbook/runbooks/{ID}"
    links = Links("/trailbook", "", "")
    runs = [links.run(ID, entry.record.run.run_id) for entry in entries]
    return [
        "/trailbook/",
        f"/trailbook/?q={quote(BAD[:500])}&owner={quote(WRITTEN[1])}&control={quote(WRITTEN[0])}",
        book,
        f"{book}/runs",
        *runs,
        *(links.verify(ID, entry.record.run.run_id, 1) for entry in entries),
        f"{book}/runs/{quote(WRITTEN[1], safe='')}",
        f"/trailbook/runbooks/{quote(WRITTEN[0], safe='')}",
        f"/trailbook/{quote(WRITTEN[5], safe='')}",
        "/trailbook/trail",
        "/trailbook/compliance?from=2026-10-01&to=2026-11-30",
        *(f"/trailbook/compliance?framework={quote(text)}&from={quote(text)}" for text in WRITTEN[:6]),
    ]


def test_what_is_planted_is_text_on_every_page(
    planted: tuple[Entry, Entry], signed_in: Callable[[str | None], TestClient]
) -> None:
    browser = signed_in("admin")
    for path in addresses(*planted):
        answer = browser.get(path)
        assert answer.status_code in (200, 400, 404), path
        only_ours(Markup(answer.text))


def test_the_page_of_a_run_shows_each_planted_text_as_it_was_typed(
    planted: tuple[Entry, Entry], signed_in: Callable[[str | None], TestClient]
) -> None:
    browser = signed_in("admin")
    paths = addresses(*planted)
    page = Markup(browser.get(paths[5]).text)
    assert "not what the ledger recorded" not in page.text
    for text in PLANTED[:9]:
        assert text in page.text
    assert "⟨U+202E⟩gnp.exe" in page.text
    assert "⟨ESC⟩]0;owned⟨BEL⟩" in page.text
    assert "manual__<script>alert(1)</script>" in page.text
    assert Markup(browser.get(paths[4]).text).text.count("<script>alert(1)</script>") >= 3


def test_a_lead_carries_a_hostile_value_whole_and_encoded(
    planted: tuple[Entry, Entry], signed_in: Callable[[str | None], TestClient]
) -> None:
    page = Markup(signed_in("admin").get(addresses(*planted)[5]).text)
    leads = [urlsplit(link) for link in page.links() if "/new?" in link and "like=" not in link]
    given = [dict(parse_qsl(lead.query))["users"] for lead in leads]
    assert {lead.path for lead in leads} == {"/trailbook/runbooks/next/new"}
    assert {PLANTED[0], PLANTED[4], PLANTED[5]} <= set(given)
    assert "W" * 10_000 not in given, "no browser takes so long an address"


def test_the_files_of_a_run_whose_id_looks_like_a_path_are_its_own(
    planted: tuple[Entry, Entry], signed_in: Callable[[str | None], TestClient]
) -> None:
    browser, entry = signed_in("admin"), planted[1]
    page = Markup(browser.get(addresses(*planted)[5]).text)
    files = [link for link in page.links() if "/file?" in link]
    assert len(files) == 6
    for link in files:
        answer = browser.get(link)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="{ID}-{entry.sequence}-')
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
