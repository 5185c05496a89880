"""A log that is written while a view of it is built anew, on in-memory stores."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tests.engine.support.commanding import bus_on, seals_of
from tests.engine.workshop.application import EVENTS, PROJECTIONS
from tests.engine.workshop.repairs import AddRepairNote, OpenRepair
from tests.engine.workshop.views import RepairListProjection
from tests.support.eventually import eventually
from tests.support.in_memory_generations import InMemoryGenerations
from twinpath.clock import utc_now
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import Change, ViewChange
from twinpath.ids import logs_of, new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.projecting.rebuilding.building import Building, begin
from twinpath.running.retrying import Pace
from twinpath.views.interface import Batch, Checkpoints

LOGS = logs_of(EVENTS.categories, 4)
SEALS = seals_of(InMemoryKeyStore())
QUICK = Pace(first=0.001, most=0.005, poison=0.005, look=0.005)
LIST = "repair_list"


class Interleaving(InMemoryGenerations):
    """A store that lets others go first, as one does that is a network away."""

    async def checkpoints(self) -> Checkpoints:
        await asyncio.sleep(0)
        return await super().checkpoints()

    async def commit(self, batch: Batch) -> None:
        await asyncio.sleep(0)
        await super().commit(batch)
        await asyncio.sleep(0)


class Shouting(RepairListProjection):
    """The list as a later version of the code has it: subjects are in capitals."""

    version = 2

    def changes(self, event: DomainEvent, recorded: RecordedEvent) -> list[ViewChange]:
        return [*super().changes(event, recorded), *self._louder(event, recorded)]

    def _louder(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        if recorded.type == "repair.opened":
            yield Change(LIST, recorded.stream, set={"subject": recorded.data["subject"].upper()})


class World:
    """A log that is written, a projector that follows it, and views."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore(EVENTS.categories)
        self.bus: CommandBus = bus_on(self.store)
        self.views = Interleaving()
        self.repairs: list[str] = []

    async def write(self, commands: int) -> None:
        for number in range(commands):
            at = utc_now()
            if number % 3 == 0:
                self.repairs.append(new_id("repair"))
                opened = OpenRepair(repair_id=self.repairs[-1], at=at, subject=f"s{number}", message="m")
                await self.bus.handle(Envelope(opened))
            else:
                repair = self.repairs[number % len(self.repairs)]
                await self.bus.handle(Envelope(AddRepairNote(repair_id=repair, at=at, note=f"n{number}")))
            await asyncio.sleep(0)

    @asynccontextmanager
    async def projected(self, *projections: Projection) -> AsyncIterator[Projector]:
        """With a projector at work, which has everything that it may write at first."""
        projector = Projector(
            projections or view_projections(PROJECTIONS), LOGS, self.store, self.views, SEALS, EVENTS, pace=QUICK
        )
        await projector.start()
        await eventually(lambda: self.follows(projector), pause=0.001)
        try:
            yield projector
        finally:
            await projector.stop()

    async def follows(self, projector: Projector) -> bool:
        return await self.is_projected() or await is_outdated(projector)

    async def fullest_log(self) -> str:
        heads = await self.store.heads()
        return max(heads, key=lambda log: heads[log])

    async def is_projected(self) -> bool:
        heads = await self.store.heads()
        checkpoints = await self.views.checkpoints()
        return (LIST, "repair.0") in checkpoints and all(
            position == heads[log] for (name, log), position in checkpoints.items() if name == LIST
        )

    async def building(self, projection: Projection | None = None, afresh: bool = False) -> Building:
        projection = projection or RepairListProjection()
        plan, _ = await begin(projection, LOGS, self.views, afresh)
        return Building(projection, plan, self.store, self.views, SEALS, EVENTS, pace=QUICK)

    async def folded(self, projection: Projection | None = None) -> list[dict[str, object]]:
        """The view as a plain fold of the whole log gives it."""
        other = World()
        other.store = self.store
        async with other.projected(projection or RepairListProjection()):
            return await other.shown()

    async def shown(self) -> list[dict[str, object]]:
        documents = await self.views.page(LIST, {}, None, 10_000)
        return [{name: value for name, value in one.items() if name != "revision"} for one in documents]


async def is_outdated(projector: Projector) -> bool:
    return any(LIST in status.outdated for status in projector.status().values())
