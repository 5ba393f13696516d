"""The laptop's client of Airflow's API: what is tried again, what is not."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from trailbook.errors import DeploymentError
from trailbook.laptop.rest import AirflowRest


class Api(ThreadingHTTPServer):
    """An API that answers with what is queued, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, object]] = []
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.path} {body.decode()}")
        status, answer = self.server.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def rest(api: Api) -> AirflowRest:
    api.answers.append((201, {"access_token": "t"}))
    return AirflowRest(f"http://127.0.0.1:{api.server_address[1]}", ("admin", "secret"))


_DAY = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_a_locked_database_is_tried_again_and_a_run_that_is_there_is_enough(api: Api, rest: AirflowRest) -> None:
    api.answers += [(500, "database is locked"), (409, "a run of that id exists")]
    rest.trigger("some-dag", "some-run", _DAY, "because")
    assert [asked.split()[0] for asked in api.asked] == ["/auth/token"] + ["/api/v2/dags/some-dag/dagRuns"] * 2
    assert json.loads(api.asked[1].partition(" ")[2]) == {
        "dag_run_id": "some-run",
        "logical_date": "2026-11-02T12:00:00Z",
        "conf": {"reason": "because"},
    }


def test_a_wrong_request_is_not_tried_again(api: Api, rest: AirflowRest) -> None:
    api.answers.append((404, "no such DAG"))
    with pytest.raises(DeploymentError, match="answered 404 to POST"):
        rest.trigger("no-dag", "r", _DAY, "x")
    assert len(api.asked) == 2


def test_an_api_that_is_not_there_is_not_healthy(api: Api) -> None:
    from trailbook.laptop.children import free_port

    gone = AirflowRest(f"http://127.0.0.1:{free_port()}", ("admin", "secret"))
    assert not gone.healthy()
