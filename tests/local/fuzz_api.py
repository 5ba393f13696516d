"""Requests for Athena's API that are right, nearly right and wrong, made from botocore's model; and what answers owe.

`python tests/local/fuzz_api.py MINUTES [SEED]` starts an endpoint of its own, asks it for so long, and prints figures.
"""

import collections
import functools
import http.client
import json
import re
import sys
import time
import urllib.parse

import botocore.session
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

MODEL = botocore.session.get_session().get_service_model("athena")
TYPES = "application/x-amz-json-1.1"
SIGNED = "AWS4-HMAC-SHA256 Credential=any/20261122/{}/athena/aws4_request, SignedHeaders=host, Signature=0"
SQL = (
    "SELECT 1", "SELECT x FROM UNNEST(sequence(1, 30)) AS t (x)", "SELECT 1/0", "SELEC 1", "SHOW TABLES", "SELECT ?",
    "CREATE DATABASE fuzz", "DROP DATABASE IF EXISTS fuzz", "SHOW DATABASES", "DESCRIBE nothing", "", "-- ", "'",
    "SELECT * FROM t", "CREATE TABLE t AS SELECT 1 AS a", "INSERT INTO t VALUES (1)", "EXECUTE p USING 1",
    "UNLOAD (SELECT 1 AS a) TO 's3://results/u' WITH (format = 'PARQUET')", "PREPARE p FROM SELECT ?",
    "CREATE OR REPLACE VIEW v AS SELECT 1 AS a", "MSCK REPAIR TABLE t", "DROP TABLE t", "EXPLAIN SELECT 1",
    "ALTER TABLE t ADD PARTITION (a = '1')",
    "SELECT U&'\\D800'", "SELECT '\U0001f600'", "VALUES (1, 'a'), (2, NULL)", "SELECT CAST(1.5 AS decimal(10,2)) AS d",
    "SELECT '\x00'", "SELECT " + "(" * 300 + "1" + ")" * 300, "SELECT CAST(NULL AS varchar) AS n, '' AS e",
)  # fmt: skip
WORDS = ("primary", "audit", "AwsDataCatalog", "default", "trailbook", "t", "s3://results/", "s3://nowhere/x", "s3://",
         "AUTO", "arn:aws:athena:us-east-1:123456789012:workgroup/primary", "k" * 32, "DATA_ROWS", "(a+)+$", ".*",
         "[", "decimal")  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
LIKELY = {
    "WorkGroup": ("primary", "audit"), "Name": ("audit", "other"), "CatalogName": ("AwsDataCatalog", "audit"),
    "DatabaseName": ("default", "fuzz"), "TableName": ("t", "v"), "StatementName": ("find", "p1"),
    "ResourceARN": ("arn:aws:athena:us-east-1:123456789012:workgroup/primary",),
    "ClientRequestToken": ("c" * 32, "d" * 40),
    "QueryStatement": ("SELECT ?", "SELECT 1"), "Type": ("GLUE", "HIVE", "FEDERATED"),
}  # fmt: skip
TRACES = re.compile(rb"Traceback|File \\?\"|site-packages|/work/|sqlite3|moto\.")


class Wrong(AssertionError):
    """An answer that no client should ever get."""


@functools.cache
def values(shape):
    """Return a strategy of values for a shape: mostly of its type, some of them beyond its limits."""
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        return structures(shape)
    if kind == "list":
        return st.lists(values(shape.member), max_size=4)
    if kind == "map":
        return st.dictionaries(values(shape.key).filter(lambda k: isinstance(k, str)), values(shape.value), max_size=3)
    if kind == "string":
        return strings(limits)
    if kind in ("integer", "long"):
        edges = [n + d for n in (limits.get("min", 0), limits.get("max", 1000)) for d in (-1, 0, 1)]
        return st.sampled_from([*edges, 2**31, 2**63, -(2**70), 1.5]) | st.integers(1, 50)
    return st.booleans()


def strings(limits):
    """Return a strategy of texts about the limits of a shape, with names that mean something among them."""
    least, most = limits.get("min", 0), min(limits.get("max", 64), 400)
    found = [st.sampled_from(WORDS), st.sampled_from(SQL), st.text(min_size=least, max_size=max(most, least))]
    if "enum" in limits:
        return st.sampled_from(limits["enum"]) | found[0]
    if "pattern" in limits and "uD800" not in limits["pattern"]:
        found.append(st.from_regex(limits["pattern"], fullmatch=True))
    return st.one_of(found)


@functools.cache
def structures(shape):
    """Return a strategy of a structure's members: the required ones nearly always, the others now and then."""
    required = {name: values(member) for name, member in shape.members.items() if name in shape.required_members}
    others = {name: values(member) for name, member in shape.members.items() if name not in shape.required_members}
    good = st.fixed_dictionaries(required, optional=others)
    return st.one_of(good, good, good, st.dictionaries(st.sampled_from([*shape.members] or ["x"]), JSON, max_size=3))


