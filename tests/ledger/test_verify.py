"""The whole ledger: chains, versions and products."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from trailbook.errors import ServiceUnavailable
from trailbook.ledger import Head, Ledger, verify
from trailbook.objects import FolderStore, ObjectVersion

NAME = "auth-failed-logins"


@pytest.fixture
def filled(ledger: Ledger, reports: FolderStore, make: Any, make_with_report: Any) -> Ledger:
    for day in range(6):
        ledger.append(make_with_report(reports, f"run-{day}", day=day))
    ledger.append(make("iam-0", runbook="iam-changes", snapshot=None))
    return ledger


def path(store: Any, key: str) -> Path:
    return Path(store.uri(key))


def named(ledger: Ledger, reports: FolderStore, **options: Any) -> set[tuple[str, str]]:
    return {(fault.key, fault.kind.value) for fault in verify(ledger.store, reports, **options).faults}


def test_a_clean_ledger_has_no_fault_and_all_of_it_was_looked_at(filled: Ledger, reports: FolderStore) -> None:
    found = verify(filled.store, reports)
    assert (found.faults, found.entries, found.files) == ([], 7, 18)
    assert {name: head.sequence for name, head in found.heads.items()} == {NAME: 6, "iam-changes": 1}
    assert verify(filled.store, reports, heads=found.heads).faults == []
    assert verify(filled.store, reports, runbooks=["iam-changes"]).entries == 1


@pytest.mark.parametrize("name", ["report.html", "result.parquet", "manifest.json"])
def test_a_replaced_product_is_named(filled: Ledger, reports: FolderStore, name: str) -> None:
    key = f"{NAME}/run-3/{name}"
    path(reports, key).write_bytes(b"something else")
    assert (key, "changed") in named(filled, reports)
    path(reports, key).unlink()
    assert (key, "missing") in named(filled, reports)


def test_a_snapshot_is_checked_where_no_report_was_written(ledger: Ledger, reports: FolderStore, make: Any) -> None:
    ledger.append(make("run-0"))
    assert named(ledger, reports) == {(f"{NAME}/run-0/result.parquet", "missing")}


def test_a_stray_object_is_named(filled: Ledger, reports: FolderStore) -> None:
    for key in ("stray", f"{NAME}/note.txt", "zzz/000000000001.txt"):
        filled.store.put_new(key, b"x", "text/plain")
    assert {key for key, kind in named(filled, reports) if kind == "wrong name"} == {
        "stray",
        f"{NAME}/note.txt",
        "zzz/000000000001.txt",
    }


def test_a_chain_that_is_gone_shows_against_heads_kept_elsewhere(filled: Ledger, reports: FolderStore) -> None:
    heads = verify(filled.store, None).heads
    path(filled.store, "iam-changes/000000000001.json").unlink()
    assert named(filled, reports) == set()
    assert named(filled, reports, heads=heads) == {("iam-changes/000000000001.json", "cut tail")}
    other = {NAME: Head(6, "0" * 64)}
    assert named(filled, reports, heads=other) == {(f"{NAME}/000000000006.json", "rewritten")}


def test_tampering_at_random_places_is_always_named(filled: Ledger, reports: FolderStore) -> None:
    random = Random(4)  # noqa: S311 - places, not secrets
    keys = list(filled.store.keys(f"{NAME}/"))
    heads = verify(filled.store, None).heads
    kept = {key: filled.store.get(key) for key in keys}
    for _ in range(60):
        key, other = random.sample(keys, 2)
        deed = random.choice(["flip", "drop", "swap", "copy", "truncate"])
        if deed == "flip":
            body = bytearray(kept[key])
            body[random.randrange(len(body))] ^= 1 << random.randrange(8)
            path(filled.store, key).write_bytes(body)
        elif deed == "swap":
            path(filled.store, key).write_bytes(kept[other])
            path(filled.store, other).write_bytes(kept[key])
        elif deed == "copy":
            path(filled.store, key).write_bytes(kept[other])
        for gone in {"drop": [key], "truncate": keys[keys.index(key) :]}.get(deed, []):
            path(filled.store, gone).unlink()
        found = {fault.key for fault in verify(filled.store, None, heads=heads).faults}
        assert found & {key, keys[-1]}, (deed, key, other, found)
        for name, body in kept.items():
            path(filled.store, name).write_bytes(body)
    assert named(filled, reports, heads=heads) == set()


@dataclass(frozen=True)
class VersionedStore(FolderStore):
    """A folder that says what versions it has, as a versioned bucket would."""

    said: tuple[ObjectVersion, ...] = ()

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        yield from (version for version in self.said if version.key.startswith(prefix))


def test_a_second_version_and_a_delete_marker_are_named(filled: Ledger) -> None:
    keys = list(filled.store.keys(""))
    clean = tuple(ObjectVersion(key, "1", True, False) for key in keys)
    second = ObjectVersion(keys[2], "0", False, False)
    marker = ObjectVersion(keys[4], "m", True, True)
    said = (*clean[:3], second, *clean[3:], marker)
    found = verify(VersionedStore(Path(filled.store.uri("")), said), None)  # type: ignore[call-arg]
    assert [(fault.key, fault.kind.value) for fault in found.faults] == [
        (keys[2], "second version"),
        (keys[4], "deleted"),
    ]
    assert verify(VersionedStore(Path(filled.store.uri("")), clean), None).faults == []  # type: ignore[call-arg]


@dataclass(frozen=True)
class SlowStore(FolderStore):
    """A folder behind a service that is throttled."""

    def chunks(self, key: str) -> Iterator[bytes]:
        raise ServiceUnavailable(f"{key}: slow down")


def test_a_service_that_does_not_answer_is_no_fault_of_the_evidence(filled: Ledger, reports: FolderStore) -> None:
    with pytest.raises(ServiceUnavailable):
        verify(filled.store, SlowStore(reports.root))


def test_a_manifest_of_another_form_is_named(ledger: Ledger, reports: FolderStore, make: Any) -> None:
    from trailbook.canonical import sha256
    from trailbook.ledger import Written
    from trailbook.outcome import Product

    for number, body in enumerate((b"[]", b"{}", b"not JSON", b'{"files":[{"name":"x"}]}')):
        key = f"{NAME}/{number}/manifest.json"
        reports.put_new(key, body, "application/json")
        written = Written(Product(key, sha256(body), len(body)), "uri", "uri")
        ledger.append(make(f"run-{number}", products=written, snapshot=None))
    assert {kind for _, kind in named(ledger, reports)} == {"unreadable"}
    assert len(named(ledger, reports)) == 4
