"""Queries, and a projected batch, on views of 1,000 to 1,000,000 tickets."""

import random
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import uvloop
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from bench.figures import at_most
from bench.growth.batches import batch
from bench.growth.interleaved import Work, medians
from bench.growth.view_filling import LATEST, LOG, Filler, Tickets
from bench.measuring import Servers, filling, running, servers
from bench.run import Run
from bench.services.connection import Connection
from bench.sizes import Sizes
from projector_service.ticket_details import TicketDetailsProjection
from projector_service.ticket_list import TicketListProjection
from shared.events import CATALOGUE
from shared.read_models.ticket_list import TICKET_LIST
from twinpath.log.commits import Document
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.applier import Applier
from twinpath.queries.reading.cursor import Cursors, bound_to
from twinpath.queries.reading.views import Selection
from twinpath.views.mongodb.stores import MongoViewWriter
from twinpath.views.redis.cache import redis_client

_CURSOR_KEY = "the measured services sign with it"
_BATCHES, _NEW, _OLD = 20, 100, 100
_EVENTS = 2 * _NEW + _OLD
FILTERS: tuple[dict[str, Any], ...] = (
    {"status": "open"},
    {"has_note": True},
    {"status": "closed", "has_note": False},
)
_FIRST_PAGES = ("", "&status=open", "&has_note=true", "&status=closed&has_note=false")


def _sizes(sizes: Sizes) -> list[int]:
    return [max(1, sizes.tickets // by) for by in (1000, 100, 10, 1)]


def _database(size: int) -> str:
    return f"documents{size}"


async def _fill(mongodb: str, started: Servers, sizes: Sequence[int]) -> list[Tickets]:
    async with mongo_client(mongodb, "bench") as client, redis_client(started.redis) as redis:
        await redis.config_set("appendonly", "no")  # the time of filling is not measured
        return [await Filler(client, redis, _database(size), size).fill() for size in sizes]


def _asking(connection: Connection, tickets: Sequence[str]) -> Work:
    return lambda _: connection.ask("GET", f"/api/v1/tickets/{random.choice(tickets)}")


def _any_page(connection: Connection, tickets: Sequence[str]) -> Work:
    """Pages of 20 of a filtered list that begin after one of the tickets."""
    cursors = Cursors(SecretStr(_CURSOR_KEY))

    def page(turn: int) -> None:
        filters = FILTERS[turn % len(FILTERS)]
        bound = bound_to(Selection(TICKET_LIST, filters).identity)
        cursor = cursors.encode((None, random.choice(tickets)), bound)
        fields = {name: str(value).lower() for name, value in filters.items()}
        connection.ask("GET", f"/api/v1/tickets?{urlencode({**fields, 'limit': 20, 'cursor': cursor})}")

    return page


def _listing(connection: Connection) -> Work:
    return lambda turn: connection.ask("GET", f"/api/v1/tickets?limit=20{_FIRST_PAGES[turn % len(_FIRST_PAGES)]}")


class Projecting:
    """Batches of new tickets and of changes of old ones, for one database."""

    def __init__(self, client: AsyncMongoClient[Document], size: int) -> None:
        self._projections = [TicketListProjection(), TicketDetailsProjection()]
        writer = MongoViewWriter(client, _database(size))
        self._applier = Applier(LOG, writer, CATALOGUE, Seals(InMemoryKeyStore(), CATALOGUE), lambda applied: None)

    async def load(self) -> None:
        """Read the checkpoints."""
        await self._applier.load(self._projections)

    def changing(self, tickets: Sequence[str]) -> Work:
        """The batches of a round; the old tickets come from `tickets`."""
        at = self._applier.positions[TICKET_LIST.name]
        old = [random.sample(tickets, min(_OLD, len(tickets))) for _ in range(_BATCHES)]
        events = 2 * _NEW + len(old[0])
        batches = [batch(LOG, at + turn * events, _NEW, old[turn]) for turn in range(_BATCHES)]
        return lambda turn: self._applier.apply(self._projections, batches[turn])


async def _measure(started: Servers, urls: Sequence[str], tickets: Sequence[Tickets], run: Run) -> None:
    sizes, quantity, turns = _sizes(run.sizes), "documents in the view", run.sizes.pages
    cached = run.curve(quantity, "a query by id, from Redis", sizes, at_most(1.3), "ms")
    read = run.curve(quantity, "a query by id, from MongoDB", sizes, at_most(1.3), "ms")
    page = run.curve(quantity, "the first page of a list", sizes, at_most(1.3), "ms")
    any_page = run.figure(f"list, 20 of {sizes[-1]:,} tickets, any page / of {sizes[1]:,}", at_most(1.3), "ms")
    latest = run.curve(
        quantity, f"a batch of {_EVENTS} events, a third on the latest {LATEST}", sizes, at_most(1.3), "ms"
    )
    old = run.curve(quantity, f"a batch of {_EVENTS} events, a third on any document", sizes, at_most(2), "ms")
    async with mongo_client(started.mongodb, "bench") as client:
        projecting = [Projecting(client, size) for size in sizes]
        for projection in projecting:
            await projection.load()
        for _ in run.rounds():
            with ExitStack() as stack:
                connections = [stack.enter_context(Connection(url)) for url in urls]
                pairs = list(zip(connections, tickets, strict=True))
                cached.add_costs(
                    await medians(turns, [_asking(connection, group.copied) for connection, group in pairs])
                )
                read.add_costs(
                    await medians(turns, [_asking(connection, group.uncopied) for connection, group in pairs])
                )
                page.add_costs(await medians(turns, [_listing(connection) for connection in connections]))
                ends = [_any_page(connection, group.copied + group.uncopied) for connection, group in pairs[1::2]]
                few, many = await medians(turns, ends)
                any_page.add(many, few)
            chosen = list(zip(projecting, tickets, strict=True))
            latest_works = [projection.changing(group.latest) for projection, group in chosen]
            latest.add_costs(await medians(_BATCHES, latest_works))
            old_works = [projection.changing(group.copied + group.uncopied) for projection, group in chosen]
            old.add_costs(await medians(_BATCHES, old_works))


def measure(run: Run) -> None:
    """On private servers, with views and a query service for every size."""
    sizes = _sizes(run.sizes)
    with servers() as started, ExitStack() as stack:
        with filling(started.mongodb) as patient:
            tickets = uvloop.run(_fill(patient, started, sizes))
        urls = []
        for size in sizes:
            env = {"TWINPATH_VIEWS_DATABASE": _database(size), "TWINPATH_REDIS_PREFIX": _database(size)}
            env["TWINPATH_CURSOR_KEY"] = _CURSOR_KEY
            [service] = stack.enter_context(running(started, "query", env=env))
            urls.append(service.url)
        uvloop.run(_measure(started, urls, tickets, run))
