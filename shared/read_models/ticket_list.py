"""ticket_list: one row a ticket, for lists filtered by status, notes and customer."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from twinpath.domain.views import View

PREVIEW_CHARACTERS = 50

TICKET_LIST = View(
    name="ticket_list",
    indexes=(("status",), ("has_note",), ("status", "has_note"), ("customer_id",)),
)


class TicketRow(BaseModel):
    """A ticket in a list. Times are UTC; the previews are the first 50 characters."""

    ticket_id: str
    subject: str
    status: Literal["open", "triaged", "closed"]
    customer_id: str | None
    has_note: bool
    preview: str
    note_preview: str | None
    opened_at: datetime
    updated_at: datetime
    version: int


class TicketPage(BaseModel):
    """A page of tickets, newest first; `next` is the cursor of the page after it, null on the last."""

    items: list[TicketRow]
    next: str | None
