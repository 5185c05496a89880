"""How batches of the log travel from the relay to those who follow it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from twinpath.domain.events import RecordedEvent

EXCHANGE = "twinpath.log"
"""The topic exchange that carries the log; the routing key is the log's name."""


def key_of(log: str, event_type: str) -> str:
    """A further routing key of every batch that holds such an event, for those who want no others."""
    return f"{log}.{event_type}"


MAX_BATCH_EVENTS = 500
MAX_BATCH_BYTES = 256 * 1024
"""A message holds 1..500 events of one log and at most 256 KiB, unless one event alone is larger."""

BatchHandler = Callable[[str, list[RecordedEvent]], Awaitable[None]]
"""Takes a log and a batch of it. Returning acknowledges the batch; raising has it delivered again."""


class Followed(Protocol):
    """What a follower knows of its logs, by which a feed can tell whether messages come that should."""

    def behind(self, log: str) -> bool:
        """Whether something is still to be done of what was in the log at the look before the last."""
        ...

    def passed_by(self, log: str) -> int:
        """How often in a row this follower has read from the log what no message had told of."""
        ...


class EventPublisher(Protocol):
    """The relay's side."""

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        """Hand one batch to the broker; on return it is kept by every queue that follows the log.

        Raises:
            Unroutable: no queue follows this log yet.
            Unavailable: the broker is away, or refused the message.
        """


class EventFeed(Protocol):
    """The follower's side. Delivery is at least once; the follower's contiguity check does the rest."""

    unreadable: int
    """Messages that could not be read and went to the dead letters, since the start."""

    async def start(self, handler: BatchHandler, followed: Followed | None = None) -> None:
        """Follow every log of this feed, batches of one log in order and one after the other where possible."""

    async def stop(self) -> None:
        """Take no more batches, wait for those in hand."""

    def consumers(self) -> dict[str, bool]:
        """Per log: whether a consumer of this process is registered with the broker now."""

    def stuck(self) -> Mapping[str, str]:
        """Log -> why no messages of it seem to come, although it has a consumer; the logs that do well are left out."""

    def remedies(self) -> Mapping[str, int]:
        """Remedy (`consumer`, `connection`, `queue`) -> how often a stuck queue was treated so."""
