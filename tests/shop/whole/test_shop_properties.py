"""Whatever is done to the shop in whatever order, its books balance: random commands at the whole in-memory system."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from command_service.settings import Settings
from deploy.shop import SHOP
from projector_service.application import PROJECTIONS
from shared.events import CATALOGUE
from shared.events.product import product_id_of
from tests.shop.support.books import (
    expect_balance,
    expect_no_more_back_than_was_shipped,
    expect_stock_to_be_kept_for,
    most_held,
    revenue_of,
)
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Document
from twinpath.ids import logs_of
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.testing.in_memory import PARTITIONS, InMemorySystem
from twinpath.views.in_memory.stores import InMemoryViewStore

RETENTION = timedelta(days=2)
MOST_UNSHIPPED = 12
LOGS = logs_of(CATALOGUE.categories, PARTITIONS)
SKUS = st.sampled_from(["A", "a", "B", "C", "D.1"])
QUANTITIES = st.integers(1, 6)
VIEWS = [view.name for projection in view_projections(PROJECTIONS) for view in projection.views]
CHANGES: dict[str, Callable[[int], tuple[str, str, dict[str, Any] | None]]] = {
    "restock": lambda n: ("POST", "restock", {"quantity": n}),
    "count more": lambda n: ("POST", "adjust-stock", {"change": n, "reason": "r"}),
    "count less": lambda n: ("POST", "adjust-stock", {"change": -n, "reason": "r"}),
    "price": lambda n: ("PUT", "price", {"price": {"amount": f"{n}.50", "currency": "EUR"}, "reason": "r"}),
    "rename": lambda n: ("PUT", "name", {"name": f"name {n}"}),
    "recategorise": lambda n: ("PUT", "categories", {"categories": ["a", "a > b", "c"][:n]}),
    "discontinue": lambda n: ("POST", "discontinue", None),
    "relist": lambda n: ("POST", "relist", None),
}
"""What may become of a product, given a number."""


class ShopMachine(RuleBasedStateMachine):
    """Every rule is a command over HTTP; what is refused is refused, and must leave no trace."""

    products: Bundle[str] = Bundle("products")
    customers: Bundle[str] = Bundle("customers")
    orders: Bundle[str] = Bundle("orders")
    tickets: Bundle[str] = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        kept = Settings(ticket_retention_days=RETENTION.days, most_unshipped_units=MOST_UNSHIPPED)
        self.reservation = timedelta(hours=kept.reservation_hours)
        self.shop = InMemorySystem(SHOP, clock=lambda: self.now, processes_at_once=False, settings=kept)
        self.lifespan = self.shop.app.router.lifespan_context(self.shop.app)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.shop.app), base_url="http://shop/api/v1")
        self.secrets: dict[str, list[str]] = defaultdict(list)
        self.erased: set[str] = set()
        self.words_of: dict[str, str] = {}
        """Id of an order or ticket -> what names its customer, or is private in a ticket of nobody's."""
        self.closed: set[str] = set()
        """What is private in tickets of nobody's that are closed."""
        self.runner.run(self.lifespan.__aenter__())

    @initialize(target=products)
    def open_shop(self) -> Any:
        return multiple(*(self.create_product_of(sku, 5, "19.99") for sku in ("A", "E")))

    @initialize(target=customers)
    def have_customers(self) -> Any:
        return multiple(*(self.registered() for _ in range(4)))

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        answer = self.runner.run(self.client.request(method, path, json=body))
        assert answer.status_code in (200, 201, 409), answer.text
        content: dict[str, Any] = answer.json()
        return content if answer.is_success else None

    @rule(target=products, sku=SKUS, stock=st.integers(0, 8), price=st.sampled_from(["0.01", "19.99", "5"]))
    def create_product(self, sku: str, stock: int, price: str) -> Any:
        created = self.create_product_of(sku, stock, price)
        return created or multiple()

    @rule(product=products, change=st.sampled_from(sorted(CHANGES)), n=QUANTITIES)
    def change_product(self, product: str, change: str, n: int) -> None:
        method, path, body = CHANGES[change](n)
        self.send(method, f"/products/{product}/{path}", body)

    def registered(self) -> str:
        name = f"Somebody{len(self.secrets)}x"
        answer = self.send("POST", "/customers", {"name": name, "email": f"{name}@example.org"})
        assert answer is not None
        self.secrets[answer["customer_id"]].append(name)
        return str(answer["customer_id"])

    def create_product_of(self, sku: str, stock: int, price: str) -> str | None:
        body = {"name": sku, "category": f"of {sku}", "sku": sku, "initial_stock": stock}
        created = self.send("POST", "/products", body | {"price": {"amount": price, "currency": "EUR"}})
        return str(created["product_id"]) if created else None

    @rule(customer=customers, change=st.sampled_from(["rename", "erase"]))
    def change_customer(self, customer: str, change: str) -> None:
        name = self.secrets[customer][0]
        if change == "rename":
            self.send("PUT", f"/customers/{customer}/name", {"name": f"{name}-{self.now:%H}"})
        elif self.send("DELETE", f"/customers/{customer}") is not None:
            self.erased.add(customer)

    @rule(target=tickets, customer=customers, with_name=st.booleans())
    def complain(self, customer: str, with_name: bool) -> Any:
        name = self.secrets[customer][0] if with_name else f"Nobody{len(self.words_of)}x"
        words = {"subject": f"{name} is not happy", "message": f"{name} is not happy"}
        opened = self.send("POST", "/tickets", words | ({"customer_id": customer} if with_name else {}))
        return self.known_by(opened["ticket_id"], name) if opened else multiple()

    @rule(target=tickets, order=orders)
    def complain_about(self, order: str) -> Any:
        name = self.words_of[order]
        opened = self.send("POST", "/tickets", {"subject": name, "message": name, "order_id": order})
        return self.known_by(opened["ticket_id"], name) if opened else multiple()

    @rule(ticket=tickets, change=st.sampled_from(["note", "note", "close"]))
    def work_on(self, ticket: str, change: str) -> None:
        name = self.words_of[ticket]
        if change == "note":
            self.send("POST", f"/tickets/{ticket}/notes", {"note": f"{name} called"})
        elif self.send("POST", f"/tickets/{ticket}/close", {"resolution": f"{name} is happy"}):
            self.closed |= {name} if name.startswith("Nobody") else set()

    def known_by(self, thing: str, name: str) -> str:
        self.words_of[thing] = name
        return thing

    @rule(target=orders, customer=customers, wishes=st.lists(st.tuples(products, QUANTITIES), min_size=1, max_size=3))
    def place(self, customer: str, wishes: list[tuple[str, int]]) -> Any:
        street = f"{self.secrets[customer][0]} street"
        address = {"name": street, "street": street, "city": "c", "postal_code": "SW1Y 4JH", "country": "GB"}
        lines = [{"product_id": product, "quantity": quantity} for product, quantity in wishes]
        body = {"customer_id": customer, "lines": lines, "shipping_address": address}
        placed = self.send("POST", "/orders", body)
        return self.known_by(placed["order_id"], self.secrets[customer][0]) if placed else multiple()

    @rule(target=orders, customer=customers, quantities=st.lists(QUANTITIES, min_size=2, max_size=2))
    def place_both(self, customer: str, quantities: list[int]) -> Any:
        """The two products of the beginning, so that one is often short when the other is reserved already."""
        return self.place(customer, list(zip(map(product_id_of, "AE"), quantities, strict=True)))

    @rule(order=orders)
    def ship(self, order: str) -> None:
        self.send("POST", f"/orders/{order}/ship", {"carrier": "DHL", "tracking_number": self.words_of[order]})

    @rule(order=orders)
    def send_back(self, order: str) -> None:
        """Everything that is still out, if it was shipped."""
        self.send("POST", f"/orders/{order}/return", {"reason": f"too small for {self.words_of[order]}"})

    @rule(order=orders, some=st.lists(st.tuples(products, QUANTITIES, st.booleans()), min_size=1, max_size=3))
    def send_some_back(self, order: str, some: list[tuple[str, int, bool]]) -> None:
        lines = [{"product_id": product, "quantity": n, "restock": restock} for product, n, restock in some]
        self.send("POST", f"/orders/{order}/return", {"lines": lines, "reason": self.words_of[order]})

    @rule(order=orders)
    def cancel(self, order: str) -> None:
        self.send("POST", f"/orders/{order}/cancel", {"reason": f"{self.words_of[order]} wants it no more"})

    @rule()
    def fulfilment_catches_up(self) -> None:
        self.runner.run(self.shop.settled())
        assert most_held(self.events(), self.now, self.reservation) <= MOST_UNSHIPPED

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.runner.run(self.shop.processes.carry_out_due())

    @invariant()
    def the_books_balance(self) -> None:
        expect_balance(self.events(), self.page("product_catalogue"))

    def the_dashboard_shows_the_revenue(self) -> None:
        answer, brought = self.runner.run(self.client.get("/shop/dashboard")), revenue_of(self.events())
        [shown] = answer.json()["revenue"] or [{"total": "0", "categories": []}]
        assert Decimal(shown["total"]) * 100 == brought
        assert sum(Decimal(share["amount"]) for share in shown["categories"]) * 100 == brought

    def page(self, view: str, **where: str) -> list[Document]:
        return self.runner.run(self.shop.views.page(view, where, None, 1_000))

    def events(self) -> list[RecordedEvent]:
        async def read() -> list[RecordedEvent]:
            return [event for log in LOGS for event in await self.shop.store.read_log(log, 0, 10_000)]

        return self.runner.run(read())

    def teardown(self) -> None:
        try:
            self.fulfilment_catches_up()
            self.the_books_balance()
            expect_stock_to_be_kept_for(self.page("order_summaries", status="confirmed"), self.events())
            expect_no_more_back_than_was_shipped(self.events())
            self.the_dashboard_shows_the_revenue()
            self.now += RETENTION
            self.runner.run(self.shop.processes.carry_out_due())
            self.fulfilment_catches_up()
            shown = self.runner.run(documents(self.shop.views))
            assert self.runner.run(self.rebuilt()) == shown
            everything = orjson.dumps([shown, [event.data for event in self.events()]], default=str).decode()
            private = self.closed.union(*(self.secrets[customer] for customer in self.erased))
            assert [words for words in private if words in everything] == []
        finally:
            self.runner.run(self.lifespan.__aexit__(None, None, None))
            self.runner.close()

    async def rebuilt(self) -> dict[str, list[Document]]:
        """Every view as a fold of the whole log gives it."""
        views = InMemoryViewStore()
        projector = Projector(view_projections(PROJECTIONS), LOGS, self.shop.store, views, self.shop.seals, CATALOGUE)
        await projector.start()
        for log in LOGS:
            await projector.project(log, await self.shop.store.read_log(log, 0, 10_000))
        await projector.stop()
        return await documents(views)


async def documents(views: InMemoryViewStore) -> dict[str, list[Document]]:
    """Every document of every view, less its revision, which counts commits."""
    return {
        view: [
            {name: value for name, value in document.items() if name != "revision"}
            for document in await views.page(view, {}, None, 10_000)
        ]
        for view in VIEWS
    }


@pytest.mark.timeout(600)  # shrinking a failure takes its time
def test_the_shops_books_balance_whatever_is_done() -> None:
    run_state_machine_as_test(ShopMachine, settings=settings(max_examples=40, stateful_step_count=50, deadline=None))
