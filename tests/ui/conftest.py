"""Chromium, a site to point it at, and users signed in by Airflow's own login page.

One site for all tests; Chromium is Debian's or Google's from PATH, or the one that TRAILBOOK_CHROMIUM names.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).parent))

if TYPE_CHECKING:
    from browsing import Visitor
    from playwright.sync_api import Browser
    from served_site import Site

_NAMES = ("chromium", "chromium-browser", "google-chrome")

RUNS = {"auth-failed-logins": 2, "iam-policy-changes": 1}
"""Runs before the first test: two days with a diff between them, and a runbook that a finding leads to."""


def chromium() -> str | None:
    """Return the browser's program."""
    return os.environ.get("TRAILBOOK_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium, without a window."""
    program = chromium()
    if program is None:
        pytest.skip(f"no Chromium: expected one of {', '.join(_NAMES)} in PATH, or its path in TRAILBOOK_CHROMIUM")
    from browsing import launched

    with launched(program) as running:
        yield running


@pytest.fixture(scope="session")
def site(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Site]":
    """The whole Trailbook, after some runs; asked for after the browser, for without one it is of no use."""
    from served_site import serving

    with serving(tmp_path_factory.mktemp("site")) as running:
        running.has_run(RUNS)
        yield running


@pytest.fixture(scope="session")
def states() -> dict[str, object]:
    """What the browser keeps of each user who has signed in: cookies."""
    return {}


@pytest.fixture
def visit(browser: "Browser", site: "Site", states: dict[str, object]) -> "Iterator[Callable[..., Visitor]]":
    """Open a browser of a user, of nobody where the name is empty; its complaints fail the test at its end."""
    from browsing import Visitor

    visitors: list[Visitor] = []

    def of(name: str = "", **options: object) -> Visitor:
        if name and name not in states:
            states[name] = Visitor.signing_in(browser, site, name)
        visitors.append(Visitor(browser, site, state=states.get(name), **options))
        return visitors[-1]

    yield of
    complaints = [line for visitor in visitors for line in visitor.leave()]
    assert complaints == []
