"""The sample trail as a folder of files: reproducible, in CloudTrail's layout and record format, whole or absent."""

import gzip
import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trailbook.errors import DeploymentError, InvalidRequest
from trailbook.sample import REGIONS, generate

FIRST = date(2026, 11, 1)
KEY = re.compile(
    r"AWSLogs/(?P<a>\d{12})/CloudTrail/(?P<r>[a-z0-9-]+)/(?P<y>\d{4})/(?P<m>\d\d)/(?P<d>\d\d)/"
    r"(?P=a)_CloudTrail_(?P=r)_(?P=y)(?P=m)(?P=d)T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz"
)
ORDER = re.findall(
    r"\w+",
    """
    eventVersion userIdentity eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage
    requestParameters responseElements additionalEventData requestID eventID readOnly resources eventType apiVersion
    managementEvent recipientAccountId serviceEventDetails sharedEventID vpcEndpointId vpcEndpointAccountId
    eventCategory tlsDetails sessionCredentialFromConsole
    """,
)


def make(
    folder: Path, *, days: int = 3, events_per_day: int = 1500, accounts: int = 2, seed: int = 7, **more: Any
) -> Any:
    return generate(
        folder, first_day=FIRST, days=days, events_per_day=events_per_day, accounts=accounts, seed=seed, **more
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.json.gz"))}


def records(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: json.loads(gzip.decompress(body))["Records"] for name, body in files(folder).items()}


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trail")
    make(folder)
    return folder


def test_the_same_arguments_give_the_same_bytes_with_any_number_of_processes(tmp_path: Path, trail: Path) -> None:
    make(tmp_path, processes=3)
    assert files(tmp_path) == files(trail)


def test_another_seed_gives_other_events_but_the_same_planted_ones(tmp_path: Path, trail: Path) -> None:
    make(tmp_path, seed=8)
    first, second = ({r["eventID"] for rs in records(f).values() for r in rs} for f in (trail, tmp_path))
    planted = {
        r["eventID"]
        for rs in records(trail).values()
        for r in rs
        if r["sourceIPAddress"] in ("198.51.100.201", "198.51.100.23")
    }
    assert len(planted) > 300
    assert first & second >= planted
    assert len(first & second) < len(first) / 2


def test_a_day_has_exactly_the_events_asked_for_where_that_is_more_than_is_planted(tmp_path: Path) -> None:
    summary = make(tmp_path, days=2, events_per_day=2000)
    assert summary.events == 4000 == sum(map(len, records(tmp_path).values()))
    assert summary.files == len(files(tmp_path))
    assert summary.bytes == sum(map(len, files(tmp_path).values()))
    assert (summary.accounts, summary.regions) == (("111122223333", "444455556666"), REGIONS)


def test_the_summary_tells_the_first_and_the_last_event(tmp_path: Path) -> None:
    summary = make(tmp_path)
    times = [r["eventTime"] for rs in records(tmp_path).values() for r in rs]
    assert summary.first_event == datetime.fromisoformat(min(times))
    assert summary.last_event == datetime.fromisoformat(max(times))
    assert summary.first_event.tzinfo is UTC


def test_files_lie_where_cloudtrail_puts_them_under_the_day_of_delivery(trail: Path) -> None:
    for name, found in records(trail).items():
        match = KEY.fullmatch(name)
        assert match, name
        assert {r["recipientAccountId"] for r in found} == {match["a"]}
        assert {r["awsRegion"] for r in found} == {match["r"]}
        delivered = datetime(int(match["y"]), int(match["m"]), int(match["d"]), tzinfo=UTC)
        for r in found:
            assert timedelta(days=-1) < datetime.fromisoformat(r["eventTime"]) - delivered < timedelta(days=1)


def test_events_before_midnight_are_delivered_under_the_next_day(trail: Path) -> None:
    late = [
        r
        for name, found in records(trail).items()
        for r in found
        if r["eventTime"][:10].replace("-", "/") not in name and r["sourceIPAddress"] == "198.51.100.77"
    ]
    assert [r["eventTime"] for r in late][-1] == "2026-11-02T23:59:30Z"


def test_fields_are_in_the_order_that_aws_writes_and_ids_are_never_repeated(trail: Path) -> None:
    found = [r for rs in records(trail).values() for r in rs]
    for r in found:
        assert [name for name in ORDER if name in r] == list(r)
    assert len({r["eventID"] for r in found}) == len(found)
    assert {r["eventVersion"] for r in found} == {"1.11"}


def test_one_person_has_one_principal_id_and_sessions_begin_before_their_events(trail: Path) -> None:
    ids: dict[str, set[str]] = defaultdict(set)
    for r in (r for rs in records(trail).values() for r in rs):
        identity = r["userIdentity"]
        if "arn" in identity and identity["type"] in ("IAMUser", "AssumedRole"):
            ids[identity["arn"]].add(identity.get("principalId", ""))
        created = identity.get("sessionContext", {}).get("attributes", {}).get("creationDate", "")
        assert created <= r["eventTime"]
    assert len(ids) > 20
    assert all(len(found) == 1 for found in ids.values())


def test_the_trail_has_the_variety_of_a_real_one(trail: Path) -> None:
    found = [r for rs in records(trail).values() for r in rs]
    types = {r["userIdentity"]["type"] for r in found}
    assert types == {"IAMUser", "AssumedRole", "AWSService", "Root", "Unknown", "AWSAccount"}
    assert {r["eventCategory"] for r in found} == {"Management", "Data"}
    assert any(":" in r["sourceIPAddress"] for r in found)
    assert any(r["sourceIPAddress"].endswith(".amazonaws.com") for r in found)
    assert {r.get("errorCode") for r in found} >= {
        "AccessDenied",
        "AccessDeniedException",
        "Client.UnauthorizedOperation",
    }
    assert sum(r["readOnly"] for r in found) > 0.6 * len(found)


def test_a_folder_that_has_a_trail_is_refused_and_left_alone(trail: Path) -> None:
    before = files(trail)
    with pytest.raises(InvalidRequest, match=r"AWSLogs exists: remove it or choose another folder"):
        make(trail)
    assert files(trail) == before


def test_numbers_out_of_range_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidRequest, match=r"days: expected a number from 1 to 366, found 0; events_per_day.*; accounts"
    ):
        make(tmp_path, days=0, events_per_day=-1, accounts=1001)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_generation_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        assert 0 < done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_with_everything_done(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    make(tmp_path, days=1, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (1500, 1500)


def test_a_place_that_is_no_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeploymentError, match=r"file.*the sample cannot be written.*choose another folder"):
        make(tmp_path / "file" / "below")
