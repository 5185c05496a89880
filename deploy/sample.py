"""The sample of `make up` and `make demo`: thirty days of products, customers, orders and tickets in every state.

It is played through the shop's own endpoints in this process, on a clock that goes from thirty days ago to now, so that
each rule and each process has its say and every dashboard has a history. For a real system the log that comes of it is
copied into its empty log, which takes an account that may write the log: no caller can say when a command was given.
All choices come from one seed.
"""

import heapq
import itertools
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
from pymongo.errors import PyMongoError
from starlette.types import Receive, Scope, Send

from command_service.settings import Settings
from deploy.shop import SHOP
from twinpath.clock import utc_now
from twinpath.commands.preparing import prepare_log
from twinpath.errors import Unavailable
from twinpath.identity.authentication import CALLER
from twinpath.identity.caller import EVERYTHING, Caller
from twinpath.log.layout import read_partitions
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import driver_message, mongo_client
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.running.settings import read_settings
from twinpath.testing import InMemorySystem

DAYS = 30
SEED = 20260101
_PRODUCTS: list[tuple[str, str, str, str, int]] = [
    ("Desk lamp", "lighting", "LAMP-1", "39.90", 40),
    ("Floor lamp", "lighting", "LAMP-2", "129.00", 12),
    ("Bulb, warm white", "lighting", "BULB-1", "4.95", 500),
    ("Oak desk", "furniture", "DESK-1", "349.00", 6),
    ("Desk chair", "furniture", "CHAIR-1", "219.00", 15),
    ("Bookshelf", "furniture", "SHELF-1", "159.50", 9),
    ("Wool jacket", "clothing", "JACKET-M", "189.00", 20),
    ("Rain coat", "clothing", "COAT-L", "99.90", 18),
    ("Set of four cups", "kitchen", "CUPS-4", "24.00", 60),
    ("Tea pot", "kitchen", "POT-1", "32.50", 25),
    ("Bread knife", "kitchen", "KNIFE-1", "18.75", 30),
    ("Cast-iron pan", "kitchen", "PAN-1", "54.00", 3),
    ("Notebook, lined", "paper", "NOTE-1", "6.20", 300),
    ("Fountain pen", "paper", "PEN-1", "45.00", 22),
    ("Ink, blue", "paper", "INK-B", "8.40", 80),
    ("Wall calendar 2025", "paper", "CAL-25", "12.00", 10),
]
_CHANGES: dict[str, list[tuple[int, str, str, dict[str, Any] | None]]] = {
    "LAMP-1": [
        (5, "PUT", "name", {"name": "Desk lamp, brass"}),
        (6, "PUT", "categories", {"categories": ["lighting", "Home & Garden > Lighting > Lamps"]}),
    ],
    "BULB-1": [
        (8, "POST", "adjust-stock", {"change": -3, "reason": "Broken in the warehouse"}),
        (10, "POST", "discontinue", None),
        (12, "POST", "relist", None),
    ],
    "CAL-25": [(20, "POST", "discontinue", None)],
}
"""SKU -> what becomes of the product, days after it was created."""
_CUSTOMERS = [
    "Ada Lovelace",
    "Grace Hopper",
    "Alan Turing",
    "Edsger Dijkstra",
    "Barbara Liskov",
    "Donald Knuth",
    "Frances Allen",
    "Tony Hoare",
    "Radia Perlman",
    "Leslie Lamport",
]
_QUESTIONS = [
    ("Parcel has not arrived", "Tracking says delivered on Monday, but nothing came and the neighbours know nothing."),
    ("Wrong size sent", "I ordered the jacket in M and got an XL. Can I swap it before the weekend?"),
    ("Invoice without VAT number", "Our bookkeeping needs the company's VAT number on the invoice."),
    ("Cup broken in transit", "One of the four cups arrived in pieces. Photos are attached to my mail of today."),
    ("Cannot log in", "The password mail never arrives, I looked into the spam folder as well."),
    ("Refund still missing", "You confirmed my return two weeks ago. When will the money be back?"),
    ("Change of address", "Please send the order to my office instead; it has not been shipped yet, has it?"),
    ("Coupon not accepted", "The code from your newsletter is said to be unknown at the checkout."),
    ("Lamp flickers", "The desk lamp flickers from time to time, with every bulb that I tried."),
]
_NOTES = ["Asked the carrier for a proof of delivery.", "Called back, no answer. Wrote a mail."]
_RESOLUTION = "Sent a replacement and apologised."
ORDERS, RECENT, TICKETS = 40, 6, 36


