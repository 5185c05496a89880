"""A shop's commands over HTTP, for tests: each is sent until it has an answer, always with the same key."""

from typing import Any
from uuid import uuid4

import httpx

from tests.support.eventually import eventually

ADDRESS = {"name": "Ada", "street": "12 Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"}


def order_of(customer: str, product: str, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """The body that orders some pieces of one product."""
    lines = [{"product_id": product, "quantity": quantity}]
    return {"customer_id": customer, "lines": lines, "shipping_address": ADDRESS} | fields


class Shop:
    """`tokens` is a causal token of everything that was accepted."""

    def __init__(self, commands: httpx.AsyncClient) -> None:
        self._commands = commands
        self._positions: dict[str, int] = {}

    @property
    def token(self) -> str:
        """Of everything that was accepted."""
        return ",".join(f"{log}:{position}" for log, position in self._positions.items())

    async def product(self, sku: str, stock: int = 0, price: str = "19.99", category: str = "lighting") -> str:
        """Create a product; its id."""
        body = {"name": f"Product {sku}", "category": category, "sku": sku, "initial_stock": stock}
        answer = await self.send("POST", "/products", body | {"price": {"amount": price, "currency": "EUR"}})
        return str(answer.json()["product_id"])

    async def customer(self, name: str = "Ada", email: str = "") -> str:
        """Register a customer, with an address of their own unless one is given; their id."""
        body = {"name": name, "email": email or f"{uuid4()}@example.org"}
        answer = await self.send("POST", "/customers", body)
        return str(answer.json()["customer_id"])

    async def order(self, customer: str, **quantities: int) -> str | None:
        """Order products by id, `-` written as `_`; the order's id, or None when it was refused for lack of stock."""
        lines = [{"product_id": product.replace("_", "-"), "quantity": n} for product, n in quantities.items()]
        body = {"customer_id": customer, "lines": lines, "shipping_address": ADDRESS}
        answer = await self.send("POST", "/orders", body, refusals=(409,))
        if answer.status_code == 409:
            assert answer.json()["code"] == "insufficient_stock"
            return None
        return str(answer.json()["order_id"])

    async def send(
        self, method: str, path: str, body: dict[str, Any] | None = None, refusals: tuple[int, ...] = ()
    ) -> httpx.Response:
        """Send a command until it is accepted, or refused as expected."""
        headers = {"Idempotency-Key": uuid4().hex}
        answer: httpx.Response | None = None

        async def answered() -> bool:
            nonlocal answer
            try:
                answer = await self._commands.request(method, f"/api/v1{path}", json=body, headers=headers)
            except httpx.TransportError:
                return False
            assert answer.status_code in (200, 201, 503, *refusals), answer.text
            return answer.status_code != 503

        await eventually(answered, limit=60)
        assert answer is not None
        if token := answer.headers.get("Causal-Token"):
            log, _, position = token.partition(":")
            self._positions[log] = max(self._positions.get(log, 0), int(position))
        return answer


async def orders_of(queries: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Every order that the list shows."""
    orders: list[dict[str, Any]] = []
    url: str | None = "/api/v1/orders?limit=100"
    while url is not None:
        answer = (await queries.get(url)).raise_for_status()
        orders += answer.json()["items"]
        url = answer.links["next"]["url"] if answer.json()["next"] else None
    return orders


async def stock_of(queries: httpx.AsyncClient, product: str) -> tuple[int, int]:
    """How many pieces of a product are on hand, and how many reserved."""
    shown = (await queries.get(f"/api/v1/products/{product}")).raise_for_status().json()
    return shown["on_hand"], shown["reserved"]
