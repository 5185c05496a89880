"""What each projection of tickets, of customers and of the history makes of each event, to the last field."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

import pytest

from projector_service.application import PROJECTIONS
from projector_service.customers import CustomersProjection
from projector_service.ticket_dashboard import TicketDashboardProjection
from projector_service.ticket_details import TicketDetailsProjection
from projector_service.ticket_list import TicketListProjection
from shared.events.customer import CustomerEmailChanged, CustomerErased, CustomerRegistered, CustomerRenamed
from shared.events.ticket import TicketClosed, TicketErased, TicketNoteAdded, TicketOpened, TicketStatusChanged
from tests.support.recording import NOON, changes_of
from twinpath.domain.views import Change, ChangeWhere, Put
from twinpath.projecting.groups import view_projections
from twinpath.projecting.history import HistoryProjection

TICKET, CUSTOMER = "ticket-7", "customer-3"
EARLIER = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
"""In UTC it is still February."""
OPENED = TicketOpened(subject="Parcel", message="m" * 60, customer_id=CUSTOMER, order_id="order-4", opened_at=EARLIER)
OPENED_BY_ERASED = TicketOpened(subject=None, message=None, customer_id=CUSTOMER, opened_at=EARLIER)
TRIAGED = TicketStatusChanged(status="triaged", previous_status="open", seconds_to_triage=3600)
REOPENED = TicketStatusChanged(status="open", previous_status="triaged")
NOTED = TicketNoteAdded(note="n" * 60)
CLOSED = TicketClosed(resolution="Found it.", previous_status="triaged", seconds_to_close=0)
HOUR = "756"
"""The sketch's bucket of an hour."""
NOW = {"updated_at": NOON, "version": 2}


def test_no_view_is_written_by_two_projections_and_no_two_share_checkpoints() -> None:
    views = Counter(view.name for projection in view_projections(PROJECTIONS) for view in projection.views)
    names = Counter(projection.name for projection in view_projections(PROJECTIONS))

    assert set(views.values()) == set(names.values()) == {1}


def test_a_projection_follows_the_logs_of_its_events_alone() -> None:
    details = TicketDetailsProjection()

    followed = [log for log in ("ticket.0", "ticket.15", "customer.0", "order.0", "product.0") if details.follows(log)]
    assert followed == ["ticket.0", "ticket.15", "customer.0"]
    assert changes_of(details, CustomerRenamed(name="Ada"), CUSTOMER) == []
    assert HistoryProjection().follows("product.0")


def test_ticket_list_has_a_row_for_a_ticket_that_was_opened() -> None:
    row = {
        "ticket_id": TICKET,
        "subject": "Parcel",
        "status": "open",
        "customer_id": CUSTOMER,
        "has_note": False,
        "preview": "m" * 50,
        "note_preview": None,
        "opened_at": EARLIER,
        "updated_at": NOON,
        "version": 1,
    }
    assert changes_of(TicketListProjection(), OPENED, TICKET, 1) == [Put("ticket_list", TICKET, row)]
    erased = {**row, "subject": "erased", "preview": "erased"}
    assert changes_of(TicketListProjection(), OPENED_BY_ERASED, TICKET, 1) == [Put("ticket_list", TICKET, erased)]


def test_ticket_list_follows_the_status() -> None:
    for event in (TRIAGED, REOPENED):
        fields = {"status": event.status, **NOW}
        assert changes_of(TicketListProjection(), event, TICKET) == [Change("ticket_list", TICKET, set=fields)]


def test_ticket_list_shows_the_start_of_the_last_note() -> None:
    fields = {"has_note": True, "note_preview": "n" * 50, **NOW}
    assert changes_of(TicketListProjection(), NOTED, TICKET) == [Change("ticket_list", TICKET, set=fields)]


def test_ticket_list_shows_that_a_ticket_was_closed() -> None:
    fields = {"status": "closed", **NOW}
    assert changes_of(TicketListProjection(), CLOSED, TICKET) == [Change("ticket_list", TICKET, set=fields)]


def test_ticket_list_forgets_what_an_erased_customer_wrote() -> None:
    def gone(where: dict[str, str]) -> list[ChangeWhere]:
        return [
            ChangeWhere("ticket_list", where, {"subject": "erased", "preview": "erased"}),
            ChangeWhere("ticket_list", {**where, "has_note": True}, {"note_preview": "erased"}),
        ]

    assert changes_of(TicketListProjection(), CustomerErased(), CUSTOMER) == gone({"customer_id": CUSTOMER})
    touched = Change("ticket_list", TICKET, set=NOW)
    assert changes_of(TicketListProjection(), TicketErased(), TICKET) == [touched, *gone({"_id": TICKET})]


