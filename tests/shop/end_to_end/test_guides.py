"""The guides are followed as written: an aggregate, a view and a process are added, an event is changed."""

import sys
from pathlib import Path

import httpx
import pytest

from tests.shop.support.guide import Reader
from tests.support.eventually import eventually
from tests.support.services.system import System

API = "/api/v1"
ORDER = "order-0198c0de-0000-7000-8000-000000000003"
ADDING = ("add-an-aggregate.md", "test-with-given-when-then.md", "add-a-view.md", "add-a-process.md")


@pytest.mark.timeout(900)
async def test_what_the_guides_add_runs_and_an_event_is_changed_in_the_order_that_the_guide_says(
    stopped_system: System, tmp_path: Path
) -> None:
    reader, system = Reader(tmp_path / "checkout"), stopped_system
    for page in ADDING:
        reader.follow(page, leave_out="make check")  # it comes once, with everything in place
    for name in ("command", "projector", "query"):
        system.add(name, reader.folder)
    for name in ("command", "projector", "query"):
        system[name].wait_ready()
    async with system.client("command") as commands, system.client("query") as queries:
        old = await _issued(commands)
        await _redeemed(commands, queries, old, left=1)

        reader.follow("change-an-event.md")
        for name in ("query", "projector", "command"):  # as the guide says
            system[name].stop()
            system[name].start()
            system[name].wait_ready()
            assert (await queries.get(f"{API}/vouchers?sort=-redeemed")).status_code == 200
        new = await _issued(commands)
        await _redeemed(commands, queries, old, left=0)
        history = (await queries.get(f"{API}/vouchers/{old}/history")).raise_for_status().json()
        assert history["items"][0]["data"]["campaign"] == "unknown"

        async def both_listed() -> bool:
            page = (await queries.get(f"{API}/vouchers?percent=10")).raise_for_status().json()
            return {row["voucher_id"] for row in page["items"]} == {old, new}

        await eventually(both_listed, limit=30)
    system.checkout = reader.folder
    reader.run([sys.executable, "-m", "twinpath.cli", "doctor"])
    await system.verify()


async def _issued(commands: httpx.AsyncClient) -> str:
    issued = await commands.post(f"{API}/vouchers", json={"percent": 10, "uses": 2})
    assert issued.status_code == 201, issued.text
    return str(issued.json()["voucher_id"])


async def _redeemed(commands: httpx.AsyncClient, queries: httpx.AsyncClient, voucher: str, left: int) -> None:
    redeemed = await commands.post(f"{API}/vouchers/{voucher}/redeem", json={"order_id": ORDER})
    assert redeemed.status_code == 200, redeemed.text
    token = {"Causal-Token": redeemed.headers["Causal-Token"]}
    shown = (await queries.get(f"{API}/vouchers/{voucher}", headers=token)).json()
    assert (shown["left"], shown["redeemed"]) == (left, 2 - left)
