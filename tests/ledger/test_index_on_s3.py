"""The index over a ledger on S3 (moto): the requests that it makes, and what it sees of what others did there."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chain_records import BUCKET

from trailbook.errors import DeploymentError, ServiceUnavailable
from trailbook.ledger import Ledger
from trailbook.ledger.index import LedgerIndex
from trailbook.ledger.index_rows import summary_of_entry

NAME = "auth-failed-logins"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LedgerIndex]:
    with LedgerIndex.open(tmp_path / "cache" / "index.sqlite") as opened:
        yield opened


def test_it_asks_for_a_list_and_the_last_known_entry_of_each_chain_and_for_what_is_new(
    on_s3: Ledger, s3: Any, index: LedgerIndex, make: Any
) -> None:
    for number in range(12):
        on_s3.append(make(f"run-{number}", day=number))
        on_s3.append(make(f"run-{number}", day=number, runbook="other"))
    assert index.sync(on_s3) == ()
    for runbook in (NAME, "other"):
        assert list(index.page(runbook)[0])[::-1] == [summary_of_entry(entry) for entry in on_s3.entries(runbook)]
    on_s3.append(make("run-12", day=12))
    asked: Counter[str] = Counter()
    s3.meta.events.register("before-call.s3", lambda model, **_: asked.update([model.name]))
    assert index.sync(on_s3, [NAME, "other"]) == ()
    assert asked == {"ListObjectsV2": 2, "GetObject": 3}
    assert index.count(NAME) == 13


def test_a_chain_that_was_cut_and_written_anew_is_told_and_shown_as_it_is(
    on_s3: Ledger, s3: Any, index: LedgerIndex, make: Any
) -> None:
    for number in range(3):
        on_s3.append(make(f"run-{number}", day=number))
    index.sync(on_s3)
    s3.delete_object(Bucket=BUCKET, Key=f"ledger/{NAME}/000000000003.json")
    on_s3.append(make("forged", day=2))
    (told,) = index.sync(on_s3)
    assert told.startswith(f"{NAME}: entry 3 was read before and is another now")
    assert [run.run_id for run in index.page(NAME)[0]] == ["forged", "run-1", "run-0"]
    assert index.sync(on_s3) == (told,)


@pytest.mark.parametrize(
    ("status", "code", "raised"), [(503, "SlowDown", ServiceUnavailable), (403, "AccessDenied", DeploymentError)]
)
def test_a_store_that_does_not_answer_is_no_fault_of_the_ledger_and_what_is_known_stays(
    on_s3: Ledger, s3: Any, index: LedgerIndex, make: Any, status: int, code: str, raised: type[Exception]
) -> None:
    on_s3.append(make("run-0"))
    index.sync(on_s3)

    def refuse(**_: Any) -> None:
        answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "GetObject")  # type: ignore[arg-type]  # as much of an answer as is looked at

    s3.meta.events.register("before-call.s3.GetObject", refuse)
    with pytest.raises(raised):
        index.sync(on_s3)
    assert index.count(NAME) == 1
    assert index.faults() == ()
