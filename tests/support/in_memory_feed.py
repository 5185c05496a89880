"""The way of the log within one process: a published batch is handled before publish returns."""

from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unroutable
from twinpath.feed.interface import BatchHandler, EventFeed, EventPublisher


class InMemoryFeed(EventFeed, EventPublisher):
    """EventPublisher and EventFeed in one."""

    unreadable = 0

    def __init__(self) -> None:
        self._handler: BatchHandler | None = None

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        """See EventPublisher.publish; what the handler raises is raised here, so the publisher tries again."""
        if self._handler is None:
            raise Unroutable(f"nobody follows {log} yet")
        await self._handler(log, events)

    async def start(self, handler: BatchHandler) -> None:
        self._handler = handler

    async def stop(self) -> None:
        self._handler = None

    def consumers(self) -> dict[str, bool]:
        """See EventFeed.consumers: every log has the one handler, and logs are not known by name here."""
        return {}
