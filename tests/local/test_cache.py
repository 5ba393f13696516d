"""The Parquet cache: right whatever happens to the objects, whole or not there, bounded, and invisible to SQL."""

# ruff: noqa: S608 - the paths are the test's own

import json
import os
import threading
from pathlib import Path

import duckdb
import pytest

from trailbook.local.engine.cache import RecordCache
from trailbook.local.engine.cache_entries import EntryStore
from trailbook.local.engine.engine import connect
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.formats import Format, Kind
from trailbook.local.engine.types import VARCHAR
from trailbook.local.engine.writing import StoredObject

COLUMNS = [("eventname", VARCHAR), ("eventid", VARCHAR), ("errorcode", VARCHAR)]
CLOUDTRAIL = Format(Kind.CLOUDTRAIL)
COUNT = "SELECT eventname, count(*) AS n FROM t GROUP BY eventname ORDER BY eventname"


def record(name, **more):
    return {"eventName": name, "eventID": name, "eventTime": "2026-11-01T00:00:00Z", "eventSource": "s", **more}


@pytest.fixture
def trail(lake):
    for name in ("a", "b"):
        lake.put_log(f"t/{name}.json.gz", [record(name)] * 3)
    lake.table("t")
    return lake


def test_an_object_is_parsed_once_for_one_question_and_once_more_for_all(trail):
    for sql in (COUNT, COUNT, "SELECT count(errorcode) FROM t", "SELECT max(useragent) FROM t", "SELECT * FROM t"):
        trail.query(sql)
    assert trail.cache.parsed == 4
    assert len(list((trail.folder / "cache").glob("*.parquet"))) == 1


def test_an_added_replaced_or_deleted_object_is_seen_at_once_and_only_it_is_parsed(trail):
    assert trail.rows(COUNT) == [["a", "3"], ["b", "3"]]
    trail.put_log("t/c.json.gz", [record("c")])
    assert trail.rows(COUNT) == [["a", "3"], ["b", "3"], ["c", "1"]]
    assert trail.cache.parsed == 3
    trail.put_log("t/a.json.gz", [record("a2")])
    assert trail.rows(COUNT) == [["a2", "1"], ["b", "3"], ["c", "1"]]
    trail.delete("t/b.json.gz")
    assert trail.rows(COUNT) == [["a2", "1"], ["c", "1"]]
    assert trail.cache.parsed == 4
    assert trail.scanned(COUNT) == trail.size("t/a.json.gz", "t/c.json.gz")


def test_a_table_with_other_types_over_the_same_objects_does_not_share_their_records(trail):
    assert trail.rows("SELECT max(eventid) FROM t") == [["b"]]
    trail.put_log("t/a.json.gz", [record("a", eventID="7")])
    trail.table("typed", columns={"eventname": "string", "eventid": "bigint"}, location="s3://logs/t/")
    assert trail.rows("SELECT max(eventid) FROM typed") == [["7"]]
    assert trail.rows("SELECT max(eventid) FROM t") == [["b"]]


def test_what_a_killed_process_left_half_written_is_not_used_and_removed(trail):
    trail.query(COUNT)
    folder = trail.folder / "cache"
    (about,) = folder.glob("*.json")
    for wrong in ("x.parquet", "y.new", "w.json"):
        (folder / wrong).write_text("{")
    (folder / "z.tmp").mkdir()
    (folder / "z.tmp" / "records.parquet").write_text("PAR1")
    cut = json.loads(about.read_text()) | {"size": 1}
    (folder / "cut.json").write_text(json.dumps(cut))
    (folder / "cut.parquet").write_bytes(about.with_suffix(".parquet").read_bytes())
    again = EntryStore(folder, 10**9)
    assert {p.name for p in folder.iterdir()} == {about.name, about.with_suffix(".parquet").name}
    assert len(list(again.sizes)) == 1


def objects(folder, count):
    found = []
    for n in range(count):
        path = folder / f"{n}.json"
        path.write_text(json.dumps({"Records": [record(f"n{n}", padding=os.urandom(10).hex())] * 50}))
        found.append(StoredObject(path, path.stat().st_size, (), f"s3://logs/{n}", f"v{n}"))
    return found


def read(cache, wanted, used=("eventname",)):
    with connect() as connection, cache.read(connection, wanted, CLOUDTRAIL, COLUMNS, frozenset(used)) as parts:
        paths = [str(p.entry.path) for p in parts]
        return connection.execute("SELECT count(*) FROM read_parquet(?)", [paths]).fetchone()[0]


def test_a_new_process_takes_up_what_an_earlier_one_cached(tmp_path):
    (tmp_path / "in").mkdir()
    wanted = objects(tmp_path / "in", 3)
    read(RecordCache(tmp_path / "cache"), wanted)
    again = RecordCache(tmp_path / "cache")
    assert (read(again, wanted), again.parsed) == (150, 0)


