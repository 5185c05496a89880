"""Processes on the workshop, in memory: events are appended and delivered by hand, and a clock is moved."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.engine.workshop.events import (
    OwnerErased,
    OwnerRegistered,
    OwnerRenamed,
    RepairClosed,
    RepairNoteAdded,
    RepairOpened,
    RepairStatusChanged,
)
from tests.engine.workshop.owners import OWNER, RegisterOwner
from tests.engine.workshop.repairs import REPAIR, OpenRepair
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.commands.processes.checkpoints import InMemoryCheckpoints
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.registry import Processes
from twinpath.commands.processes.timers import InMemoryTimers
from twinpath.commands.snapshotting import Snapshots
from twinpath.domain.aggregate import Command
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.process import Process
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.running.retrying import Pace
from twinpath.views.in_memory.stores import InMemoryViewStore

EVENTS = Catalogue(
    [
        RepairOpened,
        RepairStatusChanged,
        RepairNoteAdded,
        RepairClosed,
        OwnerRegistered,
        OwnerRenamed,
        OwnerErased,
    ]
)
HASTE = Pace(first=0.001, most=0.002, poison=0.001, look=0.005, attempts=3)


class World:
    """A workshop with these processes, on one partition a category."""

    def __init__(self, *processes: type[Process]) -> None:
        self.now = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
        self.application = Application(EVENTS, (REPAIR, OWNER), processes)
        self.store, self.keys = InMemoryEventStore(EVENTS.categories, 1), InMemoryKeyStore()
        self.timers, self.parking = InMemoryTimers(), InMemoryViewStore()
        self.checkpoints = InMemoryCheckpoints()
        seals, snapshots = Seals(self.keys, EVENTS), Snapshots(InMemorySnapshotStore())
        self.bus = CommandBus(self.store, self.application.deciders, EVENTS, seals, snapshots)
        self.processes = self.restarted()

    def restarted(self) -> Processes:
        """The processes as another replica, or this one after a restart, has them."""
        means = Means(self.bus, self.store, self.timers, EVENTS, self.application.deciders, lambda: self.now)
        kept = (self.checkpoints, self.parking)
        self.processes = Processes(self.application, None, means, self.keys, 1, *kept, pace=HASTE)
        return self.processes

    async def repair(self) -> str:
        """Open a repair; its id."""
        opened = OpenRepair(repair_id=new_id("repair"), subject="Brakes", message="They squeak.", at=self.now)
        return await self.send(opened)

    async def owner(self) -> str:
        """Register an owner; their id."""
        return await self.send(RegisterOwner(owner_id=new_id("owner"), name="Ada", email="a@b.org", at=self.now))

    async def send(self, command: Command) -> str:
        """Have a command carried out; its stream."""
        await self.bus.handle(Envelope(command, actor="somebody", correlation_id="c-1"))
        return command.stream

    async def delivered(self) -> None:
        """Hand every event to the processes, and what follows, until nothing does."""
        heads: dict[str, int] = {}
        while heads != (heads := await self.store.heads()):
            for log, head in heads.items():
                if head:
                    await self.processes.deliver(log, await self.store.read_log(log, head - 1, 1))

    async def passes(self, time: timedelta) -> int:
        """Let time pass and carry out what is due then; how much was."""
        self.now += time
        return await self.processes.carry_out_due()

    async def happened(self, stream: str) -> list[str]:
        """What happened to a stream, without its category."""
        return [event.type.partition(".")[2] for event in await self.store.load(stream)]

    async def events(self) -> Sequence[RecordedEvent]:
        """Every event."""
        return [event for log in await self.store.heads() for event in await self.store.read_log(log, 0, 1000)]