@st.composite
def requests(draw, known):
    """Draw an operation and a body, with ids that the server has given among its members."""
    name = draw(st.sampled_from([*MODEL.operation_names, *known["often"]]))
    shape = MODEL.operation_model(name).input_shape
    body = draw(structures(shape)) if shape is not None else {}
    for member in ("QueryExecutionId", "NamedQueryId", "NextToken"):
        if member in body and known[member] and draw(st.integers(0, 3)):
            body[member] = draw(st.sampled_from(known[member][-20:]))
    for member, likely in LIKELY.items():
        if member in body and draw(st.integers(0, 3)):
            body[member] = draw(st.sampled_from(likely))
    if name == "StartQueryExecution" and draw(st.integers(0, 2)):
        token = (
            draw(st.sampled_from(WORDS[-6:]))
            if draw(st.booleans())
            else "t" * 20 + str(draw(st.integers(10**15, 10**16)))
        )
        body |= {"ResultConfiguration": {"OutputLocation": "s3://results/"}, "ClientRequestToken": token}
        body["QueryString"] = draw(st.sampled_from(SQL))
        body.pop("WorkGroup", None)
    return name, json.dumps(body).encode()


def ask(url, target, body, kind=TYPES, region="us-east-1", method="POST"):
    """Send one request as raw HTTP; return status and body."""
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    headers = {"Content-Type": kind, "X-Amz-Target": target, "Authorization": SIGNED.format(region)}
    try:
        connection.request(method, "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def judge(name, request, status, body):
    """Return the answer's members. Raises Wrong for a server error, a trace, or a 200 that is not of the model."""
    where = f"{name} {request[:300]!r} -> {status} {body[:400]!r}"
    if status >= 500 or TRACES.search(body):
        raise Wrong(where)
    if status == 404:
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        raise Wrong(f"no JSON: {where}") from None
    if status == 200:
        fits(found, MODEL.operation_model(name).output_shape, where)
    elif status != 400 or not str(found.get("__type", "")).endswith("Exception"):
        raise Wrong(where)
    return found


def fits(value, shape, where):
    """Raise Wrong where a value is not of a shape, or lacks what the shape requires."""
    if shape is None:
        return
    kinds = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "timestamp": int | float}
    if not isinstance(value, kinds.get(shape.type_name, int)) or (
        isinstance(value, bool) != (shape.type_name == "boolean")
    ):
        raise Wrong(f"{shape.name} is {value!r:.80}: {where}")
    if shape.type_name == "structure":
        missing = [name for name in shape.required_members if name not in value]
        unknown = [name for name in value if name not in shape.members]
        if missing or unknown:
            raise Wrong(f"{shape.name} lacks {missing}, has {unknown}: {where}")
        for name, inner in value.items():
            fits(inner, shape.members[name], where)
    for inner in value if shape.type_name == "list" else ():
        fits(inner, shape.member, where)
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        raise Wrong(f"{shape.name} is {value!r:.80}: {where}")


class Session:
    """Asks one endpoint, and remembers the ids and tokens that it gave."""

    def __init__(self, url):
        """Ask the endpoint at `url`; the bucket `results` should be there."""
        self.url = url
        self.known = collections.defaultdict(list)
        self.known["often"] = ["StartQueryExecution", "GetQueryResults", "GetQueryExecution"] * 4
        self.counts = collections.Counter()

    def run(self, examples, number):
        """Ask `examples` generated requests from the seed `number`. Raises Wrong."""

        @seed(number)
        @settings(
            max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.data())
        def each(data):
            name, body = data.draw(requests(self.known))
            status, answer = ask(self.url, f"AmazonAthena.{name}", body)
            found = judge(name, body, status, answer)
            self.counts[name, status] += 1
            for member in ("QueryExecutionId", "NamedQueryId", "NextToken"):
                if status == 200 and isinstance(found.get(member), str):
                    self.known[member].append(found[member])

        each()

    def run_raw(self, examples, number):
        """Ask with arbitrary bytes, targets, types, regions and methods. Raises Wrong."""
        targets = st.sampled_from(["AmazonAthena.ListWorkGroups", "AmazonAthena.StartQueryExecution", "AmazonAthena.X"])
        ascii_text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)

        @seed(number)
        @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate])
        @given(
            targets | ascii_text,
            st.binary(max_size=200)
            | JSON.map(lambda v: json.dumps(v).encode())
            | st.integers(1, 3000).map(lambda n: b"[" * n),
            st.sampled_from([TYPES, TYPES, TYPES, "application/json", "text/plain", TYPES + "; charset=utf-8"]),
            st.sampled_from(["us-east-1", "eu-west-1", "mars", "<x>"]),
            st.sampled_from(["POST", "POST", "POST", "PUT", "GET", "DELETE"]),
        )
        def each(target, body, kind, region, method):
            status, answer = ask(self.url, target, body, kind, region, method)
            name = target.rpartition(".")[2]
            judge(name if name in MODEL.operation_names else "ListWorkGroups", body, status, answer)
            self.counts["raw", status] += 1

        each()


def main():
    """Ask an endpoint of our own for as many minutes as said; print what came back."""
    import boto3

    from trailbook.local.server import serve

    minutes, number = float(sys.argv[1]), int((sys.argv[2:] or ["0"])[0])
    with serve(None) as server:
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=server.endpoint_url, **keys).create_bucket(Bucket="results")
        session, end = Session(server.endpoint_url), time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            number += 1
            try:
                session.run(500, number)
                session.run_raw(100, number)
            except Wrong as error:
                print("WRONG", number, error)
        statuses = collections.Counter()
        for (_, status), count in session.counts.items():
            statuses[status] += count
        fine = {name for (name, status) in session.counts if status == 200}
        print("never 200:", *sorted(set(MODEL.operation_names) - fine))
        print(
            sum(statuses.values()), "requests", dict(statuses), len(fine), "operations answered 200; last seed", number
        )


if __name__ == "__main__":
    main()
