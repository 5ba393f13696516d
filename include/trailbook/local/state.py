"""What survives a restart: a SQLite file of pickled metadata beside the objects' bytes.

Each save is one transaction that is done before the request is answered, and writes only what changed: a key's list of
versions, a bucket's settings, a service's tables. SQLite in WAL mode outlives `kill -9`; a power cut may lose the last.
Pickles bind the file to moto's exact version, which the file names; another version's file is refused, never misread.
"""

import json
import pickle
import sqlite3
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from moto.glue.models import glue_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from trailbook.errors import DeploymentError
from trailbook.local import athena_store
from trailbook.local.athena_store import ACCOUNT
from trailbook.local.s3_objects import DISK
from trailbook.local.s3_objects import install as install_s3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS buckets (bucket TEXT PRIMARY KEY, body BLOB);
CREATE TABLE IF NOT EXISTS keys (bucket TEXT, key TEXT, body BLOB, PRIMARY KEY (bucket, key));
CREATE TABLE IF NOT EXISTS uploads (bucket TEXT, id TEXT, body BLOB, PRIMARY KEY (bucket, id));
CREATE TABLE IF NOT EXISTS services (name TEXT, region TEXT, body BLOB, PRIMARY KEY (name, region));
CREATE TABLE IF NOT EXISTS executions (id TEXT PRIMARY KEY, body TEXT);
"""
_REGIONAL = {"glue": glue_backends, "sns": sns_backends}


class State:
    """The durable state of one server; `directory` holds `state.sqlite` and `objects/`."""

    def __init__(self, directory: Path) -> None:
        """Open or make the state. Raises DeploymentError where it is another version's or held by another server."""
        directory.mkdir(parents=True, exist_ok=True)
        install_s3()
        DISK.use(directory / "objects")
        self._objects = directory / "objects"
        self._lock = threading.RLock()
        self._db = sqlite3.connect(directory / "state.sqlite", check_same_thread=False, timeout=1)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO about VALUES ('moto', ?)", (version("moto"),))
            self._db.commit()
        except sqlite3.OperationalError as error:
            raise DeploymentError(f"{directory}: another server uses this state ({error}); stop it first") from None
        except sqlite3.DatabaseError as error:
            raise DeploymentError(f"{directory / 'state.sqlite'}: not a state file of ours: {error}") from None
        (held,) = self._db.execute("SELECT value FROM about WHERE name = 'moto'").fetchone()
        if held != version("moto"):
            raise DeploymentError(
                f"{directory}: written with moto {held}, this is {version('moto')}: use that version or a new folder"
            )

    def load(self) -> list[dict[str, Any]]:
        """Fill moto's backends with what was saved; return the query executions' records. Sweeps orphaned bytes."""
        reset()
        s3 = s3_backends[ACCOUNT]["aws"]
        kept: set[str] = set()
        with self._lock:
            for name, body in self._db.execute("SELECT bucket, body FROM buckets").fetchall():
                s3.buckets[name] = pickle.loads(body)  # noqa: S301  # our own file, written by this class
                s3_backends.bucket_accounts[name] = ("aws", ACCOUNT)
            for bucket, key, body in self._db.execute("SELECT bucket, key, body FROM keys").fetchall():
                versions = pickle.loads(body)  # noqa: S301  # our own file, written by this class
                if bucket in s3.buckets:
                    dict.__setitem__(s3.buckets[bucket].keys, key, versions)
                    kept.update(v.__dict__["blob"] for v in versions if "blob" in v.__dict__)
            kept.update(self._load_uploads(s3))
            self._load_services(s3)
            records = [
                json.loads(b) for (b,) in self._db.execute("SELECT body FROM executions ORDER BY rowid").fetchall()
            ]
        DISK.changed.clear()
        for file in self._objects.glob("*/*"):
            if str(file) not in kept:
                file.unlink(missing_ok=True)
        return records

    def _load_uploads(self, s3: Any) -> set[str]:
        """Restore the multipart uploads in progress; return the files of their parts."""
        kept: set[str] = set()
        for bucket, name, body in self._db.execute("SELECT bucket, id, body FROM uploads").fetchall():
            if bucket in s3.buckets:
                upload = pickle.loads(body)  # noqa: S301  # our own file, written by this class
                dict.__setitem__(s3.buckets[bucket].multiparts, name, upload)
                kept.update(part.__dict__["blob"] for part in upload.parts.values())
        return kept

    def save_uploads(self, bucket: str) -> None:
        """Save a bucket's multipart uploads in progress."""
        with DISK.lock, self._lock:
            found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
            self._db.execute("DELETE FROM uploads WHERE bucket = ?", (bucket,))
            for name, upload in found.multiparts.items() if found is not None else ():
                self._put("uploads", (bucket, name), pickle.dumps(upload))
            self._db.commit()

    def _load_services(self, s3: Any) -> None:
        for name, region, body in self._db.execute("SELECT name, region, body FROM services").fetchall():
            held = pickle.loads(body)  # noqa: S301  # our own file, written by this class
            if name == "tags":
                s3.tagger = held
            elif name == "athena":
                old = {"work_groups": {g["Name"]: g for g in held}} if isinstance(held, list) else held
                athena_store.restore(region, old)
            else:
                _REGIONAL[name][ACCOUNT][region].__dict__.update(held)

    def save_s3(self, bucket: str = "", key: str = "") -> None:
        """Save the keys that changed, and the named key and bucket's settings (a change in place is not noticed)."""
        with DISK.lock, self._lock:
            s3 = s3_backends[ACCOUNT]["aws"]
            stores = {id(b.keys): name for name, b in s3.buckets.items()}
            changed = {(stores[i], k) for i, k in DISK.changed if i in stores}
            if bucket and key and bucket in s3.buckets:
                changed.add((bucket, key))
            for name, k in changed:
                versions = s3.buckets[name].keys.getlist(k)
                if versions:
                    self._put("keys", (name, k), pickle.dumps(versions))
                else:
                    self._db.execute("DELETE FROM keys WHERE bucket = ? AND key = ?", (name, k))
            if bucket and not key:
                self._save_bucket(s3, bucket)
            while DISK.made:
                self._save_bucket(s3, DISK.made.pop())
            self._put("services", ("tags", ""), pickle.dumps(s3.tagger))
            self._db.commit()
            DISK.changed.clear()

    def _save_bucket(self, s3: Any, name: str) -> None:
        found = s3.buckets.get(name)
        if found is None:
            self._db.execute("DELETE FROM buckets WHERE bucket = ?", (name,))
            self._db.execute("DELETE FROM keys WHERE bucket = ?", (name,))
            return
        held = found.__dict__
        bare = object.__new__(type(found))
        bare.__dict__.update({k: v for k, v in held.items() if k not in ("keys", "multiparts")})
        bare.__dict__["keys"], bare.__dict__["multiparts"] = type(found.keys)(), type(found.multiparts)()
        self._put("buckets", (name,), pickle.dumps(bare))

    def save_service(self, name: str) -> None:
        """Save Glue's or SNS's metadata of every region in use."""
        with DISK.lock, self._lock:
            for region, backend in _REGIONAL[name][ACCOUNT].items():
                held = {k: v for k, v in backend.__dict__.items() if k not in ("region_name", "account_id")}
                self._put("services", (name, region), pickle.dumps(held))
            self._db.commit()

    def save_athena(self) -> None:
        """Save Athena's records, query executions apart, of every region in use."""
        with athena_store.LOCK:  # held on, so that an older record never overwrites a newer one
            held = athena_store.records()
            with self._lock:
                for region, record in held.items():
                    self._put("services", ("athena", region), pickle.dumps(record))
                self._db.commit()

    def save_execution(self, name: str, record: dict[str, Any] | None) -> None:
        """Save a query execution's record; None drops it."""
        with self._lock:
            if record is None:
                self._db.execute("DELETE FROM executions WHERE id = ?", (name,))
            else:
                self._put("executions", (name,), json.dumps(record))
            self._db.commit()

    def _put(self, table: str, key: tuple[str, ...], body: bytes | str) -> None:
        marks = ", ".join("?" * (len(key) + 1))
        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", (*key, body))  # noqa: S608  # a table of ours

    def close(self) -> None:
        """Close the file and empty moto's backends."""
        with self._lock:
            self._db.close()
        reset()


def reset() -> None:
    """Empty moto's backends, which are one set in a process."""
    for backends in (s3_backends, glue_backends, sns_backends):
        backends.pop(ACCOUNT, None)
    athena_store.reset()
    s3_backends.bucket_accounts.clear()  # else a bucket of an earlier server is looked for without end
    DISK.changed.clear()
