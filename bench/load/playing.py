"""Plays a load with several processes, and merges their figures."""

import asyncio
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.load.figures import Second

_PRODUCTS, _CUSTOMERS = 50, 20
_LATE_SECONDS = 40.0


@dataclass(frozen=True)
class Target:
    """The addresses of the services, which are used in turn, and the products and customers of the load.

    `tokens` are those of its callers, who send in turn; without any nobody is asked who calls.
    """

    command: Sequence[str]
    query: Sequence[str]
    products: list[str]
    customers: list[str]
    tokens: Sequence[str] = ()


async def stock(command: Sequence[str], query: Sequence[str], tokens: Sequence[str] = ()) -> Target:
    """Make products with plenty of stock, and customers. Raises RuntimeError when a command is refused."""
    first = command[0]
    name = random.randrange(16**8)
    headers = {"Authorization": f"Bearer {tokens[0]}"} if tokens else {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), headers=headers) as session:
        products, customers = [], []
        for number in range(_PRODUCTS):
            body = {
                "name": f"Lamp {number}",
                "category": "lighting",
                "sku": f"LOAD-{name:08X}-{number}",
                "initial_stock": 1_000_000,
                "price": {"amount": "19.99", "currency": "EUR"},
            }
            products.append((await _post(session, f"{first}/api/v1/products", body))["product_id"])
        for number in range(_CUSTOMERS):
            body = {"name": f"Customer {number}", "email": f"c{number}.{name:08x}@example.com"}
            customers.append((await _post(session, f"{first}/api/v1/customers", body))["customer_id"])
    return Target(command, query, products, customers, tokens)


async def _post(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> dict[str, Any]:
    async with session.post(url, json=body) as response:
        if response.status != 201:
            raise RuntimeError(f"{url} answered {response.status}: {await response.text()}")
        answer: dict[str, Any] = await response.json()
        return answer


async def play(
    target: Target, rate: float, seconds: float, processes: int, report: Callable[[int, Second], None]
) -> list[Second]:
    """The figures of every second; `report` gets a second as soon as every process has delivered it."""
    figures: dict[int, Second] = {}
    deliveries: dict[int, int] = {}

    def collect(line: bytes) -> None:
        content = json.loads(line)
        second = content["second"]
        figures.setdefault(second, Second()).add(Second.from_json(content))
        deliveries[second] = deliveries.get(second, 0) + 1
        if deliveries[second] == processes:
            report(second, figures[second])

    await asyncio.gather(*(_worker(target, rate / processes, seconds, seed, collect) for seed in range(processes)))
    return [figures[second] for second in sorted(figures)]


async def _worker(target: Target, rate: float, seconds: float, seed: int, collect: Callable[[bytes], None]) -> None:
    where = {"command": list(target.command), "query": list(target.query)}
    there = {"products": target.products, "customers": target.customers}
    there["tokens"] = list(target.tokens)
    orders = {**where, **there, "rate": rate, "seconds": seconds, "seed": seed, "connections": 256}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load.worker", stdin=pipe, stdout=pipe, limit=2**22
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(orders).encode())
        process.stdin.close()
        async with asyncio.timeout(seconds + _LATE_SECONDS):
            async for line in process.stdout:
                collect(line)
            if await process.wait() != 0:
                raise RuntimeError(f"a process of the load ended with {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
