"""Another domain than the shop runs through all three services, on real servers and in memory, without the shop."""

import asyncio
import subprocess
import sys
from functools import partial
from uuid import uuid4

import httpx

from deploy.checkout import CHECKOUT
from tests.engine.workshop.trying import API, try_out
from tests.support.eventually import eventually
from tests.support.services.system import System

REPAIRS = 120


async def test_the_workshop_runs_through_all_three_services_without_the_shop(workshop: System) -> None:
    async with workshop.client("command") as commands, workshop.client("query") as queries:
        await try_out(commands, queries)

    await workshop.verify()


def test_the_workshop_runs_in_memory_without_the_shop() -> None:
    command = [sys.executable, "-m", "tests.engine.workshop", "memory"]
    tried = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)

    assert tried.returncode == 0, tried.stdout + tried.stderr


async def test_nothing_of_another_domain_is_lost_or_doubled_when_its_services_are_killed(workshop: System) -> None:
    accepted: set[str] = set()
    async with workshop.client("command") as commands, workshop.client("query") as queries:

        async def opened(key: str) -> bool:
            body = {"subject": "Brakes", "message": "They squeak."}
            try:
                answer = await commands.post(f"{API}/repairs", json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                return False
            if answer.status_code == 201:
                accepted.add(answer.json()["repair_id"])
            return answer.status_code == 201

        async def work() -> None:
            for _ in range(REPAIRS // 4):
                await eventually(partial(opened, uuid4().hex), limit=60)

        async def some() -> bool:
            return len(accepted) > 10

        async with asyncio.TaskGroup() as people:
            for _ in range(4):
                people.create_task(work())
            for name in ("projector", "command"):
                await eventually(some, limit=60)
                workshop[name].kill()
                workshop[name].start()

        async def listed() -> list[str]:
            ids: list[str] = []
            url: str | None = f"{API}/repairs?limit=100"
            while url is not None:
                page = (await queries.get(url)).raise_for_status()
                ids += [row["repair_id"] for row in page.json()["items"]]
                url = page.links["next"]["url"] if page.json()["next"] else None
            return ids

        async def all_there() -> bool:
            return len(await listed()) >= REPAIRS

        await eventually(all_there, limit=60)
        ids = await listed()
        assert (len(ids), set(ids)) == (REPAIRS, accepted)
    await workshop.verify()
