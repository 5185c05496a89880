"""The query endpoints on the in-memory adapters: what they answer, and how they describe it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from shared.read_models.ticket_dashboard import TicketDashboard
from shared.read_models.ticket_details import TICKET_DETAILS, TicketDetails
from shared.read_models.ticket_list import TicketRow
from tests.shop.support.query_app import QueryService, in_memory
from tests.support.written_views import NOON
from twinpath.http.documents.problems import PROBLEM_JSON
from twinpath.ids import new_id
from twinpath.queries.endpoints.models import PageOf
from twinpath.views.history import HistoryEntry


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


async def test_a_ticket_is_shown_with_its_version_as_etag(service: QueryService) -> None:
    ticket = await service.views.open("Broken")
    await service.views.note(ticket)

    answer = await service.get(f"/tickets/{ticket}")

    assert (answer.status_code, answer.headers["ETag"], answer.headers["Cache-Control"]) == (
        200,
        '"2"',
        "private, no-store",
    )
    shown = TicketDetails.model_validate_json(answer.content)
    assert (shown.ticket_id, shown.subject, shown.note_count, shown.version) == (ticket, "Broken", 1, 2)


async def test_a_ticket_that_the_cache_has_lost_is_read_from_its_view(service: QueryService) -> None:
    ticket = await service.views.open()
    before = await service.get(f"/tickets/{ticket}")
    service.app.state.queries.views._cache._cache.flush()

    assert (await service.get(f"/tickets/{ticket}")).content == before.content


async def test_the_list_is_newest_first_and_filtered(service: QueryService) -> None:
    customer = new_id("customer")
    plain, noted, triaged = [await service.views.open(customer_id=owner) for owner in (None, customer, customer)]
    await service.views.note(noted)
    await service.views.triage(triaged)

    async def ids(**query: str) -> list[str]:
        page = PageOf[TicketRow].model_validate_json((await service.get("/tickets", None, **query)).content)
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

    entries = [
        *PageOf[HistoryEntry].model_validate(first.json()).items,
        *PageOf[HistoryEntry].model_validate(second.json()).items,
    ]
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
            service.app.state.queries.views._cache._cache.flush()
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


async def test_times_are_utc_with_z(service: QueryService) -> None:
    ticket = await service.views.open(at=datetime(2026, 3, 10, 12, tzinfo=UTC))
    document = await service.app.state.queries.views._reader.get(TICKET_DETAILS.name, ticket)

    assert (await service.get(f"/tickets/{ticket}")).json()["opened_at"].endswith("Z")
    assert document["opened_at"] == NOON


async def test_the_documentation_describes_every_route_and_its_errors(service: QueryService) -> None:
    assert (await service.client.get("/docs")).status_code == 200
    document = (await service.client.get("/openapi.json")).json()

    assert "$defs" not in str(document)
    ticket = document["paths"]["/api/v1/tickets/{ticket_id}"]["get"]
    shown = ticket["responses"]["200"]["content"]["application/json"]
    assert shown["schema"] == {"$ref": "#/components/schemas/TicketDetails"}
    assert TicketDetails.model_validate(shown["example"])
    models: dict[str, type[BaseModel]] = {
        "": PageOf[TicketRow],
        "/dashboard": TicketDashboard,
        "/{ticket_id}/history": PageOf[HistoryEntry],
    }
    for path, model in models.items():
        answers = document["paths"][f"/api/v1/tickets{path}"]["get"]["responses"]
        assert model.model_validate(answers["200"]["content"]["application/json"]["example"])
    assert PROBLEM_JSON in ticket["responses"]["404"]["content"]
    assert {"ticket_id", "Causal-Token", "X-Version"} <= {parameter["name"] for parameter in ticket["parameters"]}
    live = document["paths"]["/api/v1/tickets/{ticket_id}/events"]["get"]["responses"]["200"]["content"]
    assert list(live) == ["text/event-stream"]
