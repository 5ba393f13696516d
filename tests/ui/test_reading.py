"""Each page for each reader: by keyboard alone, on a phone, in the dark, without a complaint of the browser's."""

from collections.abc import Callable

import pytest
from browsing import Visitor
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.ui

PAGES = (
    "/",
    "/?q=nothing-is-called-so",
    "/runbooks/auth-failed-logins",
    "/runbooks/principal-timeline",
    "/runbooks/auth-failed-logins/runs",
    "/runbooks/auth-failed-logins/runs/day-1",
    "/runbooks/auth-failed-logins/runs/day-2?verify=1",
    "/runbooks/auth-failed-logins/new",
    "/runbooks/principal-timeline/new?source_ip=198.51.100.7",
    "/compliance",
    "/trail",
)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
Visit = Callable[..., Visitor]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone_and_a_desk_in_light_and_dark_and_the_browser_has_no_complaint(
    visit: Visit, path: str
) -> None:
    for viewport, scheme in ((WIDE, "light"), (NARROW, "dark")):
        page = visit("uma", viewport=viewport, color_scheme=scheme).opens(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"{path} is {width} px wide"


@pytest.mark.parametrize("name", ["runbooks", "compliance", "trail"])
def test_airflows_frame_shows_each_page_of_the_navigation_without_complaint(visit: Visit, name: str) -> None:
    visitor = visit("uma")
    visitor.page.goto(f"/plugin/trailbook-{name}")
    expect(visitor.embedded().get_by_role("heading", level=1)).to_be_visible()
    current = visitor.embedded().get_by_role("navigation", name="Trailbook").locator("[aria-current]")
    expect(current).to_have_text(name.capitalize())


def test_the_keyboard_alone_skips_to_the_content_searches_and_opens_a_runbook(visit: Visit) -> None:
    page = visit("uma").opens("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    search, first = (
        page.get_by_role("searchbox"),
        page.locator("#lines tr:visible").first.get_by_role("rowheader").get_by_role("link"),
    )
    _tab_to(page, "#q")
    page.keyboard.type("iam policies")
    expect(page.get_by_role("status").filter(has_text="of 10")).to_be_visible()
    title = first.inner_text()
    for _ in range(15):
        page.keyboard.press("Tab")
        if first.evaluate("link => link === document.activeElement"):
            break
    expect(first).to_be_focused()
    expect(search).not_to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()


def _tab_to(page: Page, selector: str) -> None:
    wanted = page.locator(selector)
    for _ in range(10):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    expect(wanted).to_be_focused(timeout=1)
