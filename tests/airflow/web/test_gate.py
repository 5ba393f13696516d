import re
from collections.abc import Callable
from typing import Any

import pytest
from cloud import Cloud
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markup import Markup

from trailbook.airflow.web import gate

pytestmark = pytest.mark.airflow

FORM = {"Content-Type": gate.FORM}


def addresses(pages: FastAPI) -> list[tuple[str, str]]:
    """Every route with every method that it has, and what is no route."""
    found = []
    for route in pages.routes:
        path = re.sub(r"\{[^}]*\}", "failed-logins", route.path)  # type: ignore[attr-defined]  # all of ours have a path
        found += [(method, path) for method in route.methods]  # type: ignore[attr-defined]  # and methods
    strange = ("/docs", "/redoc", "/openapi.json", "/nowhere", "/static/x/trailbook.css", "/runbooks", "//", "/%2e%2e/")
    return found + [
        (method, path) for path in strange for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
    ]


def test_without_a_user_every_route_and_every_other_address_is_401_and_says_nothing(
    place: Cloud, pages: FastAPI, signed_in: Callable[[str | None], TestClient]
) -> None:
    browser = signed_in(None)
    asked = addresses(pages)
    assert len(asked) > 50
    for method, path in asked:
        answer = browser.request(method, f"/trailbook{path}")
        assert answer.status_code == 401, (method, path)
        assert "Failed sign-ins" not in answer.text
        assert answer.headers["content-security-policy"] == gate.POLICY


def test_a_token_that_is_none_or_forged_is_401_too(place: Cloud, signed_in: Callable[[str | None], TestClient]) -> None:
    for token in ("x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."):
        browser = signed_in(None)
        browser.cookies.set("_token", token)
        assert browser.get("/trailbook/").status_code == 401
        assert signed_in(None).get("/trailbook/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_page_for_somebody_without_a_user_leads_to_the_sign_in_and_back(
    place: Cloud, signed_in: Callable[[str | None], TestClient]
) -> None:
    page = Markup(signed_in(None).get("/trailbook/runbooks/x?verdict=fail").text)
    assert "/auth/login?next=%2Ftrailbook%2Frunbooks%2Fx%3Fverdict%3Dfail" in page.links()


def test_every_answer_has_the_security_headers(admin: TestClient, place: Cloud) -> None:
    style = next(
        link["href"] for link in Markup(admin.get("/trailbook/").text).all("link") if link["rel"] == "stylesheet"
    )
    for path, status in (("/trailbook/", 200), (style, 200), ("/trailbook/no", 404), ("/trailbook/?x=%00", 200)):
        answer = admin.get(path)
        assert answer.status_code == status
        assert {name: answer.headers[name] for name in gate.HEADERS} == gate.HEADERS
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
    assert admin.get("/trailbook/").headers["cache-control"] == "no-store"
    assert "immutable" in admin.get(style).headers["cache-control"]
    assert admin.get(style).headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:8080.evil.example"}, 403),
        ({"Origin": "http://[bad"}, 403),
        ({"Referer": "https://evil.example/localhost:8080"}, 403),
        ({"Origin": "http://localhost:8080", "Content-Type": "application/json"}, 415),
        ({"Origin": "http://localhost:8080", "Content-Type": "text/plain"}, 415),
        ({"Origin": "http://localhost:8080"}, 405),
        ({"Referer": "http://localhost:8080/trailbook/"}, 405),
    ],
)
def test_a_form_must_come_from_this_host_and_be_a_form(admin: TestClient, headers: dict[str, str], status: int) -> None:
    assert admin.post("/trailbook/", headers=FORM | headers, content=b"a=b").status_code == status


def test_a_bug_is_a_page_with_a_reference_and_no_traceback(
    admin: TestClient, pages: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def fresh(self, **_: Any) -> None:
            raise RuntimeError("secret of the inside")

    kept, pages.state.data = pages.state.data, Broken()
    try:
        answer = admin.get("/trailbook/")
    finally:
        pages.state.data = kept
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    (reference,) = re.findall(r"has it as ([0-9a-f]{8})", answer.text)
    assert reference in caplog.text
    assert answer.headers["content-security-policy"] == gate.POLICY
