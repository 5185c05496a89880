"""The workshop's facts: a row when a repair is opened, looked at or closed."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from tests.engine.workshop.events import RepairClosed, RepairOpened, RepairStatusChanged
from twinpath.domain import Earlier, Facts, Label


class RepairRow(NamedTuple):
    """A step of a repair."""

    step: Label
    owner_id: str
    opened_at: datetime
    steps: int = 1


class RepairFacts(Facts):
    """A row a step."""

    name = "repair_steps"
    row = RepairRow
    recalls = (RepairOpened,)

    def opened(self, event: RepairOpened, earlier: Earlier) -> Iterable[RepairRow]:
        """It begins."""
        yield RepairRow("opened", event.owner_id or "", event.opened_at)

    def moved_on(self, event: RepairStatusChanged | RepairClosed, earlier: Earlier) -> Iterable[RepairRow]:
        """It goes on, and ends."""
        opened = earlier.last(RepairOpened)
        assert opened is not None
        step = "closed" if isinstance(event, RepairClosed) else event.status
        yield RepairRow(step, opened.event.owner_id or "", opened.event.opened_at)
