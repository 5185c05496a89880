"""A query by id, and the time until a wait ends, while up to 5,000 queries of a process wait for causal tokens."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import uvloop
from pymongo.asynchronous.collection import AsyncCollection

from bench.figures import at_most
from bench.growth.interleaved import Work, medians
from bench.growth.tickets import ticket_documents
from bench.growth.waiting import Waiting, allow_connections, open_waits
from bench.measuring import Servers, running, servers
from bench.run import Run
from bench.services.connection import Connection
from bench.sizes import Sizes
from deploy.local.services import Service
from shared.read_models.ticket_details import TICKET_DETAILS
from twinpath.ids import new_id
from twinpath.log.commits import Document
from twinpath.mongo_client import mongo_client
from twinpath.views.mongodb.statements import checkpoint_id
from twinpath.views.mongodb.stores import CHECKPOINTS, MongoViewWriter
from twinpath.views.redis.cache import RedisViewCache, redis_client

LOG = "ticket.0"
_TURNS = 50
"""Waits that end one after the other."""
_FAR = 1_000_000
"""Distance from the checkpoint to the position that all other queries wait for."""
_OPEN = re.compile(rb"^twinpath_causal_waits_open (\d+)", re.MULTILINE)
_WAIT_SECONDS = "60"


def _sizes(sizes: Sizes) -> list[int]:
    return [0, sizes.waits // 10, sizes.waits * 2 // 5, sizes.waits]


@dataclass
class Crowd:
    """A query service with a view of its own, and the queries that wait in it."""

    size: int
    url: str
    path: str
    checkpoints: AsyncCollection[Document]
    position: int = 0
    alone: list[Waiting] = field(default_factory=list)
    together: list[Waiting] = field(default_factory=list)

    async def gather(self) -> None:
        """Open the waits: _TURNS that end one by one, and `size` that wait for one position far beyond."""
        tokens = [f"{LOG}:{self.position + 1 + turn}" for turn in range(_TURNS)]
        self.alone = await open_waits(self.url, self.path, tokens)
        self.together = await open_waits(self.url, self.path, [f"{LOG}:{self.position + _FAR}"] * self.size)
        async with asyncio.timeout(30):
            while self.waits_open() < _TURNS + self.size:  # noqa: ASYNC110  # only the other process knows
                await asyncio.sleep(0.05)

    def waits_open(self) -> int:
        """The number of open waits by the metrics of the service."""
        with Connection(self.url) as connection:
            metric = _OPEN.search(connection.ask("GET", "/metrics"))
        assert metric is not None
        return int(metric[1])

    async def move(self, position: int) -> None:
        """Move the checkpoint, as a projector does."""
        checkpoint = {"_id": checkpoint_id(TICKET_DETAILS.name, LOG)}
        await self.checkpoints.update_one(checkpoint, {"$set": {"position": position}})
        self.position = position

    def querying(self, connection: Connection) -> Work:
        """Queries by id without a causal token."""
        return lambda _: connection.ask("GET", self.path)

    async def end_next(self, turn: int) -> None:
        """Move the checkpoint by one, and wait for the answer to the query that waited for this position."""
        await self.move(self.position + 1)
        await self.alone[turn].answered

    async def end_all(self) -> float:
        """Milliseconds a query, from the move of the checkpoint until all queries are answered."""
        began = time.perf_counter()
        await self.move(self.position - _TURNS + _FAR)
        ended = await asyncio.gather(*(waiting.answered for waiting in self.together))
        return 1000 * (max(ended) - began) / len(ended) if ended else 0.0


async def _view(started: Servers, database: str) -> str:
    """Make a view with one ticket, in MongoDB and in Redis; returns the id of the ticket."""
    ticket = new_id("ticket")
    async with mongo_client(started.mongodb, "bench") as client, redis_client(started.redis) as redis:
        await MongoViewWriter(client, database).prepare([TICKET_DETAILS], [(TICKET_DETAILS.name, LOG)])
        [document] = ticket_documents([ticket])
        await client[database][TICKET_DETAILS.name].insert_one(document)
        rendered = [TICKET_DETAILS.rendered(document)]
        await RedisViewCache(redis, database).write(TICKET_DETAILS.name, {LOG: (0, 1)}, rendered, [])
    return ticket


async def _measure(started: Servers, services: Sequence[Service], tickets: Sequence[str], run: Run) -> None:
    sizes, quantity = _sizes(run.sizes), "open causal waits in one process"
    query = run.curve(quantity, "a query by id", sizes, at_most(1.3), "ms")
    first = run.curve(quantity, "from a checkpoint's move to one answer", sizes, at_most(1.3), "ms")
    every = run.curve(quantity, "from a move to all answers, each", sizes[1:], at_most(1.3), "ms")
    async with mongo_client(started.mongodb, "bench") as client:
        crowds = [
            Crowd(size, service.url, f"/api/v1/tickets/{ticket}", client[_database(size)][CHECKPOINTS])
            for size, service, ticket in zip(sizes, services, tickets, strict=True)
        ]
        for _ in run.rounds():
            for crowd in crowds:
                await crowd.gather()
            with ExitStack() as stack:  # new in every round: the server closes an idle connection
                connections = [stack.enter_context(Connection(crowd.url)) for crowd in crowds]
                asking = [crowd.querying(connection) for crowd, connection in zip(crowds, connections, strict=True)]
                query.add_costs(await medians(run.sizes.pages, asking))
            first.add_costs(await medians(_TURNS, [crowd.end_next for crowd in crowds]))
            every.add_costs([await crowd.end_all() for crowd in crowds[1:]])


def _database(size: int) -> str:
    return f"waits{size}"


def measure(run: Run) -> None:
    """On private servers, with a query service and a view for every size, all at the same time."""
    sizes = _sizes(run.sizes)
    allow_connections(sum(sizes) + len(sizes) * _TURNS)
    with servers() as started, ExitStack() as stack:
        services, tickets = [], []
        for size in sizes:
            tickets.append(uvloop.run(_view(started, _database(size))))
            env = {
                "TWINPATH_VIEWS_DATABASE": _database(size),
                "TWINPATH_REDIS_PREFIX": _database(size),
                "TWINPATH_CAUSAL_WAIT_SECONDS": _WAIT_SECONDS,
            }
            services += stack.enter_context(running(started, "query", env=env))
        uvloop.run(_measure(started, services, tickets, run))
