"""A leader frozen with SIGSTOP for longer than its lease, which wakes and still believes that it leads."""

import asyncio
import signal
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pymongo import AsyncMongoClient

from deploy.local.services import Service
from shared.events import CATALOGUE
from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.services.dying import DyingService, Point
from tests.support.services.system import System
from tests.support.survival import times
from twinpath.mongo_client import mongo_client

ADVANCE = "twinpath.commands.relaying.progress:RelayProgress.advance"
COMMIT = "twinpath.views.mongodb.stores:MongoViewWriter.commit"


async def test_a_frozen_relay_that_wakes_after_its_lease_moves_no_watermark(
    make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    frozen = system.add_dying("command", Point("before", ADVANCE, how=signal.SIGSTOP))
    system.add("projector")
    system.add("query")
    await eventually(lambda: leads(frozen))
    other = system.add("command")
    async with watermarks(system) as moves, at_work(system) as work:
        for _ in range(times(1, 20)):
            await eventually(lambda: is_frozen(frozen), limit=60)
            other.start()
            await eventually(lambda: leads(other), limit=60)
            await work.more(100)
            frozen.resume()
            await eventually(lambda: has_given_up(frozen), limit=60)
            await work.more(100)
            for replica in (other, frozen):
                await asyncio.to_thread(replica.kill)
            frozen.start()
        await asyncio.to_thread(frozen.kill)
        frozen.spare()
        frozen.start()
    assert len(moves) == 4 * len(CATALOGUE.categories)
    for of_log in moves.values():
        assert of_log == sorted(of_log), "a watermark was moved back, or by an epoch that was over"


async def test_a_frozen_projector_that_wakes_after_another_took_over_commits_nothing_twice(
    make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    system.add("command")
    system.add("query")
    frozen = system.add_dying("projector", Point("before", COMMIT, latest=10, how=signal.SIGSTOP))
    async with at_work(system) as work:
        await eventually(lambda: is_frozen(frozen), limit=60)
        other = system.add("projector")
        for _ in range(times(1, 40)):
            await work.more(100)
            await work.more_answers(20)  # what readers were promised comes from the other
            frozen.resume()
            await work.more(100)
            for replica in (other, frozen):
                await asyncio.to_thread(replica.kill)
            frozen.start()
            await eventually(lambda: is_frozen(frozen), limit=60)
            other.start()
        frozen.resume()


@asynccontextmanager
async def watermarks(system: System) -> AsyncIterator[dict[str, list[tuple[int, int]]]]:
    """Log -> every (epoch, position) its watermark had meanwhile, in order."""
    seen: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    client: AsyncMongoClient[Any]
    async with mongo_client(system.mongodb_url, "test") as client:
        marks = client[system.settings["TWINPATH_LOG_DATABASE"]]["relay_watermarks"]
        async with await marks.watch() as changes:

            async def follow() -> None:
                async for change in changes:
                    log = change["documentKey"]["_id"]
                    epoch, position = seen[log][-1] if seen[log] else (0, 0)
                    moved = change.get("fullDocument") or change["updateDescription"]["updatedFields"]
                    seen[log].append((moved.get("epoch", epoch), moved.get("position", position)))

            following = asyncio.create_task(follow())
            yield seen
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def is_frozen(service: DyingService) -> bool:
    """Whether the process is stopped, as the system's own list of processes says."""
    assert service.running, service.tail()
    asked = await asyncio.to_thread(
        subprocess.run, ["ps", "-o", "state=", "-p", str(service.pid)], capture_output=True, text=True, check=True
    )
    return asked.stdout.strip().startswith("T")


async def leads(service: Service) -> bool:
    return bool((await relay_of(service)).get("leads"))


async def has_given_up(service: Service) -> bool:
    return (await relay_of(service)).get("leads") is False


async def relay_of(service: Service) -> dict[str, Any]:
    """What the readiness of a command service says of its relay."""
    async with httpx.AsyncClient(base_url=service.url, timeout=5) as client:
        try:
            ready = (await client.get("/health/ready")).json()
        except httpx.TransportError:
            return {}
    relay: dict[str, Any] = ready["dependencies"]["rabbitmq"].get("relay", {})
    return relay
