"""Retention: what was written in a ticket of nobody's is forgotten some time after it was closed."""

from datetime import timedelta

from command_service.settings import Settings
from command_service.ticket.commands import EraseTicket
from shared.events.ticket import TicketClosed
from twinpath.domain import Process, Then


class TicketRetention(Process):
    """Begins with the whole log, so that tickets that were closed long ago are due at once. A ticket of a customer is
    left alone by its rules: it is forgotten with the customer."""

    name = "ticket-retention"

    def __init__(self, settings: Settings) -> None:
        self._retention = timedelta(days=settings.ticket_retention_days)

    async def closed(self, event: TicketClosed, then: Then) -> None:
        """Set the timer, unless the ticket is a customer's."""
        ticket_id = then.recorded.stream
        if event.owner_id in (None, ticket_id):  # None: closed in version 0.1.0, which did not say
            await then.after(self._retention, EraseTicket(ticket_id=ticket_id, at=then.at))
