"""The rules of a support ticket: what each command yields, what it refuses, when it stays quiet."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from command_service.facts import CustomerFact
from command_service.ticket.commands import (
    AddAgentNote,
    ChangeTicketStatus,
    CloseTicket,
    EraseTicket,
    OpenTicket,
    OrderFact,
    TicketCommand,
)
from command_service.ticket.rules import Ticket, decide, evolve
from shared.events.ticket import (
    TicketClosed,
    TicketErased,
    TicketEvent,
    TicketNoteAdded,
    TicketOpened,
    TicketStatusChanged,
)
from twinpath.errors import NotFound, RuleViolation, TwinpathError

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
CUSTOMER = "customer-0198c0de-0000-7000-8000-000000000002"
ID = "ticket-0198c0de-0000-7000-8000-000000000001"

OPENED = TicketOpened(subject="Late parcel", message="Where is it?", customer_id=None, order_id=None, opened_at=NINE)
TRIAGED = TicketStatusChanged(status="triaged", previous_status="open", seconds_to_triage=60.0)
REOPENED = TicketStatusChanged(status="open", previous_status="triaged")
CLOSED = TicketClosed(resolution="Found it.", previous_status="open", seconds_to_close=60.0)

OPEN = OpenTicket(ticket_id=ID, at=NINE, subject="Late parcel", message="Where is it?")
TRIAGE = ChangeTicketStatus(ticket_id=ID, at=TEN, status="triaged")
REOPEN = ChangeTicketStatus(ticket_id=ID, at=TEN, status="open")
NOTE = AddAgentNote(ticket_id=ID, at=TEN, note="Called the carrier.")
CLOSE = CloseTicket(ticket_id=ID, at=TEN, resolution="Found it.")


def given(*events: TicketEvent) -> Ticket | None:
    start: Ticket | None = None
    return reduce(evolve, events, start)


@pytest.mark.parametrize(
    ("history", "command", "happens"),
    [
        pytest.param([], OPEN, [OPENED], id="a ticket is opened"),
        pytest.param(
            [OPENED],
            TRIAGE,
            [TicketStatusChanged(status="triaged", previous_status="open", seconds_to_triage=3600.0)],
            id="the first triage says how long it took",
        ),
        pytest.param(
            [OPENED, TRIAGED],
            REOPEN,
            [TicketStatusChanged(status="open", previous_status="triaged")],
            id="a triaged ticket goes back to open",
        ),
        pytest.param(
            [OPENED, TRIAGED, REOPENED],
            TRIAGE,
            [TicketStatusChanged(status="triaged", previous_status="open")],
            id="a second triage counts no time",
        ),
        pytest.param([OPENED], NOTE, [TicketNoteAdded(note="Called the carrier.", owner_id=ID)], id="a note is added"),
        pytest.param(
            [OPENED, CLOSED],
            NOTE,
            [TicketNoteAdded(note="Called the carrier.", owner_id=ID)],
            id="a note is added after the close",
        ),
        pytest.param(
            [OPENED],
            CLOSE,
            [TicketClosed(resolution="Found it.", previous_status="open", seconds_to_close=3600.0, owner_id=ID)],
            id="an open ticket is closed",
        ),
        pytest.param(
            [OPENED, TRIAGED],
            CLOSE,
            [TicketClosed(resolution="Found it.", previous_status="triaged", seconds_to_close=3600.0, owner_id=ID)],
            id="a triaged ticket is closed",
        ),
    ],
)
def test_a_command_yields(history: list[TicketEvent], command: TicketCommand, happens: list[TicketEvent]) -> None:
    assert decide(command, given(*history)) == happens


@pytest.mark.parametrize(
    ("history", "command"),
    [
        pytest.param([OPENED], REOPEN, id="open stays open"),
        pytest.param([OPENED, TRIAGED], TRIAGE, id="triaged stays triaged"),
    ],
)
def test_the_same_status_again_stays_quiet(history: list[TicketEvent], command: TicketCommand) -> None:
    assert decide(command, given(*history)) == []


@pytest.mark.parametrize(
    ("history", "command", "error", "code"),
    [
        pytest.param([OPENED], OPEN, RuleViolation, "ticket_exists", id="an id is opened once"),
        pytest.param([], TRIAGE, NotFound, "ticket_not_found", id="triage of no ticket"),
        pytest.param([], NOTE, NotFound, "ticket_not_found", id="note on no ticket"),
        pytest.param([], CLOSE, NotFound, "ticket_not_found", id="close of no ticket"),
        pytest.param([OPENED, CLOSED], TRIAGE, RuleViolation, "ticket_closed", id="a closed ticket is not triaged"),
        pytest.param([OPENED, CLOSED], REOPEN, RuleViolation, "ticket_closed", id="a closed ticket is not reopened"),
        pytest.param([OPENED, CLOSED], CLOSE, RuleViolation, "ticket_closed", id="a closed ticket is not closed again"),
        pytest.param(
            [OPENED],
            ChangeTicketStatus(ticket_id=ID, at=TEN, status="closed"),
            RuleViolation,
            "close_needs_resolution",
            id="closed is no status to change to",
        ),
    ],
)
def test_a_command_is_refused(
    history: list[TicketEvent], command: TicketCommand, error: type[TwinpathError], code: str
) -> None:
    with pytest.raises(error) as refusal:
        decide(command, given(*history))

    assert refusal.value.code == code


OF_A_CUSTOMER = OPENED.model_copy(update={"customer_id": CUSTOMER})


def test_what_agents_write_is_the_customers() -> None:
    [noted] = decide(NOTE, given(OF_A_CUSTOMER))
    [closed] = decide(CLOSE, given(OF_A_CUSTOMER))
    assert isinstance(noted, TicketNoteAdded)
    assert isinstance(closed, TicketClosed)
    assert noted.owner_id == closed.owner_id == CUSTOMER


def test_a_ticket_about_an_order_is_its_customers_unless_another_one_is_named() -> None:
    about = {"order_id": "order-1", "order": OrderFact(customer_id=CUSTOMER)}
    for command, customer in (
        (OPEN.model_copy(update=about), CUSTOMER),
        (
            OPEN.model_copy(update={**about, "customer_id": "customer-9", "customer": CustomerFact(erased=False)}),
            "customer-9",
        ),
    ):
        [opened] = decide(command, None)
        assert isinstance(opened, TicketOpened)
        assert opened.customer_id == customer


@pytest.mark.parametrize(
    ("history", "happens"),
    [
        pytest.param([OPENED, CLOSED], [TicketErased()], id="a closed ticket is forgotten"),
        pytest.param([OPENED], [], id="an open one is not"),
        pytest.param([OPENED, CLOSED, TicketErased()], [], id="once is enough"),
        pytest.param([OF_A_CUSTOMER, CLOSED], [], id="a customer's is forgotten with the customer"),
    ],
)
def test_a_ticket_is_forgotten(history: list[TicketEvent], happens: list[TicketEvent]) -> None:
    assert decide(EraseTicket(ticket_id=ID, at=TEN), given(*history)) == happens


def test_a_clock_that_runs_behind_gives_no_negative_time() -> None:
    early = CLOSE.model_copy(update={"at": NINE - timedelta(seconds=5)})

    assert decide(early, given(OPENED)) == [
        TicketClosed(resolution="Found it.", previous_status="open", seconds_to_close=0.0, owner_id=ID)
    ]


def test_two_tries_of_one_create_have_the_same_content_whatever_their_ids_and_times() -> None:
    again = OPEN.model_copy(update={"ticket_id": ID.replace("1", "2"), "at": TEN})

    assert again.content() == OPEN.content()
    assert OPEN.model_copy(update={"subject": "Other"}).content() != OPEN.content()
    assert NOTE.model_copy(update={"ticket_id": ID.replace("1", "2")}).content() != NOTE.content()
