"""The shop's four searches: each finds its documents by what people know of them, and nothing of an erased customer."""

from typing import Any

import httpx

from deploy.shop import SHOP
from shared.read_models.customers import CUSTOMERS
from tests.support.eventually import eventually
from twinpath.domain import Change
from twinpath.testing import InMemorySystem
from twinpath.views.interface import Batch

API = "/api/v1"
ADDRESS = {
    "name": "Ada King",
    "street": "12 St James's Square",
    "city": "Twyford",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}


async def test_the_shop_is_searched_and_nothing_of_an_erased_customer_is_found() -> None:
    system = InMemorySystem(SHOP, processes_at_once=False)
    transport = httpx.ASGITransport(system.app)
    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as client,
    ):

        async def created(path: str, body: dict[str, Any]) -> tuple[str, str]:
            answer = await client.post(f"{API}/{path}", json=body)
            assert answer.status_code == 201, answer.text
            id_ = next(value for name, value in answer.json().items() if name.endswith("_id"))
            return id_, answer.headers["Causal-Token"]

        async def found(plural: str, words: str, token: str = "", **filters: Any) -> Any:
            headers = {"Causal-Token": token} if token else {}
            answer = await client.get(f"{API}/{plural}/search", params={"q": words, **filters}, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()

        async def is_filled() -> bool:
            return (await client.get(f"{API}/tickets/search?q=a")).status_code == 200

        await eventually(is_filled)
        price = {"amount": "19.99", "currency": "EUR"}
        product, _ = await created(
            "products",
            {"name": "Desk lamp", "category": "Lighting", "sku": "LAMP/07-b", "initial_stock": 3, "price": price},
        )
        _, token = await created(
            "products",
            {
                "name": "Lamp oil",
                "sku": "OIL-1",
                "price": price | {"amount": "120.00"},
                "categories": ["Oil", "lighting"],
            },
        )
        customer, _ = await created("customers", {"name": "Ada Lovelace", "email": "ada@analytical.example"})
        line = {"product_id": product, "quantity": 1}
        order, ordered = await created(
            "orders", {"customer_id": customer, "lines": [line], "shipping_address": ADDRESS}
        )
        complaint = {"subject": "Flickering", "message": "My name is Ockham.", "customer_id": customer}
        _, opened = await created("tickets", complaint)

        lamps = await found("products", "lamp", token)
        assert sorted(row["name"] for row in lamps["items"]) == ["Desk lamp", "Lamp oil"]
        assert [row["sku"] for row in (await found("products", "lamp07b"))["items"]] == ["LAMP/07-b"]
        assert [row["sku"] for row in (await found("products", "lamp", min_price="20"))["items"]] == ["OIL-1"]
        assert [row["sku"] for row in (await found("products", "lamp", category="oil"))["items"]] == ["OIL-1"]
        assert [row["sku"] for row in (await found("products", "lamp", currency="USD"))["items"]] == []
        assert (await found("products", "lamp", sku="oil-1"))["total"] == 1
        categories = next(facet["values"] for facet in lamps["facets"] if facet["name"] == "categories")
        assert categories == [{"value": "Lighting", "count": 2}, {"value": "Oil", "count": 1}]
        assert (await found("products", "lamp", category="LIGHTING"))["total"] == 2
        prices = next(facet["values"] for facet in lamps["facets"] if facet["name"] == "price")
        assert [(v["at_least"], v["count"]) for v in prices if v["count"]] == [(10, 1), (100, 1)]

        texts = {
            "customers": ["lovelace", "ada@analytical.example", "analytical"],
            "orders": ["ada king", "twyford"],
            "tickets": ["flickering", "ockham", '"name is ockham"'],
        }
        for plural, words in texts.items():
            for text in words:
                assert len((await found(plural, text, f"{ordered}, {opened}"))["items"]) == 1, (plural, text)
        assert [row["order_id"] for row in (await found("orders", "lamp07b", status="placed"))["items"]] == [order]
        assert (await found("orders", "desk lamp"))["items"][0]["customer_name"] == "Ada Lovelace"

        assert (await found("orders", "king"))["items"][0]["highlights"]
        hidden = Change(CUSTOMERS.name, customer, {"status": "erased"})  # which the view of orders does not know yet
        await system.views.commit(Batch([hidden], []))
        for text in ("king", "twyford", "ada", "desk lamp twyford"):
            shown = await found("orders", text, ordered)
            assert "King" not in str(shown), text
            assert "Twyford" not in str(shown), text
        await system.views.commit(Batch([Change(CUSTOMERS.name, customer, {"status": "active"})], []))

        await client.post(f"{API}/orders/{order}/cancel", json={"reason": "no longer"})
        erased = await client.delete(f"{API}/customers/{customer}")
        assert erased.status_code == 200, erased.text
        for plural, words in texts.items():
            for text in words:
                answer = await found(plural, text, erased.headers["Causal-Token"])
                assert (answer["total"], answer["items"], answer["suggestions"]) == (0, [], []), (plural, text)
        assert (await found("orders", "desk lamp"))["items"][0]["order_id"] == order
