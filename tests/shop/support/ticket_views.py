"""Tickets written into views as the projector writes them."""

from datetime import datetime

from projector_service.application import PROJECTIONS
from shared.events.ticket import TicketClosed, TicketNoteAdded, TicketOpened, TicketStatusChanged
from tests.support.written_views import NOON, WrittenViews
from twinpath.ids import new_id


class TicketViews(WrittenViews):
    """A writer of the views, and a cache that is fed when there is one; `tokens` has the last token of each ticket."""

    application = PROJECTIONS

    async def open(self, subject: str = "Where is it?", *, customer_id: str | None = None, at: datetime = NOON) -> str:
        """A new ticket's id."""
        ticket = new_id("ticket")
        await self.happened(
            ticket, TicketOpened(subject=subject, message="m" * 60, customer_id=customer_id, opened_at=at), at
        )
        return ticket

    async def note(self, ticket: str, note: str = "looked at") -> None:
        """A note more."""
        await self.happened(ticket, TicketNoteAdded(note=note))

    async def triage(self, ticket: str) -> None:
        """An hour after it was opened."""
        await self.happened(
            ticket, TicketStatusChanged(status="triaged", previous_status="open", seconds_to_triage=3600)
        )

    async def close(self, ticket: str, at: datetime = NOON) -> None:
        """Two hours after it was opened."""
        await self.happened(ticket, TicketClosed(resolution="r", previous_status="open", seconds_to_close=7200), at)
