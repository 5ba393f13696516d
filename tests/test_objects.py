"""The folder store: what it lists, reads in pieces and says is there."""

from pathlib import Path

import pytest

from trailbook.errors import DeploymentError, ObjectExists, ObjectMissing
from trailbook.objects import CHUNK, FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path / "store")
    for key in ("b/2", "b/1", "a/x/y", "top", "b-c/1", "é/1"):
        made.put_new(key, key.encode(), "text/plain")
    return made


def test_keys_are_in_the_order_of_their_bytes(store: FolderStore) -> None:
    assert list(store.keys("")) == ["a/x/y", "b-c/1", "b/1", "b/2", "top", "é/1"]
    assert list(store.keys("b/")) == ["b/1", "b/2"]
    assert list(store.keys("b")) == ["b-c/1", "b/1", "b/2"]
    assert list(store.keys("none/")) == []


def test_keys_behind_a_key(store: FolderStore) -> None:
    assert list(store.keys("b", after="b/1")) == ["b/2"]
    assert list(store.keys("", after="b0")) == ["top", "é/1"]
    assert list(store.keys("b/", after="b/2")) == []


def test_folders_are_those_that_hold_something(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "store" / "empty").mkdir()
    assert sorted(store.folders()) == ["a", "b", "b-c", "é"]
    assert list(FolderStore(tmp_path / "not there").folders()) == []


def test_pieces_join_to_the_whole_and_are_small(store: FolderStore) -> None:
    body = bytes(range(256)) * (CHUNK // 100)
    store.put_new("big", body, "x")
    pieces = list(store.chunks("big"))
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= CHUNK


def test_what_is_not_there_is_said(store: FolderStore) -> None:
    assert store.exists("b/1")
    assert not store.exists("b")
    assert not store.exists("b/3")
    for key in ("b/3", "b", "top/x"):
        with pytest.raises(ObjectMissing, match="expected a file, found none"):
            list(store.chunks(key))


def test_a_key_is_written_once_and_stays_inside(store: FolderStore) -> None:
    with pytest.raises(ObjectExists):
        store.put_new("top", b"other", "x")
    assert store.get("top") == b"top"
    for verb in (store.exists, store.get):
        with pytest.raises(DeploymentError, match="a key must stay inside"):
            verb("../outside")
