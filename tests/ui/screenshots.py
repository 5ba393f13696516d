"""Writes docs/images anew: each page as it is after three days of the sample trail.

`--all FOLDER` writes every page, whole, at 1440 and 390 px in light and dark instead, for somebody to look at.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from browsing import Visitor, launched
from conftest import chromium
from playwright.sync_api import Browser, Page
from png import fewer_colours
from served_site import REPO, Site, serving

IMAGES = REPO / "docs" / "images"
RUNS = {
    "auth-failed-logins": 2,
    "change-unauthorised-key-resources": 2,
    "cloudtrail-tampering": 1,
    "iam-policy-changes": 2,
    "s3-critical-bucket-activity": 2,
}
TIMELINE = "/runbooks/principal-timeline/new?source_ip=198.51.100.7&reason=Ticket+4711"
RUN = "/runbooks/auth-failed-logins/runs/day-1"
PAGES = {
    "runbooks": "/",
    "no-match": "/?q=nothing-is-called-so",
    "runbook": "/runbooks/auth-failed-logins",
    "history": "/runbooks/auth-failed-logins/runs",
    "run": RUN,
    "run-second": "/runbooks/auth-failed-logins/runs/day-2",
    "run-verified": f"{RUN}?verify=1",
    "form": TIMELINE,
    "form-long": "/runbooks/auth-failed-logins/new",
    "compliance": "/compliance",
    "trail": "/trail",
    "not-found": "/no-such-page",
}


def main() -> int:
    """Serve a site, let it run, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="write every page at every size and theme there")
    args = parser.parse_args()
    program = chromium()
    if program is None:
        print("no Chromium: put one in PATH, or name it in TRAILBOOK_CHROMIUM", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="trailbook-site-") as folder, launched(program) as browser:
        with serving(Path(folder)) as site:
            site.has_run(RUNS)
        with serving(Path(folder), scheduled=True) as site:  # the third day comes by each DAG's own schedule
            site.waits_for({name: count + 1 for name, count in RUNS.items()})
            for path in every(browser, site, args.all) if args.all else documented(browser, site):
                print(f"{path}  {path.stat().st_size / 1000:.0f} kB")
    return 0


def every(browser: Browser, site: Site, folder: Path) -> Iterator[Path]:
    """Write each page whole, in both themes and at both widths."""
    folder.mkdir(parents=True, exist_ok=True)
    state = Visitor.signing_in(browser, site, "uma")
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            visitor = Visitor(browser, site, state=state, **options)
            for name, path in PAGES.items():
                page = visitor.opens(path)
                file = folder / f"{name}-{scheme}-{width}.png"
                page.screenshot(path=file, full_page=True, animations="disabled")
                yield file
            visitor.leave()


def documented(browser: Browser, site: Site) -> Iterator[Path]:
    """Write the pictures that the documentation shows."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    state = Visitor.signing_in(browser, site, "admin")
    visitor = Visitor(browser, site, state=state, color_scheme="light")
    page = visitor.page
    page.goto("/plugin/trailbook-runbooks")
    visitor.embedded().locator("#lines").wait_for()
    yield _picture(page, "runbooks")
    page.goto("/dags/auth-failed-logins/runs/day-1/plugin/trailbook-findings")
    visitor.embedded().get_by_role("heading", name="Findings").wait_for()
    yield _picture(page, "findings-tab")
    page.goto("/dags/auth-failed-logins")
    page.get_by_role("button", name="Trigger Dag").click()
    page.get_by_label("Failures before a row counts").wait_for()
    yield _picture(page, "airflows-form")
    for name, path in (("runbook", "/runbooks/auth-failed-logins"), ("run", RUN), ("form", TIMELINE)):
        visitor.opens(path)
        yield _picture(page, name)
    visitor.opens("/runbooks/auth-failed-logins/runs")
    yield _picture(page, "history", height=620)
    visitor.opens(f"{RUN}?verify=1")
    page.locator("#evidence").scroll_into_view_if_needed()
    yield _picture(page, "evidence", of="#evidence")
    visitor.opens("/compliance")
    yield _picture(page, "compliance")
    visitor.opens("/trail")
    yield _picture(page, "trail")
    visitor.leave()


def _picture(page: Page, name: str, *, height: int = 900, of: str = "") -> Path:
    """Write what is on the screen, or one part of the page."""
    page.set_viewport_size({"width": 1440, "height": height})
    part = page.locator(of) if of else page
    path = IMAGES / f"{name}.png"
    path.write_bytes(fewer_colours(page, part.screenshot(animations="disabled")))
    return path


if __name__ == "__main__":
    sys.exit(main())
