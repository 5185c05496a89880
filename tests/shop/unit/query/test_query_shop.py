"""What the queries of products and of customers share: causal waits, ETags, the fast copy, live updates, OpenAPI."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from pydantic import BaseModel

from shared.events.customer import CustomerErased, CustomerRegistered, CustomerRenamed
from shared.events.money import Money
from shared.events.order import OrderPlaced, ShippingAddress
from shared.events.product import ProductCreated, ProductPriceUpdated
from shared.read_models.customers import CustomerDetails
from shared.read_models.order_summaries import OrderRow
from shared.read_models.product_catalogue import PriceEntry, ProductDetails
from tests.shop.support.query_app import QueryService, in_memory
from tests.support.eventually import eventually
from tests.support.live_client import Event
from tests.support.written_views import NOON
from twinpath.domain.events import DomainEvent
from twinpath.ids import log_of, new_id
from twinpath.queries.endpoints.models import PageOf

EURO = Money(minor=100, currency="EUR")
CHEAPER = ProductPriceUpdated(price=Money(minor=90, currency="EUR"), previous_price=EURO, reason="sale")
DEARER = ProductPriceUpdated(price=Money(minor=101, currency="EUR"), previous_price=EURO, reason="end of sale")


@dataclass(frozen=True)
class Kind:
    """A kind of aggregate: how it begins, what then changes its every view, and what takes it out of a list."""

    name: str
    begins: DomainEvent
    changes: DomainEvent
    leaves: DomainEvent
    filters: str


PRODUCT = Kind(
    "product",
    ProductCreated(name="Lamp", category="light", sku="L-1", price=EURO, on_hand=1),
    CHEAPER,
    DEARER,
    "in_stock=true&max_price=1&currency=EUR",
)
CUSTOMER = Kind(
    "customer",
    CustomerRegistered(name="Ada", email="ada@example.org"),
    CustomerRenamed(name="Ada King"),
    CustomerErased(),
    "status=active",
)
BOTH = pytest.mark.parametrize("kind", [PRODUCT, CUSTOMER], ids=["product", "customer"])
ANY_QUERY = pytest.mark.parametrize(
    ("kind", "path"),
    [
        (PRODUCT, "/products"),
        (PRODUCT, "/products/{}"),
        (PRODUCT, "/products/{}/prices"),
        (CUSTOMER, "/customers"),
        (CUSTOMER, "/customers/{}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


def fresh_id(kind: Kind) -> str:
    return new_id("customer") if kind is CUSTOMER else f"product-{uuid4()}"


async def begun(service: QueryService, kind: Kind) -> str:
    one = fresh_id(kind)
    await service.views.happened(one, kind.begins)
    return one


def next_token(service: QueryService, one: str) -> dict[str, str]:
    """The causal token of what happens next."""
    log, _, position = service.views.tokens[one].partition(":")
    return {"Causal-Token": f"{log}:{int(position) + 1}"}


async def waits(service: QueryService) -> bool:
    return any(queue.heap for queue in service.app.state.queries.waits._queues.values())


async def subscribed(service: QueryService) -> bool:
    return bool(service.app.state.queries.live._subscriptions)


@ANY_QUERY
async def test_a_query_waits_for_the_write_that_it_names(service: QueryService, kind: Kind, path: str) -> None:
    one = await begun(service, kind)
    before = (await service.get(path.format(one))).json()
    waiting = asyncio.create_task(service.get(path.format(one), next_token(service, one)))
    await eventually(lambda: waits(service), pause=0)
    assert not waiting.done()

    await service.views.happened(one, kind.changes)

    answer = await waiting
    assert answer.status_code == 200
    assert answer.json() != before


@ANY_QUERY
async def test_a_query_waits_for_what_does_not_exist_yet(service: QueryService, kind: Kind, path: str) -> None:
    one = fresh_id(kind)
    waiting = asyncio.create_task(service.get(path.format(one), {"Causal-Token": f"{log_of(one, 4)}:1"}))
    await eventually(lambda: waits(service), pause=0)

    await service.views.happened(one, kind.begins)

    answer = await waiting
    assert answer.status_code == 200
    assert one in answer.text or answer.json()["items"]


@ANY_QUERY
async def test_what_is_not_visible_in_time_is_answered_with_202(kind: Kind, path: str) -> None:
    async with in_memory(wait=0.01) as service:
        one = await begun(service, kind)

        answer = await service.get(path.format(one), next_token(service, one))

        assert (answer.status_code, answer.headers["Retry-After"]) == (202, "1")
        assert answer.json()["code"] == "not_yet_visible"


@BOTH
async def test_a_query_waits_for_the_version_that_it_names(service: QueryService, kind: Kind) -> None:
    one = await begun(service, kind)
    waiting = asyncio.create_task(service.get(f"/{kind.name}s/{one}", {"X-Version": "2"}))
    await eventually(lambda: subscribed(service), pause=0)
    assert not waiting.done()

    await service.views.happened(one, kind.changes)

    assert (await waiting).json()["version"] == 2


@ANY_QUERY
async def test_what_the_client_has_already_is_not_sent_again(service: QueryService, kind: Kind, path: str) -> None:
    one = await begun(service, kind)
    etag = (await service.get(path.format(one))).headers["ETag"]

    again = await service.get(path.format(one), {"If-None-Match": etag})
    await service.views.happened(one, kind.changes)
    changed = await service.get(path.format(one), {"If-None-Match": etag})

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert changed.status_code == 200


async def test_one_by_id_comes_from_the_fast_copy_unless_a_token_asks_for_more(service: QueryService) -> None:
    product = await begun(service, PRODUCT)
    path = f"/products/{product}"
    await service.views.happened(product, CHEAPER)
    service.views._cache = None  # from here on the copy trails the view
    await service.views.happened(product, DEARER)

    trailing = await service.get(path)
    seen = await service.get(path, {"Causal-Token": service.views.tokens[product]})
    service.app.state.queries.views._cache._cache.flush()

    assert (await service.get(path)).content == seen.content
    assert (trailing.json()["version"], seen.json()["version"]) == (2, 3)
    assert [answer.headers["ETag"] for answer in (trailing, seen)] == ['"2"', '"3"']


async def test_a_copy_that_lacks_an_erasure_is_not_used_for_a_moment(service: QueryService) -> None:
    customer, order = await begun(service, CUSTOMER), new_id("order")
    address = ShippingAddress(name="Ada", street="1 Mill", city="Bath", postal_code="BA1", country="GB")
    placed = OrderPlaced(customer_id=customer, lines=(), total=EURO, shipping_address=address, placed_at=NOON)
    await service.views.happened(order, placed)
    before = [(await service.get(path)).text for path in (f"/customers/{customer}", f"/orders/{order}")]
    service.views._cache = None  # from here on the copy trails the view

    await service.views.happened(customer, CustomerErased())
    await eventually(lambda: service.has_heard(service.views.tokens[customer]), pause=0)

    after = [(await service.get(path)).text for path in (f"/customers/{customer}", f"/orders/{order}")]
    assert ["Ada" in text for text in before] == [True, True]
    assert ["Ada" in text for text in after] == [False, False]


@BOTH
async def test_one_by_id_goes_the_short_way(service: QueryService, kind: Kind) -> None:
    one = await begun(service, kind)
    service.app.router.routes.clear()  # FastAPI's dispatch serves nothing any more

    assert (await service.get(f"/{kind.name}s/{one}")).status_code == 200


@BOTH
async def test_one_is_shown_as_it_is_and_then_as_it_changes(service: QueryService, kind: Kind) -> None:
    one, other = await begun(service, kind), await begun(service, kind)
    async with service.live(f"/{kind.name}s/{one}/events") as client:
        first = await client.next()
        await service.views.happened(other, kind.changes)
        await service.views.happened(one, kind.changes)
        second = await client.next()

        assert [(event.name, event.id, event.data["version"]) for event in (first, second)] == [
            (kind.name, "1", 1),
            (kind.name, "2", 2),
        ]
        assert second.data == (await service.get(f"/{kind.name}s/{one}")).json()


@BOTH
async def test_a_list_tells_of_what_is_new_changed_and_leaving(service: QueryService, kind: Kind) -> None:
    path, key = f"/{kind.name}s", f"{kind.name}_id"
    old = await begun(service, kind)
    async with service.live(f"{path}/events?{kind.filters}") as client:
        first = await client.next()
        assert (first.name, [row[key] for row in first.data["items"]]) == (f"{kind.name}s", [old])
        new = await begun(service, kind)
        told = await client.next()
        if told.name == f"{kind.name}s":  # the watch may have begun after the commit, so all is read anew
            told = Event(kind.name, next(row for row in told.data["items"] if row[key] == new), "1")
            await service.views.happened(new, kind.changes)
        else:
            await service.views.happened(new, kind.changes)
        assert (told.name, told.data[key], told.id) == (kind.name, new, "1")
        while told.id != "2":
            told = await client.next()
        assert told.data == (await service.get(f"{path}/{new}")).json()

        await service.views.happened(new, kind.leaves)
        left = await client.next()
        assert (left.name, left.data) == ("left", {key: new})


async def test_prices_are_told_as_they_change_and_those_of_other_products_are_not(service: QueryService) -> None:
    mine, other = await begun(service, PRODUCT), await begun(service, PRODUCT)
    async with service.live(f"/products/{mine}/prices/events") as client:
        first = await client.next()
        assert (first.name, [row["version"] for row in first.data["items"]]) == ("prices", [1])
        await service.views.happened(other, CHEAPER)
        await service.views.happened(mine, CHEAPER)

        told = await client.next()
        while told.name == "prices" and len(told.data["items"]) < 2:
            told = await client.next()

        entry = told.data if told.name == "price" else told.data["items"][0]
        assert entry == (await service.get(f"/products/{mine}/prices")).json()["items"][0]


async def test_the_first_state_of_a_live_list_is_that_of_the_causal_token(service: QueryService) -> None:
    one = await begun(service, PRODUCT)
    for path in ("/products/events", f"/products/{one}/events", f"/products/{one}/prices/events"):
        async with service.live(path, next_token(service, one)) as client:
            await eventually(lambda: waits(service), pause=0)
            await service.views.happened(one, CHEAPER)
            seen = (await client.next()).data
            newest = seen if "version" in seen else seen["items"][0]

            assert newest["version"] == service.views._versions[one], path


async def test_the_documentation_shows_what_is_answered(service: QueryService) -> None:
    document = (await service.client.get("/openapi.json")).json()

    models: dict[str, tuple[str, type[BaseModel]]] = {
        "products": ("ProductPage", PageOf[ProductDetails]),
        "products/{product_id}": ("ProductDetails", ProductDetails),
        "products/{product_id}/prices": ("PricePage", PageOf[PriceEntry]),
        "customers": ("CustomerPage", PageOf[CustomerDetails]),
        "customers/{customer_id}": ("CustomerDetails", CustomerDetails),
        "customers/{customer_id}/orders": ("OrderPage", PageOf[OrderRow]),
    }
    for path, (name, model) in models.items():
        of_path = document["paths"][f"/api/v1/{path}"]["get"]
        content = of_path["responses"]["200"]["content"]["application/json"]
        assert content["schema"] == {"$ref": f"#/components/schemas/{name}"}
        assert model.model_validate(content["example"])
        live = document["paths"][f"/api/v1/{path}/events"]["get"]["responses"]["200"]["content"]
        assert list(live) == ["text/event-stream"]
    taken = {parameter["name"] for parameter in document["paths"]["/api/v1/products"]["get"]["parameters"]}
    assert {"category", "in_stock", "discontinued", "currency", "min_price", "max_price", "sort"} < taken
