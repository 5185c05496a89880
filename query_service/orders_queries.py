"""What can be asked about orders; the customer's name is joined here, from the view that alone knows it."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from shared.read_models.customer_orders import CUSTOMER_ORDERS, KEPT, part_id
from shared.read_models.customers import CUSTOMERS
from shared.read_models.order_summaries import ORDER_SUMMARIES, OrderRow
from twinpath.domain.views import Cached, Document
from twinpath.queries.reading.views import Selection, ViewQueries, not_there

_ROW_FIELDS = tuple(name for name in OrderRow.model_fields if name != "customer_name")


class OrderQueries:
    """Reads orders. `fresh` reads past the cache, which may trail the view's checkpoint."""

    def __init__(self, views: ViewQueries) -> None:
        self._views = views

    async def ready(self, order_id: str, fresh: bool = False) -> Cached:
        """One order, ready to send, with its customer's latest name. Raises NotFound, Unavailable."""
        return await self.joined(await self._views.ready(ORDER_SUMMARIES, order_id, fresh), fresh)

    async def joined(self, order: Cached, fresh: bool = False) -> Cached:
        """The order with its customer's name; where the customer is erased, without an address."""
        body = orjson.loads(order.body)
        customer = (await self._customers([body["customer_id"]], fresh)).get(body["customer_id"])
        body["customer_name"] = None if customer is None else customer["name"]
        if customer is not None and customer["status"] == "erased":
            body["shipping_address"] = None
        known = 0 if customer is None else customer["version"]
        etag = f'{order.etag[:-1]}.{known}"'
        return Cached(order.id, order.revision, etag, orjson.dumps(body))

    async def rows(self, documents: Iterable[Document], fresh: bool = True) -> list[dict[str, Any]]:
        """Orders as an OrderRow has them, with the customers' latest names, read in one round trip.

        The documents were read past the cache, so the names are too unless told otherwise. Raises Unavailable.
        """
        orders = [{name: document[name] for name in _ROW_FIELDS} for document in documents]
        customers = await self._customers((order["customer_id"] for order in orders), fresh)
        for order in orders:
            customer = customers.get(order["customer_id"])
            order["customer_name"] = None if customer is None else customer["name"]
        return orders

    def of_customer(self, customer_id: str, status: str | None) -> Selection:
        """A customer's orders, newest first."""
        by_status = {} if status is None else {"status": status}
        return Selection(ORDER_SUMMARIES, {"customer_id": customer_id, **by_status})

    async def latest(
        self, customer_id: str, logs: Sequence[str], limit: int, fresh: bool = False
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A customer's latest orders, KEPT at most, and the id after which older ones follow; None when these are all.

        Raises NotFound, Unavailable.
        """
        ready = await self._views.ready_many(CUSTOMER_ORDERS, [part_id(customer_id, log) for log in logs], fresh)
        parts = [orjson.loads(part.body)["orders"] for part in ready.values()]
        ids = sorted((order_id for part in parts for order_id in part), reverse=True)
        if not ids:
            await self.must_be_known(customer_id, fresh)
            return [], None
        chosen = ids[:limit]
        orders = await self._views.ready_many(ORDER_SUMMARIES, chosen, fresh)
        documents = [orjson.loads(orders[order_id].body) for order_id in chosen if order_id in orders]
        are_all = len(ids) <= limit and all(len(part) < KEPT for part in parts)
        return await self.rows(documents, fresh), None if are_all else chosen[-1]

    async def must_be_known(self, customer_id: str, fresh: bool = False) -> None:
        """Refuse an id that neither a customer nor an order has; either view may be behind. Raises NotFound."""
        if await self._customers([customer_id], fresh):
            return
        if not (await self._views.page(self.of_customer(customer_id, None), None, 1)).documents:
            raise not_there(customer_id)

    async def _customers(self, ids: Iterable[str], fresh: bool) -> dict[str, Document]:
        found = await self._views.ready_many(CUSTOMERS, ids, fresh)
        return {customer_id: orjson.loads(customer.body) for customer_id, customer in found.items()}
