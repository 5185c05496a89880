"""Every query of the shop says in its answer how far what it shows has come, and its document says that it does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events.customer import CustomerRegistered
from shared.events.money import Money
from shared.events.order import OrderPlaced
from shared.events.product import ProductCreated
from shared.events.ticket import TicketOpened
from tests.shop.support.query_app import QueryService, in_memory
from tests.support.eventually import eventually
from tests.support.required import required_query
from tests.support.written_views import NOON
from twinpath.http.causal_token import parse_token
from twinpath.ids import new_id

EURO = Money(minor=100, currency="EUR")


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


async def an_aggregate_of_each_kind(service: QueryService) -> dict[str, str]:
    """What the paths of queries name -> an id."""
    ids = {f"{category}_id": new_id(category) for category in ("customer", "product", "order", "ticket")}
    customer = ids["customer_id"]
    begun = {
        "customer_id": CustomerRegistered(name="Ada", email="ada@example.org"),
        "product_id": ProductCreated(name="Lamp", category="light", sku="L-1", price=EURO, on_hand=1),
        "order_id": OrderPlaced(customer_id=customer, lines=(), total=EURO, shipping_address=None, placed_at=NOON),
        "ticket_id": TicketOpened(subject="s", message="m", customer_id=customer, opened_at=NOON),
    }
    for name, event in begun.items():
        await service.views.happened(ids[name], event)
    tokens = ",".join(service.views.tokens.values())
    await eventually(lambda: service.has_heard(tokens), pause=0)
    return {**ids, "stream": ids["order_id"]}


def names(parameters: list[dict[str, Any]]) -> list[str]:
    return [parameter["name"] for parameter in parameters]


async def test_every_query_says_how_far_it_has_come(service: QueryService) -> None:
    ids = await an_aggregate_of_each_kind(service)
    shown = {token for written in service.views.tokens.values() for token in written.split(",")}
    described = (await service.client.get("/openapi.json")).json()["paths"]
    queries = {path: get["get"] for path, get in described.items() if "get" in get}
    taking = [path for path, query in queries.items() if "Causal-Token" in names(query.get("parameters", []))]
    takes_token = [path for path in taking if not path.endswith("/search")]  # whose index is not kept here
    assert takes_token

    for path in takes_token:
        answer = queries[path]["responses"]["200"]
        target = path.removeprefix("/api/v1").format(**ids) + required_query(queries[path])
        if "text/event-stream" in answer["content"]:
            async with service.live(target) as stream:
                await stream.next()
            token = stream.headers["causal-token"]
        else:
            asked = await service.get(target)
            assert asked.status_code == 200, path
            token = asked.headers["Causal-Token"]
        assert "Causal-Token" in answer["headers"], path
        assert shown & set(token.split(",")), path
        assert (await service.get("/orders", {"Causal-Token": token})).status_code == 200
        assert parse_token(token), path
