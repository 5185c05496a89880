"""ticket_details: one ticket with its notes and times."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from twinpath.domain import Searchable, View

KEPT_NOTES = 100


class TicketNote(BaseModel):
    """A note: what, when and by whom."""

    note: str
    at: datetime
    by: str


class TicketDetails(BaseModel):
    """A ticket. `notes` are the latest 100, oldest first; `note_count` counts all, /history has them."""

    ticket_id: str
    subject: str
    message: str
    status: Literal["open", "triaged", "closed"]
    customer_id: str | None
    order_id: str | None
    opened_at: datetime
    updated_at: datetime
    triaged_at: datetime | None
    closed_at: datetime | None
    resolution: str | None
    note_count: int
    notes: list[TicketNote]
    version: int


TICKET_DETAILS = View(
    "ticket_details",
    TicketDetails,
    copy=True,
    owner="customer_id",
    indexes=(("customer_id",),),
    search=Searchable(
        text=("subject", "message", "notes.note", "resolution"),
        exact=("order_id", "customer_id"),
        facets=("status", "has_note"),
        suggest=("subject",),
        computed={"has_note": lambda ticket: ticket["note_count"] > 0},
    ),
    internal=("note_count", "notes"),
)
