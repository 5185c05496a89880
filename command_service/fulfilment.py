"""Fulfilment: what follows from an order's events, as commands to products and back to the order.

order.placed     -> reserve every product -> confirm; or, when one refuses, release the others and reject
order.cancelled  -> release what is reserved
order.shipped    -> take what is reserved
customer.erased  -> note that the destroyed key is known of; one that is not, for a minute, has its customer erased

It remembers nothing between two events. Every command's id is derived from the event that causes it, so that whoever
handles an event again (a restart, another replica, a redelivery) gets the first answers and changes nothing. (A process
manager: Hohpe and Woolf, Enterprise Integration Patterns, 2003.)
"""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid5

import structlog

from command_service.customer.commands import EraseCustomer
from command_service.order.commands import CancelOrder, ConfirmOrder, RejectOrder
from command_service.product.commands import ReleaseStock, ReserveStock, TakeStock
from shared.events import CATALOGUE
from shared.events.customer import CustomerErased
from shared.events.order import OrderCancelled, OrderPlaced, OrderRejected, OrderShipped
from shared.events.product import ReservationRefused
from twinpath.clock import Clock, utc_now
from twinpath.commands.bus import CommandBus, Envelope
from twinpath.commands.processes.timers import Appointment, Schedule
from twinpath.domain.aggregate import Command
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.errors import NotFound, RuleViolation
from twinpath.log.interface import EventStore
from twinpath.personal_data.interface import KeyStore

FOLLOWED_CATEGORIES = ("order", "customer")
"""The categories whose logs it follows."""

_NAMESPACE = UUID("5f0c3c1e-6f0b-5b0e-9d3b-1d4f5a6b7c8d")
_EXPIRY = "reservation-expiry"
_HALF_ERASED = timedelta(minutes=1)
_HANDLED = {event.type for event in (OrderPlaced, OrderCancelled, OrderShipped, OrderRejected, CustomerErased)}

_log = structlog.get_logger(__name__)


class Fulfilment:
    """Carries out what an event asks for. `reservation` is for how long a reservation waits for its order to ship."""

    def __init__(
        self,
        bus: CommandBus,
        store: EventStore,
        keys: KeyStore,
        schedule: Schedule,
        reservation: timedelta,
        clock: Clock = utc_now,
        catalogue: Catalogue = CATALOGUE,
    ) -> None:
        self._bus = bus
        self._store = store
        self._keys = keys
        self._schedule = schedule
        self._reservation = reservation
        self._clock = clock
        self._catalogue = catalogue

    def takes(self, recorded: RecordedEvent) -> bool:
        """Whether anything follows from this event."""
        return recorded.type in _HANDLED

    async def handle(self, recorded: RecordedEvent) -> None:
        """Carry out what follows from an event; may be called for the same one again. Raises Unavailable."""
        match self._catalogue.decode(recorded):
            case OrderPlaced() as event:
                await self._reserve(event, recorded)
            case OrderCancelled() as event:
                for line in event.products:
                    release = ReleaseStock(product_id=line.product_id, order_id=recorded.stream, at=self._clock())
                    await self._send(release, recorded)
                await self._schedule.remove(_EXPIRY, recorded.stream)
            case OrderShipped() as event:
                for line in event.products:
                    take = TakeStock(product_id=line.product_id, order_id=recorded.stream, at=self._clock())
                    await self._send(take, recorded)
                await self._schedule.remove(_EXPIRY, recorded.stream)
            case OrderRejected():
                await self._schedule.remove(_EXPIRY, recorded.stream)
            case CustomerErased():
                await self._keys.confirm(recorded.stream)
            case _:
                pass

    async def _reserve(self, event: OrderPlaced, recorded: RecordedEvent) -> None:
        order_id = recorded.stream
        due = event.placed_at + self._reservation
        await self._schedule.put(Appointment(_EXPIRY, order_id, due, recorded.id, recorded.correlation_id))
        reserved: list[str] = []
        for line in sorted(event.lines, key=lambda line: line.product_id):
            reserve = ReserveStock(
                product_id=line.product_id, order_id=order_id, quantity=line.quantity, at=self._clock()
            )
            refused = await self._refusal(reserve, recorded)
            if refused is None:
                reserved.append(line.product_id)
                continue
            for product_id in reserved:
                await self._send(ReleaseStock(product_id=product_id, order_id=order_id, at=self._clock()), recorded)
            reject = RejectOrder(
                order_id=order_id,
                product_id=line.product_id,
                quantity=refused.quantity,
                on_hand=refused.on_hand,
                reason=refused.reason,
                at=self._clock(),
            )
            await self._send(reject, recorded)
            return
        await self._send(ConfirmOrder(order_id=order_id, at=self._clock()), recorded)

    async def _refusal(self, reserve: ReserveStock, cause: RecordedEvent) -> ReservationRefused | None:
        """Reserve; what the product said then, also when it was asked before."""
        command_id = await self._send(reserve, cause)
        commit = await self._store.commit_of(command_id)
        for recorded in commit.events if commit else ():
            event = self._catalogue.decode(recorded)
            if isinstance(event, ReservationRefused):
                return event
        return None

    async def _send(self, command: Command, cause: RecordedEvent) -> str:
        command_id = derived_id(cause.id, command)
        await self._bus.handle(
            Envelope(
                command,
                actor="fulfilment",
                correlation_id=cause.correlation_id,
                causation_id=cause.id,
                traceparent=cause.traceparent,
                derived_id=command_id,
            )
        )
        return command_id

    async def carry_out_due(self) -> int:
        """Cancel the orders whose reservation has waited too long, end erasures that a crash cut short; how many.

        Raises Unavailable.
        """
        half_erased = await self._keys.unconfirmed(self._clock() - _HALF_ERASED)
        for customer_id in half_erased:
            await self._end_erasure(customer_id)
        due = await self._schedule.due(self._clock())
        for appointment in due:
            cancel = CancelOrder(order_id=appointment.stream, reason="The reservation has run out.", at=self._clock())
            envelope = Envelope(
                cancel,
                actor="fulfilment",
                correlation_id=appointment.correlation_id,
                causation_id=appointment.cause,
                derived_id=derived_id(appointment.cause, cancel),
            )
            try:
                await self._bus.handle(envelope)
                _log.info("reservation_ran_out", order=appointment.stream)
            except RuleViolation:
                pass  # it was shipped or rejected meanwhile
            await self._schedule.remove(appointment.kind, appointment.stream)
        return len(due) + len(half_erased)

    async def _end_erasure(self, customer_id: str) -> None:
        erase = EraseCustomer(customer_id=customer_id, at=self._clock())
        envelope = Envelope(erase, actor="fulfilment", derived_id=derived_id(customer_id, erase))
        with suppress(NotFound):  # whose key was destroyed before anybody was registered
            await self._bus.handle(envelope)
        await self._keys.confirm(customer_id)


def derived_id(cause: str, command: Command) -> str:
    """The command id that this event gives to this command, the same whenever it is asked."""
    return str(uuid5(_NAMESPACE, f"{cause}/{type(command).__name__}/{command.stream}"))
