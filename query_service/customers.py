"""Customers: lists, one customer, their orders, their history."""

from query_service.orders import ORDERS
from shared.read_models.customers import CUSTOMERS
from twinpath.domain import Listing, Resource, SubList

_CUSTOMER = {
    "customer_id": "customer-0198c0de-0000-7000-8000-000000000002",
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "status": "active",
    "registered_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:00:00.000000Z",
    "version": 1,
}

CUSTOMER = Resource(
    "customer",
    CUSTOMERS,
    _CUSTOMER,
    allow="customers:read",
    listing=Listing(
        "customer", CUSTOMERS, _CUSTOMER, description="Erased ones stay in the list, without name and email."
    ),
    sublists=[SubList("/orders", ORDERS, by="customer_id")],
)
