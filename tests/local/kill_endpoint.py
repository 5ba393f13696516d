"""Writers against an endpoint that is killed: what was acknowledged must be there when it is started again.

`python tests/local/kill_endpoint.py ROUNDS [SEED]` kills an endpoint so often, in one state folder, and prints figures.
"""

import collections
import contextlib
import random
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SERVE = (
    "import sys, threading; from pathlib import Path; from trailbook.local.server import serve\n"
    "server = serve(Path(sys.argv[1])); print(server.endpoint_url, flush=True); threading.Event().wait()"
)
LONGER = {"Mode": "COMPLIANCE"}


def client(url, name):
    """Return a client that never tries again: an answer is an acknowledgement, anything else is not."""
    return boto3.client(
        name, endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )  # fmt: skip


def start(state):
    """Start an endpoint in a process of its own; return the process and its URL."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(state)], stdout=subprocess.PIPE, text=True)
    with process.stdout as said:
        return process, said.readline().strip()


class Acknowledged:
    """What the endpoint said it had done; the writers add, `check` asks for all of it."""

    def __init__(self):
        """Begin with nothing."""
        self.lock = threading.Lock()
        self.versions, self.retained = {}, {}
        self.markers, self.uploads = set(), {}
        self.tables, self.prepared, self.removed_tables = set(), {}, set()
        self.named, self.groups = {}, {}
        self.queries = {}

    def count(self):
        """Return how many writes were acknowledged, by kind."""
        kept = ("versions", "retained", "markers", "uploads", "tables", "prepared", "named", "groups", "queries")
        return {name: len(getattr(self, name)) for name in (*kept, "removed_tables")}


def write_objects(url, done, number):
    """Put, retain, overwrite and delete objects until the endpoint is gone."""
    s3, chance = client(url, "s3"), random.Random(number)  # noqa: S311  # repeatable, not secret
    for n in range(10**6):
        key = f"w{number}/{chance.randrange(40)}.gz"
        body = f"{number} {n} {chance.random()}".encode() * chance.choice([1, 50, 5000])
        version = s3.put_object(Bucket="ledger", Key=key, Body=body)["VersionId"]
        with done.lock:
            done.versions[key, version] = body
        if chance.random() < 0.3:
            until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=chance.randrange(1, 9))
            s3.put_object_retention(
                Bucket="ledger", Key=key, VersionId=version, Retention=LONGER | {"RetainUntilDate": until}
            )
            with done.lock:
                done.retained[key, version] = until
        if chance.random() < 0.3:
            marker = s3.delete_object(Bucket="ledger", Key=key)["VersionId"]
            with done.lock:
                done.markers.add((key, marker))
        if chance.random() < 0.1:
            upload = s3.create_multipart_upload(Bucket="ledger", Key=f"up/{number}/{n}")["UploadId"]
            tag = s3.upload_part(
                Bucket="ledger", Key=f"up/{number}/{n}", UploadId=upload, PartNumber=1, Body=body
            )["ETag"]  # fmt: skip
            with done.lock:
                done.uploads[f"up/{number}/{n}", upload] = tag, body


def write_tables(url, done, number):
    """Make Glue tables, and drop some, until the endpoint is gone."""
    glue, chance = client(url, "glue"), random.Random(number)  # noqa: S311  # repeatable, not secret
    for n in range(10**6):
        name = f"t{number}_{n}_{chance.randrange(10**9)}"
        glue.create_table(DatabaseName="d", TableInput={"Name": name, "Parameters": {"n": str(n)}})
        with done.lock:
            done.tables.add(name)
        if chance.random() < 0.3:
            with done.lock:
                done.tables.discard(name)
            glue.delete_table(DatabaseName="d", Name=name)
            with done.lock:
                done.removed_tables.add(name)


def write_athena(url, done, number):
    """Make named queries, prepared statements and work groups until the endpoint is gone."""
    athena, chance = client(url, "athena"), random.Random(number)  # noqa: S311  # repeatable, not secret
    for n in range(10**6):
        text = f"SELECT {n} + {chance.randrange(10**9)}"
        made = athena.create_named_query(Name="n", Database="d", QueryString=text)["NamedQueryId"]
        with done.lock:
            done.named[made] = text
        name = f"p{number}_{n}_{chance.randrange(10**9)}"
        athena.create_prepared_statement(StatementName=name, WorkGroup="primary", QueryStatement=text)
        with done.lock:
            done.prepared[name] = text
        athena.create_work_group(Name=name, Description=text)
        with done.lock:
            done.groups[name] = text


def write_queries(url, done, number):
    """Run queries one after another until the endpoint is gone; keep what was seen of each."""
    athena, chance = client(url, "athena"), random.Random(number)  # noqa: S311  # repeatable, not secret
    while True:
        value = chance.randrange(10**9)
        name = athena.start_query_execution(
            QueryString=f"SELECT {value} AS v", ResultConfiguration={"OutputLocation": "s3://ledger/q/"}
        )["QueryExecutionId"]
        with done.lock:
            done.queries[name] = None
        for _ in range(500):
            state = athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]["State"]
            if state == "SUCCEEDED":
                with done.lock:
                    done.queries[name] = str(value)
                break
            time.sleep(0.01)


WRITERS = (write_objects, write_objects, write_tables, write_athena, write_queries, write_queries)


def round_of_writes(state, done, seed, seconds):
    """Start the endpoint, check what is acknowledged, write for a while, kill it. Return how long the start took."""
    began = time.monotonic()
    process, url = start(state)
    took = time.monotonic() - began
    failures = []

    def writing(writer, number):
        try:
            writer(url, done, number)
        except (BotoCoreError, ClientError, KeyError) as error:  # KeyError: of a body that was cut
            if process.poll() is None and "reset" not in str(error) and "closed" not in str(error).lower():
                failures.append(error)

    try:
        prepare(url)
        check(url, done)
        threads = [threading.Thread(target=writing, args=(writer, seed * 100 + n)) for n, writer in enumerate(WRITERS)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
    finally:
        process.kill()
        process.wait()
    for thread in threads:
        thread.join()
    if failures and isinstance(failures[0], ClientError):
        raise failures[0]
    return took


def prepare(url):
    """Make the bucket and the database where they are not there yet."""
    with contextlib.suppress(ClientError):
        client(url, "s3").create_bucket(Bucket="ledger", ObjectLockEnabledForBucket=True)
    with contextlib.suppress(ClientError):
        client(url, "glue").create_database(DatabaseInput={"Name": "d"})


def check(url, done):
    """Assert that the endpoint has everything that was acknowledged."""
    s3, glue, athena = client(url, "s3"), client(url, "glue"), client(url, "athena")
    listed = collections.defaultdict(set)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket="ledger"):
        for kind in ("Versions", "DeleteMarkers"):
            listed[kind] |= {(v["Key"], v["VersionId"]) for v in page.get(kind, [])}
    assert set(done.versions) <= listed["Versions"], set(done.versions) - listed["Versions"]
    assert done.markers <= listed["DeleteMarkers"], done.markers - listed["DeleteMarkers"]
    some = random.Random(0).sample(sorted(done.versions), min(60, len(done.versions)))  # noqa: S311  # not secret
    for key, version in some:
        held = s3.get_object(Bucket="ledger", Key=key, VersionId=version)["Body"].read()
        assert held == done.versions[key, version], (key, version)
    for (key, version), until in list(done.retained.items())[-40:]:
        held = s3.get_object_retention(Bucket="ledger", Key=key, VersionId=version)["Retention"]
        assert (held["Mode"], held["RetainUntilDate"]) == ("COMPLIANCE", until), (key, version)
    tables = {
        t["Name"] for page in glue.get_paginator("get_tables").paginate(DatabaseName="d") for t in page["TableList"]
    }
    assert done.tables <= tables, done.tables - tables
    assert not done.removed_tables & tables
    groups = {g["Name"]: g["Description"] for g in everything(athena.list_work_groups, "WorkGroups")}
    assert done.groups.items() <= groups.items()
    prepared = everything(athena.list_prepared_statements, "PreparedStatements", WorkGroup="primary")
    assert set(done.prepared) <= {p["StatementName"] for p in prepared}
    assert set(done.named) <= set(everything(athena.list_named_queries, "NamedQueryIds"))
    for name in list(done.named)[-5:]:
        assert athena.get_named_query(NamedQueryId=name)["NamedQuery"]["QueryString"] == done.named[name]
    assert set(done.queries) <= set(everything(athena.list_query_executions, "QueryExecutionIds"))
    for name, value in list(done.queries.items())[-30:]:
        found = athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]
        assert found["State"] in (("SUCCEEDED",) if value else ("SUCCEEDED", "FAILED")), (name, value, found)
        if value:
            rows = athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
            assert rows[1]["Data"][0]["VarCharValue"] == value
    for (key, upload), (tag, body) in list(done.uploads.items())[:4]:
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        s3.complete_multipart_upload(Bucket="ledger", Key=key, UploadId=upload, MultipartUpload=parts)
        assert s3.get_object(Bucket="ledger", Key=key)["Body"].read() == body
        del done.uploads[key, upload]


def everything(call, member, **arguments):
    """Return all pages of a list of Athena's."""
    found, token = [], {}
    while True:
        page = call(**arguments, **token)
        found += page[member]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def main():
    """Kill an endpoint as often as said; print what was written and found again."""
    rounds, seed = int(sys.argv[1]), int((sys.argv[2:] or ["0"])[0])
    done = Acknowledged()
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    with tempfile.TemporaryDirectory(prefix="trailbook-kill-") as folder:
        for n in range(rounds):
            took = round_of_writes(Path(folder) / "state", done, seed + n, chance.uniform(0.2, 3))
            print(n, f"started and checked; start {took:.1f} s", done.count(), flush=True)
        process, url = start(Path(folder) / "state")
        try:
            check(url, done)
        finally:
            process.kill()
            process.wait()
    print("all there:", done.count())


if __name__ == "__main__":
    main()