def test_the_least_recently_used_entries_go_where_the_limit_is_passed(tmp_path):
    (tmp_path / "in").mkdir()
    wanted = objects(tmp_path / "in", 4)
    cache = RecordCache(tmp_path / "cache")
    read(cache, wanted[:1])
    small = RecordCache(tmp_path / "cache", limit=int(cache.bytes * 2.5))
    for one in (wanted[1], wanted[0], wanted[2]):  # now the second is the least recently used
        read(small, [one])
    before = small.parsed
    read(small, [wanted[0]])
    read(small, [wanted[2]])
    assert small.parsed == before
    read(small, [wanted[1]])
    assert small.parsed == before + 1
    held = sum(p.stat().st_size for p in (tmp_path / "cache").glob("*.parquet"))
    assert held == small.bytes <= cache.bytes * 2.5


def test_what_is_larger_than_the_whole_limit_is_still_read_and_then_gone(tmp_path):
    (tmp_path / "in").mkdir()
    cache = RecordCache(tmp_path / "cache", limit=1)
    assert read(cache, objects(tmp_path / "in", 3)) == 150
    assert (cache.bytes, list((tmp_path / "cache").iterdir())) == (0, [])


def test_concurrent_readers_of_the_same_objects_parse_them_once(tmp_path):
    (tmp_path / "in").mkdir()
    wanted = objects(tmp_path / "in", 20)
    cache = RecordCache(tmp_path / "cache")
    counts = []
    ready = threading.Barrier(6)

    def work():
        ready.wait()
        counts.append(read(cache, wanted))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (counts, cache.parsed) == ([1000] * 6, 20)


def test_a_reader_that_waits_for_another_can_be_stopped(tmp_path):
    (tmp_path / "in").mkdir()
    wanted = objects(tmp_path / "in", 1)
    cache = RecordCache(tmp_path / "cache")
    other = object()
    cache._turns.append(other)  # somebody parses something large
    with connect() as connection:
        held = cache.read(connection, wanted, CLOUDTRAIL, COLUMNS, frozenset(["eventname"]), lambda: True)
        with pytest.raises(duckdb.InterruptException), held:
            pass
    assert cache._turns == [other]
    cache._turns.remove(other)
    assert read(cache, wanted) == 50


def test_many_small_entries_become_one(trail):
    trail.put("t/none.json", b'{"Records": []}')
    for n in range(40):
        trail.put_log(f"t/n{n:02d}.json.gz", [record(f"n{n:02d}")] * (n + 1))
        trail.query("SELECT count(*) FROM t")
    folder = trail.folder / "cache"
    assert len(list(folder.glob("*.parquet"))) < 30
    expected = [["a", "3"], ["b", "3"], *([f"n{n:02d}", str(n + 1)] for n in range(40))]
    trail.delete("t/n07.json.gz")
    expected.remove(["n07", "8"])
    assert trail.rows(COUNT) == expected
    assert trail.cache.parsed == 43
    trail.query("SELECT max(useragent) FROM t")
    assert (trail.rows(COUNT), trail.cache.parsed) == (expected, 85)
    again = EntryStore(folder, 10**9)
    assert len(list(again.sizes)) == len(list(folder.glob("*.json"))) == len(list(folder.glob("*.parquet")))


def test_a_failed_parse_leaves_nothing_behind_and_the_next_reader_is_told_too(tmp_path):
    (tmp_path / "in").mkdir()
    wanted = objects(tmp_path / "in", 2)
    wanted[1].path.write_text('{"Records": [')
    cache = RecordCache(tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(
            SqlError, match=r"HIVE_CURSOR_ERROR: Error reading object s3://logs/1: it is not valid JSON"
        ):
            read(cache, wanted)
    assert list((tmp_path / "cache").iterdir()) == []
    assert read(cache, wanted[:1]) == 50


def test_a_sealed_connection_reads_its_own_scans_and_nothing_else(trail, monkeypatch):
    trail.put_log("other/x.json.gz", [record("secret")])
    trail.table("other")
    trail.query("SELECT count(*) FROM other")
    (secret,) = (trail.folder / "cache").glob("*.parquet")
    mine = {}

    def spy(connection, directories=(), files=()):
        original(connection, directories, files)
        mine["files"] = files
        for statement in (
            f"SELECT * FROM read_parquet('{secret}')",
            f"SELECT * FROM read_text('{trail.folder}/state.sqlite')",
            "SELECT * FROM read_text('/etc/hostname')",
            f"SELECT * FROM glob('{trail.folder}/cache/*')",
            f"COPY (SELECT 1) TO '{files[0]}'",
            f"COPY (SELECT 1) TO '{trail.folder}/cache/evil.parquet'",
            f"ATTACH '{trail.folder}/evil.db'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SET allowed_paths = ['/']",
            "RESET lock_configuration",
            "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)
        mine["asked"] = True

    from trailbook.local import glue_tables

    original = glue_tables.lock_down
    monkeypatch.setattr(glue_tables, "lock_down", spy)
    assert trail.rows(COUNT) == [["a", "3"], ["b", "3"]]
    assert mine["asked"]
    assert str(secret) not in mine["files"]
    assert all(Path(f).parent == trail.folder / "cache" for f in mine["files"])