def test_ticket_details_has_a_document_for_a_ticket_that_was_opened() -> None:
    document = {
        "ticket_id": TICKET,
        "subject": "Parcel",
        "message": "m" * 60,
        "status": "open",
        "customer_id": CUSTOMER,
        "order_id": "order-4",
        "opened_at": EARLIER,
        "updated_at": NOON,
        "triaged_at": None,
        "closed_at": None,
        "resolution": None,
        "note_count": 0,
        "notes": [],
        "version": 1,
        "erased": False,
    }
    assert changes_of(TicketDetailsProjection(), OPENED, TICKET, 1) == [Put("ticket_details", TICKET, document)]
    erased = {**document, "subject": "erased", "message": "erased", "order_id": None, "erased": True}
    assert changes_of(TicketDetailsProjection(), OPENED_BY_ERASED, TICKET, 1) == [Put("ticket_details", TICKET, erased)]


def test_ticket_details_keeps_the_time_of_the_first_triage_alone() -> None:
    triaged = {"status": "triaged", "triaged_at": NOON, **NOW}
    assert changes_of(TicketDetailsProjection(), TRIAGED, TICKET) == [Change("ticket_details", TICKET, set=triaged)]
    reopened = {"status": "open", **NOW}
    assert changes_of(TicketDetailsProjection(), REOPENED, TICKET) == [Change("ticket_details", TICKET, set=reopened)]


def test_ticket_details_counts_every_note_and_keeps_the_latest_hundred() -> None:
    note = {"note": "n" * 60, "at": NOON, "by": "ann"}
    change = Change("ticket_details", TICKET, set=NOW, increment={"note_count": 1}, append={"notes": note}, keep=100)
    assert changes_of(TicketDetailsProjection(), NOTED, TICKET) == [change]


def test_ticket_details_tells_how_a_ticket_ended() -> None:
    fields = {"status": "closed", "closed_at": NOON, "resolution": "Found it.", **NOW}
    assert changes_of(TicketDetailsProjection(), CLOSED, TICKET) == [Change("ticket_details", TICKET, set=fields)]


def test_ticket_details_forgets_what_an_erased_customer_wrote() -> None:
    assert changes_of(TicketDetailsProjection(), CustomerErased(), CUSTOMER) == forgotten({"customer_id": CUSTOMER})


def test_ticket_details_forgets_what_was_written_in_a_ticket_of_nobodys() -> None:
    touched = Change("ticket_details", TICKET, set=NOW)
    assert changes_of(TicketDetailsProjection(), TicketErased(), TICKET) == [touched, *forgotten({"_id": TICKET})]


def forgotten(where: dict[str, str]) -> list[ChangeWhere]:
    """Every text of these tickets."""
    return [
        ChangeWhere("ticket_details", where, {"subject": "erased", "message": "erased", "erased": True}),
        ChangeWhere("ticket_details", where, {"notes.$[].note": "erased"}),
        ChangeWhere("ticket_details", {**where, "status": "closed"}, {"resolution": "erased"}),
    ]


def test_what_can_not_be_opened_in_a_ticket_is_shown_as_erased() -> None:
    [noted] = changes_of(TicketDetailsProjection(), NOTED.model_copy(update={"note": None}), TICKET)
    assert isinstance(noted, Change)
    assert noted.append["notes"]["note"] == "erased"
    [closed] = changes_of(TicketDetailsProjection(), CLOSED.model_copy(update={"resolution": None}), TICKET)
    assert isinstance(closed, Change)
    assert closed.set["resolution"] == "erased"
    [row] = changes_of(TicketListProjection(), NOTED.model_copy(update={"note": None}), TICKET)
    assert isinstance(row, Change)
    assert row.set["note_preview"] == "erased"


def counts(document_id: str, increment: dict[str, int]) -> Change:
    return Change("ticket_dashboard", document_id, increment=increment, create=True)


def test_ticket_dashboard_counts_a_ticket_on_the_day_in_utc_that_it_was_opened() -> None:
    total, day = counts("total/ticket.1", {"by_status.open": 1}), counts("2026-02/ticket.1", {"opened.28.2230": 1})
    assert changes_of(TicketDashboardProjection(), OPENED, TICKET) == [total, day]


def test_ticket_dashboard_moves_a_ticket_and_counts_how_long_its_first_triage_took() -> None:
    triaged = counts("total/ticket.1", {"by_status.open": -1, "by_status.triaged": 1, f"triage.{HOUR}": 1})
    assert changes_of(TicketDashboardProjection(), TRIAGED, TICKET) == [triaged]
    reopened = counts("total/ticket.1", {"by_status.triaged": -1, "by_status.open": 1})
    assert changes_of(TicketDashboardProjection(), REOPENED, TICKET) == [reopened]


