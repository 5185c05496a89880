"""What the answers look like, for the OpenAPI page. FastAPI leaves nulls out of it, so there are none."""

from typing import Any

TICKET_ID = "ticket-0198c0de-0000-7000-8000-000000000001"
_ROW: dict[str, Any] = {
    "ticket_id": TICKET_ID,
    "subject": "Parcel has not arrived",
    "status": "closed",
    "customer_id": "customer-0198c0de-0000-7000-8000-000000000002",
    "opened_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:40:00.000000Z",
    "version": 4,
}
TICKET: dict[str, Any] = {
    **_ROW,
    "order_id": "order-0198c0de-0000-7000-8000-000000000003",
    "message": "Tracking says delivered on Monday, but nothing came.",
    "triaged_at": "2026-01-05T09:10:00.000000Z",
    "closed_at": "2026-01-05T09:40:00.000000Z",
    "resolution": "Found at the neighbour's.",
    "note_count": 1,
    "notes": [{"note": "Asked the carrier.", "at": "2026-01-05T09:20:00.000000Z", "by": "agent-ann"}],
}
TICKET_PAGE: dict[str, Any] = {
    "items": [
        {
            **_ROW,
            "has_note": True,
            "preview": "Tracking says delivered on Monday, but nothing cam",
            "note_preview": "Asked the carrier.",
        }
    ],
    "next": "bm90IGEgcmVhbCBjdXJzb3I",
}
DASHBOARD: dict[str, Any] = {
    "by_status": {"open": 2, "triaged": 1, "closed": 5},
    "days": [{"day": "2026-01-05", "opened": 3, "closed": 1}],
    "median_hours_to_triage": 0.17,
    "median_hours_to_close": 26.4,
}
HISTORY_PAGE: dict[str, Any] = {
    "items": [
        {
            "version": 2,
            "type": "ticket.status_changed",
            "at": "2026-01-05T09:10:00.000000Z",
            "actor": "agent-ann",
            "correlation_id": "c-42",
            "data": {"status": "triaged", "previous_status": "open", "seconds_to_triage": 600.0},
        }
    ],
    "next": "bm90IGEgcmVhbCBjdXJzb3I",
}
