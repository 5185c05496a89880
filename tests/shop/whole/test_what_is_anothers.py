"""What is another's is not there for a customer, whatever a command names, and no way leads around a permission."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.shop.support.callers import API, CallersShop, callers_shop

NOBODYS = "0198c0de-0000-7000-8000-000000000009"
_ADDRESS = {"name": "A", "street": "1 Main", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}
_WORDS = {"subject": "Parcel", "message": "Where is it?"}


@pytest.fixture
async def shop() -> AsyncIterator[CallersShop]:
    async with callers_shop() as made:
        yield made


def _bodies(shop: CallersShop, customer: str, order: str) -> dict[str, tuple[str, dict[str, Any]]]:
    ada = shop.ids["ada"]
    lines = [{"product_id": ada["product"], "quantity": 1}]
    return {
        "an order for": ("/orders", {"customer_id": customer, "lines": lines, "shipping_address": _ADDRESS}),
        "a ticket for": ("/tickets", {**_WORDS, "customer_id": customer}),
        "a ticket about": ("/tickets", {**_WORDS, "order_id": order}),
        "a ticket of her own about": ("/tickets", {**_WORDS, "customer_id": ada["customer"], "order_id": order}),
    }


@pytest.mark.parametrize("what", ["an order for", "a ticket for", "a ticket about", "a ticket of her own about"])
@pytest.mark.parametrize("by", ["herself", "an agent"])
async def test_what_a_command_names_of_others_is_refused_as_if_it_were_not_there(
    shop: CallersShop, what: str, by: str
) -> None:
    """So that nobody can try out who is a customer, or which orders there are."""
    caller = "ada" if by == "herself" else "agent"
    on_behalf = {} if by == "herself" else {"X-On-Behalf-Of": shop.ids["ada"]["customer"]}
    refusals = []
    for customer, order in (
        (shop.ids["bob"]["customer"], shop.ids["bob"]["order"]),
        (f"customer-{NOBODYS}", f"order-{NOBODYS}"),
    ):
        path, body = _bodies(shop, customer, order)[what]
        answer = await shop.ask(caller, "POST", f"{API}{path}", json=body, headers=on_behalf)
        named = answer.text.replace(customer, "customer").replace(order, "order")
        refusals.append((answer.status_code, named))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == 404


@pytest.mark.parametrize(("caller", "status"), [("ada", 403), ("agent", 403), ("merchandiser", 403), ("operator", 200)])
async def test_the_history_of_what_no_resource_shows_is_for_operators(
    shop: CallersShop, caller: str, status: int
) -> None:
    """An allowance names a customer's orders, which the history of catalogues does not lead to."""
    allowance = shop.ids["bob"]["customer"].replace("customer", "allowance")
    answer = await shop.ask(caller, "GET", f"{API}/history/{allowance}")
    assert answer.status_code == status, answer.text


async def test_orders_below_a_customer_need_the_permission_to_read_orders_too(shop: CallersShop) -> None:
    for path in ("/customers/{customer_id}/orders", "/customers/{customer_id}/orders/events"):
        needed = shop.app.openapi()["paths"][f"{API}{path}"]["get"]["security"]
        assert [set(permissions) for scheme in needed for permissions in scheme.values()] == [
            {"customers:read", "orders:read"}
        ] * 2
