"""The projector, model checked: two replicas, zombies, lost and doubled messages, views that go away in mid-commit."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from tests.engine.model.consuming import Delivery, Queues
from tests.engine.model.history import History
from tests.engine.model.projectors import Views, at_once, play
from tests.engine.model.search import TAPES, every_history, finds
from twinpath.projecting.following import projected_log
from twinpath.views.interface import Batch, CheckpointMove


@pytest.fixture(autouse=True, scope="module")
def _small_transactions() -> Any:
    """of four events at most, so that few events are many batches and a projection is late soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projected_log, "MOST_EVENTS", 4)
        yield


@every_history
@given(TAPES)
def test_each_projection_applies_each_event_once_and_in_order(tape: bytes) -> None:
    play(tape)


class ViewsFirst(Views):
    """Planted: the checkpoints are moved behind the transaction."""

    async def commit(self, batch: Batch) -> None:
        """Two steps, and a crash may come between."""
        await self.ask("commit", replace(batch, moves=()))
        await self.ask("commit", Batch(moves=batch.moves))


class CheckpointFirst(Views):
    """Planted: the checkpoints are moved before the transaction."""

    async def commit(self, batch: Batch) -> None:
        """Two steps, and a crash may come between."""
        await self.ask("commit", Batch(moves=batch.moves))
        await self.ask("commit", replace(batch, moves=()))


class AnyCheckpoint(Views):
    """Planted: a checkpoint is moved from wherever it is."""

    async def commit(self, batch: Batch) -> None:
        """As if nothing were expected."""
        stand = at_once(self.stored.checkpoints())
        anyhow = [CheckpointMove(m.projection, m.log, stand[m.projection, m.log], m.position) for m in batch.moves]
        await self.ask("commit", replace(batch, moves=anyhow))


class AcknowledgedFirst(Queues):
    """Planted: a message is acknowledged on arrival."""

    async def _handle(self, log: str, delivery: Delivery) -> None:
        self._acknowledged(log, delivery.events)
        await super()._handle(log, delivery)


PLANTED: list[tuple[str, Callable[[bytes], History]]] = [
    ("shows", partial(play, views=ViewsFirst)),
    ("shows", partial(play, views=CheckpointFirst)),
    ("shows", partial(play, views=AnyCheckpoint)),
    ("is acknowledged when it is not committed", partial(play, queues=AcknowledgedFirst)),
]


@pytest.mark.parametrize(
    ("promise", "planted"), PLANTED, ids=["views first", "checkpoint first", "any", "acknowledged"]
)
def test_it_finds_what_was_planted(promise: str, planted: Callable[[bytes], History]) -> None:
    assert finds(promise, planted)
