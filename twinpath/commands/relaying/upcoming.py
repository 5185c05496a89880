"""What of one log is to be published next: as this process appended it, and read from the store where others did."""

import asyncio
from collections import deque
from collections.abc import Sequence

from twinpath.domain.events import RecordedEvent
from twinpath.log.interface import EventLog

MOST_EVENTS = 2_000
"""So many are kept of one log, and read at once."""


class Upcoming:
    """Saves the relay from reading what is in memory anyway: 9 % of a command. It starts with a read."""

    def __init__(self, source: EventLog, log: str) -> None:
        self._source = source
        self._log = log
        self._appended: deque[RecordedEvent] = deque()
        self._unseen = True
        """There may be more in the store than was handed in."""
        self._wake = asyncio.Event()

    def appended(self, events: Sequence[RecordedEvent]) -> None:
        """Hand in what this process has just appended: what comes after a gap, or is too much, is read later."""
        if len(self._appended) + len(events) > MOST_EVENTS:
            self._appended.clear()
            self._unseen = True
        else:
            self._appended += events
        self._wake.set()

    def look(self) -> None:
        """Others may have appended, or what was taken was not published: read again."""
        self._unseen = True
        self._wake.set()

    async def after(self, position: int) -> list[RecordedEvent]:
        """The events that follow a position, as many as there are at hand, without a gap. Raises Unavailable."""
        self._wake.clear()
        events = self._handed_in(position)
        if not events and self._unseen:
            self._unseen = False
            events = await self._source.read_log(self._log, position, MOST_EVENTS)
            self._unseen = self._unseen or len(events) == MOST_EVENTS
        return events

    async def wait(self) -> None:
        """Until there may be more than the last `after` gave."""
        await self._wake.wait()

    def _handed_in(self, position: int) -> list[RecordedEvent]:
        events: list[RecordedEvent] = []
        while self._appended and self._appended[0].position <= position + len(events) + 1:
            event = self._appended.popleft()
            if event.position > position:
                events.append(event)
        if self._appended and not events:
            self._unseen = True  # another process appended in between
        return events
