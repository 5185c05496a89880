"""Fills views of tickets, and their copy in Redis, with any number of documents: 100,000 take seconds."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from pymongo import AsyncMongoClient, WriteConcern
from redis.asyncio import Redis

from bench.growth.tickets import rows, ticket_documents
from shared.read_models.ticket_details import TICKET_DETAILS
from shared.read_models.ticket_list import TICKET_LIST
from twinpath.log.commits import Document
from twinpath.views.mongodb.stores import MongoViewWriter
from twinpath.views.redis.cache import RedisViewCache

LOG = "ticket.0"
LATEST = 500
_AT_ONCE, _SAMPLE = 2_000, 500
"""Tickets in one batch, and how many of them are remembered; half of those are left out of Redis."""


@dataclass
class Tickets:
    """Ids in the views of one database: some that are in Redis too, some that are not, and the latest."""

    copied: list[str] = field(default_factory=list)
    uncopied: list[str] = field(default_factory=list)
    latest: list[str] = field(default_factory=list)


class Filler:
    """Fills the two views of one database, and the copy of ticket_details."""

    def __init__(self, client: AsyncMongoClient[Document], redis: Redis, database: str, size: int) -> None:
        self._database = client.get_database(database, write_concern=WriteConcern(1))
        self._cache = RedisViewCache(redis, database)
        self._writer = MongoViewWriter(client, database)
        self._size = size
        self._tickets = Tickets()

    async def fill(self) -> Tickets:
        """Fill the views; returns some of the tickets."""
        views = (TICKET_LIST, TICKET_DETAILS)
        await self._writer.prepare(views, [(view.name, LOG) for view in views])
        starts = iter(range(0, self._size, _AT_ONCE))

        async def work() -> None:
            for start in starts:
                await self._put(range(start, min(self._size, start + _AT_ONCE)))

        await self._cache.begin_fill(TICKET_DETAILS.name, "bench")
        await asyncio.gather(*(work() for _ in range(4)))
        if not await self._cache.fill(TICKET_DETAILS.name, "bench", [], last=True):
            raise RuntimeError("the copy refused the tickets: from one page to the next it took too long")
        return self._tickets

    async def _put(self, numbers: Sequence[int]) -> None:
        listed = list(rows(numbers))
        details = list(ticket_documents(row["_id"] for row in listed))
        if numbers[-1] == self._size - 1:
            self._tickets.latest = [document["_id"] for document in details[-LATEST:]]
        chosen = random.sample(details, min(_SAMPLE, len(details)))
        uncopied = {document["_id"] for document in chosen[::2]}
        self._tickets.copied += [document["_id"] for document in chosen[1::2]]
        self._tickets.uncopied += uncopied
        copied = [TICKET_DETAILS.rendered(document) for document in details if document["_id"] not in uncopied]
        await asyncio.gather(
            self._database[TICKET_LIST.name].insert_many(listed, ordered=False),
            self._database[TICKET_DETAILS.name].insert_many(details, ordered=False),
            self._cache.fill(TICKET_DETAILS.name, "bench", copied, last=False),
        )
