"""The support desk without its database; what else can break is in tests/shop/survival."""

import asyncio
from collections.abc import Callable
from typing import Any

from deploy.local.mongodb import MongoDB
from tests.shop.support.ledger import Ledger
from tests.support.eventually import eventually
from tests.support.services.system import System


async def keep_writing(ledger: Ledger, enough: asyncio.Event) -> None:
    """Write until told that it is enough."""
    while not enough.is_set():
        await ledger.act()


async def booked(ledger: Ledger, wanted: int) -> bool:
    return sum(ledger.tokens.values()) >= wanted


async def test_with_mongodb_away_nothing_is_accepted_that_is_not_kept(
    make_system: Callable[..., System], private_mongodb: Callable[..., MongoDB], rabbitmq_url: str, redis_url: str
) -> None:
    mongodb = private_mongodb()
    system = make_system(mongodb.url, rabbitmq_url, redis_url).start()
    async with system.client("command") as commands, system.client("query") as queries:
        ledger, enough = Ledger(commands), asyncio.Event()
        writing = asyncio.create_task(keep_writing(ledger, enough))
        await eventually(lambda: booked(ledger, 40))
        await asyncio.to_thread(mongodb.kill)
        refused = await commands.post("/api/v1/tickets", json={"subject": "s", "message": "m"}, timeout=60)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        await asyncio.to_thread(mongodb.start)
        await eventually(lambda: booked(ledger, 80), limit=60)
        enough.set()
        await writing

        await _absorb(queries, ledger, "s")
        await ledger.check(queries)


async def _absorb(queries: Any, ledger: Ledger, subject: str) -> None:
    """The refused command may stand if its answer said that its outcome is unknown; then the ledger takes it in."""
    headers = {"Causal-Token": ledger.token}
    answer = await eventually(lambda: _page(queries, headers), limit=60)
    for row in answer["items"]:
        if row["subject"] == subject and row["ticket_id"] not in ledger.tickets:
            raise AssertionError("a command was refused as not written, but it was written")


async def _page(queries: Any, headers: dict[str, str]) -> Any:
    answer = await queries.get("/api/v1/tickets?limit=100", headers=headers)
    return answer.json() if answer.status_code == 200 else None
