"""Writers and readers at work on a running system, and the check of everything once they have stopped.

Clerks work on tickets, buyers race for a product's last pieces, readers ask for what was accepted and must see it.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

import httpx
from redis.asyncio import Redis

from projector_service.application import PROJECTIONS
from tests.shop.support.ledger import Ledger
from tests.shop.support.shop import Shop, orders_of, stock_of
from tests.support.eventually import eventually
from tests.support.services.system import System
from tests.support.survival import times
from twinpath.domain.views import BY_ID, Place
from twinpath.mongo_client import mongo_client
from twinpath.projecting.groups import view_projections
from twinpath.queries.reading.copy_bounds import SILENT_SECONDS, TRAILING_SECONDS
from twinpath.views.mongodb.stores import MongoViewReader
from twinpath.views.redis.cache import RedisViewCache

_STOCK = 40
_PAGE = 200
_THOUGHT = times(30, 5) / 1000
"""Seconds in which a person thinks; in the short form so many that what was killed has the cores to start again."""
_TRAILING_SECONDS = TRAILING_SECONDS + SILENT_SECONDS
"""How old may be what a copy shows: it may trail for a moment, from when the query service hears where its view is."""


class Work:
    """What is going on: the ledger, the orders, and what readers were answered."""

    def __init__(self, system: System, commands: httpx.AsyncClient, queries: httpx.AsyncClient) -> None:
        self.system = system
        self.commands = commands
        self.queries = queries
        self.ledger = Ledger(commands, opens=15)
        self.shop = Shop(commands)
        self.orders: list[str] = []
        self.answers: Counter[int] = Counter()
        """Status code of a query -> how often; 0 is no answer at all."""
        self._seen: dict[str, deque[tuple[float, int]]] = {}
        """Ticket -> when readers saw which version of its view, the last one that is long ago first."""
        self._old_news: list[tuple[str, int]] = []
        """Ticket and version that a reader without a token must have seen, and has."""
        self._product = ""
        self._enough = asyncio.Event()

    async def more(self, events: int, limit: float = 60) -> None:
        """Wait until so many more events have been accepted."""
        wanted = self._accepted + events

        async def accepted() -> bool:
            return self._accepted >= wanted

        await eventually(accepted, limit)

    async def more_answers(self, queries: int, limit: float = 60) -> None:
        """Wait until so many more queries have been answered with what was asked for."""
        wanted = self.answers[200] + queries

        async def answered() -> bool:
            return self.answers[200] >= wanted

        await eventually(answered, limit)

    async def more_old_news(self, count: int, limit: float = 60) -> None:
        """Wait until so many readers without a token have seen what changed from now on, longer ago than a copy may
        trail."""
        before = {ticket: entry.version for ticket, entry in self.ledger.tickets.items()}
        self._old_news.clear()

        async def seen() -> bool:
            return sum(version > before.get(ticket, 0) for ticket, version in self._old_news) >= count

        await eventually(seen, limit)

    @property
    def _accepted(self) -> int:
        return sum(len(entry.events) for entry in self.ledger.tickets.values())

    async def write(self) -> None:
        """A clerk."""
        while not self._enough.is_set():
            await self.ledger.act()
            await asyncio.sleep(_THOUGHT)

    async def buy(self) -> None:
        """One buyer after the other: who is refused, because nothing is left, makes way for the next to register."""
        customer = await self.shop.customer()
        product = self._product.replace("-", "_")
        while not self._enough.is_set():
            order = await self.shop.order(customer, **{product: 1})
            if order is None:
                customer = await self.shop.customer()
            else:
                self.orders.append(order)
            await asyncio.sleep(0.05)

    async def read(self, seed: int) -> None:
        """A reader: whatever was accepted before the question must be in the answer."""
        chance = random.Random(seed)
        while not self._enough.is_set():
            await asyncio.sleep(_THOUGHT)
            if not self.ledger.tickets:
                continue
            ticket = chance.choice(list(self.ledger.tickets))
            accepted = self.ledger.tickets[ticket].version
            headers = {"Causal-Token": self.ledger.token}
            try:
                answer = await self.queries.get(f"/api/v1/tickets/{ticket}", headers=headers)
            except httpx.TransportError:
                self.answers[0] += 1
                continue
            assert answer.status_code in (200, 202, 503), answer.text
            if answer.status_code == 503 and answer.json()["code"] == "overloaded":
                continue  # the machine is busy; that is no matter of the fault
            self.answers[answer.status_code] += 1
            if answer.status_code == 200:
                shown = answer.json()
                assert shown["version"] >= accepted
                assert len(shown["notes"]) == min(shown["note_count"], 100)
                self._seen.setdefault(ticket, deque()).append((monotonic(), shown["version"]))
                await self._read_without_token(ticket)

    async def _read_without_token(self, ticket: str) -> None:
        """The copy in Redis may answer: it must not show what its view has replaced for longer than it may trail."""
        seen = self._seen[ticket]
        while len(seen) > 1 and seen[1][0] < monotonic() - _TRAILING_SECONDS:
            seen.popleft()
        at, version = seen[0]
        is_old = at < monotonic() - _TRAILING_SECONDS
        with suppress(httpx.TransportError):
            answer = await self.queries.get(f"/api/v1/tickets/{ticket}")
            if is_old and answer.status_code == 200:
                assert answer.json()["version"] >= version, "a copy that trails was believed"
                self._old_news.append((ticket, version))

    async def begin(self) -> None:
        """Make what is sold."""
        self._product = await self.shop.product("LAST", stock=_STOCK)

    def end(self) -> None:
        """Let everybody finish what they have in hand."""
        self._enough.set()

    async def check(self) -> None:
        """Everything accepted is there: once, in order, in every view, in the copy, in the log."""
        await self.ledger.check(self.queries)
        await eventually(self._all_settled, limit=60, pause=0.2)
        confirmed = min(_STOCK, len(self.orders))
        shown = Counter(order["status"] for order in await orders_of(self.queries))
        expected = Counter({"confirmed": confirmed, "rejected": len(self.orders) - confirmed})
        assert +shown == +expected
        await self.system.verify()
        await eventually(lambda: copy_is_true(self.system), limit=60, pause=0.2)

    async def _all_settled(self) -> bool:
        shown = {order["order_id"]: order["status"] for order in await orders_of(self.queries)}
        on_hand, reserved = await stock_of(self.queries, self._product)
        settled = set(shown) == set(self.orders) and "placed" not in shown.values()
        return settled and on_hand + reserved == _STOCK and reserved == min(_STOCK, len(self.orders))


@asynccontextmanager
async def at_work(system: System, clerks: int = 4, buyers: int = 1, readers: int = 2) -> AsyncIterator[Work]:
    """People at work on a started system, and all of it checked at the end. `command` and `query` must be started."""
    async with system.client("command") as commands, system.client("query") as queries:
        work = Work(system, commands, queries)
        await work.begin()
        async with asyncio.TaskGroup() as people:
            for _ in range(clerks):
                people.create_task(work.write())
            for _ in range(buyers):
                people.create_task(work.buy())
            for seed in range(readers):
                people.create_task(work.read(seed))
            yield work
            work.end()
        await work.check()


async def copy_is_true(system: System) -> bool:
    """Whether Redis has every document of every view that is copied, just as MongoDB has it now."""
    views = [view for projection in view_projections(PROJECTIONS) for view in projection.views if view.copy]
    client = mongo_client(system.mongodb_url, "test")
    async with client, Redis.from_url(system.redis_url) as redis:
        reader = MongoViewReader(client, system.settings["TWINPATH_VIEWS_DATABASE"])
        cache = RedisViewCache(redis, system.unique)
        for view in views:
            after: Place | None = None
            while documents := await reader.page(view.name, {}, after, _PAGE):
                copies = await cache.get_many(view.name, [document["_id"] for document in documents])
                for document, copy in zip(documents, copies, strict=True):
                    assert copy == view.rendered(document), f"{view.name} {document['_id']}: {copy} in Redis"
                after = BY_ID.place_of(documents[-1])
    return True