class SampleClock:
    """A clock that stands where the sample is, and goes with the time of day once that is played."""

    def __init__(self) -> None:
        self._at: datetime | None = None

    def __call__(self) -> datetime:
        """The time, in UTC."""
        return utc_now() if self._at is None else self._at

    def stand_at(self, at: datetime | None) -> None:
        """Stand at this time, or go."""
        self._at = at


def client_within(system: InMemorySystem) -> httpx.AsyncClient:
    """A client of the system in this process, who may do everything and is asked for nothing."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        await system.app({**scope, "state": {CALLER: Caller("", "sample", frozenset([EVERYTHING]))}}, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(asked), base_url="http://sample")


async def play_sample(system: InMemorySystem, clock: SampleClock) -> dict[str, int]:
    """Play it on a system that runs by this clock; returns kind -> number. Raises httpx.HTTPError."""
    try:
        async with client_within(system) as client:
            client.base_url = client.base_url.join("/api/v1")
            return await _Sample(system, clock, client).play()
    finally:
        clock.stand_at(None)


async def load_sample(mongodb_url: str) -> dict[str, int]:
    """Copy the sample into a log without events; returns kind -> number, nothing where there are events already.

    The databases are those of the command service's settings. Raises Unavailable.
    """
    clock, settings = SampleClock(), read_settings(Settings)
    try:
        async with mongo_client(mongodb_url, "sample") as client:
            log, keys = client[settings.log_database], MongoKeyStore(client, settings.keys_database)
            partitions = await read_partitions(log) or settings.partitions
            target = MongoEventStore(client, settings.log_database, SHOP.events.categories, partitions)
            await prepare_log(log, partitions, keys, target)
            if any((await target.heads()).values()):
                return {}
            system = InMemorySystem(SHOP, clock, processes_at_once=False, keys=keys)
            async with system.app.router.lifespan_context(system.app):
                loaded = await play_sample(system, clock)
            await system.store.copy_to(target)
            await target.close()
            return loaded
    except PyMongoError as error:
        raise Unavailable(f"MongoDB does not take the sample: {driver_message(error)}") from error


Step = Callable[[], Awaitable[None]]


class _Sample:
    """What happens, in the order of time: each step may have others follow it later."""

    def __init__(self, system: InMemorySystem, clock: SampleClock, client: httpx.AsyncClient) -> None:
        self._system, self._clock, self._client = system, clock, client
        self._random = random.Random(SEED)
        self._now = utc_now()
        self._begin = self._now - timedelta(days=DAYS)
        self._steps: list[tuple[datetime, int, Step]] = []
        self._numbers = itertools.count()
        self._products: list[str] = []
        self._customers: list[str] = []
        self._orders: list[str] = []
        self._orders_of_last: list[str] = []

    async def play(self) -> dict[str, int]:
        """Play all of it; returns kind -> number."""
        for place, product in enumerate(_PRODUCTS):
            self._at(0.01 * place, partial(self._product, *product))
        for place, name in enumerate(_CUSTOMERS):
            self._at(0.2 + 0.01 * place, partial(self._customer, name))
        for number in range(ORDERS):
            self._at(0.5 + number * (DAYS - 1) / ORDERS, partial(self._order, number))
        self._at(DAYS - 0.4, self._race)
        for number in range(TICKETS):
            self._at(1.5 + number * (DAYS - 2) / TICKETS, partial(self._ticket, number))
        self._at(DAYS - 0.1, self._erase)
        for number in range(RECENT):  # which wait to be shipped
            self._at(DAYS - 0.09 + 0.01 * number, partial(self._order, ORDERS + number))
        while self._steps:
            at, _, step = heapq.heappop(self._steps)
            self._clock.stand_at(min(at, self._now))
            await self._system.processes.carry_out_due()
            await step()
            await self._system.settled()
        kinds = {"products": self._products, "customers": self._customers, "orders": list(filter(None, self._orders))}
        return {**{kind: len(ids) for kind, ids in kinds.items()}, "tickets": TICKETS}

    def _at(self, days: float, step: Callable[[], Awaitable[Any]]) -> None:
        heapq.heappush(self._steps, (self._begin + timedelta(days=days), next(self._numbers), step))

    def _later(self, hours: float, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """A command after so many hours, unless that is in the future."""
        passed = (self._clock() - self._begin) / timedelta(days=1) + hours / 24
        if passed < DAYS:
            self._at(passed, partial(self._send, method, path, body))

    async def _product(self, name: str, category: str, sku: str, amount: str, stock: int) -> None:
        body = {"name": name, "category": category, "sku": sku, "price": {"amount": amount, "currency": "EUR"}}
        product = (await self._send("POST", "/products", body))["product_id"]
        self._products.append(product)
        await self._send("POST", f"/products/{product}/restock", {"quantity": stock})
        if category == "furniture":
            price = {"amount": f"{Decimal(amount) * 9 / 10:.2f}", "currency": "EUR"}
            self._later(12 * 24, "PUT", f"/products/{product}/price", {"price": price, "reason": "Autumn sale"})
        for days, method, path, change in _CHANGES.get(sku, ()):
            self._later(days * 24, method, f"/products/{product}/{path}", change)

    async def _customer(self, name: str) -> None:
        email = f"{name.lower().replace(' ', '.')}@example.org"
        self._customers.append((await self._send("POST", "/customers", {"name": name, "email": email}))["customer_id"])

    async def _order(self, number: int) -> None:
        """Place an order: most ship a day later and some come back, some are cancelled, the others wait until their
        reservation ends."""
        buyer = self._random.randrange(len(_CUSTOMERS))
        wanted = self._random.sample(self._products[:11], self._random.randint(1, 3))  # products with enough stock
        placed = await self._send("POST", "/orders", self._order_of(buyer, wanted, 1, number), may_be_refused=True)
        order_id = placed.get("order_id", "")
        self._orders.append(order_id)
        if order_id and number % 4:
            shipping = {"carrier": "DHL", "tracking_number": f"0034043416109{number:07d}"}
            self._later(20, "POST", f"/orders/{order_id}/ship", shipping)
            if number % 8 == 1:
                self._later(90, "POST", f"/orders/{order_id}/return", {"reason": "Too small"})
        elif order_id and number % 9 == 0:
            self._later(3, "POST", f"/orders/{order_id}/cancel", {"reason": "Ordered twice"})
        if order_id and buyer == len(_CUSTOMERS) - 1:
            self._orders_of_last.append(order_id)

    async def _erase(self) -> None:
        """Erase the last customer, whose orders must be settled before."""
        for order_id in self._orders_of_last:
            await self._send("POST", f"/orders/{order_id}/cancel", {"reason": "Moved away"}, may_be_refused=True)
        await self._system.settled()
        await self._send("DELETE", f"/customers/{self._customers[-1]}")

    async def _race(self) -> None:
        """Place two orders at once for more than the stock: the first is confirmed, the second rejected."""
        commands = [
            {
                "command": "place_order",
                "idempotency_key": f"sample-race-{place}",
                "body": self._order_of(place, [self._products[11]], 2, 100 + place),
            }
            for place in range(2)
        ]
        headers = {"Content-Type": "application/x-ndjson", "X-Actor": "agent-ann"}
        content = "\n".join(map(json.dumps, commands))
        answer = (await self._client.post("/commands", content=content, headers=headers)).raise_for_status()
        self._orders += [json.loads(line).get("order_id", "") for line in answer.text.splitlines()]

    def _order_of(self, buyer: int, products: Sequence[str], quantity: int, number: int) -> dict[str, Any]:
        lines = [{"product_id": product, "quantity": quantity} for product in products]
        address = _address(_CUSTOMERS[buyer], number)
        return {"customer_id": self._customers[buyer], "lines": lines, "shipping_address": address}

    async def _ticket(self, number: int) -> None:
        subject, message = _QUESTIONS[number % len(_QUESTIONS)]
        if number >= len(_QUESTIONS):
            message = f"{message} (asked for the {number // len(_QUESTIONS) + 1}. time)"
        about: dict[str, Any] = {"subject": subject, "message": message}
        if number % 2:
            about["customer_id"] = self._customers[number % len(self._customers)]
        if number % 5 == 0 and number < len(self._orders) and self._orders[number]:
            about["order_id"] = self._orders[number]
        ticket = f"/tickets/{(await self._send('POST', '/tickets', about))['ticket_id']}"
        state = number % 4  # open, triaged, closed after triage, closed at once; every third ticket has notes
        if number % 3 == 0:
            for place, note in enumerate(_NOTES):
                self._later(1 + place, "POST", f"{ticket}/notes", {"note": note})
        if state in (1, 2):
            self._later(self._random.uniform(0.5, 6), "PUT", f"{ticket}/status", {"status": "triaged"})
        if state in (2, 3):
            self._later(self._random.uniform(8, 40), "POST", f"{ticket}/close", {"resolution": _RESOLUTION})

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, may_be_refused: bool = False
    ) -> dict[str, Any]:
        answer = await self._client.request(method, path, json=body, headers={"X-Actor": "agent-ann"})
        if may_be_refused and answer.status_code == 409:
            return {}
        accepted: dict[str, Any] = answer.raise_for_status().json()
        return accepted


def _address(name: str, number: int) -> dict[str, str]:
    street, code = f"{number + 1} Analytical Row", f"N{number % 20 + 1} 1AA"
    return {"name": name, "street": street, "city": "London", "postal_code": code, "country": "GB"}
