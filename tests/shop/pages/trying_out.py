"""Swagger UI in a browser, on the sample: "Try it out" and "Execute" of every operation, with nothing typed in."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.shop.pages.browser import swagger_page
from tests.shop.support.served import served_shop

_PICTURE = os.environ.get("TWINPATH_PICTURE")
"""Where a picture of the page is kept, to be looked at."""

_TRY_EACH = """async () => {
  const until = async (look) => {
    for (let looks = 0; looks < 3000; looks++) {
      const seen = look();
      if (seen) return seen;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return null;
  };
  const blocks = [...document.querySelectorAll(".opblock")];
  const tried = {};
  for (const block of blocks) {
    block.querySelector(".opblock-summary-control").click();
    (await until(() => block.querySelector(".try-out__btn"))).click();
    const execute = await until(() => block.querySelector(".execute"));
    const headers = [...block.querySelectorAll("tr[data-param-in=header] input")];
    tried[block.id] = { filled: headers.filter((field) => field.value).map((field) => field.placeholder) };
    execute.click();
    const cell = await until(() => block.querySelector(".live-responses-table tbody .response-col_status"));
    tried[block.id].status = cell ? cell.innerText.trim() : "no answer is shown";
    block.querySelector(".opblock-summary-control").click();  // what is open is drawn anew with each answer
  }
  return tried;
}"""
"""Opens, tries and executes each operation, waits for what the page shows of its answer, and closes it."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with served_shop() as address, swagger_page(address) as page:
        yield page


@pytest.mark.timeout(900)
def test_every_operation_succeeds_at_the_first_click(page: Page) -> None:
    paths = httpx.get(f"{page.url.partition('/docs')[0]}/openapi.json").json()["paths"]
    tried: dict[str, dict[str, Any]] = page.evaluate(_TRY_EACH)

    page.locator(".opblock-summary-control").nth(6).click()
    if _PICTURE:
        page.screenshot(path=Path(_PICTURE), full_page=True)
    assert len(tried) == sum(len(methods) for methods in paths.values())
    failed = {name: seen["status"] for name, seen in tried.items() if not seen["status"].startswith("2")}
    # reports need a ClickHouse, which one process does not have: 503 `analytics_off` says how to switch it on
    assert failed == {name: "503" for name in tried if name.startswith("operations-analytics-")}
    assert not any(seen["filled"] for seen in tried.values())
