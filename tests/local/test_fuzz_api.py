import importlib.util
from pathlib import Path

import boto3
import pytest

from trailbook.local.server import serve

_SPEC = importlib.util.spec_from_file_location("fuzz_api", Path(__file__).with_name("fuzz_api.py"))
fuzz_api = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz_api)


@pytest.fixture(scope="module")
def session():
    with serve(None) as server:
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=server.endpoint_url, **keys).create_bucket(Bucket="results")
        yield fuzz_api.Session(server.endpoint_url)


def test_no_request_of_the_models_shapes_meets_an_error_of_ours_or_a_wrong_200(session):
    session.run(700, 1)
    answered = {status for _, status in session.counts}
    assert answered == {200, 400}


def test_no_bytes_targets_or_methods_meet_an_error_of_ours(session):
    session.run_raw(200, 1)
    assert session.counts["raw", 400] > 0


def test_the_judge_refuses_what_it_is_there_to_refuse():
    for status, body in (
        (500, b"{}"),
        (400, b'{"__type": "InvalidRequestException", "Message": "Traceback (most recent call last)"}'),
        (400, b"<html>"),
        (200, b'{"WorkGroup": {}}'),
        (200, b'{"WorkGroup": {"Name": "a", "Surprise": 1}}'),
        (200, b'{"WorkGroup": {"Name": 1}}'),
    ):
        with pytest.raises(fuzz_api.Wrong):
            fuzz_api.judge("GetWorkGroup", b"{}", status, body)
