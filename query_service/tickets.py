"""Tickets: lists, one ticket, its history."""

from typing import Any

from shared.read_models.ticket_details import TICKET_DETAILS
from shared.read_models.ticket_list import TICKET_LIST
from twinpath.domain import Listing, Resource

_SHARED: dict[str, Any] = {
    "ticket_id": "ticket-0198c0de-0000-7000-8000-000000000001",
    "subject": "Parcel has not arrived",
    "status": "closed",
    "customer_id": "customer-0198c0de-0000-7000-8000-000000000002",
    "opened_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:40:00.000000Z",
    "version": 4,
}
_ROW = _SHARED | {
    "has_note": True,
    "preview": "Tracking says delivered on Monday, but nothing cam",
    "note_preview": "Asked the carrier.",
}
_TICKET = _SHARED | {
    "order_id": "order-0198c0de-0000-7000-8000-000000000003",
    "message": "Tracking says delivered on Monday, but nothing came.",
    "triaged_at": "2026-01-05T09:10:00.000000Z",
    "closed_at": "2026-01-05T09:40:00.000000Z",
    "resolution": "Found at the neighbour's.",
    "note_count": 1,
    "notes": [{"note": "Asked the carrier.", "at": "2026-01-05T09:20:00.000000Z", "by": "agent-ann"}],
}

TICKET = Resource(
    "ticket",
    TICKET_DETAILS,
    _TICKET,
    allow="tickets:read",
    listing=Listing(
        "ticket",
        TICKET_LIST,
        _ROW,
        description="Pages are stable under new tickets: `next` continues after the last item, wherever it stands by"
        " then.",
    ),
)
