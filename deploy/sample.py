"""The sample that `make up` loads through the REST endpoints: products, customers, orders and tickets in every state.

Each command carries an Idempotency-Key made from its place here, and all choices come from one seed, so that loading
twice changes nothing.
"""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import httpx
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

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
ORDERS, TICKETS = 40, 36


def load_sample(command_url: str) -> dict[str, int]:
    """Load the sample; returns kind -> number. Raises httpx.HTTPError."""
    with httpx.Client(base_url=f"{command_url}/api/v1", timeout=30) as client:
        sample = _Sample(client)
        products = [sample.product(*product) for product in _PRODUCTS]
        sample.change(products)
        customers = [sample.customer(name) for name in _CUSTOMERS]
        orders = [sample.order(number, customers, products[:-1]) for number in range(ORDERS)]
        orders += sample.race(customers[:2], products[11])
        for number in range(TICKETS):
            sample.ticket(number, customers, orders)
        sample.erase(customers[-1])
    placed = sum(1 for order in orders if order)
    return {"products": len(products), "customers": len(customers), "orders": placed, "tickets": TICKETS}


class _Sample:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._random = random.Random(SEED)
        self._waiting: defaultdict[str, list[str]] = defaultdict(list)
        """Customer -> orders that wait to be shipped."""

    def product(self, name: str, category: str, sku: str, amount: str, stock: int) -> str:
        body = {"name": name, "category": category, "sku": sku, "price": {"amount": amount, "currency": "EUR"}}
        product_id: str = self.send("POST", "/products", f"{sku}-create", body)["product_id"]
        self.send("POST", f"/products/{product_id}/restock", f"{sku}-restock", {"quantity": stock})
        if category == "furniture":
            price = {"amount": f"{Decimal(amount) * 9 / 10:.2f}", "currency": "EUR"}
            self.send("PUT", f"/products/{product_id}/price", f"{sku}-sale", {"price": price, "reason": "Autumn sale"})
        return product_id

    def change(self, products: Sequence[str]) -> None:
        """What becomes of products: a new name, more categories, pieces counted anew, sold no more, sold again."""
        lamp, bulb, calendar = products[0], products[2], products[-1]
        categories = ["lighting", "Home & Garden > Lighting > Lamps"]
        self.send("PUT", f"/products/{lamp}/name", "rename", {"name": "Desk lamp, brass"})
        self.send("PUT", f"/products/{lamp}/categories", "recategorise", {"categories": categories})
        adjustment = {"change": -3, "reason": "Broken in the warehouse"}
        self.send("POST", f"/products/{bulb}/adjust-stock", "adjust", adjustment)
        self.send("POST", f"/products/{bulb}/discontinue", "discontinue-bulb")
        self.send("POST", f"/products/{bulb}/relist", "relist-bulb")
        self.send("POST", f"/products/{calendar}/discontinue", "discontinue")

    def erase(self, customer: str) -> None:
        """Erase a customer, whose orders must be settled before."""
        for place, order in enumerate(self._waiting[customer]):
            self.send("POST", f"/orders/{order}/cancel", f"erase-cancel-{place}", {"reason": "Moved away"})
        self.send("DELETE", f"/customers/{customer}", "erase")

    def customer(self, name: str) -> str:
        email = f"{name.lower().replace(' ', '.')}@example.org"
        customer_id: str = self.send("POST", "/customers", name.replace(" ", "-"), {"name": name, "email": email})[
            "customer_id"
        ]
        return customer_id

    def order(self, number: int, customers: Sequence[str], products: Sequence[str]) -> str:
        """Place an order: every fourth ships, and half of these come back; every ninth is cancelled; others wait."""
        buyer = self._random.randrange(len(customers))
        wanted = self._random.sample(products[:11], self._random.randint(1, 3))  # products with enough stock
        lines = [{"product_id": product, "quantity": 1} for product in wanted]
        address = _address(_CUSTOMERS[buyer], number)
        body = {"customer_id": customers[buyer], "lines": lines, "shipping_address": address}
        order_id: str = self.send("POST", "/orders", f"{number}-order", body, may_be_short=True).get("order_id", "")
        if order_id and number % 4 == 1:
            shipping = {"carrier": "DHL", "tracking_number": f"0034043416109{number:07d}"}
            self.send("POST", f"/orders/{order_id}/ship", f"{number}-ship", shipping, when_confirmed=True)
            if number % 8 == 1:
                self.send("POST", f"/orders/{order_id}/return", f"{number}-return", {"reason": "Too small"})
        elif order_id and number % 9 == 0:
            self.send("POST", f"/orders/{order_id}/cancel", f"{number}-cancel", {"reason": "Ordered twice"})
        elif order_id:
            self._waiting[customers[buyer]].append(order_id)
        return order_id

    def race(self, customers: Sequence[str], product: str) -> list[str]:
        """Place two orders at once for more than the stock: the first is confirmed, the second rejected."""
        lines = [{"product_id": product, "quantity": 2}]
        orders = [
            {"customer_id": customer, "lines": lines, "shipping_address": _address(_CUSTOMERS[place], 100 + place)}
            for place, customer in enumerate(customers)
        ]
        commands = [
            {"command": "place_order", "idempotency_key": f"sample-race-{place}", "body": order}
            for place, order in enumerate(orders)
        ]
        headers = {"Content-Type": "application/x-ndjson", "X-Actor": "agent-ann"}
        content = "\n".join(map(json.dumps, commands))
        answer = self._client.post("/commands", content=content, headers=headers).raise_for_status()
        return [json.loads(line).get("order_id", "") for line in answer.text.splitlines()]

    def ticket(self, number: int, customers: Sequence[str], orders: Sequence[str]) -> None:
        subject, message = _QUESTIONS[number % len(_QUESTIONS)]
        if number >= len(_QUESTIONS):
            message = f"{message} (asked for the {number // len(_QUESTIONS) + 1}. time)"
        about: dict[str, Any] = {"subject": subject, "message": message}
        if number % 2:
            about["customer_id"] = customers[number % len(customers)]
        if number % 5 == 0 and orders[number]:
            about["order_id"] = orders[number]
        opened = self.send("POST", "/tickets", f"{number}-open", about)
        ticket = f"/tickets/{opened['ticket_id']}"
        state = number % 4  # open, triaged, closed after triage, closed at once; every third ticket has notes
        if number % 3 == 0:
            for place, note in enumerate(_NOTES):
                self.send("POST", f"{ticket}/notes", f"{number}-note-{place}", {"note": note})
        if state in (1, 2):
            self.send("PUT", f"{ticket}/status", f"{number}-triage", {"status": "triaged"})
        if state in (2, 3):
            self.send("POST", f"{ticket}/close", f"{number}-close", {"resolution": _RESOLUTION})

    def send(
        self,
        method: str,
        path: str,
        key: str,
        body: dict[str, Any] | None = None,
        *,
        may_be_short: bool = False,
        when_confirmed: bool = False,
    ) -> dict[str, Any]:
        """Send a command; an order ships only when fulfilment has confirmed it, which takes some milliseconds."""
        headers = {"Idempotency-Key": f"sample-{key}", "X-Actor": "agent-ann"}

        def ask() -> httpx.Response:
            return self._client.request(method, path, json=body, headers=headers)

        not_confirmed = retry_if_result(lambda answer: when_confirmed and answer.status_code == 409)
        retrying = Retrying(
            stop=stop_after_delay(15),
            wait=wait_fixed(0.05),
            retry=not_confirmed,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        answer: httpx.Response = retrying(ask)
        if may_be_short and answer.status_code == 409:
            return {}
        answer.raise_for_status()
        accepted: dict[str, Any] = answer.json()
        return accepted


def _address(name: str, number: int) -> dict[str, str]:
    street, code = f"{number + 1} Analytical Row", f"N{number % 20 + 1} 1AA"
    return {"name": name, "street": street, "city": "London", "postal_code": code, "country": "GB"}
