"""Customers as they are shown, from their events to the answers: names, erasure, lists; a rebuild shows the same."""

from collections.abc import AsyncIterator, Sequence

import pytest

from shared.events.customer import CustomerEmailChanged, CustomerErased, CustomerEvent, CustomerRegistered
from shared.events.customer import CustomerRenamed as Renamed
from shared.read_models.customers import CUSTOMERS, CustomerDetails
from tests.shop.support.query_app import QueryService, in_memory
from tests.shop.support.ticket_views import TicketViews
from twinpath.domain.views import Document
from twinpath.ids import new_id
from twinpath.queries.endpoints.models import PageOf
from twinpath.views.in_memory.stores import InMemoryViewStore

UNKNOWN = "customer-0198c0de-0000-7000-8000-000000000001"


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


async def customer(service: QueryService, name: str = "Ada", email: str = "ada@example.org") -> str:
    customer_id = new_id("customer")
    await service.views.happened(customer_id, CustomerRegistered(name=name, email=email))
    return customer_id


async def ids(service: QueryService, **query: object) -> list[str]:
    answer = await service.get("/customers", None, **query)
    assert answer.status_code == 200, answer.text
    return [row.customer_id for row in PageOf[CustomerDetails].model_validate_json(answer.content).items]


async def test_a_customer_is_shown_with_the_latest_name_and_address(service: QueryService) -> None:
    customer_id = await customer(service)
    await service.views.happened(customer_id, Renamed(name="Ada King"))
    await service.views.happened(customer_id, CustomerEmailChanged(email="king@example.org"))

    answer = await service.get(f"/customers/{customer_id}")

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
    assert answer.json() == {
        "customer_id": customer_id,
        "name": "Ada King",
        "email": "king@example.org",
        "status": "active",
        "registered_at": "2026-03-10T12:00:01Z",
        "updated_at": "2026-03-10T12:00:03Z",
        "version": 3,
    }


async def test_of_an_erased_customer_nothing_personal_is_shown_anywhere(service: QueryService) -> None:
    customer_id = await customer(service, "Ada Lovelace", "ada@example.org")
    await service.views.happened(customer_id, Renamed(name="Countess"))
    await service.views.happened(customer_id, CustomerErased())

    shown = (await service.get(f"/customers/{customer_id}")).json()

    assert (shown["name"], shown["email"], shown["status"], shown["version"]) == ("erased customer", None, "erased", 3)
    for path in (f"/customers/{customer_id}", "/customers", f"/customers/{customer_id}/history"):
        answer = await service.get(path)
        assert answer.status_code == 200
        assert not any(secret in answer.text for secret in ("Lovelace", "Countess", "ada@example.org")), path


@pytest.mark.parametrize(
    "opened",
    [
        [CustomerRegistered(name="Ada", email="ada@example.org"), CustomerErased()],
        [CustomerRegistered(name="Ada", email="a@b.org"), Renamed(name="Ada King"), CustomerErased()],
        [CustomerRegistered(name="Ada", email="a@b.org"), CustomerEmailChanged(email="b@b.org"), CustomerErased()],
    ],
    ids=["registered", "renamed", "another address"],
)
async def test_a_rebuild_after_the_erasure_shows_the_same(opened: Sequence[CustomerEvent]) -> None:
    """By then the events give None where they gave a name: at no step may that be a document of its own kind."""
    sealed = [event.model_copy(update=dict.fromkeys(event.personal)) for event in opened]
    customer_id = new_id("customer")

    live, rebuilt = [await built(customer_id, events) for events in (opened, sealed)]

    assert rebuilt[-1] == live[-1]
    for document in rebuilt:
        assert (document["name"], document["email"]) == ("erased customer", None)
        assert document.keys() == live[-1].keys()
        assert CUSTOMERS.rendered(document).body


async def built(customer_id: str, events: Sequence[CustomerEvent]) -> list[Document]:
    """The document after each event."""
    store = InMemoryViewStore()
    views = TicketViews(store)
    await views.prepare()
    documents = []
    for event in events:
        await views.happened(customer_id, event)
        documents += await store.documents(CUSTOMERS.name, [customer_id])
    return documents


async def test_the_list_is_newest_first_by_status_and_in_pages(service: QueryService) -> None:
    everybody = sorted([await customer(service) for _ in range(5)], reverse=True)
    for gone in (everybody[1], everybody[3]):
        await service.views.happened(gone, CustomerErased())

    assert await ids(service) == everybody
    assert await ids(service, status="erased") == [everybody[1], everybody[3]]
    assert await ids(service, status="active") == [everybody[0], everybody[2], everybody[4]]
    first = await service.get("/customers", status="active", limit=2)
    await customer(service, "Newcomer")
    second = await service.client.get(first.links["next"]["url"])
    assert [row["customer_id"] for row in second.json()["items"]] == [everybody[4]]
    assert second.json()["next"] is None


@pytest.mark.parametrize("path", ["", "/events", "/history", "/history/events"])
async def test_an_unknown_customer_is_not_found(service: QueryService, path: str) -> None:
    answer = await service.get(f"/customers/{UNKNOWN}{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "customer_not_found")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("?status=gone", ["status"]),
        ("?name=Ada", ["name"]),
        ("?limit=101&colour=red", ["limit", "colour"]),
        ("/events?limit=5", ["limit"]),
        ("/events?status=gone", ["status"]),
        ("/customer-7", ["customer_id"]),
        (f"/{UNKNOWN}?fields=all", ["fields"]),
        (f"/{UNKNOWN}/events?limit=1", ["limit"]),
    ],
)
async def test_each_invalid_field_is_named(service: QueryService, path: str, fields: list[str]) -> None:
    answer = await service.get(f"/customers{path}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields"), answer.text
    assert [error["field"] for error in answer.json()["errors"]] == fields


async def test_a_cursor_is_good_for_its_own_list_alone(service: QueryService) -> None:
    for _ in range(2):
        await customer(service)
    cursor = (await service.get("/customers", status="active", limit=1)).json()["next"]
    of_all = (await service.get("/customers", limit=1)).json()["next"]

    for path, cursor_of_another, query in (
        ("/customers", cursor, {}),
        ("/customers", cursor, {"status": "erased"}),
        ("/customers", of_all, {"status": "active"}),
        ("/tickets", of_all, {}),
    ):
        answer = await service.get(path, None, **query, cursor=cursor_of_another)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), path
    assert (await service.get("/customers", status="active", cursor=cursor)).status_code == 200
