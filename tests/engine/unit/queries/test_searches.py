"""`GET …/search` as the engine makes it of a declaration: pages, filters, facets, causal tokens, erasure, refusals."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from tests.engine.contract.search.queries import REFUSED
from tests.engine.workshop.application import WORKSHOP
from tests.support.eventually import eventually
from tests.support.opensearch import ENGINES, own_indexes
from twinpath.domain import Searchable
from twinpath.projecting.groups import searched_views, view_projections
from twinpath.queries.app import create_app
from twinpath.queries.endpoints.searches import facet_values
from twinpath.searching.interface import SearchIndex
from twinpath.testing import InMemorySystem
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

REPAIRS = "/api/v1/repairs"
SEARCH = f"{REPAIRS}/search"
OWNERS = "/api/v1/owners"


@dataclass
class Workshop:
    """The workshop in memory, over HTTP."""

    system: InMemorySystem
    client: httpx.AsyncClient

    async def opened(self, subject: str, message: str = "It is broken.", **more: Any) -> httpx.Response:
        answer = await self.client.post(REPAIRS, json={"subject": subject, "message": message, **more})
        assert answer.status_code == 201, answer.text
        return answer

    async def search(self, words: str, path: str = SEARCH, after: httpx.Response | None = None, **more: Any) -> Any:
        headers = {"Causal-Token": after.headers["Causal-Token"]} if after is not None else {}
        if after is None:
            await self.shown()
        answer = await self.client.get(path, params={"q": words, **more}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def shown(self) -> None:
        """Wait until the index shows everything."""
        for view in self.system.searching.views:
            checkpoints = await self.system.views.checkpoints()
            reached = {log: at for (projection, log), at in checkpoints.items() if projection == view and at}

            async def seen(view: str = view, reached: Mapping[str, int] = reached) -> bool:
                await self.system.search.refresh(view)
                return reached.items() <= (await self.system.search.seen(view)).items()

            await eventually(seen)

    async def subjects(self, words: str, **more: Any) -> list[str]:
        return [item["subject"] for item in (await self.search(words, **more))["items"]]


@pytest.fixture(params=["in_memory", *ENGINES])
async def workshop(request: pytest.FixtureRequest) -> AsyncIterator[Workshop]:
    if request.param == "in_memory":
        async with opened_workshop(None) as workshop:
            yield workshop
        return
    async with (
        own_indexes() as opensearch,
        opened_workshop(opensearch.index(searched_views(view_projections(WORKSHOP)))) as workshop,
    ):
        yield workshop


@asynccontextmanager
async def opened_workshop(index: SearchIndex | None) -> AsyncIterator[Workshop]:
    """The workshop, whose searches go to an index."""
    system = InMemorySystem(WORKSHOP, processes_at_once=False, index=index)
    transport = httpx.ASGITransport(system.app)
    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=transport, base_url="http://workshop") as client,
    ):
        assert await system.searching.filled("repair_details", 10)
        assert await system.searching.filled("owners", 10)
        yield Workshop(system, client)


async def test_what_was_written_is_found_with_its_token(workshop: Workshop) -> None:
    opened = await workshop.opened("Squeaking brakes", "They <b>squeak</b> & stop.")
    found = await workshop.search("squeak", after=opened)
    assert [item["subject"] for item in found["items"]] == ["Squeaking brakes"]
    assert found["items"][0]["highlights"] == {
        "subject": "<mark>Squeaking</mark> brakes",
        "message": "They &lt;b&gt;<mark>squeak</mark>&lt;/b&gt; &amp; stop.",
    }
    assert (found["total"], found["current"], found["next"]) == (1, True, None)
    repair = found["items"][0]["repair_id"]
    assert await workshop.subjects(repair) == ["Squeaking brakes"]
    noted = await workshop.client.post(f"{REPAIRS}/{repair}/notes", json={"note": "Worn discs"})
    assert (await workshop.search("discs", after=noted))["items"][0]["has_note"] is True


async def test_a_token_that_the_index_does_not_reach_in_time_is_answered_with_202(workshop: Workshop) -> None:
    opened = await workshop.opened("Brakes")
    log, _, position = opened.headers["Causal-Token"].partition(":")
    workshop.system.app.state.queries.waits.seconds = 0.02
    token = {"Causal-Token": f"{log}:{int(position) + 1}"}
    answer = await workshop.client.get(SEARCH, params={"q": "brakes"}, headers=token)
    assert (answer.status_code, answer.json()["code"]) == (202, "not_yet_visible")


async def test_who_has_a_token_waits_for_an_index_that_is_being_filled(workshop: Workshop) -> None:
    opened = await workshop.opened("Brakes")
    await workshop.search("brakes", after=opened)
    index = workshop.system.search
    await index.adopt("repair_details", await index.positions("repair_details"))
    await index.refresh("repair_details")
    assert await index.fill_state("repair_details") != "done"
    assert (await workshop.search("brakes", after=opened))["total"] == 1


async def test_an_index_that_is_not_filled_in_time_is_told(workshop: Workshop) -> None:
    opened = await workshop.opened("Brakes")
    await workshop.search("brakes", after=opened)
    index = workshop.system.search
    await workshop.system.cache.stop()  # nobody fills it
    await index.adopt("repair_details", await index.positions("repair_details"))
    await index.refresh("repair_details")
    workshop.system.app.state.queries.waits.seconds = 0.2
    token = {"Causal-Token": opened.headers["Causal-Token"]}
    for headers in ({}, token):
        answer = await workshop.client.get(SEARCH, params={"q": "brakes"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "search_unavailable")


async def test_filters_are_those_of_the_list_and_facets_count_within_them(workshop: Workshop) -> None:
    for number in range(3):
        await workshop.opened(f"Brakes {number}")
    last = await workshop.opened("Brakes, closed")
    repair = last.json()["repair_id"]
    await workshop.client.post(f"{REPAIRS}/{repair}/notes", json={"note": "seen"})
    await workshop.client.post(f"{REPAIRS}/{repair}/close", json={"resolution": "done"})
    found = await workshop.search("brakes")
    counts = {facet["name"]: facet["values"] for facet in found["facets"]}
    values = {name: {v["value"]: v["count"] for v in counts[name]} for name in ("status", "has_note")}
    assert values == {"status": {"open": 3, "closed": 1}, "has_note": {False: 3, True: 1}}
    spans = [(v["at_least"], v["below"], v["count"]) for v in counts["note_count"]]
    assert spans == [(None, 1, 3), (1, 3, 1), (3, None, 0)]
    assert await workshop.subjects("brakes", status="closed") == ["Brakes, closed"]
    assert await workshop.subjects("brakes", has_note=True) == ["Brakes, closed"]
    assert (await workshop.search("brakes", status="open"))["total"] == 3
    for wrong in ({"status": "lost"}, {"colour": "red"}, {"sort": "opened_at"}, {"limit": 0}, {"limit": 101}):
        answer = await workshop.client.get(SEARCH, params={"q": "brakes", **wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")


async def test_pages_go_on_with_their_cursor_and_with_no_other_search(workshop: Workshop) -> None:
    for number in range(7):
        await workshop.opened(f"Brakes {number}")
    first = await workshop.search("brakes", limit=3)
    assert (len(first["items"]), first["total"]) == (3, 7)
    cursor, seen = first["next"], first["items"]
    while cursor:
        page = await workshop.search("brakes", limit=3, cursor=cursor)
        assert (page["total"], page["facets"], page["suggestions"]) == (None, [], [])
        cursor, seen = page["next"], seen + page["items"]
    assert len({item["repair_id"] for item in seen}) == 7
    for other in ({"q": "brake"}, {"q": "brakes", "status": "open"}):
        answer = await workshop.client.get(SEARCH, params={**other, "cursor": first["next"]})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    listed = await workshop.client.get(REPAIRS, params={"cursor": first["next"]})
    assert (listed.status_code, listed.json()["code"]) == (400, "invalid_cursor")


async def test_what_was_typed_is_completed_and_put_right(workshop: Workshop) -> None:
    await workshop.opened("Squeaking brakes")
    assert (await workshop.search("squ bra"))["suggestions"] == ["squeaking brakes"]
    assert (await workshop.search("braeks"))["suggestions"] == ["brakes"]
    assert (await workshop.search("squeaking brakes"))["suggestions"] == []


async def test_an_answer_that_is_still_the_same_is_not_sent_again(workshop: Workshop) -> None:
    await workshop.opened("Brakes")
    await workshop.shown()
    first = await workshop.client.get(SEARCH, params={"q": "brakes"})
    same = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["Cache-Control"] == "private, no-store"
    assert (await workshop.client.get(SEARCH, params={"q": "brakes"}, headers=same)).status_code == 304
    await workshop.opened("Brakes")
    await workshop.shown()
    assert (await workshop.client.get(SEARCH, params={"q": "brakes"}, headers=same)).status_code == 200


async def test_nothing_to_search_for_is_refused(workshop: Workshop) -> None:
    for words in REFUSED:
        answer = await workshop.client.get(SEARCH, params={"q": words})
        assert (words, answer.status_code, answer.json()["code"]) == (words, 422, "invalid_fields")
    assert (await workshop.client.get(SEARCH)).status_code == 422


ODD = (
    "'; DROP TABLE",
    "+-&&||!(){}[]^~:/",
    "a OR b:*",
    "q=1&x",
    "%00",
    "\u202ekcab",
    "0",
    "l" * 1_000,
    "(((a",
    "a\x00b",
)


async def test_whatever_else_is_typed_is_answered(workshop: Workshop) -> None:
    for words in ODD:
        answer = await workshop.client.get(SEARCH, params={"q": words})
        assert answer.status_code in (200, 422), answer.text


async def test_nothing_of_an_erased_owner_is_found(workshop: Workshop) -> None:
    body = {"name": "Ada Lovelace", "email": "ada.lovelace@example.org"}
    registered = await workshop.client.post(OWNERS, json=body)
    owner = registered.json()["owner_id"]
    opened = await workshop.opened("Byron's carriage", "The axle of Ockham Park", owner_id=owner)
    erased_words = ["ada", "Lovelace", "ada.lovelace@example.org", "lovelac", "byron", "carriage", "axle", "ockham"]
    assert [item["name"] for item in (await workshop.search("lovelace", f"{OWNERS}/search"))["items"]] == [body["name"]]
    assert await workshop.subjects("ockham", after=opened) == ["Byron's carriage"]

    erased = await workshop.client.delete(f"{OWNERS}/{owner}")

    for words in erased_words:
        for path in (SEARCH, f"{OWNERS}/search"):
            found = await workshop.search(words, path, after=erased)
            assert (words, found["items"], found["total"], found["suggestions"]) == (words, [], 0, [])


async def test_search_is_refused_where_it_is_off() -> None:
    app = create_app(InMemoryViewStore(), InMemoryViewCache(), WORKSHOP)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://q") as client:
        answer = await client.get(SEARCH, params={"q": "brakes"})
        assert (answer.status_code, answer.json()["code"]) == (503, "search_unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert (await client.get(REPAIRS)).status_code == 200


@pytest.mark.parametrize(
    ("alike", "shown"),
    [
        (True, [("café", 5), ("Tea", 4), (True, 1)]),
        (False, [("Tea", 4), ("café", 3), ("CAFE\u0301", 1), ("CAF\u00c9", 1), (True, 1)]),
    ],
)
def test_a_facet_counts_as_one_what_is_the_same_to_people_where_it_is_declared_so(
    alike: bool, shown: list[tuple[Any, int]]
) -> None:
    written = [("Tea", 4), ("CAF\u00c9", 1), ("café", 3), ("CAFE\u0301", 1), (True, 1)]
    counts = [(orjson.dumps(value).decode(), count) for value, count in written]

    assert [(value["value"], value["count"]) for value in facet_values(counts, alike)] == shown


def test_only_facets_can_be_alike() -> None:
    with pytest.raises(ValueError, match="make is no facet"):
        Searchable(text=("name",), facets=("model",), alike=("make",))
