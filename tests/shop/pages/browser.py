"""A page of Swagger UI in a browser, for the tests that look at it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""The programs that are looked for."""


@contextmanager
def swagger_page(address: str) -> Iterator[Page]:
    """The page of the API at an address, once every operation is listed. Raises AssertionError: there is no browser."""
    browser_path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    assert browser_path, f"there is no browser: install one of {', '.join(_BROWSERS)}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(base_url=address, viewport={"width": 1200, "height": 1400})
        page.goto("/docs")
        page.wait_for_selector(".opblock")
        yield page
        browser.close()
