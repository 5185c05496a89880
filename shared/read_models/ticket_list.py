"""ticket_list: one row a ticket, for lists filtered by status, notes and customer."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from twinpath.domain import View

PREVIEW_CHARACTERS = 50


class TicketRow(BaseModel):
    """A ticket in a list. Times are UTC; the previews are the first 50 characters, as people count
    them."""

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


TICKET_LIST = View(
    "ticket_list",
    TicketRow,
    filters=("status", "has_note", "customer_id"),
    owner="customer_id",
    internal=("has_note", "note_preview"),
    indexes=(("status",), ("has_note",), ("status", "has_note"), ("customer_id",)),
)
