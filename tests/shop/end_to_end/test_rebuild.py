"""`twinpath rebuild` while commands and queries go on: no query sees a view that is empty, half built or behind."""

import asyncio
import random
import subprocess

import httpx
from pymongo import AsyncMongoClient

from tests.shop.end_to_end.test_failures import keep_writing
from tests.shop.support.ledger import Ledger
from tests.support.services.system import System
from twinpath.domain.views import Document

VIEWS = ["ticket_list", "ticket_details", "ticket_dashboard", "history"]


async def keep_reading(ledger: Ledger, queries: httpx.AsyncClient, enough: asyncio.Event) -> int:
    """Read what was written, with and without its causal token; how often."""
    reads, chance = 0, random.Random(3)
    while not enough.is_set():
        tickets = {ticket: entry.version for ticket, entry in ledger.tickets.items()}
        headers = {"Causal-Token": ledger.token}
        ticket = chance.choice(list(tickets))
        details = await queries.get(f"/api/v1/tickets/{ticket}", headers=headers)
        assert details.status_code == 200, details.text
        assert details.json()["version"] >= tickets[ticket]
        history = await queries.get(f"/api/v1/tickets/{ticket}/history?limit=100", headers=headers)
        assert len(history.json()["items"]) >= min(tickets[ticket], 100), history.text
        dashboard = await queries.get("/api/v1/tickets/dashboard", headers=headers)
        assert sum(dashboard.json()["by_status"].values()) >= len(tickets), dashboard.text
        known = sorted(tickets)[0]
        plain = await queries.get(f"/api/v1/tickets/{known}")
        assert plain.status_code == 200, plain.text
        listed = await queries.get("/api/v1/tickets?limit=100", headers=headers)
        assert len(listed.json()["items"]) >= min(len(tickets), 100), listed.text
        reads += 1
    return reads


async def ended(started: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = await asyncio.to_thread(started.communicate)
    return started.returncode, output


async def test_every_view_is_rebuilt_under_load_and_a_rebuild_that_is_killed_goes_on(
    system: System, mongodb_url: str, unique: str
) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        ledger, enough = Ledger(commands), asyncio.Event()
        for _ in range(60):
            await ledger.act()
        await ledger.check(queries)
        writing = [asyncio.create_task(keep_writing(ledger, enough))]
        reading = [asyncio.create_task(keep_reading(ledger, queries, enough)) for _ in range(3)]
        for seconds in (1.2, 1.6, 2.0):  # wherever that falls: in a fill, a comparison or a switch
            killed = system.twinpath("rebuild", *VIEWS)
            await asyncio.wait([asyncio.create_task(ended(killed))], timeout=seconds)
            killed.kill()

        code, output = await ended(system.twinpath("rebuild", *VIEWS))

        assert code == 0, output
        enough.set()
        await asyncio.gather(*writing)
        assert min(await asyncio.gather(*reading)) > 0
        await ledger.check(queries)
        code, output = await ended(system.twinpath("verify"))
        assert code == 0, output
    client: AsyncMongoClient[Document]
    async with AsyncMongoClient(mongodb_url) as client:
        found: list[Document] = (
            await client[f"{unique}_views"]["checkpoints"].find({"_id": {"$regex": "^ticket_list/"}}).to_list()
        )
        assert min(checkpoint["generation"] for checkpoint in found) >= 2


async def test_a_view_that_is_not_what_the_log_gives_is_found_and_not_switched(
    system: System, mongodb_url: str, unique: str
) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        ledger = Ledger(commands)
        for _ in range(20):
            await ledger.act()
        await ledger.check(queries)
    code, output = await ended(system.twinpath("verify"))
    assert code == 0, output
    client: AsyncMongoClient[Document]
    async with AsyncMongoClient(mongodb_url) as client:
        spoilt = next(iter(ledger.tickets))
        await client[f"{unique}_views"]["ticket_list"].update_one({"_id": spoilt}, {"$set": {"subject": "spoilt"}})

        code, output = await ended(system.twinpath("verify"))
        assert code == 1, output
        assert f"{spoilt} subject" in output
        assert "spoilt" not in output
        code, output = await ended(system.twinpath("rebuild", "ticket_list"))
        assert code == 1, output
        assert "NOT switched" in output
        assert "spoilt" not in output
        code, output = await ended(system.twinpath("rebuild", "ticket_list", "--accept-differences", "--values"))
        assert code == 0, output
        assert "'spoilt' in service" in output
        assert "going on with" in output

        code, output = await ended(system.twinpath("verify"))
        assert code == 0, output
        names = await client[f"{unique}_views"].list_collection_names()
        assert not [name for name in names if name.endswith("@0")]
