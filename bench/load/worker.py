"""A process of the load: it sends its share of the requests when they are due, and prints a line of JSON a second.

A time is counted from the moment the request was due, so a stall shows (Gil Tene, "How NOT to Measure Latency", 2015).
Started by bench/load/playing.py: `python -m bench.load.worker`, with its orders as JSON on standard input.
"""

import asyncio
import itertools
import json
import random
import sys
from time import perf_counter
from typing import Any

import aiohttp
import uvloop

from bench.load.figures import Second, record
from bench.load.mix import Request, Shop

_MOST_OPEN = 2_000
_LAG_PROBES_A_SECOND = 20
_PATIENCE = aiohttp.ClientTimeout(total=30)


class Worker:
    """Sends `rate` requests a second for `seconds`, as given in the orders."""

    def __init__(self, orders: dict[str, Any], session: aiohttp.ClientSession) -> None:
        self._urls = {kind: itertools.cycle(orders[kind]) for kind in ("command", "query")}
        self._callers = itertools.cycle([{"Authorization": f"Bearer {token}"} for token in orders["tokens"]] or [{}])
        self._rate, self._seconds = orders["rate"], orders["seconds"]
        self._shop = Shop(orders["products"], orders["customers"], random.Random(orders["seed"]))
        self._session = session
        self._figures: dict[int, Second] = {}
        self._open: set[asyncio.Task[None]] = set()
        self._began = 0.0
        self._probed = 0.0

    async def run(self) -> None:
        """Send the load; returns when every request is answered or has failed."""
        self._began = perf_counter()
        sent, printed = 0, 0
        while (now := perf_counter() - self._began) < self._seconds:
            while sent < now * self._rate:
                self._send(sent / self._rate)
                sent += 1
            if now - printed >= 3:  # requests of two seconds ago are answered by now, or late
                self._print(printed)
                printed += 1
            await asyncio.sleep(0.001)
        if self._open:
            await asyncio.wait(self._open)
        for second in range(printed, max(self._figures, default=0) + 1):
            self._print(second)

    def _send(self, due: float) -> None:
        figures = self._figures.setdefault(int(due), Second())
        if len(self._open) >= _MOST_OPEN:
            figures.failed += 1
            return
        task = asyncio.create_task(self._carry_out(self._shop.next(), due, figures))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _carry_out(self, request: Request, due: float, figures: Second) -> None:
        method = "POST" if request.kind == "command" else "GET"
        token = None
        try:
            url = next(self._urls[request.kind]) + request.path
            async with self._session.request(method, url, json=request.body, headers=next(self._callers)) as response:
                content = await response.read()
                answered = perf_counter() - self._began
                if response.status in (200, 201):
                    record(figures.times[request.kind], answered - due)
                    token = response.headers.get("Causal-Token")
                    if request.makes:
                        self._shop.made(request, json.loads(content))
                elif response.status in (429, 503):
                    figures.refused += 1
                elif response.status != 404 or request.kind == "command":  # 404: no view has the new document yet
                    figures.failed += 1
            if token is not None and answered - self._probed > 1 / _LAG_PROBES_A_SECOND:
                self._probed = answered
                await self._probe(request, token, answered, figures)
        except (aiohttp.ClientError, TimeoutError):
            figures.failed += 1

    async def _probe(self, request: Request, token: str, accepted: float, figures: Second) -> None:
        """Measure the lag: a query with the causal token waits until the view shows the command."""
        path = "/orders" if "order" in token else "/products" if "product" in token else "/tickets"
        url = f"{next(self._urls['query'])}/api/v1{path}?limit=1"
        async with self._session.get(url, headers={"Causal-Token": token, **next(self._callers)}) as response:
            await response.read()
            if response.status == 200:
                record(figures.times["lag"], perf_counter() - self._began - accepted)
            else:
                figures.failed += 1

    def _print(self, second: int) -> None:
        figures = self._figures.pop(second, Second())
        print(json.dumps({"second": second, **figures.as_json()}), flush=True)


async def main() -> None:
    """Read the orders and carry them out."""
    orders = json.loads(sys.stdin.read())
    connector = aiohttp.TCPConnector(limit=orders["connections"])
    async with aiohttp.ClientSession(connector=connector, timeout=_PATIENCE) as session:
        await Worker(orders, session).run()


if __name__ == "__main__":
    uvloop.run(main())
