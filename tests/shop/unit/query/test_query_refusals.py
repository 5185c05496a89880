"""What the query endpoints refuse, and how they fail: always as problem+json."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.shop.support.query_app import QueryService, in_memory, running
from tests.shop.support.ticket_views import TicketViews
from twinpath.domain.views import NOTHING, Cached, Document
from twinpath.errors import Unavailable
from twinpath.http.documents.problems import PROBLEM_JSON
from twinpath.ids import new_id
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

UNKNOWN = "ticket-0198c0de-0000-7000-8000-000000000001"


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/tickets?limit=0", ["limit"]),
        ("/tickets?limit=101", ["limit"]),
        ("/tickets?limit=many", ["limit"]),
        ("/tickets?status=lost", ["status"]),
        ("/tickets?has_note=perhaps", ["has_note"]),
        ("/tickets?customer_id=7", ["customer_id"]),
        ("/tickets?colour=red&limit=0", ["limit", "colour"]),
        ("/tickets?colour", ["colour"]),
        ("/tickets/events?limit=5", ["limit"]),
        ("/tickets/dashboard?days=7", ["days"]),
        ("/tickets/dashboard/events?days=7", ["days"]),
        (f"/products/product-{UNKNOWN[7:]}/prices?days=7", ["days"]),
        (f"/products/product-{UNKNOWN[7:]}/prices/events?limit=7", ["limit"]),
        (f"/customers/customer-{UNKNOWN[7:]}/orders?customer_id=7", ["customer_id"]),
        ("/tickets/ticket-7", ["ticket_id"]),
        ("/tickets/ticket-7/events", ["ticket_id"]),
        ("/tickets/ticket-7/history", ["ticket_id"]),
        (f"/tickets/{UNKNOWN.upper()}", ["ticket_id"]),
        (f"/tickets/{UNKNOWN}?fields=all", ["fields"]),
        (f"/tickets/{UNKNOWN}/history?limit=0", ["limit"]),
    ],
)
async def test_each_invalid_field_is_named(service: QueryService, path: str, fields: list[str]) -> None:
    answer = await service.get(path)

    problem = _problem(answer, 422, "invalid_fields")
    assert [error["field"] for error in problem["errors"]] == fields
    assert all(error["code"] and error["message"] for error in problem["errors"])


@pytest.mark.parametrize("path", ["", "/history", "/events", "/history/events"])
async def test_an_unknown_ticket_is_not_found(service: QueryService, path: str) -> None:
    answer = await service.get(f"/tickets/{UNKNOWN}{path}")

    assert UNKNOWN in _problem(answer, 404, "ticket_not_found")["detail"]


@pytest.mark.parametrize("cursor", ["", "x", "%21", "bm90IGEgY3Vyc29yIGF0IGFsbA", "ü", "a" * 400])
async def test_a_cursor_that_was_never_given_out_is_refused(service: QueryService, cursor: str) -> None:
    ticket = await service.views.open()

    _problem(await service.get("/tickets", cursor=cursor), 400, "invalid_cursor")
    _problem(await service.get(f"/tickets/{ticket}/history", cursor=cursor), 400, "invalid_cursor")


async def test_a_cursor_changed_or_used_elsewhere_is_refused(service: QueryService) -> None:
    tickets = [await service.views.open() for _ in range(3)]
    cursor = (await service.get("/tickets", limit=1, status="open")).json()["next"]

    for index in range(len(cursor)):
        changed = cursor[:index] + ("A" if cursor[index] != "A" else "B") + cursor[index + 1 :]
        _problem(await service.get("/tickets", status="open", cursor=changed), 400, "invalid_cursor")
    _problem(await service.get("/tickets", cursor=cursor), 400, "invalid_cursor")
    _problem(await service.get("/tickets", status="open", has_note="false", cursor=cursor), 400, "invalid_cursor")
    _problem(await service.get(f"/tickets/{tickets[0]}/history", cursor=cursor), 400, "invalid_cursor")


async def test_what_is_no_route_or_no_method_of_it_is_said_so(service: QueryService) -> None:
    _problem(await service.get("/nothing"), 404, "no_such_route")
    refused = await service.client.post(f"/api/v1/tickets/{UNKNOWN}", json={})
    _problem(refused, 405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("given", ["c-42", "Root=1-6789-abc;Sampled=1", "105445aa/1;o=1", "|guid.12_", "x" * 128])
async def test_the_correlation_id_comes_back(service: QueryService, given: str) -> None:
    answer = await service.get("/tickets", {"X-Correlation-Id": given})
    assert answer.headers["X-Correlation-Id"] == given


@pytest.mark.parametrize("given", ["no blanks", "ada@example.org", "ada%40example.org", '"c-42"', "x" * 129, ""])
async def test_a_correlation_id_is_made_where_none_can_be_used(service: QueryService, given: str) -> None:
    """An id outlives an erasure, so that it may be no e-mail address."""
    answer = await service.get("/tickets", {"X-Correlation-Id": given})
    assert len(answer.headers["X-Correlation-Id"]) == 36


class _AwayStore(InMemoryViewStore):
    """A store that answers nothing while it is away, and fails on a ticket that it can't read."""

    away = False

    async def get(self, view: str, document_id: str) -> Document | None:
        if self.away:
            raise Unavailable("the views do not answer")
        if document_id == UNKNOWN:
            raise ZeroDivisionError("secret")
        return await super().get(view, document_id)

    async def page(self, *args: Any, **options: Any) -> list[Document]:
        if self.away:
            raise Unavailable("the views do not answer")
        return await super().page(*args, **options)


class _AwayCache(InMemoryViewCache):
    """A cache that fails while it is away, and counts how often it was asked."""

    away = False
    asked = 0

    async def get(self, view: str, document_id: str, at_least: Mapping[str, int] = NOTHING) -> Cached | None:
        self.asked += 1
        if self.away:
            raise Unavailable("Redis does not answer")
        return await super().get(view, document_id, at_least)


async def test_without_the_views_a_cached_ticket_is_still_served() -> None:
    store, cache = _AwayStore(), InMemoryViewCache()
    views = TicketViews(store, cache)
    await views.prepare()
    async with running(store, cache, views, 1) as service:
        ticket = await views.open()
        store.away = True

        assert (await service.get(f"/tickets/{ticket}")).status_code == 200
        for path in ("/tickets", f"/tickets/{ticket}/history", f"/tickets/{new_id('ticket')}"):
            away = await service.get(path)
            _problem(away, 503, "unavailable")
            assert away.headers["Retry-After"] == "1"


async def test_without_the_cache_the_views_serve_and_the_cache_is_left_alone() -> None:
    store, cache = InMemoryViewStore(), _AwayCache()
    views = TicketViews(store, cache)
    await views.prepare()
    async with running(store, cache, views, 1) as service:
        ticket = await views.open()
        cache.away = True

        answers = [await service.get(f"/tickets/{ticket}") for _ in range(20)]

        assert {answer.status_code for answer in answers} == {200}
        assert cache.asked == 1


async def test_an_unexpected_error_tells_nothing_of_the_inside() -> None:
    store, cache = _AwayStore(), InMemoryViewCache()
    async with running(store, cache, TicketViews(store), 1) as service:
        failed = await service.get(f"/tickets/{UNKNOWN}", {"X-Correlation-Id": "c-500"})

        _problem(failed, 500, "internal_error")
        assert "secret" not in failed.text
        assert failed.headers["X-Correlation-Id"] == "c-500"


def _problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == PROBLEM_JSON, answer.text
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:twinpath:problem:{code}"
    assert problem["instance"] == answer.request.url.path
    return problem
