"""What is held in memory while much more waits: counted, on real servers, while a store or a broker stands still."""

import asyncio
import gc
from typing import Any

from tests.engine.workshop.application import EVENTS, PROJECTIONS
from tests.support.appending import CATEGORIES, append
from tests.support.eventually import eventually
from twinpath.commands.relaying.progress import RelayProgress
from twinpath.commands.relaying.relay import Relay
from twinpath.commands.relaying.upcoming import MOST_EVENTS as MOST_UPCOMING
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Put
from twinpath.feed.rabbit_feed import PREFETCH, RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.copying.steps import MOST_WAITING, Step
from twinpath.projecting.following.projected_log import MOST_EVENTS
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.projecting.history import HistoryProjection
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

LOG = "repair.0"
MESSAGE_EVENTS, MESSAGES = 20, 400


def held() -> int:
    """How many recorded events this process has in memory, wherever they are."""
    gc.collect()
    return sum(type(one) is RecordedEvent for one in gc.get_objects())


class StandsStill(InMemoryViewStore):
    """A view store whose commits wait until they may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = asyncio.Event()
        self.most_events = 0

    async def commit(self, batch: Batch) -> None:
        self.most_events = max(self.most_events, *(move.position - move.expected for move in batch.moves), 0)
        await self.may_go_on.wait()
        await super().commit(batch)


class Publishes:
    """An EventPublisher that takes a batch and never confirms it, until it may."""

    def __init__(self) -> None:
        self.may_confirm = asyncio.Event()
        self.batches: list[int] = []
        self.published = 0

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        self.batches.append(len(events))
        await self.may_confirm.wait()
        self.published += len(events)


async def test_the_projector_holds_what_is_prefetched_and_no_more_whatever_waits_in_the_queue(
    rabbitmq_url: str, mongodb_url: str, unique: str
) -> None:
    feed, publisher = RabbitFeed(rabbitmq_url, "views", [LOG]), RabbitPublisher(rabbitmq_url)
    async with mongo_client(mongodb_url, "test") as client:
        store = MongoEventStore(client, unique, CATEGORIES, 1)
        await store.prepare()
        stream = "repair-1"
        for message in range(MESSAGES):
            await append(store, stream, message * MESSAGE_EVENTS, *["n"] * MESSAGE_EVENTS)
        views = StandsStill()
        seals = Seals(InMemoryKeyStore(), EVENTS)
        projector = Projector([HistoryProjection()], [LOG], store, views, seals, EVENTS)
        await projector.start()
        await feed.start(projector.project)
        await eventually(lambda: follows(feed))
        before = held()
        for message in range(MESSAGES):
            await publisher.publish(LOG, await store.read_log(LOG, message * MESSAGE_EVENTS, MESSAGE_EVENTS))

        await eventually(lambda: full(before + PREFETCH * MESSAGE_EVENTS - MESSAGE_EVENTS))
        for _ in range(20):
            assert held() - before <= PREFETCH * MESSAGE_EVENTS + MOST_EVENTS
            await projector.project(LOG, [])
            await store.heads()  # a round trip, in which more could have come
        views.may_go_on.set()
        await eventually(lambda: reached(views, MESSAGES * MESSAGE_EVENTS))
        assert views.most_events <= MOST_EVENTS

        await feed.stop()
        await projector.stop()
        await publisher.close()


async def follows(feed: RabbitFeed) -> bool:
    return all(feed.consumers().values())


async def full(count: int) -> bool:
    return held() >= count


async def reached(views: InMemoryViewStore, position: int) -> bool:
    return all(at == position for at in (await views.checkpoints()).values())


async def test_the_relay_holds_one_batch_a_log_whatever_is_not_published(mongodb_url: str, unique: str) -> None:
    async with mongo_client(mongodb_url, "test") as client:
        store = MongoEventStore(client, unique, CATEGORIES, 1)
        await store.prepare()
        waiting = 3 * MOST_UPCOMING
        for number in range(waiting // 100):
            await append(store, "repair-1", number * 100, *["n"] * 100)
        before = held()
        publisher = Publishes()
        relay = Relay(store, publisher, RelayProgress(client, unique, "a", 5.0), [LOG])
        running = asyncio.create_task(relay.run())

        await eventually(lambda: asked(publisher))
        assert held() - before <= MOST_UPCOMING
        publisher.may_confirm.set()
        await eventually(lambda: published(publisher, waiting))
        assert max(publisher.batches) <= MOST_UPCOMING

        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def asked(publisher: Publishes) -> bool:
    return bool(publisher.batches)


async def published(publisher: Publishes, count: int) -> bool:
    return publisher.published == count


async def test_what_waits_for_a_slow_copy_is_bounded_by_changes() -> None:
    """Nothing is written here at all: whatever is told stays, or is left to be made good from the log."""
    gc.collect()  # what other tests left
    before = sum(type(one) is Put for one in gc.get_objects())
    store: Any = None
    sync = CacheSync(view_projections(PROJECTIONS), store, InMemoryViewStore(), InMemoryViewCache(), EVENTS)
    for number in range(5_000):
        changes = [Put("repair_details", f"repair-{number}-{n}", {}) for n in range(100)]
        sync.applied(Applied(LOG, changes, [CheckpointMove("repair_details", LOG, number, number + 1)]))

    steps = [one for one in gc.get_objects() if type(one) is Step]
    assert 0 < sum(step.size for step in steps) <= MOST_WAITING
    puts = sum(type(one) is Put for one in gc.get_objects()) - before
    assert puts <= len(changes), "of what was told the ids are kept"
