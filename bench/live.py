"""One projector process that empties full queues, against bare merged bulk writes of the same documents."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import uvloop

from bench.driver import motor_client
from bench.eventsourcing_tickets import tickets_on_postgresql
from bench.figures import at_least
from bench.long_log import ticket_projections, write_tickets
from bench.measuring import JOURNALED, Servers, running, servers
from bench.run import Run
from shared.events import CATALOGUE
from twinpath.domain.events import RecordedEvent
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.ids import logs_of
from twinpath.log.mongodb import MongoEventLog
from twinpath.mongo_client import mongo_client
from twinpath.projecting.following.projected_log import MOST_EVENTS
from twinpath.views.merging import merged
from twinpath.views.mongodb.statements import Statement, statement
from twinpath.views.mongodb.stores import CHECKPOINTS

LOG, PARTITIONS = "twinpath_log", 4
_MESSAGE = 500
"""Events in a message; the relay's messages of a busy log are as long."""
_LOOK_SECONDS = 0.02
_LONGEST = 900.0
Batches = Mapping[str, Sequence[Mapping[str, Sequence[Statement]]]]
"""Log -> batches, and in a batch: view -> statements."""


async def _read(started: Servers) -> dict[str, list[RecordedEvent]]:
    async with mongo_client(started.mongodb, "bench") as client:
        logs = logs_of(("ticket",), PARTITIONS)
        source = MongoEventLog(client, LOG, logs)
        heads = await source.heads()
        return {log: await source.read_log(log, 0, heads[log]) for log in logs}


def _statements(events: Mapping[str, Sequence[RecordedEvent]]) -> Batches:
    """The writes of the projector, prepared: one statement a document in every batch of MOST_EVENTS events."""
    projections = ticket_projections()

    def batch(recorded: Sequence[RecordedEvent]) -> dict[str, list[Statement]]:
        decoded = [(CATALOGUE.decode(event), event) for event in recorded]
        changes = [change for projection in projections for event in decoded for change in projection.changes(*event)]
        return {view: [statement(write, insert=True) for write in writes] for view, writes in merged(changes).items()}

    return {
        log: [batch(recorded[start : start + MOST_EVENTS]) for start in range(0, len(recorded), MOST_EVENTS)]
        for log, recorded in events.items()
    }


async def _publish(started: Servers, events: Mapping[str, Sequence[RecordedEvent]]) -> None:
    """Fill the queues as the relay does."""
    publisher = RabbitPublisher(started.rabbitmq)

    async def publish_log(log: str) -> None:
        for start in range(0, len(events[log]), _MESSAGE):
            await publisher.publish(log, list(events[log][start : start + _MESSAGE]))

    await asyncio.gather(*(publish_log(log) for log in events))
    await publisher.close()


async def _applied(started: Servers, database: str, total: int) -> float:
    """Events a second, from the first checkpoint that is seen to move until the last view has every event."""
    names = [projection.name for projection in ticket_projections()]
    async with mongo_client(started.mongodb, "bench") as client:
        checkpoints = client[database][CHECKPOINTS]
        first: tuple[float, float] | None = None
        async with asyncio.timeout(_LONGEST):
            while True:
                moved = await checkpoints.find({"_id": {"$regex": f"^({'|'.join(names)})/ticket"}}).to_list()
                done, now = sum(checkpoint["position"] for checkpoint in moved) / len(names), time.perf_counter()
                if first is None and done:
                    first = now, done
                if first is not None and done == total:
                    if done == first[1]:
                        raise RuntimeError("too few events: all were applied before anything was seen")
                    return float(done - first[1]) / (now - first[0])
                await asyncio.sleep(_LOOK_SECONDS)


def _ours(started: Servers, events: Mapping[str, Sequence[RecordedEvent]], number: int) -> float:
    uvloop.run(_publish(started, events))
    views = f"views{number}"
    env = {"TWINPATH_VIEWS_DATABASE": views, "TWINPATH_REDIS_PREFIX": views, **_ALONE}
    with running(started, "projector", env=env):
        return uvloop.run(_applied(started, views, sum(map(len, events.values()))))


async def _bare(client: Any, batches: Batches, total: int) -> float:
    """Events a second when every write is prepared: the logs in parallel, the batches of a log in order."""
    database = client.get_database("bare", write_concern=JOURNALED)
    await client.drop_database("bare")
    for projection in ticket_projections():
        for view in projection.views:
            await database.create_collection(view.name)
            for fields in view.indexes:
                await database[view.name].create_index([*((field, 1) for field in fields), ("_id", 1)])

    async def write(log_batches: Sequence[Mapping[str, Sequence[Statement]]]) -> None:
        for batch in log_batches:
            for view, statements in batch.items():
                await database[view].bulk_write(statements)

    began = time.perf_counter()
    await asyncio.gather(*map(write, batches.values()))
    return total / (time.perf_counter() - began)


async def _bare_both(url: str, batches: Batches, total: int) -> tuple[float, float]:
    async with mongo_client(url, "bench") as client, motor_client(url) as motor:
        return await _bare(client, batches, total), await _bare(motor, batches, total)


_ALONE = {"TWINPATH_PUBLISH_EVENTS": "false"}
"""Publishing events to the outside world uses a group of queues of its own, and no view."""


async def _make_log(started: Servers, events: int) -> None:
    async with mongo_client(started.mongodb, "bench") as client:
        await write_tickets(client, LOG, events, PARTITIONS)


def measure(run: Run) -> None:
    """On private servers. The queues are made by a projector on an empty log, and filled while none runs."""
    figure = run.figure("live projection, every ticket view / merged bulk writes", at_least(0.6), "events/s")
    by_motor = run.figure("live projection / merged bulk writes by Motor", at_least(0.6), "events/s")
    peer = run.figure("live projection, every ticket view / eventsourcing, one view", at_least(1), "events/s")
    with servers() as started, tickets_on_postgresql(run) as tickets:
        uvloop.run(_make_log(started, 0))
        with running(started, "projector", env=_ALONE):
            pass
        uvloop.run(_make_log(started, run.sizes.live_events))
        events = uvloop.run(_read(started))
        batches, total = _statements(events), sum(map(len, events.values()))
        if tickets is not None:
            tickets.rate(run.sizes.inserts, run.sizes.callers)
        for number in run.rounds():
            ours = _ours(started, events, number)
            bare, motor = uvloop.run(_bare_both(started.mongodb, batches, total))
            figure.add(ours, bare)
            by_motor.add(ours, motor)
            if tickets is not None:
                peer.add(ours, tickets.projected(f"rows{number}"))
