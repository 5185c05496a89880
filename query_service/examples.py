"""What the answers look like, for the OpenAPI page. FastAPI leaves nulls out of it, so there are none."""

from typing import Any

TICKET_ID = "ticket-0198c0de-0000-7000-8000-000000000001"
_ROW: dict[str, Any] = {
    "ticket_id": TICKET_ID,
    "subject": "Parcel has not arrived",
    "status": "closed",
    "customer_id": "customer-0198c0de-0000-7000-8000-000000000002",
    "opened_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:40:00.000000Z",
    "version": 4,
}
TICKET: dict[str, Any] = {
    **_ROW,
    "order_id": "order-0198c0de-0000-7000-8000-000000000003",
    "message": "Tracking says delivered on Monday, but nothing came.",
    "triaged_at": "2026-01-05T09:10:00.000000Z",
    "closed_at": "2026-01-05T09:40:00.000000Z",
    "resolution": "Found at the neighbour's.",
    "note_count": 1,
    "notes": [{"note": "Asked the carrier.", "at": "2026-01-05T09:20:00.000000Z", "by": "agent-ann"}],
}
TICKET_PAGE: dict[str, Any] = {
    "items": [
        {
            **_ROW,
            "has_note": True,
            "preview": "Tracking says delivered on Monday, but nothing cam",
            "note_preview": "Asked the carrier.",
        }
    ],
    "next": "bm90IGEgcmVhbCBjdXJzb3I",
}
DASHBOARD: dict[str, Any] = {
    "by_status": {"open": 2, "triaged": 1, "closed": 5},
    "days": [{"day": "2026-01-05", "opened": 3, "closed": 1}],
    "median_hours_to_triage": 0.17,
    "median_hours_to_close": 26.4,
}
HISTORY_PAGE: dict[str, Any] = {
    "items": [
        {
            "version": 2,
            "type": "ticket.status_changed",
            "at": "2026-01-05T09:10:00.000000Z",
            "actor": "agent-ann",
            "correlation_id": "c-42",
            "data": {"status": "triaged", "previous_status": "open", "seconds_to_triage": 600.0},
        }
    ],
    "next": "bm90IGEgcmVhbCBjdXJzb3I",
}
_PRICE = {"amount": "19.99", "currency": "EUR"}
PRODUCT: dict[str, Any] = {
    "product_id": "product-7d0e3f0a-4f0e-5d0f-9d57-3c6f6f3c0001",
    "name": "Desk lamp",
    "category": "lighting",
    "sku": "LAMP-1",
    "price": _PRICE,
    "on_hand": 8,
    "reserved": 2,
    "in_stock": True,
    "discontinued": False,
    "created_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:40:00.000000Z",
    "version": 3,
}
PRODUCT_PAGE: dict[str, Any] = {"items": [PRODUCT], "next": "bm90IGEgcmVhbCBjdXJzb3I"}
PRICE_PAGE: dict[str, Any] = {
    "items": [
        {
            "version": 2,
            "price": _PRICE,
            "previous_price": {"amount": "24.99", "currency": "EUR"},
            "reason": "Autumn sale",
            "at": "2026-01-05T09:20:00.000000Z",
            "by": "agent-ann",
        }
    ],
    "next": "bm90IGEgcmVhbCBjdXJzb3I",
}
CUSTOMER: dict[str, Any] = {
    "customer_id": "customer-0198c0de-0000-7000-8000-000000000002",
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "status": "active",
    "registered_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:00:00.000000Z",
    "version": 1,
}
CUSTOMER_PAGE: dict[str, Any] = {"items": [CUSTOMER], "next": "bm90IGEgcmVhbCBjdXJzb3I"}
_ORDER_ROW: dict[str, Any] = {
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
ORDER: dict[str, Any] = {
    **_ORDER_ROW,
    "lines": [
        {
            "product_id": PRODUCT["product_id"],
            "sku": "LAMP-1",
            "name": "Desk lamp",
            "category": "lighting",
            "quantity": 2,
            "unit_price": _PRICE,
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
ORDER_PAGE: dict[str, Any] = {"items": [_ORDER_ROW], "next": "bm90IGEgcmVhbCBjdXJzb3I"}
SHOP_DASHBOARD_EXAMPLE: dict[str, Any] = {
    "orders_by_status": {"placed": 0, "confirmed": 3, "rejected": 1, "shipped": 5, "cancelled": 1},
    "revenue": [
        {
            "currency": "EUR",
            "total": "312.40",
            "days": [{"day": "2026-01-05", "amount": "39.98"}],
            "categories": [{"category": "lighting", "amount": "312.40"}],
        }
    ],
    "top_products": [{"product_id": PRODUCT["product_id"], "name": "Desk lamp", "units": 12}],
}
