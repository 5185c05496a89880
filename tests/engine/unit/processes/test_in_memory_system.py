"""In the system in memory a process may answer on the stream of its event, and views show what it did."""

import asyncio
from dataclasses import replace

import httpx

from tests.engine.unit.processes.test_reacting import Reception
from tests.engine.workshop.application import WORKSHOP
from twinpath.testing.in_memory import InMemorySystem


async def test_a_process_that_answers_on_the_same_stream_holds_nobody_up() -> None:
    system = InMemorySystem(replace(WORKSHOP, processes=(Reception,)))
    transport = httpx.ASGITransport(system.app)
    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=transport, base_url="http://workshop") as client,
        asyncio.timeout(30),
    ):
        repairs = [
            (await client.post("/api/v1/repairs", json={"subject": "s", "message": "m"})).json()["repair_id"]
            for _ in range(3)
        ]
        await system.settled()

        for repair in repairs:
            assert [event.data.get("note") for event in await system.store.load(repair)] == [None, "seen", "seen again"]
            assert (await client.get(f"/api/v1/repairs/{repair}")).json()["version"] == 3
