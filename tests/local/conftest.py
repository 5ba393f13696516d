"""A lake to query: objects in the embedded S3 and tables in the embedded Glue, without the API in between.

And an endpoint: the whole embedded AWS with its clients.
"""

import gzip
import json
import time

import boto3
import pytest
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from trailbook.local.engine.engine import SHARED_MEMORY, connect, run
from trailbook.local.glue_tables import GlueTables, record_cache, spill_folder
from trailbook.local.server import serve
from trailbook.local.state import ACCOUNT, State
from trailbook.sql.schema import COLUMNS

REGION = "us-east-1"
CLOUDTRAIL_INPUT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
HIVE_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


class Lake:
    """One bucket `logs`, one database `db`."""

    def __init__(self, folder):
        self.folder = folder
        self.state = State(folder)
        self.state.load()
        self.s3 = s3_backends[ACCOUNT]["aws"]
        self.glue = glue_backends[ACCOUNT][REGION]
        self.s3.create_bucket("logs", REGION)
        self.glue.create_database("db", {"Name": "db"})

    @property
    def cache(self):
        return record_cache()

    def put(self, key, body):
        self.s3.put_object("logs", key, body)

    def put_log(self, key, records):
        self.put(key, gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))

    def size(self, *keys):
        return sum(self.s3.buckets["logs"].keys[k].size for k in keys)

    def delete(self, key):
        del self.s3.buckets["logs"].keys[key]

    def table(
        self, name, columns=COLUMNS, keys=(), serde=HIVE_JSON, input_format=CLOUDTRAIL_INPUT, properties=None,
        serde_properties=None, location=None,
    ):  # fmt: skip
        described = {
            "Name": name,
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in keys],
            "Parameters": properties or {},
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": t} for n, t in dict(columns).items()],
                "Location": location or f"s3://logs/{name}/",
                "InputFormat": input_format,
                "SerdeInfo": {"SerializationLibrary": serde, "Parameters": serde_properties or {}},
            },
        }
        self.glue.create_table("db", name, described)

    def partition(self, table, values, location):
        held = self.glue.databases["db"].tables[table]
        held.create_partition({"Values": list(values), "StorageDescriptor": {"Location": location}})

    def query(self, sql, cutoff=0):
        with connect(memory=SHARED_MEMORY, spill=spill_folder()) as connection:
            return run(connection, GlueTables(ACCOUNT, REGION, cutoff), sql, "db")

    def rows(self, sql):
        return [list(r) for r in self.query(sql).rows]

    def scanned(self, sql):
        return self.query(sql).data_scanned_in_bytes


@pytest.fixture(scope="module")
def shared_lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    yield lake
    lake.state.close()


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path)
    yield lake
    lake.state.close()


class Endpoint:
    """A running embedded AWS with its clients, and Athena's statements run to their end."""

    def __init__(self, url):
        self.s3, self.glue, self.athena = (
            boto3.client(
                name, endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="a", region_name="us-east-1"
            )
            for name in ("s3", "glue", "athena")
        )

    def execute(self, sql, **more):
        asked = {
            "QueryString": sql,
            "ResultConfiguration": {"OutputLocation": "s3://results/q/"},
            "QueryExecutionContext": {"Database": "d"},
        }
        name = self.athena.start_query_execution(**{**asked, **more})["QueryExecutionId"]
        for _ in range(1000):
            found = self.athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]
            if found["Status"]["State"] in ENDED:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{sql} did not end")

    def run(self, sql, **more):
        found = self.execute(sql, **more)
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]["StateChangeReason"]
        return found

    def fails(self, sql, **more):
        found = self.execute(sql, **more)
        assert found["Status"]["State"] == "FAILED", sql
        return found["Status"]["StateChangeReason"]

    def rows(self, sql, **more):
        found = self.run(sql, **more)
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=found["QueryExecutionId"])
        return [[c.get("VarCharValue") for c in r["Data"]] for page in pages for r in page["ResultSet"]["Rows"]][1:]

    def keys(self, prefix, bucket="data"):
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]

    def body(self, uri):
        bucket, _, key = uri[5:].partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def manifest(self, found):
        return self.body(found["Statistics"]["DataManifestLocation"]).decode().splitlines()

    def lines(self, sql, **more):
        """Return the lines that a statement prints."""
        found = self.run(sql, **more)
        answered = self.athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])
        return [r["Data"][0].get("VarCharValue") for r in answered["ResultSet"]["Rows"]]


@pytest.fixture
def connected_to():
    """Return what makes an endpoint's clients of its URL."""
    return Endpoint


@pytest.fixture(scope="module")
def endpoint():
    with serve(None) as server:
        made = Endpoint(server.endpoint_url)
        made.s3.create_bucket(Bucket="data")
        made.s3.create_bucket(Bucket="results")
        made.run("CREATE DATABASE d")
        yield made
