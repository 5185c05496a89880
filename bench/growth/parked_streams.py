"""A batch of events applied to every view of tickets while 0 to 10,000 other streams are parked."""

from collections.abc import Sequence

from pymongo import AsyncMongoClient

from bench.figures import at_most
from bench.growth.batches import batch
from bench.growth.interleaved import Work, medians
from bench.log.long_log import ticket_projections
from bench.measuring import on_mongodb
from bench.run import Run
from bench.sizes import Sizes
from shared.events import CATALOGUE
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.ids import new_id
from twinpath.log.commits import Document
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.applier import Applier
from twinpath.views.interface import Batch
from twinpath.views.mongodb.stores import MongoViewWriter
from twinpath.views.parking import Park, ParkedStream

LOG = "ticket.0"
_BATCHES = 20
"""Batches a round."""
_TICKETS = 250
"""New tickets in a batch, opened and noted: 500 events."""
_AT_ONCE = 1_000


def _sizes(sizes: Sizes) -> list[int]:
    return [0, sizes.parked // 100, sizes.parked // 10, sizes.parked]


def _parked(projection: Projection) -> Park:
    now, reason = utc_now(), "ValueError at ticket_list.py:30 in opened"
    return Park(ParkedStream(projection.name, new_id("ticket"), LOG, 1, 1, 3, reason, 2, now, now))


async def _applier(client: AsyncMongoClient[Document], size: int) -> Applier:
    """An applier on views of its own; its projections have `size` parked streams, in equal shares."""
    projections = ticket_projections()
    writer = MongoViewWriter(client, f"parked{size}")
    views = [view for projection in projections for view in projection.views]
    await writer.prepare(views, [(projection.name, LOG) for projection in projections])
    for start in range(0, size, _AT_ONCE):
        numbers = range(start, min(size, start + _AT_ONCE))
        await writer.commit(Batch(parking=[_parked(projections[number % len(projections)]) for number in numbers]))
    applier = Applier(LOG, writer, CATALOGUE, Seals(InMemoryKeyStore(), CATALOGUE), lambda applied: None)
    await applier.load(projections)
    return applier


def _applying(applier: Applier, batches: Sequence[Sequence[RecordedEvent]]) -> Work:
    projections = ticket_projections()
    return lambda turn: applier.apply(projections, batches[turn])


@on_mongodb
async def measure(url: str, run: Run) -> None:
    """On a private MongoDB, with a database for every size."""
    sizes = _sizes(run.sizes)
    line = f"a batch of {2 * _TICKETS} events, every view of tickets"
    figure = run.curve("parked streams", line, sizes, at_most(1.3), "ms")
    async with mongo_client(url, "bench") as client:
        appliers = [await _applier(client, size) for size in sizes]
        position = 0
        for _ in run.rounds():
            batches = [batch(LOG, position + number * 2 * _TICKETS, _TICKETS) for number in range(_BATCHES)]
            position += _BATCHES * 2 * _TICKETS
            figure.add_costs(await medians(_BATCHES, [_applying(applier, batches) for applier in appliers]))
        assert all(set(applier.positions.values()) == {position} for applier in appliers)
