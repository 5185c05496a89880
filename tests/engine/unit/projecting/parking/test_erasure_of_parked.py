"""An erased is in no view and in nothing that is parked, whichever came first."""

from collections.abc import Awaitable, Callable, Iterable

from tests.engine.support.commanding import seals_of
from tests.engine.support.poisoning import PARTITIONS, Notes
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import OwnerErased, OwnerRegistered, OwnerRenamed, RepairOpened
from tests.engine.workshop.views import ERASED, OwnersProjection, RepairListProjection
from tests.support.appending import metadata
from tests.support.clocks import Ticking
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.views import ViewChange
from twinpath.ids import log_of, new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.parking.repairs import Repairs
from twinpath.running.retrying import Pace
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch

QUICK = Pace(first=0.001, most=0.005, poison=0.005, look=0.005)


class CanNotRename(OwnersProjection):
    """It can't take another name."""

    def renamed(self, event: OwnerRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


class CanNotRegister(RepairListProjection):
    """It can't take what its owners begin with."""

    def registered(self, event: OwnerRegistered, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


async def test_an_erasure_wipes_at_once_also_where_its_stream_is_parked() -> None:
    keys, notes = InMemoryKeyStore(), Notes()
    seals = seals_of(keys)
    owner, repair = new_id("owner"), new_id("repair")

    async def happened(stream: str, version: int, event: DomainEvent) -> None:
        sealed = await seals.seal(stream, [EVENTS.encode(event)])
        await notes.store.append(NewCommit(stream, sealed, version, uuid7(), metadata()))

    async def projected() -> str:
        projector = Projector(
            [CanNotRename(), CanNotRegister()],
            await notes.store.heads(),
            notes.store,
            notes.views,
            seals,
            EVENTS,
            pace=QUICK,
        )
        await projector.start()
        for log in await notes.store.heads():
            await projector.project(log, await notes.store.read_log(log, 0, 100))
        await projector.stop()
        return str([await notes.views.page(view, {}, None, 10) for view in ("owners", "repair_list")])

    await happened(owner, 0, OwnerRegistered(name="Ada Private", email="ada@example.org"))
    await happened(owner, 1, OwnerRenamed(name="Ada Secret"))
    opened = RepairOpened(subject="Private", message="Secret", owner_id=owner, opened_at=metadata().at)
    await happened(repair, 0, opened)
    before = await projected()
    await keys.destroy(owner)
    await notes.store.append(NewCommit(owner, [EVENTS.encode(OwnerErased())], 2, uuid7(), metadata()))
    after = await projected()

    parked = await notes.views.parked.page(None, None, 10)
    assert {one.projection: (one.version, one.last) for one in parked} == {"owners": (2, 3), "repair_list": (1, 3)}
    for private in ("Private", "ada@"):
        assert private in before
        assert private not in after
        assert private not in str(parked)
    assert "Secret" not in f"{after} {parked}"
    erased = {log_of(owner, PARTITIONS): 3}  # readers of copies learn of it, although it is parked
    assert notes.views.erasures("owners") == notes.views.erasures("repair_list") == erased


class Overtaken(InMemoryViewStore):
    """Something happens `meanwhile`, after what is to be committed next was read."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def commit(self, batch: Batch) -> None:
        """See ViewWriter.commit."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()
        await super().commit(batch)


async def test_what_a_retry_opened_before_an_erasure_and_committed_after_it_is_wiped() -> None:
    keys, notes, owner = InMemoryKeyStore(), Notes(), new_id("owner")
    notes.views = views = Overtaken()
    seals, log = seals_of(keys), log_of(owner, PARTITIONS)

    async def happened(version: int, *events: DomainEvent) -> None:
        sealed = await seals.seal(owner, [EVENTS.encode(event) for event in events])
        await notes.store.append(NewCommit(owner, sealed, version, uuid7(), metadata()))

    async def projected() -> None:
        projection = CanNotRename()
        await views.prepare(projection.views, [(projection.name, log)])
        applier = Applier(log, views, EVENTS, seals, lambda applied: None)
        await applier.load([projection])
        at = applier.positions[projection.name]
        await applier.apply([projection], await notes.store.read_log(log, at, 100))

    async def erased() -> None:
        await keys.destroy(owner)
        await happened(3, OwnerErased())
        await projected()

    registered = OwnerRegistered(name="Ada", email="ada@example.org")
    await happened(0, registered, OwnerRenamed(name="Secret"), OwnerRenamed(name="Private"))
    await projected()
    mended = OwnersProjection()
    parked = Repairs({"owners": (mended, views)}, views, notes.store, seals, EVENTS, Ticking())

    views.meanwhile = erased
    [step] = [step async for step in parked.retry(None, None, 1)]

    assert step.applied == 1
    [document] = await views.page("owners", {}, None, 10)
    assert (document["name"], document["email"]) == (ERASED, None)
    assert [(late.first, late.last) for late in await views.parked.late_copies(10)] == [(2, 2), (2, 2)]
    assert not [step async for step in parked.retry(None, None, 1000) if step.failed]
    [document] = await views.page("owners", {}, None, 10)
    assert (document["name"], document["version"], document["erased"]) == (ERASED, 4, True)
