"""A change of all documents that fit reaches each of their copies in the cache, also when the cache missed it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from projector_service.ticket_details import TicketDetailsProjection
from shared.events import CATALOGUE
from shared.events.customer import CustomerErased
from shared.events.ticket import TicketOpened
from shared.read_models.ticket_details import TICKET_DETAILS
from tests.support.eventually import eventually
from tests.support.recording import NOON, changes_of
from twinpath.domain.events import Metadata
from twinpath.domain.views import ChangeWhere, Document, ViewChange
from twinpath.ids import log_of
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

ADA, BOB = "customer-1", "customer-2"
TICKETS, CUSTOMERS = "ticket.0", log_of(ADA, 4)
SEVERAL_PAGES = 1_100
ERASURE = changes_of(TicketDetailsProjection(), CustomerErased(), ADA)


class CountingViews(InMemoryViewStore):
    """Counts the pages that are read with a filter."""

    pages = 0

    async def page(self, view: str, where: Mapping[str, Any], *asked: Any, **options: Any) -> list[Document]:
        """See ViewReader.page."""
        self.pages += bool(where)
        return await super().page(view, where, *asked, **options)


class Copied:
    """Tickets of two customers, all of them in the cache."""

    def __init__(self, look_seconds: float) -> None:
        self.views, self.store, self.cache = (
            CountingViews(),
            InMemoryEventStore(CATALOGUE.categories),
            InMemoryViewCache(),
        )
        projections = [TicketDetailsProjection()]
        self.sync = CacheSync(projections, self.store, self.views, self.cache, CATALOGUE, look_seconds)

    async def commit(self, log: str, before: int, after: int, changes: Sequence[ViewChange]) -> Applied:
        """Commit to the views, and say so to nobody."""
        moves = [CheckpointMove("ticket_details", log, before, after)]
        await self.views.commit(Batch(changes, moves))
        return Applied(log, changes, moves)

    async def write(self, applied: Applied) -> None:
        """Tell the cache, and wait for it."""
        self.sync.applied(applied)
        await self.sync.flushed()

    async def shown(self) -> dict[str, list[str]]:
        """Customer -> the messages of their tickets, as the cache has them, each once."""
        ids = [document["_id"] for document in await self.views.page("ticket_details", {}, None, 10_000)]
        messages: dict[str, set[str]] = {ADA: set(), BOB: set()}
        for copy in await self.cache.get_many("ticket_details", ids):
            assert copy is not None, "every ticket is in the cache"
            ticket = orjson.loads(copy.body)
            messages[ticket["customer_id"]].add(ticket["message"])
        return {customer: sorted(of) for customer, of in messages.items()}


@asynccontextmanager
async def copied(tickets: int, look_seconds: float = 60) -> AsyncIterator[Copied]:
    system = Copied(look_seconds)
    await system.views.prepare([TICKET_DETAILS], [("ticket_details", log) for log in (TICKETS, CUSTOMERS)])
    await system.sync.start()
    opened = [change for n in range(tickets) for change in opening(f"ticket-{n}", BOB if n % 10 == 0 else ADA)]
    await system.write(await system.commit(TICKETS, 0, tickets, opened))
    assert await system.shown() == {ADA: ["private"], BOB: ["private"]}
    yield system
    await system.sync.stop()


def opening(ticket: str, customer: str) -> list[ViewChange]:
    event = TicketOpened(subject="private", message="private", customer_id=customer, opened_at=NOON)
    return changes_of(TicketDetailsProjection(), event, ticket, 1)


@pytest.mark.parametrize("tickets", [2, SEVERAL_PAGES])
async def test_every_document_that_fits_is_brought(tickets: int) -> None:
    async with copied(tickets) as system:
        await system.write(await system.commit(CUSTOMERS, 0, 1, ERASURE))

        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}
        assert (await system.cache.positions("ticket_details"))[CUSTOMERS] == 1


async def test_what_the_same_transaction_made_is_brought_too() -> None:
    async with copied(2) as system:
        await system.write(await system.commit(TICKETS, 2, 3, [*opening("ticket-9", ADA), *ERASURE]))

        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}


async def test_it_is_brought_when_no_checkpoint_moved() -> None:
    async with copied(2) as system:
        await system.write(await system.commit(TICKETS, 2, 2, ERASURE))

        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}


async def test_one_that_the_cache_missed_is_made_good_from_the_log() -> None:
    async with copied(SEVERAL_PAGES, look_seconds=0.01) as system:
        erased = [CATALOGUE.encode(CustomerErased())]
        appended = await system.store.append(ADA, erased, 0, "erase", Metadata(NOON, "ann", "c-1"))
        assert (appended.log, appended.position) == (CUSTOMERS, 1)
        await system.cache.adopt("ticket_details", CUSTOMERS, 0)

        await system.commit(CUSTOMERS, 0, 1, ERASURE)

        await eventually(lambda: is_at(system, 1), pause=0.01)
        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}


async def is_at(system: Copied, position: int) -> bool:
    return (await system.cache.positions("ticket_details")).get(CUSTOMERS) == position


async def test_one_of_a_view_that_is_not_copied_costs_no_reading() -> None:
    async with copied(2) as system:
        elsewhere = ChangeWhere("ticket_list", {"customer_id": ADA}, {"subject": "erased"})
        await system.write(await system.commit(CUSTOMERS, 0, 1, [elsewhere]))

        assert system.views.pages == 0
