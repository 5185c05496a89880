"""A process of the workshop: some time after a car was given back, somebody asks how it is."""

from datetime import timedelta

from pydantic import Field

from tests.engine.workshop.events import RepairClosed
from tests.engine.workshop.repairs import AddRepairNote
from twinpath.commands.settings import Settings as EngineSettings
from twinpath.domain import Process, Then


class Settings(EngineSettings):
    """Those of the engine's command service, and how long aftercare waits."""

    aftercare_hours: float = Field(24.0, gt=0, description="hours after a repair was closed")


class Aftercare(Process):
    """Sets a timer that belongs to the closed repair."""

    name = "aftercare"

    def __init__(self, settings: Settings) -> None:
        self._wait = timedelta(hours=settings.aftercare_hours)

    async def closed(self, event: RepairClosed, then: Then) -> None:
        """Ask later."""
        ask = AddRepairNote(repair_id=then.recorded.stream, note="How is the car?", at=then.at)
        await then.after(self._wait, ask)
