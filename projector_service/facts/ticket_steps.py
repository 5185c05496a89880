"""ticket_steps: a row when a ticket is opened, triaged for the first time, closed."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.events.ticket import TicketClosed, TicketOpened, TicketStatusChanged
from twinpath.domain import Earlier, Facts, Happened, Label


class TicketStepRow(NamedTuple):
    """A step of a ticket; `seconds` since it was opened, null for the opening itself. Ids are empty where none is."""

    step: Label
    ticket_id: str
    customer_id: str
    order_id: str
    opened_at: datetime
    seconds: float | None


class TicketSteps(Facts):
    """What was written is left out: it is personal."""

    name = "ticket_steps"
    row = TicketStepRow
    recalls = (TicketOpened,)

    def opened(self, event: TicketOpened, earlier: Earlier) -> Iterable[TicketStepRow]:
        """It begins."""
        yield _row("opened", Happened(event, earlier.recorded, earlier.parts), None)

    def triaged(self, event: TicketStatusChanged, earlier: Earlier) -> Iterable[TicketStepRow]:
        """Somebody looked at it for the first time."""
        if event.seconds_to_triage is not None and (ticket := earlier.last(TicketOpened)):
            yield _row("triaged", ticket, event.seconds_to_triage)

    def closed(self, event: TicketClosed, earlier: Earlier) -> Iterable[TicketStepRow]:
        """It ends."""
        if ticket := earlier.last(TicketOpened):
            yield _row("closed", ticket, event.seconds_to_close)


def _row(step: str, ticket: Happened[TicketOpened], seconds: float | None) -> TicketStepRow:
    opened = ticket.event
    return TicketStepRow(
        step, ticket.recorded.stream, opened.customer_id or "", opened.order_id or "", opened.opened_at, seconds
    )
