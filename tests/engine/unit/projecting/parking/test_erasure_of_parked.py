"""An erased customer is in no view and in nothing that is parked, whichever came first."""

from collections.abc import Awaitable, Callable, Iterable

from projector_service.customers import CustomersProjection
from projector_service.ticket_list import TicketListProjection
from shared.events import CATALOGUE
from shared.events.customer import CustomerErased, CustomerRegistered, CustomerRenamed
from shared.events.ticket import TicketOpened
from shared.read_models.erased import ERASED_CUSTOMER
from tests.support.appending import metadata
from tests.support.clocks import Ticking
from tests.support.commanding import seals_of
from tests.support.poisoning import PARTITIONS, Notes
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.views import ViewChange
from twinpath.ids import log_of, new_id, uuid7
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.parking.repairs import Repairs
from twinpath.running.retrying import Pace
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch

QUICK = Pace(first=0.001, most=0.005, poison=0.005, look=0.005)


class CanNotRename(CustomersProjection):
    """It can't take another name."""

    def renamed(self, event: CustomerRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


class CanNotRegister(TicketListProjection):
    """It can't take what its customers begin with."""

    def registered(self, event: CustomerRegistered, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


async def test_an_erasure_wipes_at_once_also_where_its_stream_is_parked() -> None:
    keys, notes = InMemoryKeyStore(), Notes()
    seals = seals_of(keys)
    customer, ticket = new_id("customer"), new_id("ticket")

    async def happened(stream: str, version: int, event: DomainEvent) -> None:
        sealed = await seals.seal(stream, [CATALOGUE.encode(event)])
        await notes.store.append(stream, sealed, version, uuid7(), metadata())

    async def projected() -> str:
        projector = Projector(
            [CanNotRename(), CanNotRegister()],
            await notes.store.heads(),
            notes.store,
            notes.views,
            seals,
            CATALOGUE,
            pace=QUICK,
        )
        await projector.start()
        for log in await notes.store.heads():
            await projector.project(log, await notes.store.read_log(log, 0, 100))
        await projector.stop()
        return str([await notes.views.page(view, {}, None, 10) for view in ("customers", "ticket_list")])

    await happened(customer, 0, CustomerRegistered(name="Ada Private", email="ada@example.org"))
    await happened(customer, 1, CustomerRenamed(name="Ada Secret"))
    opened = TicketOpened(subject="Private", message="Secret", customer_id=customer, opened_at=metadata().at)
    await happened(ticket, 0, opened)
    before = await projected()
    await keys.destroy(customer)
    await notes.store.append(customer, [CATALOGUE.encode(CustomerErased())], 2, uuid7(), metadata())
    after = await projected()

    parked = await notes.views.parked.page(None, None, 10)
    assert {one.projection: (one.version, one.last) for one in parked} == {"customers": (2, 3), "ticket_list": (1, 3)}
    for private in ("Private", "ada@"):
        assert private in before
        assert private not in after
        assert private not in str(parked)
    assert "Secret" not in f"{after} {parked}"
    erased = {log_of(customer, PARTITIONS): 3}  # readers of copies learn of it, although it is parked
    assert notes.views.erasures("customers") == notes.views.erasures("ticket_list") == erased


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
    keys, notes, customer = InMemoryKeyStore(), Notes(), new_id("customer")
    notes.views = views = Overtaken()
    seals, log = seals_of(keys), log_of(customer, PARTITIONS)

    async def happened(version: int, *events: DomainEvent) -> None:
        sealed = await seals.seal(customer, [CATALOGUE.encode(event) for event in events])
        await notes.store.append(customer, sealed, version, uuid7(), metadata())

    async def projected() -> None:
        projection = CanNotRename()
        await views.prepare(projection.views, [(projection.name, log)])
        applier = Applier(log, views, CATALOGUE, seals, lambda applied: None)
        await applier.load([projection])
        at = applier.positions[projection.name]
        await applier.apply([projection], await notes.store.read_log(log, at, 100))

    async def erased() -> None:
        await keys.destroy(customer)
        await happened(3, CustomerErased())
        await projected()

    registered = CustomerRegistered(name="Ada", email="ada@example.org")
    await happened(0, registered, CustomerRenamed(name="Secret"), CustomerRenamed(name="Private"))
    await projected()
    mended = CustomersProjection()
    parked = Repairs({"customers": (mended, views)}, views, notes.store, seals, CATALOGUE, Ticking())

    views.meanwhile = erased
    [step] = [step async for step in parked.retry(None, None, 1)]

    assert step.applied == 1
    [document] = await views.page("customers", {}, None, 10)
    assert (document["name"], document["email"]) == (ERASED_CUSTOMER, None)
    assert [(late.first, late.last) for late in await views.parked.late_copies(10)] == [(2, 2), (2, 2)]
    assert not [step async for step in parked.retry(None, None, 1000) if step.failed]
    [document] = await views.page("customers", {}, None, 10)
    assert (document["name"], document["version"], document["status"]) == (ERASED_CUSTOMER, 4, "erased")
