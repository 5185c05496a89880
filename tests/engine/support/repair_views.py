"""Repairs written into views as the projector writes them."""

from datetime import datetime

from tests.engine.workshop.application import PROJECTIONS
from tests.engine.workshop.events import RepairClosed, RepairNoteAdded, RepairOpened, RepairStatusChanged
from tests.support.written_views import NOON, WrittenViews
from twinpath.ids import new_id


class RepairViews(WrittenViews):
    """A writer of the views, and a cache that is fed when there is one; `tokens` has the last token of each repair."""

    application = PROJECTIONS

    async def open(self, subject: str = "Where is it?", *, owner_id: str | None = None, at: datetime = NOON) -> str:
        """A new repair's id."""
        repair = new_id("repair")
        await self.happened(
            repair, RepairOpened(subject=subject, message="m" * 60, owner_id=owner_id, opened_at=at), at
        )
        return repair

    async def note(self, repair: str, note: str = "looked at") -> None:
        """A note more."""
        await self.happened(repair, RepairNoteAdded(note=note))

    async def triage(self, repair: str) -> None:
        """An hour after it was opened."""
        await self.happened(repair, RepairStatusChanged(status="triaged", previous_status="open"))

    async def close(self, repair: str, at: datetime = NOON) -> None:
        """Two hours after it was opened."""
        await self.happened(repair, RepairClosed(resolution="r", previous_status="open"), at)
