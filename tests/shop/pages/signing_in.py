"""Authorize on the page of Swagger UI, in a browser: an agent signs in at the issuer by a code with PKCE."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from deploy.demo import authentication_by
from deploy.issuer.provider import Memory
from deploy.issuer.serving import beside
from deploy.local.ports import hold_port
from tests.shop.pages.browser import swagger_page
from tests.shop.support.served import served_shop

_PICTURE = os.environ.get("TWINPATH_PICTURE_SIGNED_IN")
"""Where a picture of the page is kept, to be looked at."""


@pytest.fixture
def page() -> Iterator[Page]:
    with (
        beside(hold_port().release(), Memory()) as issuer,
        served_shop(authentication_by(issuer)) as address,
        swagger_page(address) as page,
    ):
        yield page


def _status_of(page: Page, operation: str) -> str:
    """Carry out an operation as it stands; the status that the page shows."""
    block = page.locator(f"[id$={operation}]")
    if not block.locator(".execute").is_visible():
        block.locator(".opblock-summary-control").click()
        block.locator(".try-out__btn").click()
    with page.expect_response(lambda response: "/api/v1/" in response.url) as answered:
        block.locator(".execute").click()
    answer = answered.value
    block.locator(".live-responses-table tbody .response-col_status", has_text=str(answer.status)).first.wait_for()
    return str(answer.status)


@pytest.mark.timeout(120)
def test_who_signs_in_may_do_what_nobody_else_may(page: Page) -> None:
    assert _status_of(page, "list_tickets") == "401"

    page.locator(".btn.authorize").first.click()
    dialog = page.locator(".dialog-ux .auth-container", has=page.get_by_text("authorization_code")).first
    with page.expect_popup() as opened:
        dialog.locator("button.authorize").click()
    opened.value.get_by_role("button", name="agent").click()
    dialog.get_by_text("Logout").wait_for()
    page.locator(".btn-done").first.click()

    assert _status_of(page, "list_tickets") == "200"
    if _PICTURE:
        page.screenshot(path=Path(_PICTURE))
