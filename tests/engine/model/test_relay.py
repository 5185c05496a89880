"""The relay, model checked: lease, epochs and watermarks under crashes, pauses, elections and jumps of the clock."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given

from tests.engine.model.loop import Process
from tests.engine.model.mongodb import ReplicaSet
from tests.engine.model.mongodb_language import Document, State
from tests.engine.model.relays import Broker, play
from tests.engine.model.search import TAPES, every_history, finds
from twinpath.domain.events import RecordedEvent


@every_history
@given(TAPES)
def test_everything_is_published_in_order_and_one_leader_alone_moves_a_watermark(tape: bytes) -> None:
    play(tape)


class NoEpochs(ReplicaSet):
    """Planted: whoever moves a watermark, its epoch is not asked for."""

    def meets(self, collection: str, document: Document, where: Document) -> bool:
        """As if the filter did not name the epoch."""
        if collection == "relay_watermarks" and not isinstance(where["epoch"], dict):
            where = {"_id": where["_id"]}
        return super().meets(collection, document, where)


class LocalReads(ReplicaSet):
    """Planted: read concern local."""

    def seen_by(self, process: Process) -> State:
        """What an election may take back."""
        return self.primary


class Unconfirmed(Broker):
    """Planted: a message counts as published as soon as it is sent."""

    async def _send(self, log: str, events: Sequence[RecordedEvent]) -> None:
        self.sending = asyncio.ensure_future(super()._send(log, events))


class LastMessageFirst(Broker):
    """Planted: the messages of a batch are sent side by side."""

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        """Each event a message, none waits for another."""
        await asyncio.gather(*(self._send(log, [event]) for event in events))


def test_it_finds_a_watermark_without_epoch_check() -> None:
    assert finds("moves the watermark", partial(play, servers=NoEpochs))


def test_it_finds_events_that_are_published_before_they_are_durable() -> None:
    assert finds("is not in the log", partial(play, servers=LocalReads))


@pytest.mark.parametrize("promise", ["ahead of what is published", "is published when"])
def test_it_finds_unconfirmed_publishing(promise: str) -> None:
    assert finds(promise, partial(play, broker=Unconfirmed))


def test_it_finds_messages_that_overtake_each_other() -> None:
    assert finds("is published when", partial(play, broker=LastMessageFirst))
