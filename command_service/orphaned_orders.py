"""Orders of erased customers: there is no address any more, so what is still open is cancelled.

An erasure is refused while an order of the customer is open (decision 0021); this is for an order that was placed in
the same moment.
"""

from contextlib import suppress
from typing import ClassVar, Literal

from command_service.order.commands import CancelOrder
from shared.events.customer import CustomerErased
from shared.events.order import CUSTOMER_ERASED
from twinpath.domain import Process, RuleViolation, Then


class OrphanedOrders(Process):
    """Finds a customer's orders by the owner of their personal data."""

    name = "orphaned-orders"
    since: ClassVar[Literal["beginning", "now"]] = "now"

    async def erased(self, event: CustomerErased, then: Then) -> None:
        """Cancel what has not left the house."""
        for order_id in await then.about(then.recorded.stream, "order"):
            with suppress(RuleViolation):  # shipped or rejected
                await then.send(CancelOrder(order_id=order_id, reason=CUSTOMER_ERASED, at=then.at))