def test_ticket_dashboard_counts_a_closed_ticket_today_and_how_long_it_took() -> None:
    total = counts("total/ticket.1", {"by_status.triaged": -1, "by_status.closed": 1, "close.0": 1})
    assert changes_of(TicketDashboardProjection(), CLOSED, TICKET) == [
        total,
        counts("2026-03/ticket.1", {"closed.10.1200": 1}),
    ]


@pytest.mark.parametrize(("name", "shown"), [("Ada", "Ada"), (None, "erased customer")])
def test_customers_has_a_document_for_who_registered(name: str | None, shown: str) -> None:
    document = {
        "customer_id": CUSTOMER,
        "name": shown,
        "email": "ada@example.org",
        "status": "active",
        "registered_at": NOON,
        "updated_at": NOON,
        "version": 1,
    }
    event = CustomerRegistered(name=name, email="ada@example.org")
    assert changes_of(CustomersProjection(), event, CUSTOMER, 1) == [Put("customers", CUSTOMER, document)]


@pytest.mark.parametrize(("name", "shown"), [("Ada", "Ada"), (None, "erased customer")])
def test_customers_follows_the_name(name: str | None, shown: str) -> None:
    change = Change("customers", CUSTOMER, set={"name": shown, **NOW})
    assert changes_of(CustomersProjection(), CustomerRenamed(name=name), CUSTOMER) == [change]


def test_customers_follows_the_address_for_mail() -> None:
    change = Change("customers", CUSTOMER, set={"email": "a@example.org", **NOW})
    assert changes_of(CustomersProjection(), CustomerEmailChanged(email="a@example.org"), CUSTOMER) == [change]


def test_customers_shows_an_erased_one_as_nobody() -> None:
    fields = {"name": "erased customer", "email": None, "status": "erased", **NOW}
    assert changes_of(CustomersProjection(), CustomerErased(), CUSTOMER) == [Change("customers", CUSTOMER, set=fields)]


def entry(stream: str, event_type: str, data: Mapping[str, object], **fields: object) -> Put:
    """An entry of the history, nothing personal in it unless said."""
    known = {"version": 2, "type": event_type, "schema": 1, "at": NOON, "actor": "ann", "correlation_id": "c-1"}
    fields = {"personal": None, "personal_of": None, **fields}
    return Put("history", f"{stream}@0000000002", {"stream": stream, "data": data, **known, **fields})


def test_history_takes_every_event_as_it_was_recorded() -> None:
    assert changes_of(HistoryProjection(), NOTED, TICKET) == [entry(TICKET, "ticket.note_added", {"note": "n" * 60})]


def test_history_keeps_what_is_personal_apart_and_says_whose_it_is() -> None:
    data = {"customer_id": CUSTOMER, "order_id": "order-4", "opened_at": "2026-03-01T00:30:00+02:00"}
    personal = {"subject": "Parcel", "message": "m" * 60}
    opened = entry(TICKET, "ticket.opened", data, personal=personal, personal_of=CUSTOMER)
    assert changes_of(HistoryProjection(), OPENED, TICKET) == [opened]
    nothing_left = entry(TICKET, "ticket.opened", {**data, "order_id": None}, personal_of=CUSTOMER)
    assert changes_of(HistoryProjection(), OPENED_BY_ERASED, TICKET) == [nothing_left]
    renamed = entry(CUSTOMER, "customer.renamed", {}, personal={"name": "Ada"}, personal_of=CUSTOMER)
    assert changes_of(HistoryProjection(), CustomerRenamed(name="Ada"), CUSTOMER) == [renamed]


def test_history_keeps_what_nobody_known_wrote_apart_as_the_tickets_own() -> None:
    event = TicketOpened(subject="Parcel", message="m", opened_at=NOON)
    data = {"customer_id": None, "order_id": None, "opened_at": "2026-03-10T12:00:00Z"}
    personal = {"subject": "Parcel", "message": "m"}
    opened = entry(TICKET, "ticket.opened", data, personal=personal, personal_of=TICKET)
    assert changes_of(HistoryProjection(), event, TICKET) == [opened]


def test_history_has_an_erasure_and_forgets_what_is_personal_of_before() -> None:
    forgotten = ChangeWhere("history", {"personal_of": CUSTOMER}, {"personal": None})
    assert changes_of(HistoryProjection(), CustomerErased(), CUSTOMER) == [
        entry(CUSTOMER, "customer.erased", {}),
        forgotten,
    ]
