"""The query endpoints on the in-memory adapters: what they answer, and what they refuse."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.http.problem_details import PROBLEM_JSON
from shared.ids import new_id
from shared.read_models.history import HistoryPage
from shared.read_models.ticket_dashboard import TicketDashboard
from shared.read_models.ticket_details import TICKET_DETAILS, TicketDetails
from shared.read_models.ticket_list import TicketPage
from shared.view_store.in_memory import InMemoryViewStore
from shared.view_store.in_memory_cache import InMemoryViewCache
from shared.view_store.interface import Cached, Document
from tests.support.query_app import QueryService, in_memory, running
from tests.support.ticket_views import NOON, TicketViews

UNKNOWN = "ticket-0198c0de-0000-7000-8000-000000000001"


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


async def test_a_ticket_is_shown_with_its_version_as_etag(service: QueryService) -> None:
    ticket = await service.views.open("Broken")
    await service.views.note(ticket)

    answer = await service.get(f"/tickets/{ticket}")

    assert (answer.status_code, answer.headers["ETag"], answer.headers["Cache-Control"]) == (200, '"2"', "no-cache")
    shown = TicketDetails.model_validate_json(answer.content)
    assert (shown.ticket_id, shown.subject, shown.note_count, shown.version) == (ticket, "Broken", 1, 2)


async def test_a_ticket_that_the_cache_has_lost_is_read_from_its_view(service: QueryService) -> None:
    ticket = await service.views.open()
    before = await service.get(f"/tickets/{ticket}")
    service.app.state.tickets._cache._cache.flush()

    assert (await service.get(f"/tickets/{ticket}")).content == before.content


async def test_the_list_is_newest_first_and_filtered(service: QueryService) -> None:
    customer = new_id("customer")
    plain, noted, triaged = [await service.views.open(customer_id=owner) for owner in (None, customer, customer)]
    await service.views.note(noted)
    await service.views.triage(triaged)

    async def ids(**query: str) -> list[str]:
        page = TicketPage.model_validate_json((await service.get("/tickets", None, **query)).content)
        return [row.ticket_id for row in page.items]

    assert await ids() == sorted([plain, noted, triaged], reverse=True)
    assert await ids(status="triaged") == [triaged]
    assert await ids(has_note="true") == [noted]
    assert await ids(has_note="false", status="open") == [plain]
    assert await ids(customer_id=customer) == sorted([noted, triaged], reverse=True)
    assert await ids(customer_id=customer, status="closed") == []


async def test_pages_are_stable_while_tickets_are_opened(service: QueryService) -> None:
    tickets = sorted([await service.views.open() for _ in range(5)], reverse=True)
    first = await service.get("/tickets", limit=2)
    await service.views.open("while the client reads")
    second = await service.client.get(first.links["next"]["url"])
    third = await service.get("/tickets", limit=2, cursor=second.json()["next"])

    pages = [first.json(), second.json(), third.json()]
    assert [row["ticket_id"] for page in pages for row in page["items"]] == tickets
    assert third.json()["next"] is None
    assert "Link" not in third.headers


async def test_a_cursor_keeps_its_filters(service: QueryService) -> None:
    for _ in range(3):
        await service.views.open()
    first = await service.get("/tickets", limit=1, status="open")

    second = await service.client.get(first.links["next"]["url"])

    assert second.status_code == 200
    assert "status=open" in second.links["next"]["url"]


async def test_the_history_is_told_oldest_first_in_pages(service: QueryService) -> None:
    ticket = await service.views.open()
    await service.views.triage(ticket)
    await service.views.note(ticket)
    first = await service.get(f"/tickets/{ticket}/history", limit=2)
    second = await service.client.get(first.links["next"]["url"])

    entries = [*HistoryPage.model_validate(first.json()).items, *HistoryPage.model_validate(second.json()).items]
    assert [(entry.version, entry.type) for entry in entries] == [
        (1, "ticket.opened"),
        (2, "ticket.status_changed"),
        (3, "ticket.note_added"),
    ]
    assert entries[0].actor == "ann"


async def test_the_dashboard_adds_up_every_log(service: QueryService) -> None:
    tickets = [await service.views.open(at=NOON - timedelta(days=day)) for day in (0, 0, 1, 29, 30)]
    await service.views.triage(tickets[0])
    await service.views.close(tickets[1], at=NOON - timedelta(days=1))

    for emptied in (False, True):
        if emptied:
            service.app.state.dashboards._cache._cache.flush()
        shown = TicketDashboard.model_validate_json((await service.get("/tickets/dashboard")).content)

        assert shown.by_status == {"open": 3, "triaged": 1, "closed": 1}
        assert len(shown.days) == 30
        counted = {(NOON.date() - day.day).days: (day.opened, day.closed) for day in shown.days}
        assert (counted[0], counted[1], counted[29], counted[15]) == ((2, 0), (1, 1), (1, 0), (0, 0))
        assert shown.median_hours_to_triage == pytest.approx(1, rel=0.02)
        assert shown.median_hours_to_close == pytest.approx(2, rel=0.02)


async def test_an_empty_dashboard_counts_nothing(service: QueryService) -> None:
    shown = TicketDashboard.model_validate_json((await service.get("/tickets/dashboard")).content)

    assert shown.by_status == {"open": 0, "triaged": 0, "closed": 0}
    assert shown.median_hours_to_triage is None


async def test_what_the_client_has_already_is_not_sent_again(service: QueryService) -> None:
    ticket = await service.views.open()
    for path in ("/tickets", "/tickets/dashboard", f"/tickets/{ticket}", f"/tickets/{ticket}/history"):
        etag = (await service.get(path)).headers["ETag"]

        for known in (etag, f'"other", W/{etag}', "*"):
            again = await service.get(path, {"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag), path
        assert (await service.get(path, {"If-None-Match": '"other"'})).status_code == 200

    etag = (await service.get(f"/tickets/{ticket}")).headers["ETag"]
    await service.views.note(ticket)
    assert (await service.get(f"/tickets/{ticket}", {"If-None-Match": etag})).status_code == 200


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
    assert refused.headers["Allow"] == "GET"


async def test_the_correlation_id_comes_back_or_is_made(service: QueryService) -> None:
    given = await service.get("/tickets", {"X-Correlation-Id": "c-42"})
    unusable = await service.get("/tickets", {"X-Correlation-Id": "no blanks"})

    assert given.headers["X-Correlation-Id"] == "c-42"
    assert len(unusable.headers["X-Correlation-Id"]) == 36


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

    async def get(self, view: str, document_id: str) -> Cached | None:
        self.asked += 1
        if self.away:
            raise Unavailable("Redis does not answer")
        return await super().get(view, document_id)


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


async def test_the_documentation_describes_every_route_and_its_errors(service: QueryService) -> None:
    assert (await service.client.get("/docs")).status_code == 200
    document = (await service.client.get("/openapi.json")).json()

    assert "$defs" not in str(document)
    ticket = document["paths"]["/api/v1/tickets/{ticket_id}"]["get"]
    shown = ticket["responses"]["200"]["content"]["application/json"]
    assert shown["schema"] == {"$ref": "#/components/schemas/TicketDetails"}
    assert TicketDetails.model_validate(shown["example"])
    for path, model in {"": TicketPage, "/dashboard": TicketDashboard, "/{ticket_id}/history": HistoryPage}.items():
        answers = document["paths"][f"/api/v1/tickets{path}"]["get"]["responses"]
        assert model.model_validate(answers["200"]["content"]["application/json"]["example"])
    assert PROBLEM_JSON in ticket["responses"]["404"]["content"]
    assert {"ticket_id", "Causal-Token", "X-Version"} <= {parameter["name"] for parameter in ticket["parameters"]}
    live = document["paths"]["/api/v1/tickets/{ticket_id}/events"]["get"]["responses"]["200"]["content"]
    assert list(live) == ["text/event-stream"]


async def test_times_are_utc_with_z(service: QueryService) -> None:
    ticket = await service.views.open(at=datetime(2026, 3, 10, 12, tzinfo=UTC))
    document = await service.app.state.tickets._reader.get(TICKET_DETAILS.name, ticket)

    assert (await service.get(f"/tickets/{ticket}")).json()["opened_at"].endswith("Z")
    assert document["opened_at"] == NOON


def _problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == PROBLEM_JSON, answer.text
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:twinpath:problem:{code}"
    assert problem["instance"] == answer.request.url.path
    return problem
