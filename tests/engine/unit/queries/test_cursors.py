"""Cursors: what was given out is taken, whatever it holds; what was made up, cut or taken elsewhere is refused."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from tests.engine.workshop.events import RepairOpened
from twinpath.domain import Application, Catalogue, Listing, Put, Resource, View
from twinpath.errors import MalformedRequest
from twinpath.ids import new_id
from twinpath.queries.app import create_app
from twinpath.queries.reading.cursor import LONGEST_CURSOR, LONGEST_SORTED_TEXT, Cursors, bound_to
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch

KEY = SecretStr("a key of these tests")


class Part(BaseModel):
    """Sorted by every type of field."""

    part_id: str
    name: str | None
    count: int | None
    weight: float | None
    made_at: datetime | None
    used: bool | None


def view(name: str) -> View:
    sorts = {field: field for field in Part.model_fields if field != "part_id"}
    return View(name, Part, filters=("used",), sorts=sorts)


PARTS, TOOLS = view("parts"), view("tools")
APPLICATION = Application(
    Catalogue([RepairOpened]),
    resources=[
        Resource(name, of, {}, allow="x", listing=Listing(name, of, {}), history=False)
        for name, of in (("part", PARTS), ("tool", TOOLS))
    ],
)
NAMES = [
    "龍" * 200,
    "Я" * 200,
    "👩‍👩‍👧‍👦" * 28,
    "\x01" * 200,
    '"\\' * 100,
    "a" * LONGEST_SORTED_TEXT,
    "",
    None,
    "é",
    "e\u0301",
]
HOSTILE = [b"1", b"[null]", b'[1e400,"x"]', b"null", b'{"$gt":""}', b'[{"$gt":""},"x"]', b'[null,{"$ne":1}]', b"[" * 99]


async def running(key: SecretStr | None, count: int = 0) -> AsyncIterator[httpx.AsyncClient]:
    store = InMemoryViewStore()
    await store.prepare([PARTS, TOOLS], [])
    for of in (PARTS, TOOLS):
        for number in range(count):
            known = number % 3
            document = {
                "name": NAMES[number % len(NAMES)],
                "count": number * 10**14 if known else None,
                "weight": number / 7 if known else None,
                "made_at": datetime(2026, 1, 1, 0, 0, number, 7000, tzinfo=UTC) if known else None,
                "used": bool(number % 2) if known else None,
            }
            made = new_id(of.name[:-1])
            await store.commit(Batch([Put(of.name, made, {f"{of.name[:-1]}_id": made, "part_id": made, **document})]))
    app = create_app(store, InMemoryViewCache(), APPLICATION, cursor_key=key)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://q") as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async for client in running(KEY, count=2 * len(NAMES)):
        yield client


@pytest.fixture
async def other_replica() -> AsyncIterator[httpx.AsyncClient]:
    async for client in running(KEY):
        yield client


@pytest.fixture
async def stranger() -> AsyncIterator[httpx.AsyncClient]:
    async for client in running(None):
        yield client


async def page(client: httpx.AsyncClient, cursor: str | None, **query: Any) -> httpx.Response:
    given_cursor = {} if cursor is None else {"cursor": cursor}
    return await client.get("/api/v1/parts", params={"limit": 1, **query, **given_cursor})


@pytest.mark.parametrize("sort", [sign + field for field in PARTS.sorts for sign in ("", "-")])
async def test_every_page_of_every_sorting_leads_to_the_next(client: httpx.AsyncClient, sort: str) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = await page(client, cursor, sort=sort)
        assert answer.status_code == 200, answer.text
        seen += [part["part_id"] for part in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            break
        assert len(cursor) <= LONGEST_CURSOR
        assert (await client.get(answer.links["next"]["url"])).status_code == 200

    assert len(seen) == len(set(seen)) == 2 * len(NAMES)


async def test_another_replica_with_the_same_key_goes_on_and_one_with_another_does_not(
    client: httpx.AsyncClient, other_replica: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    cursor = (await page(client, None)).json()["next"]

    assert (await page(other_replica, cursor)).status_code == 200
    refused = await page(stranger, cursor)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("content", HOSTILE)
async def test_what_was_made_up_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    for text in (content.decode(), *(urlsafe_b64encode(b"\0" * n + content).decode() for n in (0, 9, 16))):
        refused = await page(client, text)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


async def test_a_cursor_that_was_cut_changed_or_taken_elsewhere_is_refused(client: httpx.AsyncClient) -> None:
    cursor = (await page(client, None)).json()["next"]
    foreign = (await client.get("/api/v1/tools", params={"limit": 1})).json()["next"]
    changed = [cursor[:-n] for n in range(1, 30)] + [cursor + more for more in ("A", "=", "==", " ", "%00")]
    changed += [cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(len(cursor))]

    for text in (foreign, "", "x" * 3 * LONGEST_CURSOR, *changed):
        refused = await page(client, text)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor"), text
    for query in ({"sort": "-name"}, {"sort": "count"}, {"used": "true"}):
        assert (await page(client, cursor, **query)).status_code == 400


PLACES = st.tuples(
    st.none() | st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans() | st.datetimes(timezones=st.just(UTC)),
    st.text(),
)  # fmt: skip


@given(place=PLACES)
def test_a_place_comes_back_as_it_was_and_to_its_caller_alone(place: Any) -> None:
    cursors, selection = Cursors(KEY), bound_to({"view": "parts"}, "ann")
    cursor = cursors.encode(place, selection)

    again = cursors.decode(cursor, selection)
    assert (again, type(again[0])) == (place, type(place[0]))
    for other in (bound_to({"view": "parts"}), bound_to({"view": "parts"}, "bob"), bound_to({"view": "part"}, "ann")):
        with pytest.raises(MalformedRequest):
            cursors.decode(cursor, other)
