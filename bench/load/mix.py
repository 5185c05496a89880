"""The requests of the shop's customers: one write to READS_PER_WRITE reads, and a few favourite products."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

READS_PER_WRITE = 20
_KEPT = 1_000
"""Orders and tickets that are remembered for later queries."""

Kind = Literal["command", "query"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the command service, with or without a body, or to the query service."""

    kind: Kind
    path: str
    body: dict[str, Any] | None = None
    makes: Literal["order", "ticket"] | None = None


@dataclass
class Shop:
    """Products and customers, and the latest orders and tickets."""

    products: list[str]
    customers: list[str]
    chance: random.Random
    orders: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    tickets: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def next(self) -> Request:
        """The next request."""
        return self._write() if self.chance.random() < 1 / (READS_PER_WRITE + 1) else self._read()

    def made(self, request: Request, answer: dict[str, Any]) -> None:
        """Remember the order or ticket that a write has made."""
        if request.makes == "order":
            self.orders.append(answer["order_id"])
        elif request.makes == "ticket":
            self.tickets.append(answer["ticket_id"])

    def _product(self) -> str:
        """A product, roughly by Zipf's law: half of the requests are for a few favourites."""
        return self.products[min(int(self.chance.paretovariate(0.9)) - 1, len(self.products) - 1)]

    def _write(self) -> Request:
        share = self.chance.random()
        if share < 0.6:
            wanted = {self._product() for _ in range(self.chance.randint(1, 3))}
            lines = [{"product_id": product, "quantity": 1} for product in wanted]
            body = {"customer_id": self.chance.choice(self.customers), "lines": lines, "shipping_address": _ADDRESS}
            return Request("command", "/api/v1/orders", body, "order")
        if share < 0.8 or not self.tickets:
            subject = {"subject": "Parcel", "message": "Where is it? It was to come a week ago."}
            return Request("command", "/api/v1/tickets", subject, "ticket")
        if share < 0.9:
            ticket = self.chance.choice(self.tickets)
            return Request("command", f"/api/v1/tickets/{ticket}/notes", {"note": "asked the carrier"})
        return Request("command", f"/api/v1/products/{self._product()}/restock", {"quantity": 100})

    def _read(self) -> Request:
        share = self.chance.random()
        path = f"/products/{self._product()}"
        if 0.5 <= share < 0.65:
            path = "/products?category=lighting&limit=20"
        elif 0.65 <= share < 0.8 and self.orders:
            path = f"/orders/{self.chance.choice(self.orders)}"
        elif 0.8 <= share < 0.9:
            path = f"/customers/{self.chance.choice(self.customers)}/orders?limit=10"
        elif 0.9 <= share < 0.98 and self.tickets:
            path = f"/tickets/{self.chance.choice(self.tickets)}"
        elif share >= 0.98:
            path = "/shop/dashboard"
        return Request("query", f"/api/v1{path}")


_ADDRESS = {
    "name": "Ada Lovelace",
    "street": "12 St James's Square",
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
