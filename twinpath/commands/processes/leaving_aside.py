"""Leaves aside the streams of a process whose events keep failing, and takes up those that are to be tried again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from twinpath.clock import Clock, utc_now
from twinpath.commands.processes.timers import ASKED_AT
from twinpath.domain.events import RecordedEvent
from twinpath.errors import ParkedMoved, Unavailable
from twinpath.log.interface import EventLog
from twinpath.projecting.parking.retry_steps import STEP_EVENTS, moved, waiting
from twinpath.projecting.parking.setting_aside import parked_for, reason_of
from twinpath.running.retrying import WAITED_OUT
from twinpath.views.interface import Batch, BatchWriter
from twinpath.views.parking import Extend, Park, ParkedStream, Resume

_log = structlog.get_logger(__name__)


class LeavingAside:
    """The parked streams of one process. `handle` carries out an event, if the process takes it."""

    def __init__(
        self,
        process: str,
        parking: BatchWriter,
        source: EventLog,
        handle: Callable[[RecordedEvent], Awaitable[None]],
        clock: Clock = utc_now,
    ) -> None:
        self._process = process
        self._parking = parking
        self._source = source
        self._handle = handle
        self._clock = clock
        self._counts: dict[str, int] = {}

    @property
    def count(self) -> int:
        """How many streams are parked, as last seen."""
        return sum(self._counts.values())

    async def learn(self) -> None:
        """Read whether anything is parked. Raises Unavailable."""
        counts = await self._parking.parked.counts()
        self._counts = {log: streams for (process, log), streams in counts.items() if process == self._process}

    async def park(self, event: RecordedEvent, last: RecordedEvent, failure: Exception) -> None:
        """Leave an event aside, with those after it in its stream up to `last`. Raises Unavailable."""
        parked = parked_for(self._process, event, last.version, failure, self._clock())
        while not await self._park(parked):  # another replica was first, and its stream may be freed this moment
            await self.learn()
            if await self.extend(event.log, {event.stream: [last]}):
                return
        _log.error("process_parks_stream", reason=parked.reason, exc_info=failure)

    async def _park(self, parked: ParkedStream) -> bool:
        """Whether the stream was not parked before."""
        try:
            await self._parking.commit(Batch(parking=[Park(parked)]))
        except ParkedMoved:
            return False
        self._counts[parked.log] = self._counts.get(parked.log, 0) + 1
        return True

    async def extend(self, log: str, streams: Mapping[str, Sequence[RecordedEvent]]) -> set[str]:
        """Leave events aside whose streams are parked; these streams. Raises Unavailable."""
        while self._counts.get(log):
            held = {stream for _, stream in await self._parking.parked.among([self._process], streams)}
            try:
                if held:
                    extended = [Extend(self._process, name, streams[name][-1].version) for name in held]
                    await self._parking.commit(Batch(parking=extended))
                return held
            except ParkedMoved:  # one was freed this moment: look again
                await self.learn()
        return set()

    async def look(self) -> None:
        """Learn what is parked, and try what somebody asks for. Raises Unavailable."""
        await self.learn()
        if self._counts:
            asked = await self._parking.parked.longest_untried(
                self._process, ASKED_AT + timedelta(seconds=1), None, STEP_EVENTS
            )
            for parked in asked:
                await self._retry(parked)
            if asked:
                await self.learn()

    async def _retry(self, parked: ParkedStream) -> None:
        """Handle what waits, up to an event that fails. Raises Unavailable."""
        now, after, failure = self._clock(), None, None
        events = await waiting(self._source, parked, parked.version - 1, STEP_EVENTS + 1)
        if not events:
            raise Unavailable(f"{parked.log} lacks events of {parked.stream} that are parked")
        for n, event in enumerate(events):
            after = moved(parked, event, now)
            if n == STEP_EVENTS:
                after = replace(after, tried_at=ASKED_AT)  # the next look goes on with it
                break
            try:
                await self._handle(event)
            except WAITED_OUT:
                raise
            except Exception as error:
                failure = reason_of(error, event)
                after = replace(after, reason=failure, attempts=after.attempts + 1)
                break
            after = None
        try:
            await self._parking.commit(Batch(parking=[Resume(parked, after)]))
        except ParkedMoved:  # more came, or another replica was first: the next look sees
            return
        _log.info("process_retried_stream", process=self._process, stream=parked.stream, failed=failure)
