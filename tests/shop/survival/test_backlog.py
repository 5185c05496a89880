"""A backlog larger than memory should ever hold, a projector that starts after it, and one that is slow at it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import orjson

from deploy.local.services import Service
from tests.shop.support.broker_faults import no_commits
from tests.shop.support.work import Work, at_work
from tests.support.eventually import eventually
from tests.support.services.system import System
from tests.support.survival import times

EVENTS = times(20_000, 1_000_000)
MEMORY_MB = 400
"""What a projector may take, whatever waits; half of it is taken with nothing to do."""
_PRODUCTS = 200
_LINES = 10_000


async def test_a_huge_backlog_is_worked_off_in_bounded_memory_also_when_the_projector_is_slow(system: System) -> None:
    projector = system["projector"]
    async with at_work(system, clerks=1, buyers=0, readers=1) as work:
        await work.more(20)
        await asyncio.to_thread(projector.kill)
        products = await backlog(work)
        projector.start()
        async with no_commits(system):
            await work.more(20)

        async def worked_off() -> bool:
            shown = await stock(work.queries)
            return [shown.get(product) for product in products] == [EVENTS // _PRODUCTS] * _PRODUCTS

        await eventually(worked_off, limit=times(120, 3600), pause=1)
        await asyncio.to_thread(projector.wait_ready)
        assert peak_memory_mb(projector) < MEMORY_MB


async def backlog(work: Work) -> list[str]:
    """Put one piece into each product's stock again and again, until there are enough events; the products."""
    price = {"amount": "1.00", "currency": "EUR"}
    bodies = [{"name": f"P{n}", "category": "bulk", "sku": f"BULK-{n}", "price": price} for n in range(_PRODUCTS)]
    made = await carried_out(
        work, [{"command": "create_product", "idempotency_key": body["sku"], "body": body} for body in bodies]
    )
    products = [result["product_id"] for result in made]
    for first in range(0, EVENTS, _LINES):
        lines = [
            {"command": "restock", "idempotency_key": f"r{n}", "id": products[n % _PRODUCTS], "body": {"quantity": 1}}
            for n in range(first, min(first + _LINES, EVENTS))
        ]
        await carried_out(work, lines)
    return products


async def carried_out(work: Work, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results of these commands, each of which must be accepted."""
    body = b"\n".join(orjson.dumps(line) for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await work.commands.post("/api/v1/commands", content=body, headers=headers, timeout=300)
    results = [orjson.loads(line) for line in answer.content.splitlines()]
    assert {result["status"] for result in results} <= {200, 201}
    return results


async def stock(queries: httpx.AsyncClient) -> dict[str, int]:
    """How many pieces each product of the backlog has, as the list shows it."""
    shown: dict[str, int] = {}
    url: str | None = "/api/v1/products?category=bulk&limit=100"
    while url is not None:
        answer = (await queries.get(url)).raise_for_status()
        shown |= {item["product_id"]: item["on_hand"] for item in answer.json()["items"]}
        url = answer.links["next"]["url"] if answer.json()["next"] else None
    return shown


def peak_memory_mb(service: Service) -> float:
    """The most memory that a process has had at once."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
