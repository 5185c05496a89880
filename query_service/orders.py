"""Orders: lists, one order, its history; the customer's name is joined here, from the view that alone knows it."""

from typing import Any

from pydantic import BaseModel

from shared.read_models.customers import CUSTOMERS
from shared.read_models.order_summaries import ORDER_SUMMARIES, OrderRow
from twinpath.domain import Document, Join, Listing, Resource


class CustomersName(BaseModel):
    """The customer's latest name; null where the customer is not visible yet."""

    customer_name: str | None


def _put_customer(order: dict[str, Any], customer: Document | None) -> None:
    order["customer_name"] = None if customer is None else customer["name"]
    if customer is not None and customer["status"] == "erased" and "shipping_address" in order:
        order |= {"shipping_address": None, "tracking_number": None}


_CUSTOMER = Join(CUSTOMERS, "customer_id", CustomersName, _put_customer)
_ROW = {
    "order_id": "order-0198c0de-0000-7000-8000-000000000003",
    "customer_id": "customer-0198c0de-0000-7000-8000-000000000002",
    "customer_name": "Ada Lovelace",
    "status": "confirmed",
    "total": {"amount": "39.98", "currency": "EUR"},
    "item_count": 2,
    "placed_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:00:00.010000Z",
    "version": 2,
}
_ORDER = _ROW | {
    "lines": [
        {
            "product_id": "product-7d0e3f0a-4f0e-5d0f-9d57-3c6f6f3c0001",
            "sku": "LAMP-1",
            "name": "Desk lamp",
            "category": "lighting",
            "quantity": 2,
            "unit_price": {"amount": "19.99", "currency": "EUR"},
            "line_total": {"amount": "39.98", "currency": "EUR"},
        }
    ],
    "shipping_address": {
        "name": "Ada Lovelace",
        "street": "12 St James's Square",
        "city": "London",
        "postal_code": "SW1Y 4JH",
        "country": "GB",
    },
    "confirmed_at": "2026-01-05T09:00:00.010000Z",
}

ORDERS = Listing(
    "order", ORDER_SUMMARIES, _ROW, row=OrderRow, join=_CUSTOMER, description="Each with its customer's latest name."
)
ORDER = Resource("order", ORDER_SUMMARIES, _ORDER, allow="orders:read", listing=ORDERS, join=_CUSTOMER)
