"""customer_orders: the ids of a customer's latest orders, in parts a log so that no two logs write one document."""

import orjson

from twinpath.domain.views import Document, View

KEPT = 50
"""So many orders of a part are remembered, the latest; the latest of all parts are among them."""


def part_id(customer_id: str, log: str) -> str:
    """Id of the part with one customer's orders of one log."""
    return f"{customer_id}/{log}"


def _render(document: Document) -> bytes:
    return orjson.dumps({"orders": document["orders"]})


CUSTOMER_ORDERS = View(name="customer_orders", render=_render)
