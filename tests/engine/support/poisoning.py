"""Projections that can't take some events: what they show is the versions of each stream, in the order they came."""

from collections.abc import Iterable, Sequence

from tests.engine.support.commanding import seals_of
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import RepairNoteAdded, RepairOpened
from tests.support.appending import metadata, note
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import Change, View, ViewChange
from twinpath.ids import log_of, uuid7
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applier
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import ViewReader

PARTITIONS = 2


class Seen(Projection):
    """A document a stream and one of all.

    At events whose ids are in `poison` its method raises; what it makes of `misfits` the store refuses.
    """

    name = "seen"
    views = (View("seen"),)

    def __init__(self, poison: Iterable[str] = (), misfits: Iterable[str] = ()) -> None:
        self.poison = set(poison)
        self.misfits = set(misfits)

    def noted(self, event: RepairNoteAdded | RepairOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One version more."""
        if recorded.id in self.poison:
            raise ValueError(f"can't take {recorded.id}")
        if recorded.id in self.misfits:
            yield Change(self.name, "nobody", increment={"n": 1})
        yield Change(self.name, recorded.stream, append={"versions": recorded.version}, create=True)
        yield Change(self.name, "all", increment={"n": 1}, create=True)


class AlsoSeen(Seen):
    """Another one of the same log."""

    name = "also_seen"
    views = (View("also_seen"),)


async def shown(views: ViewReader, projection: Projection) -> dict[str, list[int]]:
    """Stream -> the versions that a view shows, and under `all` how many."""
    documents = await views.page(projection.name, {}, None, 100_000)
    return {document["_id"]: document.get("versions") or [document["n"]] for document in documents}


class Notes:
    """A log of repairs with notes, and projections that follow it into `views`."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore(EVENTS.categories, PARTITIONS)
        self.views = InMemoryViewStore()

    async def add(self, stream: str, notes: int = 1) -> None:
        """Append notes to a stream, a commit each."""
        for _ in range(notes):
            version = len(await self.store.load(stream))
            await self.store.append(NewCommit(stream, [note()], version, uuid7(), metadata()))

    async def project(self, *projections: Projection, log: str = "repair.0", by: int = 1000) -> Applier:
        """Apply what is new in a log as a projector does that has just started, `by` so many events at a time."""
        views = [view for projection in projections for view in projection.views]
        await self.views.prepare(views, [(projection.name, log) for projection in projections])
        applier = Applier(log, self.views, EVENTS, seals_of(InMemoryKeyStore()), lambda applied: None)
        await applier.load(projections)
        while events := await self.store.read_log(log, min(applier.positions.values()), by):
            await applier.apply(projections, events)
        return applier

    async def all(self) -> dict[str, list[int]]:
        """What a view shows that has everything."""
        streams: dict[str, list[int]] = {}
        count = 0
        for log, head in (await self.store.heads()).items():
            for event in await self.store.read_log(log, 0, head):
                streams.setdefault(event.stream, []).append(event.version)
                count += 1
        return streams | ({"all": [count]} if count else {})


def in_one_log(number: int) -> list[str]:
    """Names of streams that live in one log."""
    names = (f"repair-{n}" for n in range(100 * number))
    return [name for name in names if log_of(name, PARTITIONS) == "repair.0"][:number]


async def mixed(streams: Sequence[str], count: int) -> Notes:
    """So many notes in each of these streams, in turn."""
    notes = Notes()
    for _ in range(count):
        for stream in streams:
            await notes.add(stream)
    return notes
