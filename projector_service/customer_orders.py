"""Writes customer_orders: the ids of a customer's latest orders."""

from collections.abc import Iterable

from shared.events.order import OrderPlaced
from shared.read_models.customer_orders import CUSTOMER_ORDERS, KEPT, part_id
from twinpath.domain import Change, Projection, RecordedEvent, ViewChange


class CustomerOrdersProjection(Projection):
    """Ids alone: what an order is by now, order_summaries knows."""

    name = "customer_orders"
    views = (CUSTOMER_ORDERS,)

    def placed(self, event: OrderPlaced, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One more; the oldest goes when there are too many."""
        part = part_id(event.customer_id, recorded.log)
        yield Change(CUSTOMER_ORDERS.name, part, append={"orders": recorded.stream}, keep=KEPT, create=True)
