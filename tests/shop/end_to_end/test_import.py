"""`twinpath import` on real servers: killed in the middle and started again, it doubles nothing and says the same."""

import asyncio
import json
import signal
from pathlib import Path

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.services.system import System

ROWS = 3_000
_EVERY = 40
"""So many rows have a price that is none."""


def feed(file: Path) -> Path:
    """A feed of Google's, with sale prices and categories; the last row's number is taken by the first."""
    lines = ["id\ttitle\tprice\tsale price\tproduct type\tquantity"]
    for number in range(ROWS):
        price = "on request" if number % _EVERY == 0 else f"{number + 1}.50 EUR"
        sale = "0.99 EUR" if number % 7 == 1 else ""
        lines.append(f"SKU {number}/é\tProduct {number}\t{price}\t{sale}\tHome > Part {number % 9}\t{number % 5}")
    file.write_text("\n".join([*lines, "sku  1/É\tThe first again\t1.00 EUR\t\t\t"]), encoding="utf-8")
    return file


async def count(queries: httpx.AsyncClient) -> int:
    """How many products the list shows."""
    shown, url = 0, "/api/v1/products?limit=100"
    while url:
        answer = (await queries.get(url)).raise_for_status()
        shown += len(answer.json()["items"])
        url = answer.links["next"]["url"] if answer.json()["next"] else ""
    return shown


@pytest.mark.timeout(400)
async def test_an_import_that_was_killed_goes_on_and_doubles_nothing(system: System, tmp_path: Path) -> None:
    file = feed(tmp_path / "feed.txt")
    command = ("import", "products", str(file), "--json", "--url", system["command"].url)
    async with system.client("query") as queries:

        async def some() -> bool:
            return bool((await queries.get("/api/v1/products?limit=1")).json()["items"])

        first = system.twinpath(*command)
        await eventually(some, limit=60)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        reports = []
        for _ in range(2):
            again = system.twinpath(*command)
            shown, _ = await asyncio.to_thread(again.communicate)
            assert again.returncode == 1, shown
            reports.append([json.loads(line) for line in shown.splitlines() if line.startswith("{")])
        broken = ROWS // _EVERY

        async def all_shown() -> bool:
            return await count(queries) == ROWS - broken

        await eventually(all_shown, limit=60, pause=0.5)
        assert reports[0] == reports[1]
        *refusals, summary = reports[0]
        assert (summary["taken"], summary["refused"]) == (ROWS - broken, broken + 1)
        assert summary["taken"] > 0.9 * (ROWS + 1)
        kinds = {(kind["kind"], kind["rows"]) for kind in summary["kinds"]}
        assert kinds == {("price_unreadable", broken), ("sku_taken", 1)}
        assert (refusals[-1]["line"], refusals[-1]["kind"]) == (ROWS + 2, "sku_taken")
        products = (await queries.get("/api/v1/products", params={"sku": "sku 8/É"})).json()["items"]
        assert [(lamp["price"]["amount"], lamp["on_hand"], lamp["version"]) for lamp in products] == [("0.99", 3, 2)]
