"""A visitor of the site: a page of Chromium's, and all that the browser complained about meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, StorageState, expect, sync_playwright
from served_site import Site

PATIENCE = 60_000
"""Milliseconds that anything may take before it counts as missing; the machine may be busy with other things."""

_TELLS_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI || "inline"} in ${location.href}`));
"""


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """Run Chromium."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Visitor:
    """One person's browser."""

    def __init__(self, browser: Browser, site: Site, *, state: Any = None, **options: Any) -> None:
        options = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | options
        self.site, self.complaints = site, list[str]()
        self._refused: str | None = None
        self._context = browser.new_context(base_url=site.url, storage_state=state, **options)
        self._context.set_default_timeout(PATIENCE)
        self._context.add_init_script(_TELLS_VIOLATIONS)
        self.page: Page = self._context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    @classmethod
    def signing_in(cls, browser: Browser, site: Site, name: str) -> StorageState:
        """Sign in as a person does, through Airflow's login page, and return the cookies."""
        visitor = cls(browser, site)
        visitor.page.goto("/auth/login")
        visitor.signs_in(name)
        visitor.page.wait_for_url(lambda url: "/auth/" not in url)
        return visitor._context.storage_state()

    def signs_in(self, name: str) -> None:
        """Fill the login page that is open."""
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(self.site.passwords[name])
        self.page.get_by_role("button", name="Sign in").click()

    def opens(self, path: str) -> Page:
        """Go to an address of our pages."""
        self.page.goto(f"/trailbook{path}")
        return self.page

    def embedded(self) -> FrameLocator:
        """Return our page in the frame that Airflow shows it in."""
        return self.page.frame_locator("iframe")

    def expecting(self, status: int) -> Self:
        """Say that a page is refused with a status on purpose, which the browser logs as an error."""
        self._refused = f"status of {status} "
        return self

    def leave(self) -> list[str]:
        """Close the browser and return what it complained about."""
        self._context.close()
        return [line for line in self.complaints if self._refused is None or self._refused not in line]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not self._airflows_own(message):
            self.complaints.append(f"{self.page.url}: {message.text} ({message.location.get('url', '')})")

    @staticmethod
    def _airflows_own(message: ConsoleMessage) -> bool:
        """Whether Airflow's UI, not a page of ours, says it: its script logs what does not concern us."""
        return "/trailbook" not in message.text and "/trailbook" not in message.location.get("url", "")
