"""The history of each kind of aggregate is asked for, paged, followed and missed in the same way."""

from collections.abc import AsyncIterator, Callable

import pytest

from shared.events.customer import CustomerErased, CustomerRegistered
from shared.events.money import Money
from shared.events.order import OrderPlaced, OrderShipped
from shared.events.product import ProductCreated, ProductDiscontinued, product_id_of
from shared.events.ticket import TicketClosed, TicketOpened
from tests.shop.support.query_app import QueryService, in_memory
from tests.support.written_views import NOON
from twinpath.domain.events import DomainEvent
from twinpath.http.documents.problems import PROBLEM_JSON
from twinpath.ids import category_of, new_id
from twinpath.queries.endpoints.models import PageOf
from twinpath.views.history import HistoryEntry

PRICE = Money(minor=1999, currency="EUR")
UUID = "0198c0de-0000-7000-8000-000000000009"
LIVES: dict[str, list[DomainEvent]] = {
    new_id("ticket"): [
        TicketOpened(subject="s", message="m", opened_at=NOON),
        TicketClosed(resolution="r", previous_status="open", seconds_to_close=60),
    ],
    product_id_of("A1"): [
        ProductCreated(name="Lamp", category="light", sku="A1", price=PRICE, on_hand=3),
        ProductDiscontinued(),
    ],
    new_id("customer"): [CustomerRegistered(name="Ada", email="ada@example.org"), CustomerErased()],
    new_id("order"): [
        OrderPlaced(customer_id=new_id("customer"), lines=(), total=PRICE, shipping_address=None, placed_at=NOON),
        OrderShipped(carrier="DHL", tracking_number="1", products=()),
    ],
}
STREAMS = pytest.mark.parametrize("stream", LIVES, ids=[category_of(stream) for stream in LIVES])


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


PathOf = Callable[[str], str]


def path_of(stream: str) -> str:
    return f"/{category_of(stream)}s/{stream}/history"


PATHS = pytest.mark.parametrize("path", [path_of, "/history/{}".format], ids=["of its kind", "of any"])


@PATHS
@STREAMS
async def test_a_history_is_told_in_pages(service: QueryService, stream: str, path: PathOf) -> None:
    for event in LIVES[stream]:
        await service.views.happened(stream, event)

    first = await service.get(path(stream), limit=1)
    second = await service.client.get(first.links["next"]["url"])

    items = [item for page in (first, second) for item in PageOf[HistoryEntry].model_validate_json(page.content).items]
    assert [(item.version, item.type) for item in items] == [
        (n, event.type) for n, event in enumerate(LIVES[stream], 1)
    ]
    assert second.json()["next"] is None


@PATHS
@STREAMS
async def test_a_history_waits_for_a_causal_token_and_a_version(stream: str, path: PathOf) -> None:
    async with in_memory(wait=0.02) as service:
        await service.views.happened(stream, LIVES[stream][0])
        log, _, position = service.views.tokens[stream].partition(":")

        for header, value in {"Causal-Token": f"{log}:", "X-Version": ""}.items():
            shown = await service.get(path(stream), {header: f"{value}1"})
            not_yet = await service.get(path(stream), {header: f"{value}2"})

            assert (position, shown.status_code, not_yet.status_code) == ("1", 200, 202)


@PATHS
@STREAMS
async def test_a_history_is_followed_as_it_grows(service: QueryService, stream: str, path: PathOf) -> None:
    first, second = LIVES[stream]
    await service.views.happened(stream, first)
    async with service.live(f"{path(stream)}/events") as client:
        entries = [await client.next()]
        await service.views.happened(stream, second)
        entries.append(await client.next())

    assert [(entry.name, entry.id, entry.data["type"]) for entry in entries] == [
        ("history", "1", first.type),
        ("history", "2", second.type),
    ]


@PATHS
@STREAMS
@pytest.mark.parametrize("end", ["", "/events"])
async def test_an_aggregate_that_nobody_knows_has_no_history(
    service: QueryService, stream: str, path: PathOf, end: str
) -> None:
    answer = await service.get(path(stream) + end)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROBLEM_JSON)
    assert answer.json()["code"] == f"{category_of(stream)}_not_found"


@STREAMS
@pytest.mark.parametrize("end", ["", "/events"])
async def test_an_id_of_another_kind_is_refused(service: QueryService, stream: str, end: str) -> None:
    other = new_id("order" if category_of(stream) == "ticket" else "ticket")

    answer = await service.get(path_of(stream).replace(stream, other) + end)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [f"{category_of(stream)}_id"]


@pytest.mark.parametrize("end", ["", "/events"])
@pytest.mark.parametrize("stream", ["order-1", "ticket-*", f"voucher-{UUID}", f"xorder-{UUID}"])
async def test_what_is_no_aggregates_id_is_refused(service: QueryService, stream: str, end: str) -> None:
    answer = await service.get(f"/history/{stream}{end}")

    assert (answer.status_code, answer.headers["Content-Type"]) == (422, PROBLEM_JSON)
    assert [error["field"] for error in answer.json()["errors"]] == ["stream"]
