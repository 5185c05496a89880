"""Fulfilment: what follows from an order's events, as commands to products and back to the order.

order.placed     -> reserve every product -> confirm; or, when one refuses, release the others and reject
order.cancelled  -> release what is reserved
order.shipped    -> take what is reserved
order.returned   -> put pieces back into stock, or write them off
"""

from datetime import datetime, timedelta

from command_service.order.commands import CancelOrder, ConfirmOrder, RejectOrder
from command_service.product.commands import ReleaseStock, ReserveStock, ReturnStock, TakeStock
from command_service.settings import Settings
from shared.events.order import RAN_OUT, OrderCancelled, OrderPlaced, OrderRejected, OrderReturned, OrderShipped
from shared.events.product import ReservationRefused
from twinpath.domain import Command, Process, Then

_EXPIRY = "reservation-expiry"


class Fulfilment(Process):
    """Remembers nothing between two events: the outcome of a reservation is what its product has recorded."""

    name = "fulfilment"

    def __init__(self, settings: Settings) -> None:
        self._reservation = timedelta(hours=settings.reservation_hours)

    async def placed(self, event: OrderPlaced, then: Then) -> None:
        """Reserve every product at once; the first that refuses, by its id, is why an order is rejected."""
        order_id, at = then.recorded.stream, then.at
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
        await then.send_all([ReleaseStock(product_id=line.product_id, order_id=order_id, at=at) for line in reserved])
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

    async def cancelled(self, event: OrderCancelled, then: Then) -> None:
        """Release what is reserved."""
        order_id = then.recorded.stream
        await then.send_all(
            [ReleaseStock(product_id=line.product_id, order_id=order_id, at=then.at) for line in event.products]
        )
        await then.cancel(_EXPIRY)

    async def shipped(self, event: OrderShipped, then: Then) -> None:
        """Take what is reserved."""
        order_id = then.recorded.stream
        await then.send_all(
            [TakeStock(product_id=line.product_id, order_id=order_id, at=then.at) for line in event.products]
        )
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


def _expired(order_id: str, at: datetime) -> CancelOrder:
    return CancelOrder(order_id=order_id, reason=RAN_OUT, at=at)
