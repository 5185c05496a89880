"""Fulfilment: what follows from an order's events, as commands to products and back to the order.

order.placed     -> hold the pieces in the customer's allowance, or cancel; then reserve every product -> confirm;
                    or, when one refuses, release the others and reject
order.cancelled  -> release what is reserved and held
order.shipped    -> take what is reserved, release what is held
order.returned   -> put pieces back into stock, or write them off
"""

from datetime import datetime, timedelta

from command_service.allowance.commands import HoldUnits, ReleaseUnits
from command_service.order.commands import CancelOrder, ConfirmOrder, RejectOrder
from command_service.product.commands import ReleaseStock, ReserveStock, ReturnStock, TakeStock
from command_service.settings import Settings
from shared.events.allowance import HoldRefused, allowance_id_of
from shared.events.order import (
    RAN_OUT,
    TOO_MUCH_UNSHIPPED,
    OrderCancelled,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
)
from shared.events.product import ReservationRefused
from twinpath.domain import Command, Process, Then

_EXPIRY = "reservation-expiry"


class Fulfilment(Process):
    """Remembers nothing between two events: the outcome of a reservation is what its product has recorded."""

    name = "fulfilment"

    def __init__(self, settings: Settings) -> None:
        self._reservation = timedelta(hours=settings.reservation_hours)
        self._most_units = settings.most_unshipped_units

    async def placed(self, event: OrderPlaced, then: Then) -> None:
        """Reserve every product at once; the first that refuses, by its id, is why an order is rejected."""
        order_id, at = then.recorded.stream, then.at
        if not await self._is_held(event, then):
            await then.send(CancelOrder(order_id=order_id, reason=TOO_MUCH_UNSHIPPED, at=at))
            return
        await then.after(self._reservation, _expired(order_id, at), kind=_EXPIRY)
        lines = sorted(event.lines, key=lambda line: line.product_id)
        reservations = await then.send_all(
            [
                ReserveStock(product_id=line.product_id, order_id=order_id, quantity=line.quantity, at=at)
                for line in lines
            ]
        )
        refusals = [await reservation.first(ReservationRefused) for reservation in reservations]
        short = next(((line, refusal) for line, refusal in zip(lines, refusals, strict=True) if refusal), None)
        if short is None:
            await then.send(ConfirmOrder(order_id=order_id, at=at))
            return
        reserved = [line for line, refusal in zip(lines, refusals, strict=True) if refusal is None]
        releases: list[Command] = [
            ReleaseStock(product_id=line.product_id, order_id=order_id, at=at) for line in reserved
        ]
        await then.send_all([*releases, _released(event.customer_id, order_id, at)])
        line, refusal = short
        reject = RejectOrder(
            order_id=order_id,
            product_id=line.product_id,
            quantity=refusal.quantity,
            on_hand=refusal.on_hand,
            reason=refusal.reason,
            at=at,
        )
        await then.send(reject)

    async def _is_held(self, event: OrderPlaced, then: Then) -> bool:
        """Whether the order's pieces are within what the customer's open orders may hold."""
        hold = HoldUnits(
            allowance_id=allowance_id_of(event.customer_id),
            order_id=then.recorded.stream,
            units=sum(line.quantity for line in event.lines),
            most=self._most_units,
            until=event.placed_at + self._reservation,
            at=then.at,
        )
        return await (await then.send(hold)).first(HoldRefused) is None

    async def cancelled(self, event: OrderCancelled, then: Then) -> None:
        """Release what is reserved and held; what the shop cancels holds nothing any more, by its time or for good."""
        order_id = then.recorded.stream
        releases = [ReleaseStock(product_id=line.product_id, order_id=order_id, at=then.at) for line in event.products]
        await then.send_all([*releases, *_releases(event.customer_id, then)])
        await then.cancel(_EXPIRY)

    async def shipped(self, event: OrderShipped, then: Then) -> None:
        """Take what is reserved, and release what is held."""
        order_id = then.recorded.stream
        takes = [TakeStock(product_id=line.product_id, order_id=order_id, at=then.at) for line in event.products]
        await then.send_all([*takes, *_releases(event.customer_id, then)])
        await then.cancel(_EXPIRY)

    async def returned(self, event: OrderReturned, then: Then) -> None:
        """Put pieces back into stock, or write them off."""
        await then.send_all(
            [
                ReturnStock(
                    product_id=back.product_id,
                    order_id=then.recorded.stream,
                    number=event.number,
                    restocked=back.restocked,
                    written_off=back.written_off,
                    at=then.at,
                )
                for back in event.products
            ]
        )

    async def rejected(self, event: OrderRejected, then: Then) -> None:
        """Nothing is reserved that could run out."""
        await then.cancel(_EXPIRY)

    def old_timer(self, kind: str, stream: str, at: datetime) -> Command | None:
        """See Process.old_timer."""
        return _expired(stream, at) if kind == _EXPIRY else None


def _released(customer_id: str, order_id: str, at: datetime) -> ReleaseUnits:
    return ReleaseUnits(allowance_id=allowance_id_of(customer_id), order_id=order_id, at=at)


def _releases(customer_id: str | None, then: Then) -> list[Command]:
    """None for an order of a version that named no customer there: it held nothing."""
    return [] if customer_id is None else [_released(customer_id, then.recorded.stream, then.at)]


def _expired(order_id: str, at: datetime) -> CancelOrder:
    return CancelOrder(order_id=order_id, reason=RAN_OUT, at=at)
