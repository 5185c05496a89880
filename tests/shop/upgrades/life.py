"""A shop's life over HTTP, small and with everything in it: every event type, a long stream, an erased customer.

All commands carry an Idempotency-Key and are kept with their answers, so that another version can be asked again.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from tests.support.eventually import eventually

ADMIN_TOKEN = "upgrades"
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
_LONG = 60
"""Notes of the long ticket: more than there are events to a snapshot, and than a ticket's document keeps."""


@dataclass
class Sent:
    """A command and its answer. A list as body is one JSON object a line, for `/commands`."""

    method: str
    path: str
    key: str
    body: Any
    status: int = 0
    answer: str = ""


@dataclass
class Life:
    """What was done so far; `ids` are those of the documents, by the name that they have here."""

    command: httpx.AsyncClient
    query: httpx.AsyncClient
    ids: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    key: str = "life"
    """What every Idempotency-Key begins with."""

    async def everyday(self) -> None:
        """Everything that happens in a shop, but for what goes wrong."""
        for name, stock in {"lamp": 40, "pan": 3, "rug": 9, "vase": 7}.items():
            await self._product(name, stock)
        await self.send("PUT", "/products/{lamp}/price", {"price": _euros("34.90"), "reason": "Autumn sale"})
        await self._product("calendar", 5)
        await self.send("POST", "/products/{calendar}/discontinue", None)
        await self.send("POST", "/products/{vase}/discontinue", None)
        await self.send("POST", "/products/{vase}/relist", None)
        await self.send("PUT", "/products/{vase}/name", {"name": "Vase, blue"})
        await self.send("PUT", "/products/{vase}/categories", {"categories": ["home", "Home & Garden > Decor > Vases"]})
        await self.send("POST", "/products/{vase}/adjust-stock", {"change": -1, "reason": "Broken"})
        for name in ("ada", "grace", "alan"):
            body = {"name": name.title(), "email": f"{name}@example.org"}
            await self.send("POST", "/customers", body, name)
        await self.send("POST", "/customers", {"name": "Ada again", "email": "ADA@example.org"}, "twin")
        await self.send("PUT", "/customers/{grace}/name", {"name": "Grace Hopper"})
        await self.send("PUT", "/customers/{grace}/email", {"email": "hopper@example.org"})
        await self._orders()
        await self._tickets()
        await self.send("POST", "/orders/{confirmed}/cancel", {"reason": "Moved away"})
        await self.send("DELETE", "/customers/{alan}", None)

    async def _orders(self) -> None:
        for name, customer in {"shipped": "ada", "cancelled": "grace", "confirmed": "alan"}.items():
            await self.order(name, customer, "lamp")
            await self.becomes(name, "confirmed")
        shipping = {"carrier": "DHL", "tracking_number": "00340434161090000001"}
        await self.send("POST", "/orders/{shipped}/ship", shipping)
        await self.send("POST", "/orders/{shipped}/return", {"reason": "Too bright"})
        await self.send("POST", "/orders/{cancelled}/cancel", {"reason": "Ordered twice"})
        bodies = [self._order_body(customer, "pan", 2) for customer in ("ada", "grace")]  # of three pieces
        await self.send_bulk("place_order", {"first": bodies[0], "second": bodies[1]})
        for name in ("first", "second"):
            await self.becomes(name, "confirmed", "rejected")

    async def _tickets(self) -> None:
        for name, customer in {"long": "ada", "closed": "grace", "erased": "alan", "broken": "ada"}.items():
            body = {"subject": f"The {name} one", "message": "Where is it?", "customer_id": self.ids[customer]}
            await self.send("POST", "/tickets", body | {"order_id": self.ids["shipped"]}, name)
        for number in range(_LONG):
            await self.note("long", f"Called back, no answer: the {number + 1}. time")
        await self.send("PUT", "/tickets/{closed}/status", {"status": "triaged"})
        await self.send("POST", "/tickets/{closed}/close", {"resolution": "Found at the neighbour's."})

    async def note(self, ticket: str, text: str) -> None:
        """A note on a ticket."""
        await self.send("POST", f"/tickets/{{{ticket}}}/notes", {"note": text})

    async def order(self, name: str, customer: str, product: str) -> None:
        """An order for one piece."""
        await self.send("POST", "/orders", self._order_body(customer, product, 1), name)

    async def becomes(self, order: str, *statuses: str) -> None:
        """Wait until an order has one of these statuses."""

        async def has() -> bool:
            answer = await self.query.get(f"/api/v1/orders/{self.ids[order]}")
            return answer.status_code == 200 and answer.json()["status"] in statuses

        await eventually(has, limit=90)

    async def send(self, method: str, path: str, body: Any, name: str | None = None) -> None:
        """Send a command; `{name}` in the path stands for an id, and `name` is what a new id is kept as."""
        command = Sent(method, path.format(**self.ids), f"{self.key}-{len(self.sent)}", body)
        answer = await repeat(self.command, command)
        assert answer.is_success, answer.text
        if name is not None:
            self.ids[name] = next(value for key, value in answer.json().items() if key.endswith("_id"))
        self.sent.append(command)

    async def send_bulk(self, kind: str, bodies: dict[str, Any]) -> None:
        """Send one request with a command a name, whose new ids are kept by these names."""
        keys = {name: f"{self.key}-{len(self.sent)}-{name}" for name in bodies}
        lines = [{"command": kind, "idempotency_key": keys[name], "body": body} for name, body in bodies.items()]
        command = Sent("POST", "/commands", f"{self.key}-{len(self.sent)}", lines)
        results = (await repeat(self.command, command)).text.splitlines()
        self.ids |= {name: json.loads(result)["order_id"] for name, result in zip(bodies, results, strict=True)}
        self.sent.append(command)

    async def _product(self, name: str, stock: int) -> None:
        body = {"name": name.title(), "category": "home", "sku": f"{name.upper()}-1", "price": _euros("39.90")}
        await self.send("POST", "/products", body, name)
        await self.send("POST", f"/products/{{{name}}}/restock", {"quantity": stock})

    def _order_body(self, customer: str, product: str, quantity: int) -> dict[str, Any]:
        address = {"name": "A. Customer", "street": "12 St James's Square", "city": "London"}
        return {
            "customer_id": self.ids[customer],
            "lines": [{"product_id": self.ids[product], "quantity": quantity}],
            "shipping_address": {**address, "postal_code": "SW1Y 4JH", "country": "GB"},
        }

    def written(self) -> list[dict[str, Any]]:
        """The commands sent, as JSON data."""
        return [asdict(command) for command in self.sent]


async def repeat(client: httpx.AsyncClient, command: Sent) -> httpx.Response:
    """Send a command, perhaps not for the first time; its answer is kept in it."""
    headers = {"Idempotency-Key": command.key, "X-Actor": "agent-ann"}
    url = f"/api/v1{command.path}"
    if isinstance(command.body, list):
        content = "\n".join(map(json.dumps, command.body))
        headers = {"Content-Type": "application/x-ndjson", "X-Actor": "agent-ann"}
        answer = await client.request(command.method, url, content=content, headers=headers)
    else:
        answer = await client.request(command.method, url, json=command.body, headers=headers)
    command.status, command.answer = answer.status_code, answer.text
    return answer


def _euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}
