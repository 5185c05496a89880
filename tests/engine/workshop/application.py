"""The workshop as three applications, a service each, and as a whole."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.engine.workshop.aftercare import Aftercare, Settings
from tests.engine.workshop.owners import OWNER
from tests.engine.workshop.repairs import REPAIR
from tests.engine.workshop.views import (
    OWNERS,
    REPAIR_COUNTS,
    REPAIR_DETAILS,
    REPAIR_LIST,
    RepairCounts,
)
from twinpath.domain import Application, Catalogue, Dashboard, Facts, Listing, Projection, Reads, Resource

EVENTS = Catalogue.of_package("tests.engine.workshop")

_REPAIR = {
    "repair_id": "repair-0198c0de-0000-7000-8000-000000000001",
    "subject": "Brakes",
    "status": "open",
    "owner_id": None,
    "has_note": False,
    "note_preview": None,
    "opened_at": "2026-03-02T09:00:00Z",
    "version": 1,
}
_DETAILS = _REPAIR | {
    "message": "They squeak.",
    "updated_at": "2026-03-02T09:00:00Z",
    "note_count": 1,
    "notes": [{"note": "Worn down.", "at": "2026-03-02T09:30:00Z", "by": "mechanic-mia"}],
}
_OWNER = {
    "owner_id": "owner-0198c0de-0000-7000-8000-000000000002",
    "name": "Ada",
    "email": "ada@example.org",
    "version": 1,
}


async def counts(reads: Reads) -> Mapping[str, Any]:
    """Repairs by status, added up over the logs."""
    logs = await reads.logs()
    parts = await reads.documents(REPAIR_COUNTS, [f"total/{log}" for log in logs])
    total: Counter[str] = Counter()
    for part in parts.values():
        total.update(part["by_status"])
    return {"by_status": {status: total[status] for status in ("open", "triaged", "closed")}}


COMMANDS = Application(events=EVENTS, aggregates=(REPAIR, OWNER), processes=(Aftercare,), settings=Settings)
PROJECTIONS = Application(
    events=EVENTS, projections=Projection.all_in("tests.engine.workshop"), facts=Facts.all_in("tests.engine.workshop")
)
QUERIES = Application(
    events=EVENTS,
    resources=(
        Dashboard(
            "/repairs/counts",
            (REPAIR_COUNTS,),
            counts,
            RepairCounts,
            {"by_status": {"open": 1, "triaged": 0, "closed": 0}},
            "repairs:read",
            "Repairs by status",
        ),
        Resource("repair", REPAIR_DETAILS, _DETAILS, "repairs:read", listing=Listing("repair", REPAIR_LIST, _REPAIR)),
        Resource("owner", OWNERS, _OWNER, "owners:read", listing=Listing("owner", OWNERS, _OWNER)),
    ),
)
WORKSHOP = COMMANDS | PROJECTIONS | QUERIES
